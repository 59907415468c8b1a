#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is wrong with the store of sessions, requests are answered: with
the whole conversation told anew, and a line in the log that says why."""
import fcntl
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, HandlerSocket  # noqa: E402
from conversation import Conversation, Sessions  # noqa: E402
from tap import contains, eq, lacks, main, test  # noqa: E402

DEMO = {"CCP_DEMO_MODE": "context", "CCP_DEMO_DELAY_MS": "0"}


def two_turns(env, first, second):
    """What became of a conversation's second turn, and the log."""
    with HandlerSocket(env) as handler:
        talk = Conversation(Sessions(), killed=True)
        eq(talk.ask(handler.http, "hello"), "new")
        eq(handler.http.get("/health").status, 200)  # it is saved
        first()
        eq(talk.ask(handler.http, "on [tool]", stream=True), second)
        eq(handler.http.get("/health").status, 200)
        return handler.stderr()


def nothing():
    pass


@test("all is well")
def _():
    with Env(child=DEMO) as env:
        log = two_turns(env, nothing, "resumed")
        lacks(log, ": warn: ")


def unusable(name, place, why):
    @test(f"SESSION_FILE is {name}")
    def _():
        with Env(child=DEMO) as env:
            path = place(pathlib.Path(env.dir))
            env.environ["SESSION_FILE"] = str(path)
            before = path.read_bytes() if path.is_file() else None
            log = two_turns(env, nothing, "replayed")
            contains(log, why)
            contains(log, str(path))
            if before is not None:
                eq(path.read_bytes(), before)
                eq([p.name for p in path.parent.glob(path.name + "*")],
                   [path.name])


def text_file(top):
    path = top / "notes.txt"
    path.write_text("my own notes\n", encoding="utf-8")
    return path


unusable("a directory", lambda top: top, "is left alone")
unusable("where nothing can be written",
         lambda top: pathlib.Path("/proc/sessions.db"), "cannot be used")
unusable("in a directory whose directory is missing",
         lambda top: top / "a" / "b" / "sessions.db", "cannot be used")
unusable("a file of the user's", text_file, "is left alone")


@test("the runtime directory cannot be used")
def _():
    with Env(child=DEMO) as env:
        os.chmod(env.runtime, 0o700)
        pathlib.Path(env.runtime, "ccp").write_text("", encoding="utf-8")
        contains(two_turns(env, nothing, "replayed"), "sessions.db")


@test("the lock is held by somebody who does not let go")
def _():
    with Env(child=DEMO) as env:
        lock = pathlib.Path(env.runtime, "ccp", "sessions.db.lock")
        files = []

        def hold():
            files.append(open(lock, "r+b"))  # pylint: disable=R1732
            fcntl.flock(files[0], fcntl.LOCK_EX)

        log = two_turns(env, hold, "replayed")
        contains(log, "has been held by another process for too long")
        files[0].close()


@test("the store is damaged in between: a line in the log, once")
def _():
    with Env(child=DEMO) as env:
        store = pathlib.Path(env.runtime, "ccp", "sessions.db")

        def damage():
            with open(store, "r+b") as file:
                file.write(b"noise" * 100)

        log = two_turns(env, damage, "replayed")
        eq(log.count("was damaged"), 1)
        contains(log, ".bad")
        lacks(two_turns(env, nothing, "resumed"), ": warn: ")


if __name__ == "__main__":
    main()
