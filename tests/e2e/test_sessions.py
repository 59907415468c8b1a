#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations with the real Claude Code CLI: a follow-up goes on with the
very session it belongs to, and whatever happens the model sees the client's
conversation, no more and no less.  The mock of the Messages API tells what
reached it."""
import contextlib
import os
import pathlib
import random
import re
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
import tap  # noqa: E402
from answers import PATH, ask  # noqa: E402
from ccp import Env, HandlerSocket, chat_body  # noqa: E402
from mock_messages import Mock, answer  # noqa: E402
from original import write_original  # noqa: E402
from tap import (PATIENCE, contains, eq, lacks, main, ok,  # noqa: E402
                 test)


def real(api, **settings):
    settings.setdefault("CLAUDE_PERMISSION_MODE", "bypassPermissions")
    return Env(claude=real_claude.find(),
               child=real_claude.variables(api.url), **settings)


def plain(texts):
    """Texts of a client as messages of the API."""
    roles = ("user", "assistant")
    return [(roles[n % 2], [t]) for n, t in enumerate(texts)]


class Talk:
    """A client's conversation: what it has said and heard so far, and what of
    it the model has to see: that, or more where a session with tools in it
    goes on."""

    def __init__(self, handler, api):
        self.handler = handler
        self.api = api
        self.texts = []
        self.known = []

    def at(self, turns=None, handler=None):
        """Another client at the same place, or after so many turns."""
        other = Talk(handler or self.handler, self.api)
        end = len(self.texts) if turns is None else 2 * turns
        other.texts = self.texts[:end]
        # Of a turn with tools there is more than two messages.
        other.known = []
        answers = 0
        for role, blocks in self.known:
            if answers == end // 2:
                break
            other.known.append((role, blocks))
            answers += role == "assistant" and isinstance(blocks[-1], str)
        return other

    def say(self, text, reply, want, stream=False, before=()):
        """One turn; want is how the session has to go on.  before: what the
        mock answers with before the reply (tools)."""
        self.api.script(*before, answer(reply))
        got = ask(self.handler.http, *self.texts, text, stream=stream)
        eq((got.status, got.text), (200, reply))
        self.heard(text, reply, got.session, want)
        eq(self.api.last().messages, self.known[:-1], "what the model saw")

    def heard(self, text, reply, session, want):
        eq(session, want, "X-CCP-Session")
        if want in ("new", "replayed"):
            self.known = plain(self.texts)
        self.texts += [text, reply]
        self.known += [("user", [text]), ("assistant", [reply])]

    def use_bash(self, text, command, output, reply, want):
        """A turn in which Claude runs a command."""
        call = {"command": command, "description": "for the test"}
        self.api.script(answer(tools=[("Bash", call)]), answer(reply))
        got = ask(self.handler.http, *self.texts, text)
        eq((got.status, got.text), (200, reply))
        eq(got.session, want, "X-CCP-Session")
        *_, (_, [use]), (_, [result]) = self.api.last().messages
        eq((use["type"], use["input"]), ("tool_use", call))
        eq((result["type"], result["tool_use_id"]), ("tool_result", use["id"]))
        contains(str(result["content"]), output)
        self.texts += [text, reply]
        self.known += [("user", [text]), ("assistant", [use]),
                       ("user", [result]), ("assistant", [reply])]
        eq(self.api.last().messages, self.known[:-1], "what the model saw")


@contextlib.contextmanager
def talking(**settings):
    with Mock() as api, real(api, **settings) as env, \
            HandlerSocket(env) as handler:
        yield Talk(handler, api), env


def settled(handler):
    """What there is to be saved is saved: a connection's next request is
    taken when all of the last one is done.  And a connection that has made a
    request may be silent for longer (60 s) than a new one (10 s), which is
    short for a few turns of others on a slow machine."""
    eq(handler.http.request("GET", "/health").status, 200)


def store_of(env):
    return pathlib.Path(env.runtime, "ccp", "sessions.db")


def turns(talk, first, last, want="resumed"):
    for n in range(first, last):
        talk.say(f"question {n}", f"answer {n}", want if n else "new",
                 stream=n % 2 == 1)


@test("ten turns, with a command in between, are one session")
def _():
    with talking() as (talk, env):
        turns(talk, 0, 3)
        talk.use_bash("look", "echo made by bash; pwd", "made by bash",
                      "I have looked", "resumed")
        turns(talk, 4, 10)
        eq(len(talk.api.requests), 11, "API calls")
        contains(str(talk.known), os.path.realpath(env.work))


@test("a command that ran on behind the answer: the next answer is Claude's")
def _():
    with talking() as (talk, _):
        call = {"command": "sleep 300", "description": "for the test",
                "run_in_background": True}
        talk.api.script(answer(tools=[("Bash", call)]), answer("it runs"))
        talk.texts = ["run it", "it runs"]
        eq(ask(talk.handler.http, talk.texts[0]).text, talk.texts[1])
        # Claude may ask for more, now that the command ended, and may have to
        # be killed over that: then nobody knows what it saved.
        settled(talk.handler)
        outcomes = []
        for said, reply in (("and?", "it was stopped"), ("on", "done")):
            talk.api.script(answer(reply))
            got = ask(talk.handler.http, *talk.texts, said)
            eq((got.status, got.text), (200, reply))
            outcomes.append(got.session)
            role, blocks = talk.api.last().messages[-1]
            eq((role, blocks[-1]), ("user", said))
            talk.texts += [said, reply]
        ok(outcomes[0] in ("resumed", "replayed"), outcomes)
        eq(outcomes[1], "resumed")
        if outcomes[0] == "resumed":
            contains(str(talk.api.last().messages), "task-notification")


@test("regenerating the third answer: a copy, and both go on")
def _():
    with talking() as (talk, _):
        turns(talk, 0, 3)
        again = talk.at(2)
        again.say("question 2", "another answer", "forked")
        talk.say("question 3", "answer 3", "resumed")
        again.say("another question", "its answer", "resumed")
        # and once more
        talk.at(2).say("question 2", "a third answer", "forked")


@test("editing the second question: a copy")
def _():
    with talking() as (talk, _):
        talk.say("question 0", "answer 0", "new")
        talk.use_bash("question 1", "echo made by bash", "made by bash",
                      "answer 1", "resumed")
        edited = talk.at(1)
        edited.say("an edited question", "its answer", "forked")
        talk.say("question 2", "answer 2", "resumed")
        edited.say("and on", "answer", "resumed")
        lacks(str(edited.known), "made by bash")


@test("the first answer regenerated is a new session")
def _():
    with talking() as (talk, _):
        talk.say("hello", "good day", "new")
        other = talk.at(0)
        other.say("hello", "good evening", "new")
        talk.say("on", "1", "resumed")
        other.say("on", "2", "resumed")


@test("identical turns in two directories do not meet")
def _():
    with Mock() as api, real(api) as env:
        talks = []
        for name in ("one", "two"):
            env.environ["CLAUDE_WORKING_DIR"] = os.path.join(env.work, name)
            os.mkdir(env.environ["CLAUDE_WORKING_DIR"])
            with HandlerSocket(env) as handler:
                talk = Talk(handler, api)
                talk.say("hello", "good day", "new")
                talk.use_bash("where are you?", "pwd", name, "here",
                              "resumed")
                turns(talk, 2, 4)
                talks.append(talk)
        for name, talk in zip(("one", "two"), talks):
            env.environ["CLAUDE_WORKING_DIR"] = os.path.join(env.work, name)
            with HandlerSocket(env) as handler:
                talk.handler = handler
                turns(talk, 4, 5)
                talk.use_bash("and now?", "pwd", name, "still", "resumed")


@test("identical turns in one directory: one goes on, the other in a copy")
def _():
    with talking() as (talk, env), HandlerSocket(env) as handler:
        other = Talk(handler, talk.api)
        settled(handler)
        turns(talk, 0, 3)
        turns(other, 0, 3)
        talk.say("question of one", "answer 1", "resumed")
        other.say("question of two", "answer 2", "forked")
        talk.say("on", "answer 3", "resumed")
        other.say("on", "answer 4", "resumed")


MANY = 20


@test(f"{MANY} follow-ups of one answer at once: one goes on, the others in "
      "copies")
def _():
    with talking(CLAUDE_TIMEOUT_MS="120000") as (talk, env):
        turns(talk, 0, 2)
        talk.use_bash("look", "echo made by bash", "made by bash", "seen",
                      "resumed")
        got = [None] * MANY

        def follow(n):
            # On a slow machine some wait too long for a place, and who is
            # turned away has claimed nothing.
            for _ in range(PATIENCE):
                with HandlerSocket(env) as handler:
                    got[n] = ask(handler.http, *talk.texts, f"follow-up {n}",
                                 stream=n % 2 == 1)
                if got[n].status != 503:
                    return

        before = len(talk.api.requests)
        threads = [threading.Thread(target=follow, args=(n,))
                   for n in range(MANY)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eq([g.status for g in got], [200] * MANY)
        eq(sorted(g.session for g in got),
           ["forked"] * (MANY - 1) + ["resumed"])
        seen = [r.messages for r in talk.api.requests[before:]]
        want = [talk.known + [("user", [f"follow-up {n}"])]
                for n in range(MANY)]
        eq(sorted(map(str, seen)), sorted(map(str, want)))
        env.wait_gone(talk.handler.pid)


def transcripts(env):
    return list(pathlib.Path(env.home, ".claude").glob("projects/*/*.jsonl"))


@test("the CLI's transcript deleted between turns: replayed")
def _():
    with talking() as (talk, env):
        turns(talk, 0, 2)
        talk.use_bash("look", "echo made by bash", "made by bash", "seen",
                      "resumed")
        settled(talk.handler)
        for path in transcripts(env):
            path.unlink()
        talk.say("and now?", "still here", "replayed")
        talk.say("on", "on", "resumed")


@test("the CLI's transcript cut off between turns: replayed")
def _():
    with talking() as (talk, env):
        turns(talk, 0, 3)
        settled(talk.handler)
        for path in transcripts(env):
            lines = path.read_bytes().splitlines(True)
            path.write_bytes(b"".join(lines[:len(lines) // 2]))
        talk.say("and now?", "still here", "replayed", stream=True)
        talk.say("on", "on", "resumed")


@test("SESSION_TTL_MS passed: replayed")
def _():
    with talking(SESSION_TTL_MS="1000") as (talk, _):
        turns(talk, 0, 1)
        time.sleep(2.1)
        talk.say("and now?", "still here", "replayed")


def damage(name, change):
    @test(f"the store {name}: replayed, and then it works again")
    def _():
        with talking() as (talk, env):
            turns(talk, 0, 2)
            settled(talk.handler)
            change(store_of(env))
            talk.say("and now?", "still here", "replayed")
            talk.say("on", "on", "resumed")


damage("deleted", lambda path: path.unlink())
damage("truncated", lambda path: os.truncate(path, path.stat().st_size // 2))
damage("emptied", lambda path: os.truncate(path, 0))
damage("replaced by noise",
       lambda path: path.write_bytes(random.Random(1).randbytes(40000)))
damage("deleted with all beside it", lambda path: [
    p.unlink() for p in path.parent.glob("sessions.db*")])


@test("a client that leaves in the middle: what was aborted is not seen")
def _():
    with Mock() as api, real(api) as env:
        with HandlerSocket(env) as handler:
            talk = Talk(handler, api)
            turns(talk, 0, 2)
        for stream in (False, True):
            with HandlerSocket(env) as handler:
                event = threading.Event()
                api.script(answer("begun ", event, "and never ended"))
                before = len(api.requests)
                handler.http.send_json(PATH, chat_body(
                    *talk.texts, "a question nobody waits for",
                    stream=stream))
                api.wait_requests(before + 1)
                time.sleep(0.3)
                handler.http.close()
                handler.wait()
                event.set()
            with HandlerSocket(env) as handler:
                talk.handler = handler
                n = len(talk.texts) // 2
                turns(talk, n, n + 1)


@test("a handler killed in the middle: the next one goes on in a copy")
def _():
    with Mock() as api, real(api) as env:
        with HandlerSocket(env) as handler:
            talk = Talk(handler, api)
            turns(talk, 0, 2)
        handler = HandlerSocket(env)
        event = threading.Event()
        api.script(answer("begun ", event, "and never ended"))
        before = len(api.requests)
        handler.http.send_json(PATH, chat_body(*talk.texts, "lost"))
        api.wait_requests(before + 1)
        handler.kill()
        handler.http.close()
        event.set()
        # Half a line may be the last one of the transcript.
        for path in transcripts(env):
            with open(path, "ab") as file:
                file.write(b'{"parentUuid":"half a li')
        with HandlerSocket(env) as handler:
            talk.handler = handler
            talk.say("question 2", "answer 2", "forked")
            turns(talk, 3, 5)


@test("a follow-up at once, on another connection, waits until it is saved")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as first, \
            HandlerSocket(env) as second:
        settled(second)
        talk = Talk(first, api)
        for n in range(6):
            talk.handler = (first, second)[n % 2]
            turns(talk, n, n + 1)


@test("how a client writes the conversation does not matter")
def _():
    with talking() as (talk, _):
        talk.say("hello", "good day \n", "new")

        def ask_as(messages, reply):
            talk.api.script(answer(reply))
            got = talk.handler.http.post_json(
                PATH, {"model": "haiku", "messages": messages})
            return got.status, got.header("X-CCP-Session")

        eq(ask_as([
            {"role": "system", "content": "the time is 12:00"},
            {"content": [{"text": "hello", "type": "text",
                          "cache_control": {"type": "ephemeral"}}],
             "name": "somebody", "role": "user"},
            {"role": "assistant", "refusal": None,
             "content": [{"type": "text", "text": "good day"}]},
            {"role": "user", "content": "on"}], "on"), (200, "resumed"))
        eq(talk.api.last().messages, plain(["hello", "good day \n", "on"]))
        eq(ask_as([
            {"role": "system", "content": "the time is 12:01"},
            {"role": "user", "content": "hello\n"},
            {"role": "assistant", "content": "good day"},
            {"role": "user", "content": [{"type": "text", "text": "on "}]},
            {"role": "assistant", "content": "on"},
            {"role": "user", "content": "more"}], "more"), (200, "resumed"))
        eq(talk.api.last().system[-1:], ["the time is 12:01"])
        eq(ask_as([
            {"role": "user", "content": "hello!"},
            {"role": "assistant", "content": "good day"},
            {"role": "user", "content": "on"}], "on"), (200, "replayed"))


@contextlib.contextmanager
def with_systems(mode):
    with talking(SYSTEM_PROMPT_MODE=mode) as (talk, _):
        def say(system, text, reply, want):
            talk.api.script(answer(reply))
            messages = chat_body(*talk.texts, text)["messages"]
            if system:
                messages.insert(0, {"role": "system", "content": system})
            got = talk.handler.http.post_json(
                PATH, {"model": "haiku", "messages": messages})
            eq((got.status, got.header("X-CCP-Session")), (200, want))
            talk.texts += [text, reply]
            eq(talk.api.last().messages, plain(talk.texts[:-1]))
            eq(re.findall("SYSTEM[0-9]", str(talk.api.last().system)),
               [system] if system else [])
        yield talk, say


@test("the system text is the request's")
def _():
    with with_systems("replace") as (talk, say):
        say("SYSTEM1", "hello", "1", "new")
        say("SYSTEM2", "on", "2", "resumed")
        say("", "on", "3", "replayed")
        say("SYSTEM3", "on", "4", "resumed")
        del talk.texts[2:]
        say("SYSTEM4", "again", "5", "forked")


@test("the system text is the request's, and not that of an earlier turn")
def _():
    with with_systems("replace") as (_, say):
        say("", "hello", "1", "new")
        say("SYSTEM1", "on", "2", "resumed")
        say("", "on", "3", "replayed")
        say("", "on", "4", "resumed")


@test("the system text is the request's, also where it is appended")
def _():
    with with_systems("append") as (talk, say):
        say("SYSTEM1", "hello", "1", "new")
        say("SYSTEM1", "on", "2", "resumed")
        say("SYSTEM2", "on", "3", "replayed")
        say("", "on", "4", "replayed")
        say("SYSTEM3", "on", "5", "replayed")
        say("SYSTEM3", "on", "6", "resumed")
        del talk.texts[10:]
        say("SYSTEM3", "again", "7", "forked")


def leave_to_original(talk, env):
    """From now on only the file of the Node.js version knows the talk."""
    path, = transcripts(env)
    file = pathlib.Path(env.home, "sessions.json")
    write_original(file, [
        (chat_body(*talk.texts)["messages"], path.stem, 60)])
    env.environ["SESSION_FILE"] = str(file)
    return path


@test("a conversation that the Node.js version began goes on in a copy")
def _():
    with talking() as (talk, env):
        turns(talk, 0, 2)
        talk.use_bash("look", "echo made by bash", "made by bash", "seen",
                      "resumed")
        settled(talk.handler)
        path = leave_to_original(talk, env)
        before = path.read_bytes()
        with HandlerSocket(env) as talk.handler:
            other = talk.at()
            talk.say("and now?", "still here", "forked")
            talk.say("on", "on", "resumed", stream=True)
            other.say("or so?", "another answer", "forked", stream=True)
            talk.say("and on", "on", "resumed")
        eq(path.read_bytes(), before, "the original's session")


@test("the same where it broke a turn off: nobody sees any of that")
def _():
    with talking() as (talk, env):
        turns(talk, 0, 2)
        with HandlerSocket(env) as handler:
            event = threading.Event()
            talk.api.script(answer("begun ", event, "and never ended"))
            before = len(talk.api.requests)
            handler.http.send_json(PATH, chat_body(*talk.texts, "FOREIGN"))
            talk.api.wait_requests(before + 1)
            time.sleep(0.3)
            handler.http.close()
            handler.wait()
            event.set()
        path = leave_to_original(talk, env)
        contains(path.read_text(encoding="utf-8"), "FOREIGN")
        with HandlerSocket(env) as talk.handler:
            talk.api.script(answer("still here"))
            got = ask(talk.handler.http, *talk.texts, "and now?")
            # Whether some of its answer was saved is a matter of time.
            ok(got.session in ("forked", "replayed"), got.session)
            talk.heard("and now?", "still here", got.session, got.session)
            eq(talk.api.last().messages, talk.known[:-1])
            talk.say("on", "on", "resumed")


def keep_cli_cases():
    """Those in which it is the CLI that may differ."""
    tap.keep([name for name in tap.names()
              if not name.startswith(("the store ", "identical turns",
                                      "SESSION_TTL", "how a client"))])


if __name__ == "__main__":
    main()
