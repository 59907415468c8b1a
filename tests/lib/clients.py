# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients with tools of their own, run as their users run them but with
nobody there to answer, and what a model does to show that they work.

    with Desk() as desk:
        done = Cline().ask(desk, url, key, "Hello")
        eq(done.text, ...)

Each client runs with a HOME of its own, in a directory with a note; nothing
but loopback can be reached, and what it leaves running is killed.
"""
import collections
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import uuid

import npm
import procs
from ccp import closed_proxy
from fake_openai import Call, Thought
from tap import Skip, contains, eq, fail, until

TAG_NAME = "CCP_CLIENT_TAG"
MODEL = "haiku"
NOTES = 2
SECONDS = 90  # some take 15 s to start on a busy machine

Done = collections.namedtuple("Done", "text err")


class Desk:
    """Where a client works: home, and work with notes in it, each of which
    says one of the words."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ccp-client-")
        self.home = pathlib.Path(self.dir, "home")
        self.work = pathlib.Path(self.dir, "work")
        self.home.mkdir(0o700)
        self.work.mkdir(0o700)
        self.words = [secrets.token_hex(8) for _ in range(NOTES)]
        self.notes = [self._note(*i) for i in enumerate(self.words)]
        self.copy = self.work / "copy.txt"
        self._tag = uuid.uuid4().hex

    def _note(self, number, word):
        path = self.work / f"note{number}.txt"
        path.write_text(f"the word is {word}\n", encoding="ascii")
        return path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()
        shutil.rmtree(self.dir, ignore_errors=True)

    def running(self):
        """The client's processes and those that it has started."""
        return procs.with_variable(TAG_NAME, self._tag)

    def clear(self):
        """Kills them."""
        until(self._none_left, what="the end of the client")

    def _none_left(self):
        left = self.running()
        procs.kill(left)
        return not left

    def run(self, argv, seconds=SECONDS, **variables):
        """Runs a program to its end; returns what it wrote.  Another status
        than 0, or no end in time, is a failure.  Its output goes to files: a
        process that it leaves would hold a pipe."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home),
                   "TMPDIR": self.dir, "LANG": "C.UTF-8", "USER": "tester",
                   "SHELL": "/bin/sh", TAG_NAME: self._tag,
                   **closed_proxy(), **variables}
        with tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as err:
            # pylint: disable=consider-using-with
            process = subprocess.Popen(
                [str(a) for a in argv], env=environ, cwd=self.work,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True)
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                self.clear()
                process.kill()
                process.wait()
            texts = [_contents(f) for f in (out, err)]
        if status != 0:
            what = f"no end after {seconds} s" if status is None \
                else f"status {status}"
            fail("\n".join([f"{argv[0]}: {what}", *texts]))
        return Done(*texts)


def _contents(file):
    file.seek(0)
    return file.read().decode("utf-8", "backslashreplace")


# --- the clients ------------------------------------------------------------

class Client:
    """name: for people; lists: its directory below tests/clients.  What it
    sends stands with each; ccp has to take all of it.  All want a stream with
    stream_options.include_usage but where something else is said."""

    name = lists = ""

    def ask(self, desk, url, key, prompt):
        """Has it do what the prompt says; returns what it wrote."""
        raise NotImplementedError

    def read(self, path):
        """The call of its tool that reads a file."""
        raise NotImplementedError

    def write(self, path, text):
        """Likewise, that writes one."""
        raise NotImplementedError


class Script(Client):
    """A program of ours that uses a package; it prints a line of JSON.

    openai: tool_choice "auto", and without a stream "stream": false.  The
    content of a message with calls is null where there was no text, "" if it
    was streamed; a message for each result, its content a string, JSON where
    the tool returned an object.

    ai: tool_choice "auto", and without a stream no word of it.  The content of
    a message with calls is null where there was no text, and it has
    reasoning_content; results as with openai.  An object is asked for with
    response_format json_schema, strict, but without the provider's
    supportsStructuredOutputs with json_object, and the schema is lost.
    """

    def __init__(self, lists, script, case, **options):
        self.name = f"{lists or 'openai'}, {case}"
        self.lists = lists
        self._script = script
        self._case = case
        self._options = options

    def ask(self, desk, url, key, prompt):
        script = npm.place(desk.dir, self.lists) / self._script
        return desk.run([shutil.which("node"), script, self._case, prompt],
                        CCP_URL=url, CCP_KEY=key,
                        CCP_OPTIONS=json.dumps(self._options))

    def read(self, path):
        return Call("read_file", {"path": path.name})

    def write(self, path, text):
        return Call("write_file", {"path": path.name, "text": text})


class Continue(Client):
    """The command cn.  11 tools in 6 kB, called Read, Write, Bash, Edit and so
    on as Claude Code's own are, with other schemas; no tool_choice.  The
    content of a message with calls is "" where there was no text; results are
    strings."""

    name = lists = "continue"

    def ask(self, desk, url, key, prompt):
        config = desk.home / "config.yaml"
        # JSON is YAML
        config.write_text(json.dumps({
            "name": "ccp", "version": "1.0.0", "schema": "v1",
            "models": [{"name": "ccp", "provider": "openai", "model": MODEL,
                        "apiBase": url, "apiKey": key, "roles": ["chat"],
                        "capabilities": ["tool_use"]}]}), encoding="utf-8")
        cli = npm.modules(self.lists) / "@continuedev" / "cli"
        return desk.run([shutil.which("node"), cli / "dist" / "cn.js",
                         "--config", config, "--auto", "-p", prompt],
                        CONTINUE_CLI_ENABLE_TELEMETRY="0",
                        CONTINUE_METRICS_ENABLED="0")

    def read(self, path):
        return Call("Read", {"filepath": path.name})

    def write(self, path, text):
        return Call("Write", {"filepath": path.name, "content": text})


def _native(lists, *path):
    """A program that a package for this platform has."""
    program = npm.modules(lists).joinpath(*path)
    if not program.exists():
        raise Skip(f"{lists} is not in the lock file for {sys.platform}")
    program.chmod(0o755)
    return program


class Cline(Client):
    """25 tools in 18 kB, some with anyOf, tool_choice "auto".  The content of
    a message with calls is null where there was no text, and it has
    reasoning_content.  Results are strings of JSON."""

    name = lists = "cline"

    def ask(self, desk, url, key, prompt):
        cline = _native(self.lists, "@cline", "cli-linux-x64", "bin", "cline")
        settings = desk.home / "settings.json"
        settings.write_text(json.dumps(
            {"telemetryOptOut": True, "autoUpdateEnabled": False}),
            encoding="utf-8")
        own = {"CLINE_GLOBAL_SETTINGS_PATH": str(settings)}
        data, provider = desk.home / "data", "openai-compatible"
        desk.run([cline, "auth", "-p", provider, "-k", key, "-m", MODEL,
                  "-b", url, "--data-dir", data], **own)
        return desk.run([cline, "--data-dir", data, "-c", desk.work,
                         "-P", provider, "-m", MODEL, prompt], **own)

    def read(self, path):
        return Call("read_files", {"files": [{"path": str(path)}]})

    def write(self, path, text):
        return Call("editor", {"path": str(path), "new_text": text})


class Opencode(Client):
    """10 tools in 21 kB, descriptions of up to 4,650 characters, schemas with
    "$schema"; tool_choice "auto", max_tokens 32000; the prompt in quotation
    marks if it has spaces.  Results are strings.  The content of a message
    with calls is "" where there was no text, and it has reasoning_content.
    At the same time it asks for a title: two user messages one after the
    other, without tools, with a reasoning_effort if the model can reason.  If
    the model's name has "claude" in it, the first and last messages have a
    cache_control, and so has, in a message with calls, the last call."""

    name = lists = "opencode"
    MODEL = "claude-haiku-4-5"

    def ask(self, desk, url, key, prompt):
        opencode = _native(self.lists, "opencode-linux-x64-baseline", "bin",
                           "opencode")
        config = desk.home / "opencode.json"
        config.write_text(json.dumps({
            "autoupdate": False, "share": "disabled",
            "provider": {"ccp": {
                "npm": "@ai-sdk/openai-compatible", "name": "ccp",
                "options": {"baseURL": url, "apiKey": key},
                "models": {self.MODEL: {"name": "Claude",
                                        "reasoning": True}}}}}),
            encoding="utf-8")
        return desk.run([opencode, "run", "-m", f"ccp/{self.MODEL}", "--auto",
                         prompt],
                        OPENCODE_CONFIG=str(config),
                        OPENCODE_DISABLE_AUTOUPDATE="1",
                        OPENCODE_DISABLE_DEFAULT_PLUGINS="1",
                        OPENCODE_DISABLE_LSP_DOWNLOAD="1",
                        OPENCODE_DISABLE_MODELS_FETCH="1",
                        OPENCODE_DISABLE_SHARE="1")

    def read(self, path):
        return Call("read", {"filePath": str(path)})

    def write(self, path, text):
        return Call("write", {"filePath": str(path), "content": text})


ALL = [
    Script("", "openai_tools.mjs", "runTools"),
    Script("", "openai_tools.mjs", "streamed"),
    Script("ai", "ai_sdk.mjs", "generateText"),
    Script("ai", "ai_sdk.mjs", "streamText"),
    Script("ai", "ai_sdk.mjs", "output", supportsStructuredOutputs=True),
    Continue(), Cline(), Opencode(),
]


# --- what the model does ----------------------------------------------------

class Errand:
    """The model has the client read the notes, all at once, then write their
    words to another file, and then says them.  It knows the words from the
    results only."""

    PROMPT = "Write the words of the notes to copy.txt."
    THOUGHT = "First I have to read them."
    ASIDE = "I write them down."
    WORD = re.compile("the word is ([0-9a-f]+)")

    def __init__(self, client, desk):
        self._client = client
        self._desk = desk

    def reads(self):
        return [self._client.read(n) for n in self._desk.notes]

    def writes(self, results):
        words = [w for r in results for w in self.WORD.findall(r)]
        return self._client.write(self._desk.copy, " ".join(words) + "\n")

    def next(self, results):
        """The parts of its next message, when it has these results."""
        if not results:
            return [Thought(self.THOUGHT), *self.reads()]
        if len(results) == NOTES:
            return [self.ASIDE, self.writes(results)]
        return [self._words([w for r in results[:NOTES]
                             for w in self.WORD.findall(r)])]

    @staticmethod
    def _words(words):
        return f"The words are {' and '.join(words)}."

    def check(self, done):
        """Of what the client wrote, and what it did."""
        contains(done.text, self._words(self._desk.words))
        eq(self._desk.copy.read_text(encoding="ascii").split(),
           self._desk.words)
