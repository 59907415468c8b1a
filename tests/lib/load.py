# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at when many clients come to a ccp start: its processes, what
they have open and hold, and that all is as it was before."""
import collections
import fcntl
import os
import re
import resource

import procs
from answers import PATH, check_error, read_stream
from ccp import chat_body, dumps, sanitized
from crowd import request
from http_client import parse_responses
from tap import eq, ok, until

# What may stay in the runtime directory
KEPT = re.compile(r"(running|starting|connections)\.([0-9]+|lock|queue)"
                  r"|sessions\.db.*")


def ask_stream(key, *texts):
    """The bytes of a chat request on a connection of its own."""
    return request(PATH, key, "POST", dumps(chat_body(*texts, stream=True)))


def responses(crowd):
    """The response that each got, which is whole and the only one."""
    found = []
    for visitor in crowd.all:
        ok(visitor.data, f"visitor {visitor.number}: nothing, "
           f"{visitor.error!r}")
        one, = parse_responses(bytes(visitor.data))
        found.append(one)
    return found


def check_busy(response, *codes):
    """A refusal that tells the client what to do."""
    eq(response.status, 503, repr(response))
    code = check_error(response.json())["code"]
    ok(code in codes, f"{code} is none of {codes}")
    ok(int(response.header("Retry-After")) > 0, "no Retry-After")
    return code


def statuses(found):
    """How often each came, for people."""
    counted = collections.Counter(r.status for r in found)
    return ", ".join(f"{n} x {s}" for s, n in sorted(counted.items()))


def said(response):
    """The text of a whole and good answer."""
    answer = read_stream(response)
    eq((answer.status, answer.error, answer.finish), (200, None, "stop"))
    return answer.text


def handlers(env, start):
    return [p for p in env.left(start.pid) if "ccp-handler" in p.command]


def _held(path):
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def check_clean(env):
    """No place is taken, nobody queues, no file is left over."""
    folder = os.path.join(env.runtime, "ccp")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    eq([n for n in names if not KEPT.fullmatch(n)], [], "left-over files")
    eq([n for q in names if q.endswith(".queue")
        for n in os.listdir(os.path.join(folder, q))], [], "tickets")
    eq([n for n in names if n.split(".")[-1].isdigit()
        and _held(os.path.join(folder, n))], [], "places that are held")
    # Claude Code's own, for what its commands print
    own = f"claude-{os.getuid()}"
    eq([n for n in os.listdir(env.environ["TMPDIR"]) if n != own], [],
       "files in TMPDIR")
    eq(os.listdir(env.work), [], "files in the working directory")


def limit_descriptors(pid, soft):
    """Lowers what a running process may open, or raises it again."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


class Steady:
    """With this around it, ccp start is at the end what it was at the
    beginning: it serves, has the same descriptors, hardly more memory, and
    nothing of what it started is left."""

    GROWTH_KIB = 1024

    def __init__(self, env, start, seconds=6):
        self.env = env
        self.start = start
        self.seconds = seconds

    def _health(self):
        with self.start.client() as http:
            eq(http.get("/health").status, 200)

    def _memory(self):
        return procs.memory(self.start.pid).get("Written", 0)

    def __enter__(self):
        self._health()
        self.env.wait_gone(self.start.pid)
        self.fds = procs.settled_descriptors(self.start.pid)
        self.kib = self._memory()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        self.env.wait_gone(self.start.pid, seconds=self.seconds)
        until(lambda: procs.descriptors(self.start.pid) == self.fds,
              what=f"{self.fds} descriptors of ccp start")
        self._health()
        self.env.wait_gone(self.start.pid)
        check_clean(self.env)
        kib = self._memory()
        print(f"# ccp start: {self.fds} descriptors, {self.kib} KiB of its own "
              f"before, {kib} KiB after, {procs.cpu(self.start.pid):.1f} s of "
              f"CPU")
        ok(kib - self.kib < self.GROWTH_KIB or sanitized("ccp"),
           f"grew to {kib} KiB")
