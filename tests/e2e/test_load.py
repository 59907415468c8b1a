#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""More clients at once than ccp start may serve: who is served, what the rest
is told, and what is left when they are gone.  test_load_crowds.py has more of
them, test_slow_clients.py those that take their time."""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
from answers import PATH  # noqa: E402
from ccp import Env, Start, chat_body, orphans_end  # noqa: E402
from crowd import Crowd, request  # noqa: E402
from load import (Steady, ask_stream, check_busy, handlers,  # noqa: E402
                  limit_descriptors, responses, said, statuses)
from tap import contains, eq, main, ok, test, until  # noqa: E402

CROWD = 1000
PLACES = 64
ASKING = 200
VANISHING = 24
WAITING = 60
NONE_ACCEPTED = "none can be accepted: Too many open files"


@test(f"{CROWD} connections in 2 s: {PLACES} are served, the rest is told so")
def _():
    # LOG_LEVEL: a line for each that is refused is enough
    with Env(MAX_CONNECTIONS=PLACES, LOG_LEVEL="warn") as env, \
            Start(env) as start:
        # Each is handed on or refused at once: it needs few for itself.
        limit_descriptors(start.pid, 64)
        sent = [request("/v1/models", env.key, close=False)] * CROWD
        with Steady(env, start), Crowd(start.port, sent, 2, True) as crowd:
            crowd.wait("an answer for each")
            eq(len(handlers(env, start)), PLACES, "handlers")
            found = responses(crowd)
            served = [r for r in found if r.status == 200]
            for response in found:
                if response.status != 200:
                    check_busy(response, "too_many_connections")
            print(f"# {CROWD} connections in {crowd.connecting:.1f} s: "
                  f"{statuses(found)}")
            eq(len(served), PLACES)


@test(f"{ASKING} clients ask at once: whole answers, each its own, or a 503")
def _():
    with Env(child={"CCP_DEMO_DELAY_MS": "0"}, MAX_CONNECTIONS=PLACES,
             LOG_LEVEL="warn") as env, Start(env) as start:
        sent = [ask_stream(env.key, f"I am client {n}.")
                for n in range(ASKING)]
        with Steady(env, start), Crowd(start.port, sent) as crowd:
            crowd.wait("an answer for each")
            found = responses(crowd)
            answered = 0
            for number, response in enumerate(found):
                if response.status == 200:
                    ok(said(response).endswith(f"I am client {number}."),
                       f"another one's answer for {number}")
                    answered += 1
                else:
                    check_busy(response, "too_many_connections", "busy")
            print(f"# {ASKING} streams: {statuses(found)}")
            ok(answered >= PLACES, f"only {answered} were answered")


@test(f"{VANISHING} clients vanish: their Claudes, and what those began, end")
def _():
    # A command without a parent is found where orphans come to the handler.
    mode = "endless=command" if orphans_end() else "grandchild,endless"
    child = {"CCP_DEMO_MODE": mode, "CCP_DEMO_DELAY_MS": "50"}
    with Env(child=child, CLAUDE_MAX_PROCESSES=VANISHING) as env, \
            Start(env) as start:
        sent = [ask_stream(env.key, "Go on.")] * VANISHING
        with Steady(env, start):
            with Crowd(start.port, sent, mark=b"xxx") as crowd:
                crowd.wait("all stream", of=lambda v: v.marked)
                # ccp start; and a handler, Claude and a command of each
                until(lambda: len(env.left()) == 1 + 3 * VANISHING,
                      what="all commands run")
            env.wait_gone(start.pid)


@test(f"{WAITING} requests that wait for a place take none of the processor")
def _():
    with Env(child={"CCP_DEMO_MODE": "silent"}, CLAUDE_MAX_PROCESSES=1,
             LOG_LEVEL="warn") as env, Start(env) as start:
        sent = [ask_stream(env.key, "Wait.")] * (WAITING + 1)
        with Steady(env, start), Crowd(start.port, sent):
            queue = os.path.join(env.runtime, "ccp", "running.queue")
            until(lambda: os.path.isdir(queue)
                  and len(os.listdir(queue)) == WAITING, what="all wait")
            pids = [p.pid for p in handlers(env, start)]
            used = -sum(map(procs.cpu, pids))
            time.sleep(3)
            used += sum(map(procs.cpu, pids))
            print(f"# {WAITING} waiting: {used / 3:.3f} of a processor")
            ok(used < 1, f"they used {used:.2f} s of 3 s")


@test("without a free descriptor ccp start waits, and says so once")
def _():
    with Env() as env, Start(env) as start:
        with start.client() as http:
            eq(http.get("/health").status, 200)
            env.wait_gone(start.pid, *[p.pid for p in handlers(env, start)])
            limit_descriptors(start.pid,
                              procs.settled_descriptors(start.pid))
            with start.client() as late:
                late.send_request("GET", "/health")
                until(lambda: NONE_ACCEPTED in start.stderr(),
                      what="a line in the log")
                used = -procs.cpu(start.pid)
                time.sleep(2)
                used += procs.cpu(start.pid)
                ok(used < 0.5, f"it used {used:.2f} s of 2 s")
                eq(http.get("/health").status, 200, "who was there before")
                limit_descriptors(start.pid, 64)
                eq(late.read_response().status, 200, "who came meanwhile")
        eq(start.stderr().count(NONE_ACCEPTED), 1)


@test("without descriptors for a process a client is told so")
def _():
    with Env() as env, Start(env) as start:
        env.wait_gone(start.pid)
        # One for the connection, none for the pipe of the start.
        limit_descriptors(start.pid, procs.settled_descriptors(start.pid) + 1)
        for _ in range(3):
            with start.client() as http:
                check_busy(http.get("/health"), "no_handler")
                ok(http.at_end())
        limit_descriptors(start.pid, 64)
        with start.client() as http:
            eq(http.post_json(PATH, chat_body("hello")).status, 200)
        contains(start.stderr(), "Too many open files")


if __name__ == "__main__":
    main()
