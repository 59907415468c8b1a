#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit ccp@.service restricts, under a real systemd with the real
Claude Code: its Bash, Write, Edit and sandbox work there as outside, and each
restriction that the unit leaves out breaks what its comment says.  This script
starts itself again in the container of tests/systemd/bed."""
import contextlib
import fnmatch
import functools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

SRC = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SRC / "tests" / "lib"))
os.environ["CCP_SRC"] = str(SRC)  # inside it has another name

# pylint: disable=wrong-import-position
import bed
import mock_messages
import real_claude
from ccp import chat_body
from http_client import Client
from protocol import variables
from recorder import Recorder
from tap import Skip, add, contains, eq, lacks, main, ok, test, until
from user_systemd import environment, handler_pids, systemctl

SECONDS = 400
PORT = 8888
KEY = "key-of-the-systemd-test"
TAG = "CCP_TEST_TAG"
DROP_IN = pathlib.Path.home() / ".config/systemd/user/ccp@.service.d/test.conf"


# --- inside ----------------------------------------------------------------

def properties(unit, *names):
    lines = systemctl("show", unit, *[f"-p{n}" for n in names]).splitlines()
    return dict(line.split("=", 1) for line in lines)


def configure(**settings):
    path = pathlib.Path.home() / ".ccp" / "config.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps({
        "API_KEY": KEY, "ASK_WORKING_DIR": "never", "CLAUDE_LINGER_MS": 0, "CLAUDE_ENV":
        f"{TAG},IS_SANDBOX,DISABLE_TELEMETRY,DISABLE_ERROR_REPORTING",
        "CLAUDE_PERMISSION_MODE": "bypassPermissions", **settings}),
        encoding="utf-8")


@contextlib.contextmanager
def in_unit(**more):
    """A connection that the unit serves."""
    systemctl("start", "ccp.socket")
    with environment(**more), Client(
            socket.create_connection(("127.0.0.1", PORT), 30),
            {"Authorization": f"Bearer {KEY}"}) as http:
        yield http


def running():
    """The pid of the one handler that runs; None if there are more."""
    pids = handler_pids()
    return pids[0] if len(pids) == 1 else None


def handler_program():
    service = systemctl("cat", "ccp@1.service")
    return re.search("^ExecStart=(.*)$", service, re.M)[1]


@contextlib.contextmanager
def outside(**more):
    """A connection that a handler serves which nothing restricts."""
    ours, theirs = socket.socketpair()
    with theirs, subprocess.Popen(
            [handler_program()], stdin=theirs, stdout=theirs,
            stderr=subprocess.DEVNULL, cwd=pathlib.Path.home(),
            env={**os.environ, **more}):
        theirs.close()
        with Client(ours, {"Authorization": f"Bearer {KEY}"}) as http:
            yield http


# What a command outside of Claude's own sandbox can do
COMMAND = """
node -e 0 >/dev/null 2>&1 && echo node
setarch -R true 2>/dev/null && echo personality
test -e /tmp/ccp-test-shared && echo tmp
test "$(stat -c %U /)" = root && echo owners
git init -q --shared=group shared 2>/dev/null && echo shared
"""

# ... and within: the directory is writable and nothing else is.
SANDBOXED = "touch inside && { touch ~/x 2>/dev/null || echo sandbox; }"

ALL = {"node", "personality", "tmp", "owners", "shared", "sandbox", "edit"}


def script(directory):
    """Claude's turns."""
    file = f"{directory}/file"
    tools = [
        ("Bash", {"command": SANDBOXED}),
        ("Bash", {"command": COMMAND, "dangerouslyDisableSandbox": True}),
        ("Write", {"file_path": file, "content": "one\n"}),
        ("Read", {"file_path": file}),
        ("Edit", {"file_path": file, "old_string": "one",
                  "new_string": "two"})]
    return [mock_messages.answer("Now. ", tools=[t]) for t in tools] \
        + [mock_messages.answer("Done.")]


def results(api):
    """What Claude's tools said."""
    return [str(block.get("content")) for request in api.requests
            for block in request.last_user() if isinstance(block, dict)
            and block.get("type") == "tool_result"]


def able(connection):
    """What of ALL Claude can do when started by this connection's
    handler."""
    settings = pathlib.Path.home() / ".claude" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('{"sandbox": {"enabled": true}}', encoding="utf-8")
    pathlib.Path("/tmp/ccp-test-shared").touch()
    directory = tempfile.mkdtemp(dir=pathlib.Path.home())
    with mock_messages.Mock() as api:
        api.script(*script(directory))
        configure(CLAUDE_PATH=real_claude.find())
        with connection(**real_claude.variables(api.url)) as http:
            response = http.post_json(
                "/v1/chat/completions", chat_body("Go on."),
                {"X-CCP-Working-Dir": directory})
        said = results(api)
    print(f"# {response.status} {said[:2]}")
    lines = {line for text in said[:2] for line in text.splitlines()}
    found = (ALL - {"edit"}) & lines
    file = pathlib.Path(directory, "file")
    if file.exists() and file.read_text(encoding="utf-8") == "two\n":
        found.add("edit")
    shutil.rmtree(directory)
    return found


@functools.cache
def able_outside():
    return able(outside)


