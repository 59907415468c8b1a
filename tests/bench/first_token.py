#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a client waits for the first token: the bare Claude Code CLI, as ccp
starts it, against "ccp start", by turns; with the real CLI and a mock of the API
that answers at once, and with the stand-in.

    cold    a new conversation, for which a process is started
    warm    its next turns: in the live process, on the same connection, or
            each on another one
    spare   a new conversation, for which a process waits

A process has as many next turns on each side: the CLI's third takes half as
long again as its second.
"""
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from figures import MS, cpu, need, row, runtime_in_memory  # noqa: E402
import real_claude  # noqa: E402
from ccp import Start, program  # noqa: E402
from protocol import Bed  # noqa: E402
from tap import until  # noqa: E402
from warm import WarmEnv  # noqa: E402

PATH = "/v1/chat/completions"
TIMES = re.compile(r"(\S+) microseconds since the handler began: head=(\d+) "
                   r"told=(\d+) word=(\d+) out=(\d+)")
READY_SECONDS = 60
QUIET = 0.05  # of a core
NEXT_TURNS = 4  # of a process


def ask(*texts):
    roles = ("user", "assistant")
    return {"model": "haiku", "stream": True, "messages": [
        {"role": roles[i % 2], "content": t} for i, t in enumerate(texts)]}


def settle(pids):
    """Until the processes have nothing to do."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        before = sum(map(cpu, pids))
        time.sleep(0.2)
        if sum(map(cpu, pids)) - before < 0.2 * QUIET:
            return


# --- the bare CLI ------------------------------------------------------------

