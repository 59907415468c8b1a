#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations that began with the Node.js version of ccp: SESSION_FILE names
its file, and a follow-up goes on with what happened in its session."""
import contextlib
import json
import os
import pathlib
import sys
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import PATH  # noqa: E402
from ccp import Env, HandlerSocket, chat_body  # noqa: E402
from conversation import Conversation, Sessions, Turn  # noqa: E402
from original import write_original  # noqa: E402
from tap import eq, main, test  # noqa: E402


class Old:
    """A conversation of two turns, with a tool in the second, of which only
    the original's file knows.  talk: of a client that goes on with it."""

    def __init__(self, env, session, talk):
        self.env = env
        self.session = session
        self.talk = talk
        self.file = pathlib.Path(env.home, "sessions.json")
        env.environ["SESSION_FILE"] = str(self.file)

    def write(self, age=60, without=()):
        """The file, where the client shows these texts; the turns of the talk
        about the directory are not in it."""
        texts = [t for turn in self.talk.turns if turn not in without
                 for t in (turn.question, turn.text)]
        write_original(self.file, [
            (chat_body(*texts)["messages"], self.session, age)])

    def transcript(self):
        path, = pathlib.Path(self.env.home, ".claude").glob(
            f"projects/*/{self.session}.jsonl")
        return path

    def append(self, *lines):
        """More lines of the transcript, each like the last one of its type
        but for its text, "" for none."""
        path = self.transcript()
        old = [json.loads(line) for line in path.read_text().splitlines()]
        parent = old[-1]["uuid"]
        with path.open("a", encoding="utf-8") as file:
            for kind, text in lines:
                line = [o for o in old if o["type"] == kind][-1]
                line["parentUuid"], parent = parent, str(uuid.uuid4())
                line["uuid"] = parent
                line["message"]["content"] = [{"type": "text", "text": text}]
                if "id" in line["message"]:
                    line["message"]["id"] = f"msg_{parent}"
                file.write(json.dumps(line) + "\n")

    def ask(self, question, want, stream=False):
        """On a connection of its own."""
        with HandlerSocket(self.env) as handler:
            eq(self.talk.ask(handler.http, question, stream), want,
               "X-CCP-Session")


@contextlib.contextmanager
def old_conversation(**settings):
    child = {"CCP_DEMO_MODE": "context", "CCP_DEMO_DELAY_MS": "0"}
    with Env(child=child, **settings) as env:
        talk = Conversation(Sessions(), killed=True)
        with HandlerSocket(env) as handler:
            talk.ask(handler.http, "first question")
            talk.ask(handler.http, "look at it [tool]")
        # It showed what is said last.
        last = talk.turns[-1]
        last.text = last.text[last.text.index('{"'):]
        yield Old(env, last.session, talk)


def tools(old):
    """How many a model sees that goes on from here."""
    return json.dumps(old.talk.turns[-1].view).count('"tool_use"')


@test("it goes on in a copy, with the tools, and from there as any other")
def _():
    with old_conversation() as old:
        old.write()
        file, transcript = old.file.read_bytes(), old.transcript()
        lines = transcript.read_bytes()
        old.ask("and now?", "forked")
        eq(tools(old), 1, "tools")
        old.ask("and then?", "resumed", stream=True)
        eq(tools(old), 1, "tools")
        eq(old.file.read_bytes(), file, "the original's file")
        eq(transcript.read_bytes(), lines, "the original's session")
        eq(sorted(p.name for p in old.file.parent.glob("sessions*")),
           ["sessions.json", "sessions.json.db", "sessions.json.db.claims",
            "sessions.json.db.lock"])


@test("each other way to go on is one more copy")
def _():
    with old_conversation() as old:
        old.write()
        for n in range(3):
            old.ask(f"follow-up {n}", "forked", stream=n == 1)
            del old.talk.turns[2:]
        old.ask("another one", "forked")
        old.ask("and on", "resumed")


@test("an earlier answer, which has no entry, is told")
def _():
    with old_conversation() as old:
        old.write()
        del old.talk.turns[1:]
        old.ask("edited", "replayed")
        old.ask("and on", "resumed")


@test("a system message is part of what it was looked up by")
def _():
    with old_conversation() as old:
        *said, now = chat_body(*old.talk.texts(), "and now?")["messages"]
        system = {"content": "be brief", "role": "system"}
        write_original(old.file, [([system, *said], old.session, 60)])
        with HandlerSocket(old.env) as handler:
            for messages, want in (
                    ([*said, now], "replayed"),
                    ([said[0], system, *said[1:], now], "forked"),
                    ([*said, {**system, "content": "be kind"}, now],
                     "replayed")):
                got = handler.http.post_json(
                    PATH, {"model": "haiku", "messages": messages})
                eq((got.status, got.header("X-CCP-Session")), (200, want))


@test("the path and the confirmation of its talk are no part of it")
def _():
    with old_conversation() as old:
        confirmed = Turn(old.env.work, "\u2705 I work there.", None, [])
        old.talk.turns.insert(0, confirmed)
        old.write(without=[confirmed])
        old.env.environ["ASK_WORKING_DIR"] = "auto"
        old.ask("and now?", "forked")
        eq(tools(old), 1, "tools")
        old.ask("and on", "resumed")


@test("the session's transcript is gone: told anew")
def _():
    with old_conversation() as old:
        old.write()
        old.transcript().unlink()
        old.ask("and now?", "replayed")
        eq(tools(old), 0, "tools")
        old.ask("and on", "resumed")


@test("a turn that was broken off before it said anything is not seen")
def _():
    with old_conversation() as old:
        old.write()
        old.append(("user", "FOREIGN"))
        old.ask("and now?", "forked")
        eq(tools(old), 1, "tools")


@test("a turn that was broken off while it spoke: told anew")
def _():
    with old_conversation() as old:
        old.write()
        old.append(("user", "FOREIGN"), ("assistant", "I have beg"))
        old.ask("and now?", "replayed")


@test("an entry that has expired: told anew")
def _():
    with old_conversation(SESSION_TTL_MS="600000") as old:
        old.write(age=601)
        old.ask("and now?", "replayed")


@test("in another directory: told anew")
def _():
    with old_conversation() as old:
        old.write()
        old.env.environ["CLAUDE_WORKING_DIR"] = old.env.home
        old.ask("and now?", "replayed")


@test("CLAUDE_CONFIG_DIR is where the session is")
def _():
    with old_conversation() as old:
        old.write()
        place = os.path.join(old.env.home, "elsewhere")
        os.rename(os.path.join(old.env.home, ".claude"), place)
        old.env.environ["CLAUDE_CONFIG_DIR"] = place
        old.ask("and now?", "forked")


if __name__ == "__main__":
    main()
