#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of Claude that wait behind their answers: who may go on in one,
who keeps it, what ends it; with the stand-in."""
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
from answers import PATH  # noqa: E402
from ccp import Start, chat_body  # noqa: E402
from tap import (PATIENCE, contains, eq, lacks, main, ok,  # noqa: E402
                 test, until)
from warm import Handlers, Talk, WarmEnv  # noqa: E402


@contextlib.contextmanager
def bed(mode=None, **settings):
    with WarmEnv(mode, **settings) as env, Handlers(env) as handlers:
        yield env, handlers


def both(name):
    """A case for Claude as an agent and as a model."""
    def add(function):
        for mode, first in ("agent", "new"), ("model", None):
            test(f"{name}, {mode}")(
                lambda mode=mode, first=first: function(mode, first))
    return add


# A new process, by whatever the session's state allows.
ANEW = ("resumed", "forked", "replayed")

# --- who goes on ------------------------------------------------------------

@both("a follow-up on the same connection goes on in the same process")
def _(mode, first):
    with bed(CLAUDE_MODE=mode) as (env, handlers):
        http, talk = handlers.new().http, Talk()
        talk.say(http, "one", first)
        claudes = env.claudes()
        for text in "two", "three", "four":
            talk.say(http, text, "warm")
        eq(env.claudes(), claudes)
        env.check_private()


@both("another connection borrows it, and gives it back")
def _(mode, first):
    with bed(CLAUDE_MODE=mode) as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", first)
        claudes = env.claudes()
        for text in "two", "three":
            other = handlers.new()
            talk.say(other.http, text, "warm")
            talk.say(other.http, text + " at once", "warm")
            other.http.close()
            eq(other.wait(), 0)
        talk.say(keeper.http, "four", "warm")
        eq(env.claudes(), claudes)
        env.wait_records(1)


@both("from the end of an answer on the next connection finds it")
def _(mode, first):
    with bed(CLAUDE_MODE=mode) as (env, handlers):
        talk, three = Talk(), [handlers.new().http for _ in range(3)]
        for http in three:
            eq(http.get("/health").status, 200)
        talk.say(three[0], "one", first)
        for number in range(1, 40):
            talk.say(three[number % 3], f"go on {number}", "warm",
                     stream=number % 2 == 0)
        env.wait_records(1)


def unread(http):
    """What has come and is not read yet."""
    data = http.reader.data[http.reader.at:]
    if select.select([http.sock], [], [], 0)[0]:
        data += http.sock.recv(65536, socket.MSG_PEEK)
    return data


TOOL = {"type": "function", "function": {
    "name": "t", "parameters": {"type": "object", "properties": {}}}}


class ToolTalk:
    """A conversation with a tool, streamed."""

    def __init__(self):
        self.messages = [{"role": "user", "content": "one"}]

    def begin(self, http):
        response, events = http.stream(PATH, {
            "model": "haiku", "stream": True, "tools": [TOOL],
            "messages": self.messages})
        eq(response.status, 200)
        return response.header("X-CCP-Session"), (
            data for kind, data in events if kind == "data")

    def go_on(self, http):
        """A whole answer, and what the client says to it."""
        session, events = self.begin(http)
        answer = {"role": "assistant", "content": ""}
        for data in events:
            if data == "[DONE]":
                continue
            for choice in json.loads(data)["choices"]:
                delta = choice["delta"]
                answer["content"] += delta.get("content") or ""
                for call in delta.get("tool_calls", []):
                    if "id" in call:
                        call.pop("index")
                        answer.setdefault("tool_calls", []).append(call)
                    else:
                        answer["tool_calls"][-1]["function"]["arguments"] += \
                            call["function"]["arguments"]
        self.messages.append(answer)
        self.messages += [{"role": "tool", "tool_call_id": call["id"],
                           "content": "sunny"}
                          for call in answer.get("tool_calls", [])] or \
            [{"role": "user", "content": "again"}]
        return session


@test("where its keeper stands still the end of an answer waits, not its calls")
def _():
    with bed("tool=t", CLAUDE_MODE="model",
             child={"CCP_DEMO_DELAY_MS": "50"}) as (_env, handlers):
        keeper, talk = handlers.new(), ToolTalk()
        eq(talk.go_on(keeper.http), None)
        eq(talk.go_on(handlers.new().http), "warm")
        handler = handlers.new()
        borrower = handler.http
        session, events = talk.begin(borrower)
        eq(session, "warm")
        seen = [next(events)]
        keeper.signal(signal.SIGSTOP)
        handler.signal(signal.SIGSTOP)
        time.sleep(1)  # all of it is said, and read at once
        handler.signal(signal.SIGCONT)
        try:
            while "tool_calls" not in seen[-1]:
                seen.append(next(events))
            time.sleep(0.2)  # calls that had waited would have it behind them
            lacks(unread(borrower), b"[DONE]")
            eq(list(events)[-1], "[DONE]")
        finally:
            keeper.signal(signal.SIGCONT)


@both("it outlives its connection, and then goes by itself")
def _(mode, first):
    with bed(CLAUDE_MODE=mode,
             CLAUDE_LINGER_MS=str(1500 * PATIENCE)) as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", first)
        keeper.http.close()
        time.sleep(0.5)
        eq(keeper.process.poll(), None)
        talk.say(handlers.new().http, "two", "warm")
        env.wait_records(0)
        handlers.all[1].http.close()
        env.wait_nothing()


@test("the client sees the end of its connection although the keeper stays")
def _():
    with bed() as (env, handlers):
        keeper = handlers.new()
        Talk().say(keeper.http, "one", "new")
        keeper.http.sock.shutdown(socket.SHUT_WR)
        keeper.http.sock.settimeout(5 * PATIENCE)
        eq(keeper.http.sock.recv(1), b"")
        env.wait_records(1)
        eq(keeper.process.poll(), None)


@test("CLAUDE_LINGER_MS=0, CLAUDE_MAX_WARM=0: nothing waits")
def _():
    for off in {"CLAUDE_LINGER_MS": "0"}, {"CLAUDE_MAX_WARM": "0"}:
        with bed(**off) as (env, handlers):
            handler, talk = handlers.new(), Talk()
            talk.say(handler.http, "one", "new")
            talk.say(handler.http, "two", "resumed")
            eq(env.names(), [])
            handler.http.close()
            env.wait_nothing()


@test("a conversation after a cold answer is saved while its process waits")
def _():
    with bed() as (env, handlers):
        handler, talk = handlers.new(), Talk()
        talk.say(handler.http, "one", "new")
        branch = talk.branch(1)
        talk.say(handler.http, "two", "warm")
        # The head is not free: a copy, up to the answer that was saved.
        branch.say(handlers.new().http, "another", "forked")
        talk.say(handler.http, "three", "warm")
        talk.branch(2).say(handlers.new().http, "yet another", "forked")


@test("when it has gone, the session goes on where it was")
def _():
    with bed(CLAUDE_LINGER_MS=str(300 * PATIENCE)) as (env, handlers):
        handler, talk = handlers.new(), Talk()
        talk.say(handler.http, "one", "new")
        claudes = env.claudes()
        talk.say(handler.http, "two", "warm")
        env.wait_ended(*claudes)
        talk.say(handler.http, "three", "resumed")


DIFFERENT = {
    "another model": {"model": "sonnet"},
    "another effort": {"reasoning_effort": "low"},
    "a temperature": {"temperature": 0.5},
    "a maximum of tokens": {"max_tokens": 5000},
    "a stop sequence": {"stop": ["STOP"]},
    "a format": {"response_format": {"type": "json_object"}},
    "two answers": {"n": 2},
    "tools": {"tools": [{"type": "function", "function": {"name": "t"}}]},
}


@test("whoever asks for something else does not get it")
def _():
    for name, more in DIFFERENT.items():
        with bed(CLAUDE_MODE="model") as (_env, handlers):
            http, talk = handlers.new().http, Talk()
            talk.say(http, "one", None)
            body = chat_body(*talk.texts, "two", **{**talk.more, **more})
            got = http.post_json(PATH, body)
            eq(got.status, 200, name)
            eq(got.header("X-CCP-Session"), None, name)
            talk.say(http, "two", "warm")


@test("nor does who brings another system text or directory")
def _():
    with bed(CLAUDE_MAX_WARM="8") as (env, handlers):
        http, talk = handlers.new().http, Talk()
        system = {"role": "system", "content": "Be brief."}
        talk.say(http, "one", "new")
        body = chat_body(*talk.texts, "two")
        body["messages"].insert(0, system)
        eq(http.post_json(PATH, body).header("X-CCP-Session"), "forked")
        there = {"X-CCP-Working-Dir": env.home}
        got = http.post_json(PATH, chat_body(*talk.texts, "two"), there)
        eq(got.header("X-CCP-Session"), "replayed")
        talk.say(http, "two", "warm")


@test("nor does another API key, or a key that was changed")
def _():
    keys = json.dumps({"key-of-one-0123456789": "one",
                       "key-of-two-0123456789": "two"})
    with bed(API_KEYS=keys) as (env, handlers):
        talk = Talk()
        env.key = "key-of-one-0123456789"
        talk.say(handlers.new().http, "one", "new")
        env.key = "key-of-two-0123456789"
        talk.branch(1).say(handlers.new().http, "two", "replayed")
        env.key = "key-of-one-0123456789"
        env.environ["API_KEY"] = "another-key-0123456789"
        talk.branch(1).say(handlers.new().http, "two", "forked")


@test("of two at once one goes on in it, the other in a copy")
def _():
    with bed("slow=20") as (env, handlers):
        talk, outcomes = Talk(), []
        talk.say(handlers.new().http, "one", "new")

        def ask(number):
            http = handlers.all[number].http
            body = chat_body(*talk.texts, f"twin {number}")
            got = http.post_json(PATH, body)
            outcomes.append((got.status, got.header("X-CCP-Session")))

        handlers.new()
        handlers.new()
        threads = [threading.Thread(target=ask, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eq(sorted(outcomes), [(200, "forked"), (200, "warm")])


@test("usage and cost of a turn are its own")
def _():
    with bed(LOG_LEVEL="info") as (_env, handlers):
        handler, talk = handlers.new(), Talk()
        usages = []
        for text, want in ("one", "new"), ("two", "warm"), ("three", "warm"):
            talk.say(handler.http, text, want)
            usages.append(talk.response.json()["usage"]["completion_tokens"])
        eq(len(set(usages)), 1, usages)
        costs = {word for line in handler.stderr().splitlines()
                 for word in line.split() if word.startswith("cost=")}
        ok(len(costs) <= 1, costs)


# --- how many, and what ends them -------------------------------------------

@test("at most CLAUDE_MAX_WARM wait: the oldest goes, whoever keeps it")
def _():
    with bed(CLAUDE_MAX_WARM="2") as (env, handlers):
        talks = [Talk() for _ in range(4)]
        for number, talk in enumerate(talks):
            talk.say(handlers.new().http, f"one {number}", "new")
            time.sleep(0.02)
        records = env.wait_records(2)
        eq({int(r["keeper"]) for r in records},
           {h.pid for h in handlers.all[2:]})
        until(lambda: len(env.claudes()) == 2, what="two processes")
        talks[3].say(handlers.new().http, "two", "warm")
        talks[0].say(handlers.new().http, "two", "resumed")


@test("so it is for several conversations of one connection")
def _():
    with bed(CLAUDE_MAX_WARM="2") as (env, handlers):
        http, talks = handlers.new().http, [Talk() for _ in range(3)]
        for number, talk in enumerate(talks):
            talk.say(http, f"one {number}", "new")
            time.sleep(0.02)
        env.wait_records(2)
        talks[2].say(http, "two", "warm")
        talks[1].say(http, "two", "warm")
        talks[0].say(http, "two", "resumed")


@test("TERM and HUP end keeper and process")
def _():
    for number in signal.SIGTERM, signal.SIGHUP:
        with bed() as (env, handlers):
            keeper = handlers.new()
            Talk().say(keeper.http, "one", "new")
            keeper.http.close()
            time.sleep(0.1)
            keeper.signal(number)
            eq(keeper.wait(), 0)
            env.wait_nothing()


@test("a keeper that is killed leaves nothing that the next one minds")
def _():
    with bed() as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        until(lambda: len(env.names()) == 2, what="a record and a socket")
        env.wait_saved()
        keeper.kill()
        env.wait_orphans_gone()
        other = handlers.new()
        talk.say(other.http, "two", "resumed")
        eq([r["keeper"] for r in env.wait_records(1)], [str(other.pid)])
        eq(env.names(), sorted([env.records()[0]["id"], f"{other.pid}.sock"]))


@both("a process that is killed while it waits is not missed")
def _(mode, first):
    with bed(CLAUDE_MODE=mode) as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", first)
        if mode == "agent":  # a model's is not remembered
            env.wait_saved()
        claude, = env.claudes()
        os.kill(claude, signal.SIGKILL)
        env.wait_ended(claude)
        talk.say(keeper.http, "two", None if mode == "model" else "resumed")


def borrowed_and_lost(lose):
    """A loan that lose(borrower) ends in the middle of its turn."""
    with bed(f"slow={50 * PATIENCE}") as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        claude = env.claudes()
        borrower = handlers.new()
        borrower.http.send_json(PATH, chat_body(*talk.texts, "two"))
        until(lambda: not env.records(), what="the loan")
        lose(borrower)
        env.wait_ended(*claude, seconds=6)
        # What was begun there is not in the conversation.
        talk.say(keeper.http, "two", ANEW)


@test("who borrows it and leaves in the middle ends it")
def _():
    def leave(borrower):
        time.sleep(0.2)
        borrower.http.close()
        eq(borrower.wait(), 0)
    borrowed_and_lost(leave)


@test("who borrows it and is killed ends it")
def _():
    borrowed_and_lost(lambda borrower: borrower.kill())


@test("a loan whose keeper is killed: the answer is the same")
def _():
    with bed(f"slow={60 * PATIENCE}") as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        borrower = handlers.new()
        body = chat_body(*talk.texts, "two")
        borrower.http.send_json(PATH, body)
        until(lambda: not env.records(), what="the loan")
        keeper.kill()
        got = borrower.http.read_response("POST")
        # Before its first word it goes cold, later there is an error.
        ok(got.status in (200, 502), repr(got))
        talk.say(borrower.http, "two", ANEW)


FAULTS = {
    "second=die": "ends",
    "second=error": "fails before it goes to its API",
    "second=compact": "puts a summary in the conversation's place",
    "second=hang": "does not begin",
}
for fault, what in FAULTS.items():
    for lent in False, True:
        def add(fault=fault, lent=lent):
            with bed(fault) as (env, handlers):
                keeper, talk = handlers.new(), Talk()
                talk.say(keeper.http, "one", "new")
                http = handlers.new().http if lent else keeper.http
                talk.say(http, "two", ANEW)
                del env
        test(f"one that {what} is replaced unseen"
             + (", lent" if lent else ""))(add)


@test("one that has summed up the conversation behind its answer goes")
def _():
    for lent in False, True:
        with bed("second=summarize") as (env, handlers):
            keeper, talk = handlers.new(), Talk()
            talk.say(keeper.http, "one", "new")
            claude, = env.claudes()
            http = handlers.new().http if lent else keeper.http
            talk.say(http, "two", "warm")
            eq(env.records(), [])
            env.wait_ended(claude)
            talk.say(http, "three", ANEW)


@test("one that ends, or says something, while it waits goes")
def _():
    for after in "after=die", "after=speak":
        with bed(after) as (env, handlers):
            keeper, talk = handlers.new(), Talk()
            talk.say(keeper.http, "one", "new")
            until(lambda h=keeper: not procs.children(h.process.pid),
                  what="its end")
            eq(env.names(), [])
            talk.say(keeper.http, "two", "resumed")


@test("another configuration, another program: none waits any longer")
def _():
    with bed() as (env, handlers):
        env.write_config('{"LOG_FORMAT": "text"}')
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        env.wait_records(1)
        # in its place, within a second, and no longer
        env.write_config('{"LOG_FORMAT": "json"}')
        env.wait_records(0, 12)
        # its keeper holds the session until it has seen the end of it
        keeper.http.close()
        eq(keeper.wait(12), 0, "status of the keeper")
        talk.say(handlers.new().http, "two", "resumed")
    with bed() as (env, handlers):
        program = os.path.join(env.dir, "claude")
        with open(program, "w", encoding="ascii") as out:
            out.write(f'#!/bin/sh\nexec {env.environ["CLAUDE_PATH"]} "$@"\n')
        os.chmod(program, 0o755)
        env.environ["CLAUDE_PATH"] = program
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        os.utime(program, (1, 1))
        # "resumed" if its keeper has seen to it already
        talk.branch(1).say(handlers.new().http, "two", ("forked", "resumed"))
        until(lambda: str(keeper.pid) not in
              [r["keeper"] for r in env.records()], 12, "its end")


@test("what it started in the background is not in the way, and ends with it")
def _():
    with bed("grandchild",
             CLAUDE_LINGER_MS=str(1000 * PATIENCE)) as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        talk.say(keeper.http, "two", "warm")
        keeper.http.close()
        env.wait_nothing(8)


@test("the next one's sweep spares the one that waits")
def _():
    with bed("grandchild", CLAUDE_MAX_WARM="1") as (env, handlers):
        http = handlers.new().http
        first, second = Talk(), Talk()
        first.say(http, "one", "new")
        second.say(http, "another", "new")  # the first is let go, and swept
        until(lambda: len(env.claudes()) == 1, what="one process")
        second.say(http, "two", "warm")


@test("ccp start: all of them end with it")
def _():
    with WarmEnv(CLAUDE_SPARE="0") as env, Start(env) as start:
        talk = Talk()
        with start.client() as http:
            talk.say(http, "one", "new")
        with start.client() as http:
            talk.say(http, "two", "warm")
        env.wait_records(1)
        start.stop()
        env.wait_nothing()


# --- the local socket -------------------------------------------------------

def hello(magic=0x63637731, wish=1, version=b"0.1.0", ident=b"", token=b""):
    return struct.pack("=II16s17s33s", magic, wish, version, ident,
                       token) + b"\0\0"


def ask(env, record, message):
    """What the keeper answers; b"" where it closes."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5 * PATIENCE)
        s.connect(str(env.warm_dir() / (record["keeper"] + ".sock")))
        with contextlib.suppress(BrokenPipeError):
            s.sendall(message)
        try:
            return s.recv(65536)
        except ConnectionResetError:
            return b""


