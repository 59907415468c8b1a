# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of Claude's processes behind their answers."""
import json
import os
import pathlib
import stat
import subprocess

import procs
from answers import PATH
from ccp import Env, HandlerSocket, chat_body, program
from tap import PATIENCE, eq, ok, until

LINGER = str(30000 * PATIENCE)  # what is waited for comes before


class WarmEnv(Env):
    """One in which processes linger."""

    def __init__(self, mode=None, **settings):
        child = {"CCP_DEMO_DELAY_MS": "0", **settings.pop("child", {})}
        if mode:
            child["CCP_DEMO_MODE"] = mode
        settings.setdefault("CLAUDE_LINGER_MS", LINGER)
        claude = settings.pop("claude", None)
        super().__init__(claude=claude, child=child, **settings)

    def warm_dir(self):
        return pathlib.Path(self.runtime, "ccp", "warm")

    def names(self):
        """Of all files in the directory of records."""
        there = self.warm_dir()
        return sorted(os.listdir(there)) if there.exists() else []

    def records(self):
        """The records, the oldest first, as dicts."""
        found = []
        for name in self.names():
            if "." in name:
                continue
            try:
                text = (self.warm_dir() / name).read_text(encoding="utf-8")
            except FileNotFoundError:  # it has just gone
                continue
            lines = (line.split(" ", 1) for line in text.splitlines())
            found.append({"id": name, **{n: v for n, v in lines}})
        return sorted(found, key=lambda r: int(r["since"]))

    def wait_records(self, number, seconds=10):
        until(lambda: len(self.records()) == number, seconds,
              f"{number} records")
        return self.records()

    def claudes(self):
        """Pids of the CLI's processes."""
        return [p.pid for p in self.left() if p.command.startswith("claude ")]

    def wait_ended(self, *pids, seconds=10):
        """Until their handler knows it: an exit takes a while, and claudes()
        does not have them from its beginning on."""
        until(lambda: not any(procs.exists(pid) for pid in pids), seconds,
              f"the end of {pids}")

    def wait_saved(self):
        """Until there is an answer, and all are in their sessions, where
        another process finds them."""
        def saved():
            answers = [answer for session in self._session("list")
                       for answer in self._session(
                           "show", session["id"])["answers"]]
            return answers and all(answer["saved"] for answer in answers)

        until(saved, what="that all is saved")

    def _session(self, *words):
        done = subprocess.run(
            [program("ccp"), "session", *words, "--json"], env=self.environ,
            stdout=subprocess.PIPE, check=True, timeout=240)
        return json.loads(done.stdout)

    def check_private(self):
        """Nobody else can look at them."""
        eq(stat.S_IMODE(self.warm_dir().stat().st_mode), 0o700)
        for name in self.names():
            mode = stat.S_IMODE((self.warm_dir() / name).stat().st_mode)
            eq(mode, 0o600, name)

    def wait_nothing(self, seconds=6):
        """No process, no record, no socket."""
        self.wait_gone(seconds=seconds)
        eq(self.names(), [])


class Talk:
    """A conversation over any connections: texts is what there is of it."""

    def __init__(self, *texts, **more):
        self.texts = list(texts)
        self.more = more
        self.response = None

    def say(self, http, text, want, **more):
        """One turn, and what X-CCP-Session must be (None: absent), or one of
        several."""
        body = chat_body(*self.texts, text, **{**self.more, **more})
        if body.get("stream"):
            answer = self._stream(http, body)
        else:
            self.response = http.post_json(PATH, body)
            eq(self.response.status, 200, repr(self.response))
            answer = self.response.json()["choices"][0]["message"]["content"]
        self.texts += [text, answer]
        got = self.response.header("X-CCP-Session")
        if isinstance(want, tuple):
            ok(got in want, f"X-CCP-Session: {got}")
        else:
            eq(got, want, "X-CCP-Session")
        return answer

    def _stream(self, http, body):
        self.response, events = http.stream(PATH, body)
        eq(self.response.status, 200, repr(self.response))
        chunks = [json.loads(data) for kind, data in events
                  if kind == "data" and data != "[DONE]"]
        return "".join(c["choices"][0]["delta"].get("content") or ""
                       for c in chunks if c["choices"])

    def branch(self, turns):
        """The same up to so many turns."""
        return Talk(*self.texts[:2 * turns], **self.more)


class Handlers:
    """Connections to handlers of one Env; those that are closed may live on as
    keepers until stop()."""

    def __init__(self, env):
        self.env = env
        self.all = []

    def new(self, **options):
        self.all.append(HandlerSocket(self.env, **options))
        return self.all[-1]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for handler in self.all:
            handler.http.close()
            if kind is not None:
                handler.kill()
            elif handler.process.poll() is None:
                handler.signal(15)
        for handler in self.all:
            if kind is None and handler.process.returncode is None:
                ok(handler.wait(15) in (0, -9), "status of a handler")
