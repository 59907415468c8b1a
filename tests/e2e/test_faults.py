#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls of ccp-handler fail, one after the other: there is an answer
that is valid, or the connection is closed; nothing stays behind, the store is
whole, and the next request goes on.

In the short form each of the first calls fails in one way (each third with a
sanitizer, which takes its time); CCP_TEST_LONG=1 makes each fail in every way.
"""
import collections
import os
import queue
import re
import signal
import sys
import threading
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, orphans_end, program  # noqa: E402
from faults import (ERRORS, KINDS, SHORT, STAY, Faulted,  # noqa: E402
                    Lane, Scenario, examine)
from tap import Failed, Skip, eq, fail, main, ok, test  # noqa: E402

LONG = bool(os.environ.get("CCP_TEST_LONG"))
FIRST = 300
MOST_FDS = 9  # open in a handler that ends
MOST_FAILED = 20
LANES = int(os.environ.get("CCP_TEST_LANES") or 3)
SECONDS = 14400 if LONG else 600


def sanitized():
    with open(program("ccp-handler"), "rb") as file:
        return b"__asan_init" in file.read()


def sparse():
    """Programs with a sanitizer take several times as long."""
    return 3 if sanitized() else 1


def dry(scenario, **options):
    """The report of a run without a fault."""
    lane = Lane(**options)
    try:
        lane.reset()
        word, _, report, err = scenario.play(lane, "none", 0)
        eq((word, report["end"], report["left"], report["strays"]),
           ("answered", "itself", 0, 0), err)
        return report
    finally:
        lane.close()


def applies(kind, name):
    return kind not in SHORT or name in SHORT[kind]


def every(names, kinds, step=1, begin=1):
    """(kind, at): in the long form each of the first calls in every way, else
    every step-th in one way after the other."""
    names = names[:FIRST]
    if LONG:
        return [(kind, at) for at, name in enumerate(names, 1)
                for kind in kinds if applies(kind, name)]
    picked, step = [], step * sparse()
    for at in range(begin, len(names) + 1, step):
        turn = [kinds[(at // step + i) % len(kinds)]
                for i in range(len(kinds))]
        picked.append((next(kind for kind in turn
                            if applies(kind, names[at - 1])), at))
    return picked


class Tally:
    """What has come of all runs."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kinds = collections.Counter()
        self.words = collections.Counter()
        self.missed = 0

    def add(self, kind, result):
        with self.lock:
            self.words[result.outcome] += 1
            if result.report["injected"]:
                self.kinds[kind] += 1
            else:
                self.missed += 1

    def show(self):
        def listed(counter):
            return ", ".join(f"{n} {w}" for w, n in sorted(counter.items()))
        print(f"# faults: {sum(self.kinds.values())}: {listed(self.kinds)}")
        print(f"# {self.missed} runs were over before, or had nothing to "
              "cut short")
        print(f"# outcomes: {listed(self.words)}")


