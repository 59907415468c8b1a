# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp-handler with a system call that fails: tests/faults/fault_tool runs it,
and what it answers, leaves behind and remembers is looked at."""
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import http_client
from answers import PATH, streamed, whole
from ccp import Env, HandlerSocket, chat_body, check_stderr, program
from conversation import Conversation, Sessions
from http_client import Client, Truncated
from tap import PATIENCE, Failed, Skip, eq, ok

CANNOT = 77
ERRORS = ("EINTR", "EAGAIN", "ENOMEM", "EMFILE", "ENOSPC", "EIO")
SHORT = {"short-read": {"read", "pread64", "recvfrom", "readv"},
         "short-write": {"write", "pwrite64", "sendto", "writev"}}
STAY = ("disk-full", "no-descriptors", "no-memory", "disk-broken")
KINDS = (*ERRORS, *SHORT)

# Seconds of a processor that a run may take; sanitizers make it slower.
CPU_MS = 4000

# What the handler leaves where it works, by name.
DOCUMENTED = {"run": ("connections", "running", "starting", "sessions.db",
                      "empty"),
              "tmp": (), "work": (), "log": ("ccp.log",)}

Result = collections.namedtuple("Result", "outcome report err")


class Trouble(Exception):
    """What did not hold."""


class Recorded:
    """Stands in for a Client: the response is there already."""

    def __init__(self, response):
        self.response = response

    def stream(self, _target, _value):
        return self.response, iter(self.response.events())


def ask(http, texts, stream):
    """(word, Answer or None): answered, refused (a status of its own), broken
    (an error in the stream), cut (off), closed (without a byte)."""
    body = chat_body(*texts, **({"stream": True} if stream else {}))
    try:
        http.send_json(PATH, body)
    except (BrokenPipeError, ConnectionResetError):
        pass  # there may be an answer all the same
    try:
        response, pieces = http.start_response("POST")
    except Truncated:
        return ("cut" if http.reader.left() else "closed"), None
    for _ in pieces:
        pass
    ok(response.header("X-Request-Id"), "fields are missing")
    if not response.whole:
        return "cut", None
    if stream and response.status == 200:
        answer = streamed(Recorded(response), body)
    else:
        answer = whole(response)
    if answer.status != 200:
        return "refused", answer
    return ("broken" if answer.broken else "answered"), answer


def health(http):
    """Waits until the request before is all over.  False: the connection is."""
    try:
        http.send_request("GET", "/health")
        response = http.read_response()
    except (BrokenPipeError, ConnectionResetError, Truncated):
        return False
    ok(response.status in (200, 500, 503), repr(response))
    return True


class Lane:
    """An Env that is put back to the same state before each run: with a store
    of one conversation of one turn."""

    def __init__(self, modes="context", **settings):
        self.top = tempfile.mkdtemp(prefix="ccp-faults-")
        self.env = Env(child={"CCP_DEMO_MODE": modes,
                              "CCP_DEMO_DELAY_MS": "0",
                              "CCP_DEMO_SAVE_MS": "0"}, **settings)
        self.log = os.path.join(self.env.dir, "log")
        os.mkdir(self.log, 0o700)
        self.env.environ["LOG_FILE"] = os.path.join(self.log, "ccp.log")
        self.kept = Conversation(Sessions(), killed=True)
        self._talk(self.kept, "keep this")
        for name in ("home", "run", "log"):
            shutil.copytree(os.path.join(self.env.dir, name),
                            os.path.join(self.top, name))

    def close(self):
        shutil.rmtree(self.top, ignore_errors=True)
        self.env.__exit__(None, None, None)

    def reset(self):
        for name in ("home", "run", "log", "tmp", "work"):
            path = os.path.join(self.env.dir, name)
            shutil.rmtree(path)
            if name in ("tmp", "work"):
                os.mkdir(path, 0o700)
            else:
                shutil.copytree(os.path.join(self.top, name), path)

    def _talk(self, talk, question):
        """A turn without a fault: the session's outcome."""
        with HandlerSocket(self.env, unix=True) as handler:
            outcome = talk.ask(handler.http, question)
            eq(handler.http.get("/health").status, 200)
        return outcome

    def copy_of_kept(self):
        talk = Conversation(Sessions(), killed=True)
        talk.turns = list(self.kept.turns)
        return talk


class Faulted:
    """ccp-handler below fault_tool, on one end of a socketpair.  Its stderr
    is a pipe, which holds more than it says."""

    def __init__(self, env, start, fault, at, argv=None, later=False):
        ours, theirs = socket.socketpair()
        report, to = os.pipe()
        control, self.go_on = os.pipe()
        self.report_fd = report
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [program("tests/faults/fault_tool"), start, fault, str(at),
             str(to), str(control) if later else "-1",
             *(argv or [program("ccp-handler")])],
            env=env.environ, cwd=env.work, stdin=theirs, stdout=theirs,
            stderr=subprocess.PIPE, pass_fds=(to, control),
            start_new_session=True)
        os.close(to)
        os.close(control)
        theirs.close()
        self.http = Client(ours, env.auth())

    def arm(self):
        with contextlib.suppress(BrokenPipeError):
            os.write(self.go_on, b"x")

    def end(self):
        """(report, stderr)"""
        self.http.close()
        with os.fdopen(self.report_fd, encoding="utf-8",
                       errors="replace") as file:
            text = file.read()
        os.close(self.go_on)
        status = self.process.wait(60 * PATIENCE)
        with self.process.stderr as file:
            err = file.read().decode("utf-8", "backslashreplace")
        if status == CANNOT:
            raise Skip(err.strip())
        if status != 0 or not text:
            raise Trouble(f"fault_tool: {status}\n{err}")
        return json.loads(text), err


