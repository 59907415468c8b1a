#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for claude keeps sessions as the real program does.  Each rule
here was seen in the real one."""
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import check_stderr, program  # noqa: E402
from tap import contains, eq, main, ok, test, until  # noqa: E402

ARGUMENTS = ["-p", "--input-format", "stream-json", "--output-format",
             "stream-json", "--verbose", "--include-partial-messages",
             "--model", "m"]


# Not within the time of a test, unless it is told to end
UNSAVED = {"CCP_DEMO_SAVE_MS": "600000"}


class Place:
    """A HOME and a working directory."""

    def __init__(self):
        self._dir = tempfile.TemporaryDirectory(prefix="ccp-test-")
        self.home = os.path.join(self._dir.name, "home")
        self.work = os.path.join(self._dir.name, "My work_1.\u00fc\U0001f600")
        self.other = os.path.join(self._dir.name, "other")
        for path in (self.home, self.work, self.other):
            os.mkdir(path)
        self.config = os.path.join(self.home, ".claude")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._dir.cleanup()

    def path(self, session, cwd=None):
        units = os.path.realpath(cwd or self.work).encode("utf-16-le")
        name = re.sub("[^A-Za-z0-9]", "-", "".join(
            chr(n) for n in memoryview(units).cast("H")))
        return os.path.join(self.config, "projects", name,
                            session + ".jsonl")

    def saved(self, session):
        """The lines of a transcript, [] if there is none."""
        with contextlib.suppress(FileNotFoundError), \
                open(self.path(session), encoding="utf-8") as file:
            return [json.loads(line) for line in file]
        return []


class Demo:
    """A running stand-in."""

    def __init__(self, place, *options, mode="context", delay=0, cwd=None,
                 env=None):
        # pylint: disable=consider-using-with
        self._err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program("ccp-demo-claude"), *ARGUMENTS, *options],
            env={"HOME": place.home, "CCP_DEMO_MODE": mode,
                 "CCP_DEMO_DELAY_MS": str(delay), **(env or {})},
            cwd=cwd or place.work, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._err)
        self.lines = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)

    def send(self, line):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def say(self, content, **more):
        self.send({"type": "user", **more,
                   "message": {"role": "user", "content": content}})

    def until(self, found):
        for text in self.process.stdout:
            self.lines.append(json.loads(text))
            if found(self.lines[-1]):
                return self.lines[-1]
        return None

    def result(self):
        return self.until(lambda line: line["type"] == "result")

    def ask(self, content, **more):
        """The messages that a model would have seen."""
        self.say(content, **more)
        return seen(self.result())

    def delta(self):
        return self.until(lambda line: line["type"] == "stream_event" and
                          line["event"]["type"] == "content_block_delta")

    def end(self, number=None):
        """Closes stdin, or sends a signal; the exit status."""
        if number:
            self.process.send_signal(number)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.until(lambda line: False)
        status = self.process.wait(30)
        check_stderr(self.stderr())
        return status

    def stderr(self):
        self._err.seek(0)
        return self._err.read().decode()

    def session(self):
        return self.lines[-1]["session_id"]

    def answers(self):
        return [line["uuid"] for line in self.lines
                if line["type"] == "assistant"]


def seen(result):
    return [(m["role"], m["content"])
            for m in json.loads(result["result"])["messages"]]


def texts(messages):
    """Without the answers of this mode, which are long."""
    return [c for role, content in messages for c in content
            if role == "user"]


def run(place, *questions, options=(), **more):
    """Asks, closes stdin, and returns the ended Demo; seen is what the model
    saw in the last turn."""
    demo = Demo(place, *options, **more)
    with demo:
        for question in questions:
            demo.seen = demo.ask(question)
        eq(demo.end(), 0, demo.stderr())
    return demo


def refused(place, text, *options, session=None, **more):
    """An end before anything is read: one line, exit status 1."""
    with Demo(place, *options, **more) as demo:
        result = demo.result()
        eq(demo.end(), 1)
        eq(demo.stderr(), text + "\n")
        if session is None:
            eq(demo.lines, [])
            return
        eq(demo.lines, [result])
        eq((result["subtype"], result["is_error"], result["errors"],
            result["num_turns"]), ("error_during_execution", True, [text], 0))
        ok(session in ("", result["session_id"]), "session_id")


def chain(lines):
    return [(line["type"], line["parentUuid"], line["uuid"]) for line in lines]


# --- what is kept -----------------------------------------------------------

@test("a transcript has a line for each message, under the uuid of stdout")
def _():
    with Place() as place:
        demo = run(place, "one", "two")
        lines = place.saved(demo.session())
        eq([line["type"] for line in lines], ["user", "assistant"] * 2)
        eq([line["parentUuid"] for line in lines],
           [None] + [line["uuid"] for line in lines[:-1]])
        eq([line["uuid"] for line in lines[1::2]], demo.answers())
        eq([line["message"]["content"] for line in lines[0::2]],
           ["one", "two"])
        for line in lines:
            eq((line["sessionId"], line["cwd"], line["isSidechain"]),
               (demo.session(), os.path.realpath(place.work), False))
        eq(os.stat(place.path(demo.session())).st_mode & 0o777, 0o600)


@test("CLAUDE_CONFIG_DIR is where transcripts are")
def _():
    with Place() as place:
        place.config = os.path.join(place.home, "else", "where")
        env = {"CLAUDE_CONFIG_DIR": place.config}
        demo = run(place, "one", env=env)
        eq(len(place.saved(demo.session())), 2)
        ok(not os.path.exists(os.path.join(place.home, ".claude")), "both")
        again = run(place, "two", options=["--resume", demo.session()],
                    env=env)
        eq(texts(again.seen), ["one", "two"])


@test("without a HOME it works, and nothing is kept")
def _():
    with Place() as place:
        demo = run(place, "one", env={"HOME": ""})
        eq(place.saved(demo.session()), [])


@test("--no-session-persistence keeps nothing, and can go on with a session")
def _():
    with Place() as place:
        demo = run(place, "one", options=["--no-session-persistence"])
        eq(place.saved(demo.session()), [])
        demo = run(place, "one")
        before = place.saved(demo.session())
        again = run(place, "two", options=[
            "--resume", demo.session(), "--no-session-persistence"])
        eq(texts(again.seen), ["one", "two"])
        eq(place.saved(demo.session()), before)


@test("each block of an answer is a line")
def _():
    with Place() as place:
        with Demo(place, mode="thinking") as demo:
            demo.say("one")
            demo.result()
            eq(demo.end(), 0)
        lines = place.saved(demo.session())
        eq([line["uuid"] for line in lines[1:]], demo.answers())
        eq([line["message"]["content"][0]["type"] for line in lines[1:]],
           ["thinking", "text", "text"])
        again = run(place, "two", options=[
            "--resume", demo.session(),
            "--resume-session-at", demo.answers()[1]])
        eq([b if isinstance(b, str) else b["type"]
            for b in again.seen[1][1]], ["thinking", "First block. "])


# --- resuming ---------------------------------------------------------------

@test("--resume goes on in the same session, again and again")
def _():
    with Place() as place:
        first = run(place, "one")
        session = first.session()
        for n, option in enumerate((["--resume", session],
                                    [f"--resume={session}"]), 2):
            demo = run(place, f"question {n}", options=option)
            eq(demo.session(), session)
            eq([role for role, _ in demo.seen],
               ["user", "assistant"] * (n - 1) + ["user"])
        eq(texts(demo.seen), ["one", "question 2", "question 3"])
        eq([line["parentUuid"] for line in place.saved(session)],
           [None] + [line["uuid"] for line in place.saved(session)[:-1]])


@test("what was answered is seen again")
def _():
    with Place() as place:
        with Demo(place, mode="long=3") as demo:
            demo.say("one")
            demo.result()
            demo.end()
        again = run(place, "two", options=["--resume", demo.session()])
        eq(again.seen, [("user", ["one"]),
                        ("assistant", ["word1 word2 word3 "]),
                        ("user", ["two"])])


@test("--resume-session-at makes a branch in the same file")
def _():
    with Place() as place:
        first = run(place, "one", "two", "three")
        session, answers = first.session(), first.answers()
        back = run(place, "other two", options=[
            f"--resume={session}", f"--resume-session-at={answers[0]}"])
        eq(texts(back.seen), ["one", "other two"])
        eq(back.session(), session)
        lines = place.saved(session)
        eq(len(lines), 8)
        eq(lines[6]["parentUuid"], answers[0])
        plain = run(place, "more", options=["--resume", session])
        eq(texts(plain.seen), ["one", "other two", "more"])
        # what is not on the newest branch is out of reach
        for extra in ([], ["--fork-session"]):
            refused(place, "No message found with message.uuid of: "
                    + answers[1], "--resume", session, "--resume-session-at",
                    answers[1], *extra, session="" if extra else session)


@test("--fork-session begins a new session, the old one stays as it is")
def _():
    with Place() as place:
        first = run(place, "one", "two")
        session, answers = first.session(), first.answers()
        before = place.saved(session)
        fork = run(place, "other two", options=[
            "--resume", session, "--resume-session-at", answers[0],
            "--fork-session"])
        ok(fork.session() != session, "the same id")
        eq(texts(fork.seen), ["one", "other two"])
        eq(place.saved(session), before)
        lines = place.saved(fork.session())
        eq(chain(lines[:2]), chain(before[:2]))
        eq(lines[2]["parentUuid"], answers[0])
        eq({line["sessionId"] for line in lines}, {fork.session()})
        eq(texts(run(place, "3", options=["--resume", session]).seen),
           ["one", "two", "3"])
        eq(texts(run(place, "4", options=["--resume", fork.session()]).seen),
           ["one", "other two", "4"])
        whole = run(place, "5", options=[
            "--resume", session, "--fork-session"])
        eq(texts(whole.seen), ["one", "two", "3", "5"])


@test("--session-id names a new session or a fork")
def _():
    with Place() as place:
        name, other = str(uuid.uuid4()), str(uuid.uuid4())
        demo = run(place, "one", options=["--session-id", name])
        eq(demo.session(), name)
        eq(len(place.saved(name)), 2)
        fork = run(place, "two", options=[
            "--resume", name, "--fork-session", f"--session-id={other}"])
        eq(fork.session(), other)
        eq(len(place.saved(other)), 4)
        refused(place, f"Error: Session ID {name} is already in use.",
                "--session-id", name)
        refused(place, "Error: Invalid session ID. Must be a valid UUID.",
                "--session-id", "../x")
        refused(place, "Error: --session-id can only be used with --continue "
                "or --resume if --fork-session is also specified.",
                "--resume", name, "--session-id", other)
        refused(place, "Error: --resume-session-at requires --resume",
                "--resume-session-at", other)


@test("a session is found only where it is")
def _():
    with Place() as place:
        demo = run(place, "one")
        for session, cwd in ((str(uuid.uuid4()), None),
                             (demo.session(), place.other)):
            refused(place, "No conversation found with session ID: " + session,
                    "--resume", session, session=session, cwd=cwd)
        with Demo(place, "--resume", "../x") as bad:
            bad.result()
            eq((bad.end(), len(bad.lines)), (1, 1))
            contains(bad.stderr(), "requires a valid session ID")
        eq(len(place.saved(demo.session())), 2)


@test("only an answer of the session can be resumed at")
def _():
    with Place() as place:
        demo = run(place, "one")
        session = demo.session()
        asked = place.saved(session)[0]["uuid"]
        for at in (str(uuid.uuid4()), "nonsense", asked):
            refused(place, "No message found with message.uuid of: " + at,
                    "--resume", session, "--resume-session-at", at,
                    session=session)
        os.unlink(place.path(session))
        refused(place, "No conversation found with session ID: " + session,
                "--resume", session, session=session)


@test("a history can be told after --resume, by uuids of its own")
def _():
    with Place() as place:
        demo = run(place, "one")
        own = str(uuid.uuid4())
        with Demo(place, "--resume", demo.session()) as again:
            again.say("two", shouldQuery=False)
            eq(again.result()["num_turns"], 0)
            again.send({"type": "assistant", "uuid": own, "message": {
                "id": "msg_1", "role": "assistant",
                "content": [{"type": "text", "text": "told"}]}})
            told = again.ask("three")
            eq(again.end(), 0)
        eq(told[2:], [("user", ["two"]), ("assistant", ["told"]),
                      ("user", ["three"])])
        back = run(place, "four", options=[
            "--resume", demo.session(), "--resume-session-at", own])
        eq(back.seen[:4] + [("user", ["four"])], back.seen)
        eq(back.seen[3], ("assistant", ["told"]))


# --- when it is kept --------------------------------------------------------

@test("what is killed at its result is lost, a little later it is not")
def _():
    with Place() as place:
        with Demo(place, env=UNSAVED) as demo:
            demo.ask("one")
            eq(demo.end(signal.SIGKILL), -signal.SIGKILL)
        eq(place.saved(demo.session()), [])
        with Demo(place) as demo:
            demo.ask("one")
            for number in (2, 4):
                until(lambda n=number: len(place.saved(demo.session())) == n,
                      what="the transcript of a live process")
                demo.ask("two")
            demo.end(signal.SIGKILL)
        eq([line["uuid"] for line in place.saved(demo.session())][1:4:2],
           demo.answers()[:2])


@test("TERM and an end save what is finished, and leave the cut question")
def _():
    with Place() as place:
        with Demo(place, env=UNSAVED) as demo:
            demo.ask("one")
            eq(demo.end(signal.SIGTERM), 128 + signal.SIGTERM)
        eq(len(place.saved(demo.session())), 2)
        with Demo(place, delay=50, mode="long=200") as demo:
            demo.say("cut")
            demo.delta()
            demo.end(signal.SIGTERM)
        eq([line["message"]["content"]
            for line in place.saved(demo.session())], ["cut"])
        with Demo(place, env=UNSAVED) as demo:
            demo.ask("one")
            eq(demo.end(), 0)
        eq(len(place.saved(demo.session())), 2)
        with Demo(place, delay=50, mode="long=200") as demo:
            demo.say("cut")
            demo.delta()
            demo.end(signal.SIGTERM)
        again = run(place, "two", "three",
                    options=["--resume", demo.session()])
        eq(again.seen[:3], [("user", ["cut"]),
                            ("assistant", ["No response requested."]),
                            ("user", ["two"])])
        third = run(place, "four", options=["--resume", demo.session()])
        eq(third.seen[:5], again.seen[:3] + third.seen[3:5])
        eq(texts(third.seen), ["cut", "two", "three", "four"])


@test("an interrupted turn stays in the session; resuming at an answer is exact")
def _():
    with Place() as place:
        first = run(place, "one")
        session, answers = first.session(), first.answers()
        with Demo(place, "--resume", session, delay=50,
                  mode="long=200") as demo:
            demo.say("cut")
            demo.delta()
            demo.send({"type": "control_request", "request_id": "1",
                       "request": {"subtype": "interrupt"}})
            eq(demo.result()["subtype"], "error_during_execution")
            eq(demo.end(), 1)
        plain = run(place, "two", options=["--resume", session])
        eq([role for role, _ in plain.seen], ["user", "assistant"] * 3
           + ["user"])
        ok(plain.seen[3][1][0].startswith("word1 "), str(plain.seen[3]))
        eq(plain.seen[4:6], [("user", ["[Request interrupted by user]"]),
                             ("assistant", ["No response requested."])])
        exact = run(place, "two", options=[
            "--resume", session, "--resume-session-at", answers[0]])
        eq(texts(exact.seen), ["one", "two"])


@test("a tool that was used is in the session")
def _():
    with Place() as place:
        first = run(place, "go [tool]", "again [tool]")
        again = run(place, "two", options=["--resume", first.session()])
        roles = [role for role, _ in again.seen]
        eq(roles, ["user", "assistant"] * 4 + ["user"])
        use = again.seen[1][1][1]
        eq((again.seen[1][1][0], use["type"], use["name"]),
           ("Let me look. ", "tool_use", "Bash"))
        eq(again.seen[2], ("user", [{
            "type": "tool_result", "tool_use_id": use["id"],
            "content": "TOOL OUTPUT", "is_error": False}]))
        ids = [b["id"] for _, content in again.seen for b in content
               if isinstance(b, dict) and b["type"] == "tool_use"]
        eq(len(set(ids)), 2, "ids")
        # a turn sees what it did itself, too
        eq(again.seen[:7], first.seen)


@test("an API error is kept but not seen again")
def _():
    with Place() as place:
        first = run(place, "one")
        with Demo(place, "--resume", first.session(),
                  mode="error=400") as demo:
            demo.say("two")
            eq(demo.result()["is_error"], True)
            eq(demo.end(), 1)
        eq(len(place.saved(first.session())), 4)
        again = run(place, "three", options=["--resume", first.session()])
        eq(again.seen[2:], [("user", ["two", "three"])])


# --- the mode that shows it -------------------------------------------------

@test("the context names session and directory, long texts by their digest")
def _():
    with Place() as place:
        text = "\u00fc" * 200
        with Demo(place) as demo:
            demo.say([{"type": "text", "text": text},
                      {"type": "text", "text": " "},
                      {"type": "text", "text": "short"}])
            context = json.loads(demo.result()["result"])
            eq(demo.end(), 0)
        eq((context["session_id"], context["cwd"]),
           (demo.session(), os.path.realpath(place.work)))
        eq(context["messages"], [{"role": "user", "content": [
            {"type": "text", "bytes": 400, "sha256": hashlib.sha256(
                text.encode()).hexdigest()}, "short"]}])


@test("the context counts images and documents, and a resumed one does too")
def _():
    image = {"type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": "AAEC/w=="}}
    far = {"type": "image", "source": {"type": "url",
                                       "url": "https://a.test/x"}}
    pdf = {"type": "document", "title": "a.pdf", "source": {
        "type": "base64", "media_type": "application/pdf", "data": "AAEC/w=="}}
    text = {"type": "document", "source": {
        "type": "text", "media_type": "text/plain", "data": "abc"}}
    bad = {"type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": "A?"}}
    digest = {"bytes": 4, "sha256": hashlib.sha256(b"\0\1\2\xff").hexdigest()}
    want = [{"type": "image", "media_type": "image/png", **digest},
            {"type": "image", "url": "https://a.test/x"},
            {"type": "document", "title": "a.pdf",
             "media_type": "application/pdf", **digest},
            {"type": "document", "media_type": "text/plain", "bytes": 3,
             "sha256": hashlib.sha256(b"abc").hexdigest()},
            {"type": "image", "media_type": "image/png", "bad": "base64"}]
    with Place() as place:
        demo = run(place, [image, far, pdf, text, bad])
        eq(demo.seen, [("user", want)])
        eq(place.saved(demo.session())[0]["message"]["content"],
           [image, far, pdf, text, bad])
        again = run(place, "two", options=["--resume", demo.session()])
        eq(again.seen[0], ("user", want))


if __name__ == "__main__":
    main()