@test("who does not know the token gets nothing, whatever he says")
def _():
    with bed() as (env, handlers):
        talk = Talk()
        talk.say(handlers.new().http, "one", "new")
        record, = env.wait_records(1)
        ident, token = record["id"].encode(), record["token"].encode()
        size = len(hello(ident=ident, token=token))
        for message in (
                hello(ident=ident, token=b"0" * 32),
                hello(ident=ident, token=token[:-1]),
                hello(ident=b"0" * 16, token=token),
                hello(magic=1, ident=ident, token=token),
                hello(wish=9, ident=ident, token=token),
                hello(version=b"9.9.9", ident=ident, token=token),
                hello(ident=ident, token=token)[:-9],
                b"GET / HTTP/1.1\r\n\r\n", b"\0" * size, b"\xff" * 100000):
            eq(ask(env, record, message), b"", message[:40])
        eq(len(env.records()), 1)
        talk.say(handlers.new().http, "two", "warm")


@test("who connects and says nothing is not waited for")
def _():
    with bed() as (env, handlers):
        talk = Talk()
        talk.say(handlers.new().http, "one", "new")
        keeper = env.wait_records(1)[0]["keeper"]
        path = str(env.warm_dir() / (keeper + ".sock"))
        silent = []
        for _ in range(20):
            silent.append(socket.socket(socket.AF_UNIX))
            silent[-1].connect(path)
        talk.say(handlers.all[0].http, "two", "warm")
        time.sleep(1)
        talk.say(handlers.new().http, "three", "warm")
        for s in silent:
            s.close()


