# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes exist, by what stands in their environment.

A test puts a unique variable into the environment of all it starts, so that a
process that got away (its parent dead, in a session of its own) is found.
"""
import collections
import os
import signal
import sys
import time

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


def exists(pid):
    """Until its parent has reaped it; its environment goes before."""
    return bool(_read(pid, "stat"))


def children(root):
    """Direct children, the dead that nobody reaped included."""
    found = [_process(pid) for pid in _pids()]
    return [p for p in found if p and p.ppid == root]


def count_children(pid):
    """How many a process without threads has, from the kernel's own list."""
    return len(_read(pid, f"task/{pid}/children").split())


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


def memory(pid):
    """KiB of its memory by kind: Rss, Pss (its share of what others have,
    too), Private, Written; {} when it is gone.  What it has only read of a
    file counts as Private as long as no other process has it mapped, so that
    the end of a stranger can make it grow: growth is measured as Written,
    which is no file's."""
    text = _read(pid, "smaps_rollup").decode()
    found = {line.split(":")[0]: int(line.split()[1])
             for line in text.splitlines() if line.endswith(" kB")}
    if found:
        found["Private"] = found["Private_Clean"] + found["Private_Dirty"]
        found["Written"] = found["Anonymous"] + found.get("Swap", 0)
    return found


def descriptors(pid):
    """How many it has open."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def settled_descriptors(pid):
    """How many it has open once it has closed those it was about to."""
    found = [-1, descriptors(pid)]
    while found[-1] != found[-2]:
        time.sleep(0.1)
        found.append(descriptors(pid))
    return found[-1]


def cpu(pid):
    """Seconds of a processor that it has used; 0 when it is gone."""
    stat = _read(pid, "stat")
    if not stat:
        return 0.0
    ticks = stat[stat.rindex(b")") + 2:].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
