#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many conversations at once, with regenerated answers, edited questions and
openings that are the same: none ever sees another one.

CCP_CONVERSATIONS is how many there are, CCP_SEED makes them others."""
import os
import random
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, Start  # noqa: E402
from conversation import Conversation, Sessions  # noqa: E402
from tap import eq, main, ok, test  # noqa: E402

CONVERSATIONS = int(os.environ.get("CCP_CONVERSATIONS", "500"))
SEED = int(os.environ.get("CCP_SEED", "1"))
AT_ONCE = 8


class Person:
    """Somebody at a client: a script that depends on a number only."""

    def __init__(self, number, server, sessions):
        self.random = random.Random(f"{SEED} {number}")
        self.number = number
        self.server = server
        self.talk = Conversation(sessions)
        self.http = None
        self.asked = 0
        self.outcomes = []

    def question(self):
        self.asked += 1
        tool = " [tool]" if self.random.random() < 0.2 else ""
        return f"question {self.asked} of {self.number}{tool}"

    def opening(self):
        if self.random.random() < 0.4:
            return f"[same] opening {self.random.randrange(3)}"
        return self.question()

    def ask(self, question, *want):
        if self.http is None or self.random.random() < 0.3:
            self.hang_up()
            self.http = self.server.client()
        outcome = self.talk.ask(self.http, question,
                                stream=self.random.random() < 0.5)
        ok(outcome in want, f"{outcome} instead of {want}")
        self.outcomes.append(outcome)

    def hang_up(self):
        if self.http is not None:
            self.http.close()
        self.http = None

    def again(self, turns):
        """Goes back, so that so many turns are left."""
        del self.talk.turns[turns:]

    def step(self):
        turns = len(self.talk.turns)
        # Whoever began in the same way may be in that very session.
        twin = all("[same]" in t.question for t in self.talk.turns)
        what = self.random.random()
        if what < 0.6:
            question = f"[same] {self.talk.turns[-1].question}" \
                if twin and self.random.random() < 0.5 else self.question()
            self.ask(question, "resumed", *(["forked"] if twin else []))
            return
        if what < 0.8:
            question = self.talk.turns[-1].question
            self.again(turns - 1)
        else:
            self.again(self.random.randrange(turns))
            question = self.question()
        kept = self.talk.turns
        twin = all("[same]" in t.question for t in kept)
        self.ask(question, *(["new"] if not kept else ["forked"]),
                 *(["resumed"] if kept and twin else []))

    def run(self):
        try:
            self.ask(self.opening(), "new")
            for _ in range(self.random.randrange(2, 8)):
                self.step()
        finally:
            self.hang_up()


@test(f"{CONVERSATIONS} conversations, {AT_ONCE} at a time", seconds=900)
def _():
    sessions, failures, outcomes = Sessions(), [], []
    numbers = iter(range(CONVERSATIONS))
    lock = threading.Lock()

    def work(server):
        while not failures:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            person = Person(number, server, sessions)
            try:
                person.run()
            except Exception as error:  # pylint: disable=broad-except
                failures.append(f"conversation {number}: {error!r}")
            outcomes.extend(person.outcomes)

    with Env(child={"CCP_DEMO_MODE": "context", "CCP_DEMO_DELAY_MS": "0"},
             LOG_LEVEL="info", CLAUDE_MAX_PROCESSES="16") as env, \
            Start(env) as server:
        threads = [threading.Thread(target=work, args=(server,))
                   for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eq(failures, [])
        env.wait_gone(server.pid)
    print("#", len(outcomes), "turns:",
          {o: outcomes.count(o) for o in sorted(set(outcomes))})


if __name__ == "__main__":
    main()