# --- what must hold afterwards ------------------------------------------------


def files_left(lane):
    """Names that are not documented."""
    for place, names in DOCUMENTED.items():
        top = os.path.join(lane.env.dir, place)
        for path in pathlib.Path(top).rglob("*"):
            name = path.name
            if path.parent.name == "sessions.db.claims":
                continue  # without locks of an open file: one a session
            if path.parent.suffix == ".queue":
                yield f"{place}/{path.parent.name}/{name}"
                continue
            if not (path.is_dir() and name == "ccp") \
                    and not name.startswith(names):
                yield f"{place}/{name}"
            elif name.endswith((".new", ".bad")):
                yield f"{place}/{name}"


def sessions(lane):
    """The titles that "ccp session list" shows."""
    done = subprocess.run([program("ccp"), "session", "list", "--json"],
                          env=lane.env.environ, cwd=lane.env.work,
                          capture_output=True, text=True, timeout=240,
                          check=False)
    check_stderr(done.stderr)
    if done.returncode != 0 or done.stderr:
        raise Trouble(f"ccp session list: {done.returncode} {done.stderr}")
    return [session["title"] for session in json.loads(done.stdout)]


def noted(lane):
    """How many requests the ledger has, whole ones."""
    top = pathlib.Path(lane.env.home, ".local", "state", "ccp")
    return sum(line.startswith('{') and line.endswith('}')
               for path in top.glob("usage-*.jsonl")
               for line in path.read_text("utf-8").splitlines())


def told(err):
    """Something went wrong, and the log says so."""
    return re.search(r"ccp\[\d+\]: (warn|error): ", err) is not None


class Scenario:
    """A request in whose service a call fails.  start: what fault_tool counts
    from.  resume: it goes on with a conversation, behind another request on
    its connection."""

    def __init__(self, start="request", stream=False, resume=False,
                 argv=None):
        self.start = start
        self.stream = stream
        self.resume = resume
        self.argv = argv

    def play(self, lane, fault, at):
        """(word, conversation, report, stderr)"""
        talk = lane.copy_of_kept() if self.resume \
            else Conversation(Sessions(), killed=True)
        run = Faulted(lane.env, self.start, fault, at, self.argv,
                      later=self.resume)
        try:
            if self.resume:
                # An allocation of that request may fail, too.
                ok(health(run.http) or self.argv, "no answer before")
                run.arm()
            word, answer = ask(run.http, [*talk.texts(), "what now"],
                               self.stream)
            if word == "answered":
                talk.take("what now", answer)
            if word in ("answered", "refused"):
                health(run.http)
        finally:
            report, err = run.end()
        return word, talk, report, err


def check_end(report, err, most_fds):
    """How the handler ended."""
    check_stderr(err)
    eq(report["end"], "itself")
    ok(os.WIFEXITED(report["status"])
       and os.WEXITSTATUS(report["status"]) in (0, 1),
       f"status {report['status']:#x}")
    eq(report["left"], 0, "descendants left")
    eq(report["strays"], 0, "closed without being open")
    ok(report["cpu_ms"] < CPU_MS, f"{report['cpu_ms']} ms of a processor")
    if report["first"].startswith("close "):
        most_fds += 1  # what fault_tool puts into the place of a closed one
    ok(len(report["fds"]) <= most_fds, f"descriptors {report['fds']}")


def check_remembered(lane, word, talk, err):
    """The next request: does it go on where the last one ended?"""
    with HandlerSocket(lane.env, unix=True) as handler:
        outcome = talk.ask(handler.http, "and then")
        eq(handler.http.get("/health").status, 200)
        log = handler.stderr()
    if outcome == "replayed":
        ok(told(err), f"{word}, and the conversation is forgotten")
    return outcome, log


def check_left(lane, fault, report, err):
    left = list(files_left(lane))
    if not told(err):
        eq(left, [], "files")
    # Only what is written may be lost, where a disk fails.
    if fault == "EINTR" or not (
            fault.startswith("disk")
            or report["first"].startswith(("write ", "fsync ", "close "))):
        ok("run/sessions.db.bad" not in left, "the store was put aside")
    # That of the conversation itself is looked at by going on with it.
    if "sessions.db" not in report["first"] and fault not in STAY \
            and not told(err):
        return
    shown = sessions(lane)
    # Where there is no room for both a damaged store makes room for a new one.
    if "run/sessions.db.bad" not in left and \
            not (fault in ("ENOSPC", "disk-full") and ".bad" in err):
        ok("keep this" in shown, "a conversation is lost")


def examine(lane, scenario, fault, at, most_fds):
    """Runs it and checks everything; a Result."""
    lane.reset()
    before = noted(lane)
    word, talk, report, err = scenario.play(lane, fault, at)
    try:
        check_end(report, err, most_fds)
        check_left(lane, fault, report, err)
        if word == "answered" and not told(err):
            eq(noted(lane), before + 1, "requests in the ledger")
        check_remembered(lane, word, talk, err)
    except (Failed, Trouble, http_client.BadResponse) as why:
        raise Failed(f"{fault} at {at} ({report['first']}): {word}: {why}\n"
                     + err[-3000:]) from why
    return Result(word, report, err)