def in_lanes(jobs, one, **options):
    """Calls one(lane, job) for all, several at once; fails with what they
    fail with, when all have ended or there is too much."""
    work, failed, skipped = queue.Queue(), [], []
    for job in jobs:
        work.put(job)

    def some():
        lane = Lane(**options)
        try:
            while len(failed) < MOST_FAILED:
                one(lane, work.get_nowait())
        except queue.Empty:
            pass
        finally:
            lane.close()

    def all_of_them():
        while not work.empty() and not skipped \
                and len(failed) < MOST_FAILED:
            try:
                some()
            except Skip as why:
                skipped.append(why)
            except Failed as why:
                failed.append(str(why))
            except Exception:  # pylint: disable=broad-except
                failed.append(traceback.format_exc())

    threads = [threading.Thread(target=all_of_them) for _ in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if skipped:
        raise skipped[0]
    if failed:
        fail(f"{len(failed)} failed\n" + "\n".join(failed))


def run_all(scenario, jobs, **options):
    """Runs the (kind, at) that jobs() makes of the names of the calls."""
    report, tally = dry(scenario, **options), Tally()

    def one(lane, job):
        tally.add(job[0], examine(lane, scenario, *job, len(report["fds"])))

    try:
        in_lanes(jobs(report["names"].split()), one, **options)
    finally:
        tally.show()
    ok(tally.kinds, "nothing has failed at all")
    return tally


# --- the tool itself ----------------------------------------------------------


def tool(fault, at, *argv, start="main", later=False):
    with Env() as env:
        run = Faulted(env, start, fault, at, argv, later=later)
        report, err = run.end()
        return report, err


SH = "/bin/sh"


@test("fault_tool: the call that was meant fails, and no other")
def _():
    script = "exec </dev/null; read x; echo status $? >&2; cat /dev/null"
    report, _ = tool("none", 0, SH, "-c", script)
    names = report["names"].split()
    eq(names[0], "openat")
    eq(report["injected"], 0)
    at = names.index("read") + 1
    report, err = tool("EIO", at, SH, "-c", script)
    eq((report["injected"], report["first"].split()[0]), (1, "read"))
    report, err = tool("EMFILE", 1, SH, "-c", script)
    ok("Too many open files" in err, err)


@test("fault_tool: short reads and writes move one byte")
def _():
    script = "exec 7</dev/null; echo hello >out; read x <out; echo $x >&2"
    report, _ = tool("none", 0, SH, "-c", script)
    names = report["names"].split()
    report, err = tool("short-write", names.index("write") + 1,
                       SH, "-c", script)
    eq(report["injected"], 1)
    ok(err in ("h\n", "hello\n"), err)  # it may write the rest
    python = ("import os; r, w = os.pipe(); open('/dev/null'); "
              "os.write(w, b'hello'); "
              "os.write(2, b'<' + os.read(r, 99) + b'>')")
    report, _ = tool("none", 0, sys.executable, "-Sc", python)
    names = report["names"].split()
    at = len(names) - names[::-1].index("read")
    report, err = tool("short-read", at, sys.executable, "-Sc", python)
    eq((report["injected"], err), (1, "<h>"))


@test("fault_tool: who spins, leaves somebody or is killed is told of")
def _():
    os.environ["FAULT_TOOL_MOST"] = "500"
    try:
        with Env() as env:
            env.environ["FAULT_TOOL_MOST"] = "500"
            run = Faulted(env, "main", "none", 0,
                          [SH, "-c", "while :; do echo; done >/dev/null"])
            eq(run.end()[0]["end"], "spins")
    finally:
        del os.environ["FAULT_TOOL_MOST"]
    report, _ = tool("none", 0, SH, "-c", "setsid sleep 60 & exit 0")
    eq(report["left"], 1)
    report, _ = tool("none", 0, SH, "-c", "exec 9</dev/null; exit 0")
    ok(report["fds"].count("/dev/null") == 1, report["fds"])
    report, _ = tool("none", 0, SH, "-c", "kill -9 $$")
    eq(os.WTERMSIG(report["status"]), signal.SIGKILL)


@test("fault_tool: leaks are looked for behind it")
def _():
    with Env() as env:
        env.environ["CCP_TEST_ALLOC"] = "leak"
        run = Faulted(env, "main", "none", 0,
                      [program("tests/faults/alloc_handler"), "--version"])
        _, err = run.end()
    eq("LeakSanitizer" in err, sanitized(), err)


def leaves_somebody():
    """Modes of the stand-in: where an orphan can be found there is one."""
    return "grandchild,context" if orphans_end() else "context"


@test("fault_tool: a close of what is not open is told")
def _():
    for closes, strays in ("os.close(r)", 0), ("os.close(r); os.close(r)", 1):
        python = ("import os, contextlib; r, w = os.pipe()\n"
                  f"with contextlib.suppress(OSError): {closes}")
        report, err = tool("none", 0, sys.executable, "-Sc", python)
        eq(report["strays"], strays, err)


@test("a handler that keeps its Claude closes only what it has")
def _():
    dry(Scenario(argv=[program("ccp-handler"), "--counted"], start="main"),
        CLAUDE_LINGER_MS="300")


# --- the matrix ---------------------------------------------------------------

REQUESTS = [
    ("a request", Scenario()),
    ("a stream", Scenario(stream=True)),
    ("a follow-up behind another request", Scenario(resume=True)),
    ("a streamed follow-up", Scenario(resume=True, stream=True)),
]


def one_by_one(number, name, scenario):
    """In the short form each scenario has its share of the calls."""
    @test(f"{name}: its first {FIRST} calls fail one by one",
          seconds=SECONDS)
    def _():
        run_all(scenario, lambda names: every(names, KINDS, len(REQUESTS),
                                              number + 1))


for _n, (_name, _scenario) in enumerate(REQUESTS):
    one_by_one(_n, _name, _scenario)


@test("the start of the handler: its calls fail one by one", seconds=SECONDS)
def _():
    run_all(Scenario(start="main"),
            lambda names: every(names[:names.index("recvfrom")], KINDS, 2))


@test("between fork and exec: the child's calls fail one by one",
      seconds=SECONDS)
def _():
    run_all(Scenario(start="child"), lambda names: every(names, ERRORS, 7))


@test("from a call on the disk is full or broken, or there are no "
      "descriptors or no memory", seconds=SECONDS)
def _():
    run_all(Scenario(resume=True), lambda names: every(names, STAY, 10))


@test("what Claude's tools left running is ended all the same",
      seconds=SECONDS)
def _():
    run_all(Scenario(stream=True),
            lambda names: every(names, ERRORS, 10),
            modes=leaves_somebody())


# --- what was wrong once -----------------------------------------------------


def once(name, kinds, call, most, answered=True, **how):
    """Each of the first few calls of that name fails."""
    @test(name, seconds=SECONDS)
    def _():
        tally = run_all(Scenario(**how), lambda names: [
            (kind, at) for kind in kinds for at in
            [n for n, seen in enumerate(names, 1) if seen == call][:most]])
        if answered:
            eq(list(tally.words), ["answered"])


once("a pipe that waits is none for signals, nor for Claude", ("EIO",),
     "fcntl", 10, start="main", answered=False)
once("without the system's random bytes there are others", ("EIO",),
     "getrandom", 4, start="main")
once("a store that cannot be read for once is not thrown away",
     ("EINTR", "EIO"), "lseek", 8, resume=True)
once("nor is one that a signal interrupts", ("EINTR", "short-read"),
     "pread64", 6, resume=True)
once("nor one that is closed with an error, where it was only read",
     ("EINTR",), "close", 20, resume=True)
once("nor one whose sync a signal interrupts", ("EINTR",), "fsync", 3,
     resume=True)
once("who cannot be waited for is not taken for gone", ("EIO",), "wait4",
     4)
def opened_directories(names):
    """Where a directory is opened, and looked at, by its path."""
    for at in range(len(names)):
        some = names[at:at + 4]
        if some[:2] == ["openat", "newfstatat"] and "getdents64" in some \
                and "fcntl" not in some:
            yield from (at + 1, at + 2)


@test("the process table is read again where it could not be",
      seconds=SECONDS)
def _():
    # By then there is a process less, or one more.
    tally = run_all(Scenario(stream=True), lambda names: [
        ("EIO", at + off) for at in opened_directories(names)
        for off in (-1, 0, 1)], modes=leaves_somebody())
    ok(tally.words["answered"] > 0, "no process table was read")


# --- allocations --------------------------------------------------------------


def allocations(numbers, stays=""):
    """Returns how many there were at most."""
    words, made = collections.Counter(), [0]
    argv = [program("tests/faults/alloc_handler")]

    def one(lane, number):
        lane.env.environ["CCP_TEST_ALLOC"] = f"{number}{stays}"
        # With none left a request before it would have no answer.
        scenario = Scenario(resume=not stays and number % 2 == 1,
                            stream=number % 4 > 1, argv=argv)
        result = examine(lane, scenario, "none", number, MOST_FDS)
        words[result.outcome] += 1
        made.extend(int(n) for n in re.findall(
            r"^allocations (\d+)$", result.err, re.M))

    in_lanes(numbers, one)
    print(f"# {len(numbers)} runs: at most {max(made)} allocations; "
          + ", ".join(f"{n} {w}" for w, n in sorted(words.items())))
    return max(made)


@test("allocations fail one by one", seconds=SECONDS)
def _():
    found = allocations([0])
    if not found:
        raise Skip("this C library's malloc cannot be replaced")
    step = 1 if LONG else max(found // 50, 1) * sparse()
    allocations(range(1, found + 1, step))
    allocations(range(1, found + 1, 5 * step), "+")


if __name__ == "__main__":
    main()
