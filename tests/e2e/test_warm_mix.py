#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm processes in every order of things: follow-ups on this connection and
on another one, branches, clients that leave, a keeper killed, its Claude
killed, both, time that is over at the wrong moment, a loan of a keeper that
dies.  Every request is answered with exactly its context; at the end nothing
is left.

CCP_MIXES is how many steps, CCP_SEED makes them others."""
import contextlib
import os
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import PATH  # noqa: E402
from ccp import HandlerSocket, chat_body  # noqa: E402
from conversation import Conversation, Sessions  # noqa: E402
from tap import eq, main, ok, test, until  # noqa: E402
from warm import WarmEnv  # noqa: E402

STEPS = int(os.environ.get("CCP_MIXES", "1000"))
SEED = int(os.environ.get("CCP_SEED", "1"))
AT_ONCE = 4
TURNS = 6  # of a conversation, until the next one begins
LINGER_MS = 400


class Actor:
    """A conversation, and what happens to it."""

    def __init__(self, number, env, sessions):
        self.random = random.Random(f"{SEED} {number}")
        self.number = number
        self.env = env
        self.sessions = sessions
        self.talk = Conversation(sessions, killed=True)
        self.handler = None  # of the open connection
        self.keepers = []    # whose connections are closed
        self.asked = 0
        self.outcomes = []
        self.lost = 0  # requests that a kill in their middle has ended

    # -- connections

    def leave(self):
        """The connection ends; its handler may be a keeper."""
        if self.handler:
            self.handler.http.close()
            self.keepers.append(self.handler)
            self.handler = None
        for keeper in [k for k in self.keepers if k.process.poll() is not None]:
            ok(keeper.process.returncode in (0, -signal.SIGKILL),
               keeper.stderr())
            self.keepers.remove(keeper)

    def http(self):
        if self.handler is None or self.handler.process.poll() is not None:
            self.leave()
            self.handler = HandlerSocket(self.env)
        return self.handler.http

    # -- steps

    def question(self):
        self.asked += 1
        return f"question {self.asked} of {self.number}"

    def ask(self):
        if len(self.talk.turns) >= TURNS:
            self.talk = Conversation(self.sessions, killed=True)
        outcome = self.talk.ask(self.http(), self.question(),
                                stream=self.random.random() < 0.5)
        self.outcomes.append(outcome)

    def elsewhere(self):
        self.leave()
        self.ask()

    def branch(self):
        """Back to an earlier turn, or the same question again."""
        if self.talk.turns:
            keep = self.random.randrange(len(self.talk.turns))
            del self.talk.turns[keep:]
        self.ask()

    def expire(self):
        """At about the moment when it is over."""
        time.sleep(LINGER_MS / 1000 * self.random.uniform(0.9, 1.1))
        self.ask()

    def record(self):
        session = self.talk.turns and self.talk.turns[-1].session
        with contextlib.suppress(OSError, ValueError, KeyError):
            for record in self.env.records():
                if record.get("session") == session:
                    return record
        return None

    def kill(self, *whom):
        """The keeper of this conversation's process, or the process."""
        record = self.record()
        for who in whom if record else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(record[who]), signal.SIGKILL)
        return record is not None

    def kill_keeper(self):
        self.kill("keeper")
        if self.random.random() < 0.5:
            time.sleep(0.05)
        self.elsewhere()

    def kill_claude(self):
        self.kill("claude")
        if self.random.random() < 0.5:
            time.sleep(0.05)
        self.ask()

    def kill_both(self):
        self.kill("claude", "keeper")
        self.elsewhere()

    def vanish(self):
        """Asks, and is gone before the answer, or in it."""
        self.http().send_json(
            PATH, chat_body(*self.talk.texts(), self.question()))
        time.sleep(self.random.uniform(0, 0.06))
        self.leave()
        self.ask()

    def dying(self):
        """Borrows from a keeper that is killed just then: what is begun may
        be lost, but not told wrong; then it is asked again."""
        if not self.talk.turns or self.record() is None:
            self.ask()
            return
        record = self.record()
        self.leave()
        handler = HandlerSocket(self.env)
        self.keepers.append(handler)
        handler.http.send_json(
            PATH, chat_body(*self.talk.texts(), self.question()))
        time.sleep(self.random.uniform(0, 0.03))
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(int(record["keeper"]), signal.SIGKILL)
        got = handler.http.read_response("POST")
        ok(got.status in (200, 502), repr(got))
        self.lost += got.status != 200
        handler.http.close()
        self.ask()

    def run(self, steps):
        choices = [(self.ask, 6), (self.elsewhere, 6), (self.branch, 3),
                   (self.expire, 1), (self.kill_keeper, 1),
                   (self.kill_claude, 1), (self.kill_both, 1),
                   (self.vanish, 2), (self.dying, 2)]
        names, weights = zip(*choices)
        for _ in range(steps):
            self.random.choices(names, weights)[0]()
        self.leave()


def finish(env, actors):
    """All that is still kept goes by itself."""
    for actor in actors:
        for keeper in actor.keepers:
            until(lambda k=keeper: k.process.poll() is not None, 10,
                  "the end of a keeper")
    env.wait_gone()
    # What those that were killed have left goes with the next request.
    with HandlerSocket(env) as handler:
        Conversation(Sessions()).ask(handler.http, "the last one")
        handler.http.close()
        until(lambda: handler.process.poll() is not None, 10,
              "the end of the last keeper")
    eq(env.names(), [])


@test(f"{STEPS} steps, {AT_ONCE} conversations at a time", seconds=1800)
def _():
    failures = []

    def work(actor):
        try:
            actor.run(STEPS // AT_ONCE)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(f"{actor.number}: {error!r}")
            raise

    with WarmEnv("context", LOG_LEVEL="info", CLAUDE_MAX_PROCESSES="16",
                 CLAUDE_MAX_WARM="4", CLAUDE_LINGER_MS=str(LINGER_MS)) as env:
        sessions = Sessions()
        actors = [Actor(n, env, sessions) for n in range(AT_ONCE)]
        threads = [threading.Thread(target=work, args=(a,)) for a in actors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eq(failures, [])
        finish(env, actors)
    outcomes = [o for a in actors for o in a.outcomes]
    counts = {o: outcomes.count(o) for o in sorted(set(outcomes))}
    print("#", len(outcomes), "turns:", counts, "and",
          sum(a.lost for a in actors), "lost to a kill in their middle")
    ok(counts.get("warm", 0) > STEPS / 10, "hardly any was warm")


if __name__ == "__main__":
    main()