@test("a record that is not one is passed over")
def _():
    with bed() as (env, handlers):
        talk = Talk()
        talk.say(handlers.new().http, "one", "new")
        env.wait_records(1)
        there = env.warm_dir()
        (there / "0123456789abcdef").write_text("token x\nkey y\n")
        (there / "fedcba9876543210").write_bytes(b"\xff" * 5000)
        os.symlink("/etc/passwd", there / "00112233445566aa")
        talk.say(handlers.new().http, "two", "warm")
        until(lambda: "0123456789abcdef" not in env.names(),
              what="its removal")


BACK_BYTES = 8120  # of a message with which a process comes back


def back(magic=0x63637731, key=b"0" * 64, parked=0, calls=b"", size=BACK_BYTES,
         **more):
    """That message: nothing is to be saved."""
    texts = b"".join(more.get(name, b"").ljust(64, b"\0")
                     for name in ("session", "uuid"))
    head = struct.pack("=II65s", magic, 0, key) + texts
    numbers = struct.pack("=dI", 0, parked) + calls
    return (head.ljust(208, b"\0") + numbers).ljust(size, b"\0")[:size]


def borrow(env, record):
    """A lease and Claude's descriptors, as another handler would have them."""
    lease = socket.socket(socket.AF_UNIX)
    lease.settimeout(5 * PATIENCE)
    lease.connect(str(env.warm_dir() / (record["keeper"] + ".sock")))
    lease.sendall(hello(ident=record["id"].encode(),
                        token=record["token"].encode()))
    state, fds, _, _ = socket.recv_fds(lease, 65536, 8)
    eq(len(fds), 3)
    eq(state[:4], struct.pack("=I", 0x63637731))
    for fd in fds:
        os.close(fd)
    return lease