class Cli:
    """A process of it, started as ccp does."""

    def __init__(self, claude, told, environ, cwd):
        argv = [claude, *told.argv]
        if "--session-id" in argv:
            argv[argv.index("--session-id") + 1] = str(uuid.uuid4())
        # pylint: disable=consider-using-with
        self.lines = told.lines
        self.process = subprocess.Popen(
            argv, env=environ, cwd=cwd, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def turn(self, began, lines):
        """Seconds from began to the first word; the turn is read to its
        end."""
        for line in lines:
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        first = None
        for text in self.process.stdout:
            if first is None and b'"text_delta"' in text:
                first = time.monotonic() - began
            if b'"type":"result"' in text:
                need(first, "a turn without a word")
                return first
        need(False, "the CLI has ended within a turn")
        return None

    def next_turn(self):
        line = json.loads(json.dumps(self.lines[-1]))
        line.pop("uuid", None)
        return self.turn(time.monotonic(), [line])

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait(READY_SECONDS)


def bare(cli, took):
    began = time.monotonic()
    process = cli()
    took["bare cold"].append(process.turn(began, process.lines))
    for _ in range(NEXT_TURNS):
        settle([process.process.pid])
        took["bare next turn"].append(process.next_turn())
    process.end()
    process = cli()
    settle([process.process.pid])
    took["bare started before"].append(
        process.turn(time.monotonic(), process.lines))
    process.end()


# --- through ccp -------------------------------------------------------------

def through(http, began, texts, want):
    """Seconds to the first word, and the answer."""
    response, events = http.stream(PATH, ask(*texts))
    need(response.status == 200, f"status {response.status}")
    first, said = None, []
    for _, data in events:
        choices = json.loads(data)["choices"] if data.startswith("{") else []
        text = choices[0]["delta"].get("content") if choices else None
        if text:
            first = first or time.monotonic() - began
            said.append(text)
    got = response.header("X-CCP-Session")
    need(got == want, f"X-CCP-Session is {got} instead of {want}")
    need(first, "an answer without a word")
    return first, "".join(said)


class Ccp:
    """One that keeps processes, and one that has spare ones."""

    def __init__(self, stack, claude, variables):
        self.env, self.start = self._open(stack, claude, variables, "0")
        self.spare, self.spare_start = self._open(
            stack, claude, variables, "1")
        self.count = 0
        with self.spare_start.client() as http:
            through(http, 0, ["the first"], "new")

    @staticmethod
    def _open(stack, claude, variables, spare):
        env = stack.enter_context(WarmEnv(
            claude=claude, child=variables, CLAUDE_LINGER_MS="600000",
            CLAUDE_SPARE=spare, CLAUDE_MAX_WARM="2", LOG_LEVEL="debug"))
        runtime_in_memory(stack, env)
        return env, stack.enter_context(Start(env))

    def _new(self):
        self.count += 1
        return [f"conversation {self.count}"]

    def kept(self, took, loans):
        """A conversation, whose next turns are on the same connection or, as
        loans, each on another one."""
        texts, began = self._new(), time.monotonic()
        where = "other" if loans else "same"
        with self.start.client() as http:
            first, answer = through(http, began, texts, "new")
            took["ccp cold"].append(first)
            for n in range(NEXT_TURNS):
                settle(self.env.claudes())
                texts += [answer, f"next turn {n}"]
                began = time.monotonic()
                with (self.start.client() if loans
                      else contextlib.nullcontext(http)) as on:
                    first, answer = through(on, began, texts, "warm")
                took[f"ccp warm, {where} connection"].append(first)

    def spared(self, took):
        end = time.monotonic() + READY_SECONDS
        while not (waiting := [r for r in self.spare.records()
                               if not r.get("session")]):
            need(time.monotonic() < end, "there is no spare process")
            time.sleep(0.05)
        settle(self.spare.claudes())
        began = time.monotonic()
        with self.spare_start.client() as http:
            first, _ = through(http, began, self._new(), "new")
        took["ccp spare"].append(first)
        until(lambda: any(r["claude"] == waiting[0]["claude"]
                          and r.get("session")
                          for r in self.spare.records()),
              what="the spare process, which was not taken")

    def segments(self):
        """ccp's own part of what is cold, by its own clock: seconds."""
        own = {"begun": [], "out": []}
        for _, _, told, word, out in TIMES.findall(self.start.stderr()):
            own["out"].append((int(out) - int(word)) / 1e6)
        for _, head, told, *_ in self._cold():
            own["begun"].append(int(told) / 1e6)
        return own

    def _cold(self):
        """The first request of each handler of a new conversation."""
        log = self.start.stderr()
        cold = {line.split(" POST ")[0].split()[-1]
                for line in log.splitlines()
                if " POST " in line and " new " in line}
        return [t for t in TIMES.findall(log) if t[0] in cold]


# --- all of it ---------------------------------------------------------------

def told_of(home, extra):
    with Bed(LOG_LEVEL="info") as bed:
        told = bed.ask({**ask("hi"), "stream": False})
    environ = {n: v for n, v in told.environ.items()
               if not n.startswith("CCP_")}
    for name in "XDG_RUNTIME_DIR", "CLAUDE_PATH":
        environ.pop(name, None)
    environ.update({"HOME": home, "TMPDIR": home, **extra})
    return told, environ


ORDER = ("bare cold", "ccp cold", "bare next turn",
         "ccp warm, same connection", "ccp warm, other connection",
         "bare started before", "ccp spare")
TO = {"ccp cold": "bare cold", "ccp spare": "bare started before",
      "ccp warm, same connection": "bare next turn",
      "ccp warm, other connection": "bare next turn"}


def rows_of(took, own):
    made = {}
    for name in ORDER:
        made[name] = row(name, [MS * t for t in took[name]], "ms",
                         made.get(TO.get(name)))
    loan = [MS * (b - a) for a, b in zip(took["ccp warm, same connection"],
                                         took["ccp warm, other connection"])]
    return [*made.values(),
            row("another connection, on top", loan, "ms"),
            row("warm to cold, through ccp",
                made["ccp cold"]["median"]
                / made["ccp warm, same connection"]["median"], "x"),
            row("ccp's own: its start to Claude told, cold",
                [MS * t for t in own["begun"]], "ms"),
            row("ccp's own: first word read to sent",
                [MS * t for t in own["out"]], "ms")]


def measure(claude, variables, runs):
    took = {name: [] for name in ORDER}
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="ccp-bench-"))
        told, environ = told_of(home, variables)
        ccp = Ccp(stack, claude, variables)
        parts = [lambda: bare(lambda: Cli(claude, told, environ, home), took),
                 lambda: ccp.kept(took, False), lambda: ccp.kept(took, True),
                 lambda: ccp.spared(took)]
        for n in range(runs + 1):
            for part in parts:
                part()
            parts.reverse()
            if n == 0:  # the first fills the caches
                for values in took.values():
                    values.clear()
        return rows_of(took, ccp.segments())


@contextlib.contextmanager
def mock():
    """The mock of the API, in a process of its own: its url."""
    code = ("import sys; sys.path.insert(0, sys.argv[1]); "
            "from mock_messages import Mock; m = Mock(); "
            "print(m.url, flush=True); sys.stdin.read(); "
            "sys.exit('; '.join(m.refused) or None)")
    lib = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                       "lib")
    with subprocess.Popen([sys.executable, "-B", "-c", code, lib], text=True,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        need(process.wait(10) == 0, "the API would have refused a request")


def real(runs):
    with mock() as url:
        return measure(real_claude.find(), real_claude.variables(url), runs)


def stand_in(runs):
    return measure(program("ccp-demo-claude"), {"CCP_DEMO_DELAY_MS": "0"},
                   runs)
