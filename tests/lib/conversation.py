# SPDX-License-Identifier: GPL-3.0-or-later
"""A client's conversation with the stand-in in its mode "context", whose
answers tell what a model would have seen.  Each turn checks that it was this
conversation: all of it, and nothing of another one."""
import hashlib
import json
import threading

from answers import PATH, streamed, whole
from ccp import chat_body
from tap import eq, fail, ok

SHORT = 256  # bytes; a longer text is shown as a digest


def shown(text):
    """A text as the stand-in shows it."""
    data = text.encode()
    if len(data) <= SHORT:
        return text
    return {"type": "text", "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest()}


class Turn:
    """A question, its answer, the session that gave it (None: not told) and
    what a model sees that goes on from there."""

    def __init__(self, question, text, session, view):
        self.question = question
        self.text = text
        self.session = session
        self.view = view


class Sessions:
    """Every session that has been begun, by whichever conversation."""

    def __init__(self):
        self._seen = set()
        self._lock = threading.Lock()

    def begun(self, session):
        with self._lock:
            ok(session not in self._seen, f"{session} is of somebody else")
            self._seen.add(session)


class Conversation:
    """turns is what the client would show: it may be cut, to regenerate or
    edit.  killed: a turn may be lost after its session was begun."""

    def __init__(self, sessions, killed=False):
        self.sessions = sessions
        self.killed = killed
        self.turns = []

    def texts(self):
        return [t for turn in self.turns for t in (turn.question, turn.text)]

    def _plain(self):
        roles = ("user", "assistant")
        return [{"role": roles[n % 2], "content": [shown(t)]}
                for n, t in enumerate(self.texts())]

    def ask(self, http, question, stream=False):
        """One more turn; returns what became of the session."""
        body = chat_body(*self.texts(), question)
        got = streamed(http, {**body, "stream": True}) if stream \
            else whole(http.post_json(PATH, body))
        if got.status != 200 or got.broken:
            fail(f"{got!r}")
        return self.take(question, got)

    def take(self, question, got):
        """An answer that was asked for by somebody else."""
        seen = json.loads(got.text[got.text.index('{"'):])
        before = self.turns[-1].view \
            if got.session in ("resumed", "forked", "warm") \
            else self._plain()
        view = before + [{"role": "user", "content": [question]}]
        tools = seen["messages"][len(view):]
        eq(seen["messages"][:len(view)], view, "what the model saw")
        ok(bool(tools) == ("[tool]" in question), f"tools: {tools}")
        self._check_session(got.session, seen.get("session_id"))
        # The text before a tool is in the message of its call.
        answer = got.text[got.text.index('{"'):]
        self.turns.append(Turn(
            question, got.text, seen.get("session_id"),
            view + tools
            + [{"role": "assistant", "content": [shown(answer)]}]))
        return got.session

    def _check_session(self, outcome, session):
        ok(outcome in ("new", "resumed", "forked", "warm")
           or self.killed and outcome == "replayed", outcome)
        eq(outcome == "new", not self.turns, "new")
        if session is None:
            return
        if outcome not in ("resumed", "warm"):
            self.sessions.begun(session)
        elif self.turns[-1].session is not None:
            eq(session, self.turns[-1].session, "the session")