@test("a borrower's word is looked at: else the process ends, and no more")
def _():
    # Where the number of calls is: behind 32 of 240 bytes.
    many = b"\0" * 32 * 240 + struct.pack("=I", 33)
    for message in (
            back(magic=1), back(key=b"x" * 65), back(session=b"x" * 64),
            back(uuid=b"x" * 64), back(calls=many), back(size=BACK_BYTES - 1),
            back(key=b""), b"", b"x", b"\xff" * BACK_BYTES):
        with bed() as (env, handlers):
            keeper, talk = handlers.new(), Talk()
            talk.say(keeper.http, "one", "new")
            claude, = env.claudes()
            with borrow(env, env.wait_records(1)[0]) as lease:
                if message:
                    lease.sendall(message)
                else:
                    lease.shutdown(socket.SHUT_WR)
                eq(lease.recv(1), b"")
            env.wait_ended(claude)
            eq(env.records(), [])
            talk.say(keeper.http, "two", ANEW)


@test("what comes back as it was is there for the next one")
def _():
    with bed() as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        record, = env.wait_records(1)
        with borrow(env, record) as lease:
            eq(env.records(), [])
            lease.sendall(back(key=record["key"].encode(),
                               session=record["session"].encode()))
            eq(lease.recv(1), b"")
        ok(env.wait_records(1)[0]["id"] != record["id"], "another record")
        talk.say(handlers.new().http, "two", "warm")


