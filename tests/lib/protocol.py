# SPDX-License-Identifier: GPL-3.0-or-later
"""doc/protocol.md as data, and what Claude is told because of a request.

    for table in tables():
        for first, rest in table.rows: ...

    with Bed() as bed:
        told = bed.ask(user="u")
"""
import collections
import json
import os
import re

from answers import PATH, streamed, whole
from ccp import SRC, Env, HandlerSocket
from tap import eq

DOCUMENT = SRC / "doc" / "protocol.md"
SOURCE = SRC / "src" / "openai_params.c"

# title is the first cell of the head, or the section where that is empty;
# rows are pairs of the first cell and the others.
Table = collections.namedtuple("Table", "section title rows")


def _cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables():
    found, section, rows = [], "", None
    for line in DOCUMENT.read_text(encoding="utf-8").split("\n"):
        if line.startswith("## "):
            section = line[3:]
        if not line.startswith("|"):
            rows = None
        elif rows is None:
            rows = []
            found.append(Table(section, _cells(line)[0] or section, rows))
        elif not re.fullmatch(r"[|-]+", line):
            first, *rest = _cells(line)
            rows.append((first, " | ".join(rest)))
    return found


def table(title):
    got, = [t for t in tables() if t.title == title]
    return got


def quoted(cell):
    """The words in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def variables(row):
    """Those that a row of the table of the environment names."""
    found, = [rest for first, rest in table("environment").rows
              if first.startswith(row)]
    return quoted(found)


def kind(text):
    """What the document says of a field: kept, ignored or refused."""
    if text.startswith("ignored"):
        return "ignored"
    if text == "refused" or text.endswith("else refused"):
        return "refused"
    return "kept"


def documented():
    """Field: kind."""
    return {name: kind(text) for first, text in table("field").rows
            for name in quoted(first)}


SECTIONS = {"kept": "kept",
            "hints without an effect here; documented as ignored": "ignored",
            "would change the answer": "refused"}


def programmed():
    """Field: kind, as the table of the program has it."""
    text = SOURCE.read_text(encoding="utf-8")
    rows = text[text.index("static const struct param params[] = {"):]
    rows = rows[:rows.index("};")]
    found, section = {}, None
    for comment, name in re.findall(r'/\* (.+?) \*/|\{"(\w+)",', rows):
        if comment:
            section = SECTIONS[comment]
        else:
            found[name] = section
    return found


VARYING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
                     r"|msg_[0-9a-f]{32}")
BLANK = {"type": "text", "text": " "}  # behind each message of the user's


class Told:
    """answer: the client's; argv, environ and lines: Claude's; raw: the lines
    as they were written.  body: what is merged into the API's request; first:
    the initialize request, if there is one."""

    def __init__(self, answer, record):
        self.answer = answer
        start, *lines = record
        self.argv = start["argv"][1:]
        self.environ = dict(v.split("=", 1) for v in start["environ"])
        self.raw = [line["stdin"] for line in lines if "stdin" in line]
        self.lines = [json.loads(line) for line in self.raw]
        self.body = json.loads(
            self.environ.get("CLAUDE_CODE_EXTRA_BODY", "{}"))
        self.first = self.lines[0].get("request", {})

    def option(self, name):
        """The value of --NAME, or None."""
        if name not in self.argv:
            return None
        return self.argv[self.argv.index(name) + 1]

    def launch(self):
        """All of it but what differs from process to process."""
        return self.argv, self.environ, VARYING.sub(
            "*", json.dumps(self.lines))

    def messages(self):
        """(role, blocks) of the conversation; a text is a string."""
        return [(line["type"], [b["text"] if b["type"] == "text" else b
                                for b in line["message"]["content"]
                                if b != BLANK])
                for line in self.lines if "message" in line]


class Bed:
    """A handler, and a stand-in for Claude that writes down what it is
    told."""

    def __init__(self, mode="", **settings):
        self.env = Env(child={"CCP_DEMO_DELAY_MS": "0", "CCP_DEMO_RECORD": "",
                              "CCP_DEMO_MODE": mode}, **settings)
        self._record = os.path.join(self.env.dir, "record")
        self.env.environ["CCP_DEMO_RECORD"] = self._record
        self.handler = HandlerSocket(self.env)

    def __enter__(self):
        self.env.__enter__()
        self.handler.__enter__()
        return self

    def __exit__(self, *why):
        try:
            self.handler.__exit__(*why)
        finally:
            self.env.__exit__(*why)

    def post(self, members):
        """members: of the body, or its text, or its bytes."""
        if os.path.exists(self._record):
            os.remove(self._record)
        if isinstance(members, str):
            members = members.encode()
        if isinstance(members, bytes):
            return whole(self.handler.http.request(
                "POST", PATH, members, {"Content-Type": "application/json"}))
        body = {"messages": [{"role": "user", "content": "hi"}], **members}
        if body.get("stream") is True:
            return streamed(self.handler.http, body)
        return whole(self.handler.http.post_json(PATH, body))

    def ask(self, members):
        """An answer, and what Claude was told for it."""
        answer = self.post(members)
        eq(answer.status, 200, f"{members}: {answer}")
        with open(self._record, encoding="utf-8") as lines:
            return Told(answer, [json.loads(line) for line in lines])

    def runs(self):
        """The arguments of each Claude since the last request."""
        with open(self._record, encoding="utf-8") as lines:
            starts = [json.loads(line) for line in lines]
        return [s["argv"][1:] for s in starts if "argv" in s]

    def refused(self, members, param, code):
        """A 400; Claude is not started."""
        answer = self.post(members)
        what = str(members[:300] if isinstance(members, bytes)
                   else members)[:300]
        eq(answer.status, 400, what)
        eq((answer.error["type"], answer.error["param"],
            answer.error["code"]),
           ("invalid_request_error", param, code), what)
        eq(os.path.exists(self._record), False, "Claude was started")