@test("Claude's Bash, Write, Edit and sandbox are in the unit as outside", 90)
def _():
    eq(able_outside() - {"sandbox"}, ALL - {"sandbox"}, "outside")
    # the price of RestrictSUIDSGID, as the unit says
    eq(able(in_unit), able_outside() - {"shared"})


@test("nothing that the unit sets forbids Claude's sandbox")
def _():
    eq(properties("ccp@1.service", "RestrictNamespaces", "PrivateUsers",
                  "MemoryDenyWriteExecute", "SystemCallFilter", "PrivateTmp",
                  "RestrictAddressFamilies", "ProtectHome", "ProtectSystem",
                  "LockPersonality"),
       {"RestrictNamespaces": "no", "PrivateUsers": "no",
        "MemoryDenyWriteExecute": "no", "SystemCallFilter": "~",
        "PrivateTmp": "no", "RestrictAddressFamilies": "~",
        "ProtectHome": "no", "ProtectSystem": "no", "LockPersonality": "no"})
    if "sandbox" not in able_outside():
        raise Skip("Claude's sandbox does not work here outside of it either")


@contextlib.contextmanager
def with_directives(*lines):
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text("\n".join(["[Service]", *lines, ""]), encoding="utf-8")
    systemctl("daemon-reload")
    try:
        yield
    finally:
        DROP_IN.unlink()
        systemctl("daemon-reload")


# Directives that the unit leaves out, and what is lost by each; with None as
# well, more.  systemd 252 honours those about files in a user's unit only with
# PrivateUsers.
OWN = "PrivateUsers=yes"
LEFT_OUT = [
    (["MemoryDenyWriteExecute=yes"], {"node"}),
    (["RestrictNamespaces=yes"], {"sandbox"}),
    (["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"], {"sandbox"}),
    (["SystemCallFilter=@system-service"], {"sandbox", None}),
    (["LockPersonality=yes"], {"personality"}),
    ([OWN], {"owners"}),
    ([OWN, "PrivateTmp=yes"], {"owners", "tmp"}),
    ([OWN, "ProtectHome=read-only"], {"edit", None}),
    ([OWN, "ProtectSystem=strict"], {"node", "tmp", None}),  # all of Bash
]


def breaks(directives, lost):
    if not lost - {None} <= able_outside():
        raise Skip(f"{lost} is not possible here in any case")
    with with_directives(*directives):
        got = able(in_unit)
    eq(lost & got, set(), "not lost")
    if None not in lost:
        eq(got, able_outside() - {"shared"} - lost, "left")


for _directives, _lost in LEFT_OUT:
    add(f"{_directives[-1]} breaks {', '.join(sorted(filter(None, _lost)))}",
        lambda d=_directives, o=_lost: breaks(d, o), 60)


STRAY = {"GIT_DIR": "/x", "LD_LIBRARY_PATH": "/x", "BASH_ENV": "/x",
         "NODE_OPTIONS": "--no-warnings", "OPENAI_API_KEY": "x",
         "CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "x"}


@test("Claude has none of the unit's variables and descriptors")
def _():
    demo = str(pathlib.Path(handler_program()).with_name("ccp-demo-claude"))
    with Recorder(demo=demo) as recorder:
        configure(CLAUDE_PATH=recorder.path)
        with in_unit(**STRAY) as http:
            eq(http.get("/health").status, 200)
            # The unit of the case before may not be gone yet.
            pid = until(running, what="the unit of this connection alone")
            own = pathlib.Path(f"/proc/{pid}/environ").read_text(
                encoding="utf-8")
            response = http.post_json("/v1/chat/completions",
                                      chat_body("Go on."))
        eq(response.status, 200)
        started = recorder.only()
    for name in ("INVOCATION_ID", "REMOTE_ADDR", "JOURNAL_STREAM", *STRAY):
        contains(own, f"\0{name}=", "the handler's environment")
        lacks(started.environ, name)
    allowed = [*variables("passed on"), "DISABLE_AUTOUPDATER"]
    eq([n for n in started.environ
        if not any(fnmatch.fnmatchcase(n, p) for p in allowed)], [])
    eq({n: started.status[n] for n in ("Umask", "NoNewPrivs", "SigBlk")},
       {"Umask": "0077", "NoNewPrivs": "1", "SigBlk": "0" * 16})
    # 32 and 33 are the C library's own: sigaction() leaves them alone, and
    # what posix_spawn() of glibc 2.36 starts has them ignored, as all below.
    eq(int(started.status["SigIgn"], 16) & ~(3 << 31), 0)


@test("systemd's own judgement of the unit")
def _():
    text = subprocess.run(
        ["systemd-analyze", "--user", "--no-pager", "security",
         "ccp@1.service"], capture_output=True, text=True, check=True).stdout
    overall = text.strip().splitlines()[-1]
    print(f"# {overall}")
    contains(overall, "Overall exposure level")
    for name in ("NoNewPrivileges", "RestrictSUIDSGID", "RestrictRealtime"):
        ok(re.search(rf"✓ {name}=", text), name)


if __name__ == "__main__":
    if sys.argv[1:2] != ["--inside"]:
        bed.run_inside("test_systemd_claude.py", sys.argv[1:], SECONDS,
                       claude=True)
    del sys.argv[1]
    main()