# --- at odd moments -----------------------------------------------------------

def awake_seconds(pid):
    """How long a process has run, or would have if there were a free core."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as stat:
        return sum(int(field) for field in stat.read().split()[:2]) / 1e9


@test("who has found one and waits for a place does so quietly, and may leave")
def _():
    with bed(f"slow={60 * PATIENCE}", CLAUDE_MAX_PROCESSES="1",
             child={"CCP_DEMO_SAVE_MS": "3000"}) as (env, handlers):
        keeper, other, talk = handlers.new(), handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        claudes = env.claudes()
        other.http.send_json(PATH, chat_body("a long story"))
        until(lambda: len(env.claudes()) == 2, what="another one at work")
        keeper.http.send_json(PATH, chat_body(*talk.texts, "two"))
        until(lambda: not env.records(), what="that it is found")
        before, began = awake_seconds(keeper.pid), time.monotonic()
        time.sleep(0.8)
        awake = awake_seconds(keeper.pid) - before
        passed = time.monotonic() - began
        ok(awake < 0.8 * passed, f"it spins: {awake:.2f} s of {passed:.2f}")
        keeper.http.close()
        # It was told nothing: the next one may have it.
        until(lambda: [r for r in env.records()
                       if r["claude"] == str(claudes[0])], what="its return")
        eq(other.http.read_response("POST").status, 200)
        talk.say(handlers.new().http, "two", "warm")


def lock(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def taken(env, name, places):
    """All of these places, as if others had them, once they are free."""
    with contextlib.ExitStack() as stack:
        for n in range(places):
            fd = os.open(os.path.join(env.runtime, "ccp", f"{name}.{n}"),
                         os.O_RDWR | os.O_CREAT, 0o600)
            stack.callback(os.close, fd)
            until(lambda fd=fd: lock(fd), what=f"{name}.{n}")
        yield


@test("who goes on waits for no place to start up")
def _():
    with bed() as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        with taken(env, "starting", os.sysconf("SC_NPROCESSORS_ONLN")):
            talk.say(keeper.http, "two", "warm")
            talk.say(handlers.new().http, "three", "warm")


@test("who has borrowed one and told it nothing gives it back as it was")
def _():
    with bed(CLAUDE_MAX_PROCESSES="1") as (env, handlers):
        keeper, borrower, talk = handlers.new(), handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        claudes = env.claudes()
        with taken(env, "running", 1):
            borrower.http.send_json(PATH, chat_body(*talk.texts, "two"))
            until(lambda: not env.records(), what="the loan")
            borrower.http.close()
            env.wait_records(1)
        talk.say(handlers.new().http, "two", "warm")
        eq(env.claudes(), claudes)


@test("one that has said something before it is told goes, lent or not")
def _():
    for lent in False, True:
        with bed("after=turn", CLAUDE_MAX_PROCESSES="1") as (env, handlers):
            keeper, talk = handlers.new(), Talk()
            talk.say(keeper.http, "one", "new")
            claude, = env.claudes()
            http = handlers.new().http if lent else keeper.http
            with taken(env, "running", 1):
                http.send_json(PATH, chat_body(*talk.texts, "two"))
                until(lambda: not env.records(), what="that it is found")
                os.kill(claude, signal.SIGALRM)
                time.sleep(0.2)  # less would be no less right
            got = http.read_response("POST")
            eq(got.status, 200)
            ok(got.header("X-CCP-Session") in ANEW, repr(got))
            lacks(got.body.decode(), "by myself")
            env.wait_ended(claude)


@test("a borrowed one that does not begin is no wait for its keeper")
def _():
    with bed("second=hang") as (env, handlers):
        keeper, borrower, talk = handlers.new(), handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        borrower.http.send_json(PATH, chat_body(*talk.texts, "two"))
        until(lambda: not env.records(), what="the loan")
        keeper.signal(signal.SIGSTOP)
        try:
            eq(borrower.http.read_response("POST").status, 200)
        finally:
            keeper.signal(signal.SIGCONT)


@test("HUP to a keeper: who has borrowed from it is answered all the same")
def _():
    with bed("slow=40") as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        keeper.http.close()
        borrower = handlers.new()
        borrower.http.send_json(PATH, chat_body(*talk.texts, "two"))
        until(lambda: not env.records(), what="the loan")
        time.sleep(0.2)
        keeper.signal(signal.SIGHUP)
        got = borrower.http.read_response("POST")
        eq(got.status, 200, repr(got))
        eq(got.header("X-CCP-Session"), "warm")
        eq(keeper.wait(), 0)
        talk.texts += ["two",
                       got.json()["choices"][0]["message"]["content"]]
        talk.say(borrower.http, "three", "resumed")


@test("a turn behind an answer not yet saved marks its session all the same")
def _():
    with bed("slow=40", child={"CCP_DEMO_SAVE_MS": "300"}) as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        keeper.http.send_json(PATH, chat_body(*talk.texts, "two"))
        time.sleep(0.7)  # the first one is saved, the second on its way
        eq(len(env.claudes()), 1)
        keeper.kill()
        env.wait_orphans_gone()
        # Half a line may be at the end of it.
        talk.say(handlers.new().http, "two", ("forked", "replayed"))


@test("what a stop sequence held back is part of the conversation")
def _():
    with bed(CLAUDE_MODE="model") as (_env, handlers):
        http = handlers.new().http
        end = Talk().say(http, "one", None)[-1]
        talk = Talk(stop=[end + " is not the end"])
        talk.say(http, "one", None)
        other = talk.branch(1)
        other.texts[1] = other.texts[1][:-1]
        other.say(http, "two", None)
        talk.say(http, "two", "warm")


@test("as a model, one that was told to go on behind a cut is not gone on in")
def _():
    with bed("max-tokens", CLAUDE_MODE="model") as (_env, handlers):
        http, talk = handlers.new().http, Talk()
        contains(talk.say(http, "one", None), "BEYOND")
        talk.say(http, "two", None)


@test("where there is no place for records there are no more of them")
def _():
    with bed(CLAUDE_MAX_WARM="2") as (env, handlers):
        env.warm_dir().parent.mkdir(mode=0o700)
        env.warm_dir().write_text("in the way")
        http, talks = handlers.new().http, [Talk() for _ in range(5)]
        for talk in talks:
            talk.say(http, "one", "new")
        until(lambda: len(env.claudes()) == 2, what="two processes")
        talks[4].say(http, "two", "warm")


@test("descriptors that nobody asked for are closed")
def _():
    with bed() as (env, handlers):
        keeper = handlers.new()
        Talk().say(keeper.http, "one", "new")
        record, = env.wait_records(1)
        path = str(env.warm_dir() / (record["keeper"] + ".sock"))

        def count():
            return len(os.listdir(f"/proc/{keeper.pid}/fd"))

        before = count()
        for number in 1, 3, 4, 5, 20:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5 * PATIENCE)
                s.connect(path)
                socket.send_fds(s, [hello()], [0] * number)
                eq(s.recv(1), b"")
        # Before, something may have been open for a moment.
        until(lambda: count() <= before, 5, "their end")


# --- spare ones --------------------------------------------------------------

@both("a spare process takes the next conversation")
def _(mode, first):
    with bed("transcript", CLAUDE_SPARE="1", CLAUDE_MAX_WARM="8",
             CLAUDE_MODE=mode) as (env, handlers):
        Talk().say(handlers.new().http, "one", first)
        spare = [r for r in env.wait_records(2) if not r["session"]
                 or mode == "model"]
        before = env.claudes()
        body = chat_body("another")
        body["messages"].insert(0, {"role": "system", "content": "Be brief."})
        got = handlers.new().http.post_json(PATH, body)
        eq(got.header("X-CCP-Session"), first)
        contains(got.body.decode(), "Be brief.")
        env.wait_records(3)
        eq(len(env.claudes()), len(before) + 1)
        ok(set(before) <= set(env.claudes()), "they are the same")
        ok(spare, "a spare one")


@test("a spare one and a conversation do not push out each other")
def _():
    with bed(CLAUDE_SPARE="1", CLAUDE_MAX_WARM="1") as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        env.wait_records(2)
        talk.say(keeper.http, "two", "warm")
        eq(len(env.wait_records(2)), 2)
    with bed(CLAUDE_SPARE="1") as (env, handlers):
        keeper, talk = handlers.new(), Talk()
        talk.say(keeper.http, "one", "new")
        claudes = {r["claude"] for r in env.wait_records(2)}
        Talk().say(handlers.new().http, "a title", "new")
        ok(claudes < {r["claude"] for r in env.wait_records(3)}, "all of them")
        talk.say(keeper.http, "two", "warm")


@test("a spare one that is of no use is replaced unseen")
def _():
    with bed(CLAUDE_SPARE="1", CLAUDE_MAX_WARM="8") as (env, handlers):
        Talk().say(handlers.new().http, "one", "new")
        env.wait_records(2)
        for pid in env.claudes():
            os.kill(pid, signal.SIGSTOP)
        for pid in env.claudes():
            os.kill(pid, signal.SIGKILL)
        talk = Talk()
        talk.say(handlers.new().http, "another", "new")
        talk.say(handlers.all[-1].http, "and", "warm")


@test("under ccp start there is one by default, elsewhere none")
def _():
    with bed() as (env, handlers):
        Talk().say(handlers.new().http, "one", "new")
        time.sleep(0.3)
        eq(len(env.records()), 1)
    with WarmEnv() as env, Start(env) as start:
        with start.client() as http:
            Talk().say(http, "one", "new")
        env.wait_records(2)
        start.stop()
        env.wait_nothing()


if __name__ == "__main__":
    main()
