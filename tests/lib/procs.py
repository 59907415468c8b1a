# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes exist, by what stands in their environment.

A test puts a unique variable into the environment of all it starts, so that a
process that got away (its parent dead, in a session of its own) is found.
"""
import collections
import os
import signal
import sys

from tap import Skip

Process = collections.namedtuple("Process", "pid ppid state command")


def _read(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as f:
            return f.read()
    except OSError:
        return b""


def _process(pid):
    """None when it is gone."""
    stat = _read(pid, "stat")
    if not stat:
        return None
    # the command in parentheses may hold anything, parentheses too
    state, ppid = stat[stat.rindex(b")") + 2:].split()[:2]
    command = _read(pid, "cmdline").replace(b"\0", b" ").strip() \
        or stat[stat.index(b"("):stat.rindex(b")") + 1]
    return Process(pid, int(ppid), state.decode(),
                   command.decode("utf-8", "replace")[:200])


def _pids():
    if not os.path.isdir("/proc/self"):
        raise Skip(f"no /proc on {sys.platform}")
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def with_variable(name, value):
    """Living processes with name=value in their environment."""
    line = f"{name}={value}".encode()
    found = []
    for pid in _pids():
        if pid != os.getpid() and line in _read(pid, "environ").split(b"\0"):
            process = _process(pid)
            if process and process.state not in "ZX":
                found.append(process)
    return found


def children(root):
    """Direct children, the dead that nobody reaped included."""
    found = [_process(pid) for pid in _pids()]
    return [p for p in found if p and p.ppid == root]


def descendants(root):
    below = children(root)
    for process in list(below):
        below += descendants(process.pid)
    return below


def describe(processes):
    return "\n".join(f"{p.pid} (parent {p.ppid}, {p.state}) {p.command}"
                     for p in processes)


def kill(processes):
    for process in processes:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
