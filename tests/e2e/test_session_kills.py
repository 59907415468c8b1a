#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers killed at random moments: whatever a KILL has cut short, the next
request is answered with 200, in the right session or told anew, and the store
works.

CCP_KILLS is how many, CCP_SEED makes them others."""
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import PATH  # noqa: E402
from ccp import Env, HandlerSocket, chat_body  # noqa: E402
from conversation import Conversation, Sessions  # noqa: E402
from tap import eq, main, test  # noqa: E402

KILLS = int(os.environ.get("CCP_KILLS", "500"))
SEED = int(os.environ.get("CCP_SEED", "1"))
AT_ONCE = 4
TURNS = 6  # of a conversation, until the next one begins


class Victim:
    """A conversation whose handlers are killed, and which goes on."""

    def __init__(self, number, env, sessions):
        self.random = random.Random(f"{SEED} {number}")
        self.number = number
        self.env = env
        self.sessions = sessions
        self.talk = None
        self.asked = 0
        self.longest = 0.1  # seconds that a turn takes, about
        self.outcomes = []

    def question(self):
        self.asked += 1
        tool = " [tool]" if self.random.random() < 0.2 else ""
        return f"question {self.asked} of {self.number}{tool}"

    def turn(self, question):
        with HandlerSocket(self.env) as handler:
            began = time.monotonic()
            outcome = self.talk.ask(handler.http, question,
                                    stream=self.random.random() < 0.5)
            # Until what is to be saved has been saved.
            eq(handler.http.get("/health").status, 200)
            self.longest = 0.9 * self.longest + 0.1 * (
                time.monotonic() - began)
        self.outcomes.append(outcome)

    def kill(self, question):
        """Asks, and kills the handler before the answer, in it, or while it
        is being saved."""
        handler = HandlerSocket(self.env)
        handler.http.send_json(PATH, chat_body(*self.talk.texts(), question))
        time.sleep(self.random.uniform(0, 1.2 * self.longest))
        handler.kill()
        handler.http.close()

    def run(self, kills):
        for _ in range(kills):
            if self.talk is None or len(self.talk.turns) >= TURNS:
                self.talk = Conversation(self.sessions, killed=True)
                self.turn(self.question())
            question = self.question()
            self.kill(question)
            # It asks the same again, or something else.
            self.turn(question if self.random.random() < 0.7
                      else self.question())


@test(f"{KILLS} handlers killed, {AT_ONCE} at a time", seconds=1800)
def _():
    sessions, failures, victims = Sessions(), [], []

    def work(victim):
        try:
            victim.run(KILLS // AT_ONCE)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(f"{victim.number}: {error!r}")

    with Env(child={"CCP_DEMO_MODE": "context", "CCP_DEMO_DELAY_MS": "0"},
             LOG_LEVEL="info", CLAUDE_MAX_PROCESSES="16") as env:
        victims = [Victim(n, env, sessions) for n in range(AT_ONCE)]
        threads = [threading.Thread(target=work, args=(v,)) for v in victims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eq(failures, [])
        env.wait_gone()
        names = os.listdir(os.path.join(env.runtime, "ccp"))
        names = sorted(n for n in names if n.startswith("sessions"))
        # GDBM writes in place: about one KILL in a thousand that hits a write
        # leaves a file that is put aside, and all are told anew.
        if "sessions.db.bad" in names:
            print("# a store was put aside")
            names.remove("sessions.db.bad")
        eq(names, ["sessions.db", "sessions.db.claims", "sessions.db.lock"])
    outcomes = [o for v in victims for o in v.outcomes]
    print("#", len(outcomes), "turns:",
          {o: outcomes.count(o) for o in sorted(set(outcomes))})


if __name__ == "__main__":
    main()
