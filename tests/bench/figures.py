# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures: how they are taken, and how they are shown.

A row is {"name", "unit", "n", "median", "p99"}, and "ratio", how many times
the figure of the row "to" it is.  A figure without a distribution has the same
median and p99.
"""
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import BUILD  # noqa: E402

US, MS = 1e6, 1e3
MEMORY = "/dev/shm"


class Broken(Exception):
    """What was to be measured does not work."""


def need(condition, what):
    if not condition:
        raise Broken(what)


def quantile(values, q):
    """The smallest value that so many of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def row(name, values, unit, to=None):
    """to: another row, which this one is compared with."""
    values = values if isinstance(values, (list, tuple)) else [values]
    need(values, f"{name}: nothing was measured")
    made = {"name": name, "unit": unit, "n": len(values),
            "median": statistics.median(values),
            "p99": quantile(values, 0.99)}
    if to is not None and to["median"]:
        made["to"] = to["name"]
        made["ratio"] = made["median"] / to["median"]
    return made


def number(value):
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}" if abs(value) >= 0.1 else f"{value:.3f}"


def show(title, rows):
    print(f"\n{title}")
    for r in rows:
        spread = number(r["p99"]) if r["n"] > 1 else ""
        ratio = f"{number(r['ratio']):>7} x {r['to']}" if "ratio" in r else ""
        count = str(r["n"]) if r["n"] > 1 else ""
        print(f"  {r['name']:<45}{count:>6}{number(r['median']):>10}"
              f"{spread:>10} {r['unit']:<10}{ratio}".rstrip())
    sys.stdout.flush()


HEAD = f"  {'':<45}{'n':>6}{'median':>10}{'p99':>10}"


# --- what the system tells ---------------------------------------------------

def _read(path):
    with contextlib.suppress(OSError):
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    return ""


def cpu(pid):
    """Seconds that the threads of a process have run."""
    total = 0
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            words = _read(f"/proc/{pid}/task/{task}/schedstat").split()
            total += int(words[0]) if words else 0
    return total / 1e9


def memory(pid):
    """KiB: private, and its share of all."""
    got = {}
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            got[words[0].rstrip(":")] = int(words[1])
    return (got.get("Private_Clean", 0) + got.get("Private_Dirty", 0),
            got.get("Pss", 0))


def named(command, parent=None):
    """Pids of the processes with that name, /proc's first 15 letters of it;
    parent: those that it has started."""
    found = []
    for name in os.listdir("/proc"):
        stat = _read(f"/proc/{name}/stat") if name.isdigit() else ""
        if f"({command[:15]})" not in stat:
            continue
        state, ppid = stat[stat.rindex(")") + 2:].split()[:2]
        if state not in "ZX" and parent in (None, int(ppid)):
            found.append(int(name))
    return found


def runtime_in_memory(stack, env):
    """The runtime directory is where systems have it; what is saved there
    waits for no disk."""
    if os.path.isdir(MEMORY):
        env.runtime = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="ccp-bench-", dir=MEMORY))
        env.environ["XDG_RUNTIME_DIR"] = env.runtime
    return env


# --- programs of tests/bench -------------------------------------------------

def program(name):
    path = os.environ.get("CCP_BENCH_PROGRAMS") or str(
        BUILD / "tests" / "bench")
    path = os.path.join(path, name)
    need(os.access(path, os.X_OK), f"{path} is not there")
    return path


def request(method, path, key, body=None, keep=True):
    """The bytes of a request."""
    data = b"" if body is None else json.dumps(body).encode()
    fields = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1",
              f"Authorization: Bearer {key}"]
    if body is not None:
        fields += ["Content-Type: application/json",
                   f"Content-Length: {len(data)}"]
    if not keep:
        fields.append("Connection: close")
    return "\r\n".join(fields + ["", ""]).encode() + data


def load(port, data, total, at_once, keep, begun=None, ended=None,
         may_fail=False):
    """What the program load has measured.  begun and ended are called with
    the streams under way and, with keep, before the connections close."""
    with subprocess.Popen(
            [program("load"), str(port), str(total), str(at_once),
             str(int(keep))], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) as process:
        process.stdin.write(data)
        process.stdin.close()
        line = process.stdout.readline()
        if line == b"begun\n":
            if begun:
                begun()
            line = process.stdout.readline()
        got = json.loads(line or b"{}")
        if got and ended:
            ended()
        process.send_signal(signal.SIGTERM)
    need(got, "the load has ended without a result")
    need(may_fail or not got["bad"], f"{got['bad']} of {total} requests have failed")
    return got
