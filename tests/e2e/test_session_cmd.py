#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp session: what a person sees and removes."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, Start, check_stderr, program  # noqa: E402
from tap import contains, eq, lacks, main, ok, test  # noqa: E402

A = "0d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b"
B = "0d3ae5d0-1111-4c0a-8f3b-1c2d3e4f5a6b"
C = "f7a1b2c3-9b0e-4c0a-8f3b-1c2d3e4f5a6b"


@contextlib.contextmanager
def stored(*sessions, **settings):
    """An Env with those sessions in its store."""
    with Env(**settings) as env:
        path = env.environ.get("SESSION_FILE") or os.path.join(
            env.runtime, "ccp", "sessions.db")
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        env.store = path
        for session in sessions:
            put(env, **session)
        yield env


def put(env, id, cwd="/tmp", title="What is it?", turns=1, age=0, created=10,
        ttl=3600, contexts=0):
    # pylint: disable=redefined-builtin,too-many-arguments
    now = int(time.time())
    subprocess.run(
        [program("tests/store/store_tool"), "session", env.store, id, cwd,
         title, str(turns), str(now - age - created), str(now - age),
         str(now + ttl), str(contexts)], check=True, timeout=240)


def session(env, *arguments, status=0):
    """Runs it: what it has written to the standard output, or where it must
    fail, to the standard error output."""
    done = subprocess.run([program("ccp"), "session", *arguments],
                          env=env.environ, cwd=env.work, check=False,
                          capture_output=True, text=True, timeout=240)
    check_stderr(done.stderr)
    eq(done.returncode, status, done.stderr or "status")
    if status == 0:
        eq(done.stderr, "")
        return done.stdout
    eq(done.stdout, "")
    return done.stderr


def listed(env):
    return [s["id"] for s in json.loads(session(env, "list", "--json"))]


@test("without a store there is nothing, and none is made")
def _():
    with stored() as env:
        eq(session(env, "list"), "No session is remembered.\n")
        eq(session(env, "list", "--json"), "[]\n")
        eq(session(env, "clear"),
           "Removed 0 sessions, and 0 answers that led to them.\n")
        eq(session(env, "prune"), "Removed 0 expired records.\n")
        contains(session(env, "show", "a", status=1), "no session begins")
        eq(os.listdir(os.path.join(env.runtime, "ccp")), [])


@test("list: the last used first, ids cut, the home directory as ~")
def _():
    with stored() as env:
        put(env, A, cwd=f"{env.home}/project", title="First  words\nhere",
            turns=3, age=500)
        put(env, C, cwd=env.home + "work", turns=12, age=4 * 86400)
        put(env, B, cwd=env.home, title="Zum Glück", age=7300)
        lines = session(env, "list").splitlines()
        eq([line.split() for line in lines], [
            ["ID", "AGE", "TURNS", "DIRECTORY", "FIRST", "WORDS"],
            [A[:10], "8", "min", "3", "~/project", "First", "words", "here"],
            [B[:10], "2", "h", "1", "~", "Zum", "Glück"],
            [C[:10], "4", "d", "12", env.home + "work", "What", "is", "it?"],
        ])
        for line in lines[1:]:
            eq(line.index(line.split()[4]), lines[0].index("DIRECTORY"))
        eq(listed(env), [A, B, C])


LIST = """\
ID          AGE    TURNS  DIRECTORY                   FIRST WORDS
0d3ae5d0-9  8 min  3      ~/project                   Zum Glück gibt es noch ...
0d3ae5d0-1  2 h    1      ...o/packages/web/Ölbilder  What is it?
f7a1b2c3-9  4 d    12     /srv                        As many as the place has!!
"""


def on_terminal(env, columns):
    """What the list looks like on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(ours, "rb", 0) as reader:
        subprocess.run([program("ccp"), "session", "list"], env=env.environ,
                       cwd=env.work, stdout=theirs, check=True, timeout=240)
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):
            while piece := reader.read(65536):
                text += piece
    return text.decode().replace("\r\n", "\n")


@test("list: the whole screen, 80 columns, or as many as the terminal has")
def _():
    deep = "/srv/customers/example.com/monorepo/packages/web/Ölbilder"
    long = "Zum Glück gibt es noch so viele Wörter, die hier stehen können"
    with stored() as env:
        put(env, A, cwd=f"{env.home}/project", title=long, turns=3, age=500)
        put(env, B, cwd=deep, age=7300)
        put(env, C, cwd="/srv", title="As many as the place has!!", turns=12,
            age=4 * 86400)
        eq(session(env, "list"), LIST)
        ok(max(map(len, LIST.splitlines())) == 80)
        eq(on_terminal(env, 80), LIST)
        wide = on_terminal(env, 200)
        contains(wide, f"  {deep}  What is it?\n")
        contains(wide, f"  ~/project{' ' * (len(deep) - 7)}{long[:50]}")
        ok(max(map(len, on_terminal(env, 60).splitlines())) == 60)
        # a title of few characters leaves its place to the directory
        session(env, "clear", A)
        session(env, "clear", C)
        contains(session(env, "list"), f"  ...{deep[-42:]}  What is it?\n")


@test("ids are cut to eight characters where those differ")
def _():
    with stored({"id": A}, {"id": C}) as env:
        contains(session(env, "list"), f"\n{A[:8]}  ")


@test("list --json has all that is known")
def _():
    with stored({"id": A, "cwd": '/a "b"', "title": "x\\y", "turns": 3,
                 "age": 50, "created": 7}) as env:
        got, = json.loads(session(env, "--json", "list"))
        ok(abs(got["used"] - time.time() + 50) < 30)
        eq(got["used"] - got["created"], 7)
        eq(got["expires"] - got["used"], 3650)
        for key in "created", "used", "expires":
            del got[key]
        eq(got, {"id": A, "directory": '/a "b"', "title": "x\\y",
                 "key": "laptop", "head": A, "turns": 3, "warm": False})


@test("nothing that a terminal obeys is written")
def _():
    with stored({"id": A, "cwd": "/a\x1b[31mb\nc\udcff", "title": "x\u009by"},
                ) as env:
        for arguments in ("list",), ("show", A):
            out = session(env, *arguments)
            contains(out, "/a?[31mb?c?")
            contains(out, "x?y")
        got, = json.loads(session(env, "list", "--json"))
        eq((got["directory"], got["title"]), ("/a?[31mb?c?", "x?y"))


@test("show: one session, by the beginning of its id")
def _():
    with stored({"id": A, "contexts": 3, "turns": 2}, {"id": B},
                {"id": C, "contexts": 1}) as env:
        for prefix in A, A[:10], A[:10].upper():
            out = session(env, "show", prefix)
            contains(out, f"session       {A}\n")
            contains(out, "directory     /tmp\n")
            contains(out, "API key       laptop\n")
            contains(out, "turns         2\n")
            contains(out, "answers       3\n")
            eq(sorted(out.splitlines()[-3:]),
               [f"  {A}", f"  {A}", f"  {A} (not saved yet)"])
        got = json.loads(session(env, "show", "f", "--json"))
        eq(got["id"], C)
        eq([(a["id"], a["saved"]) for a in got["answers"]], [(C, False)])
        contains(session(env, "show", "0d3ae5d0", status=1),
                 "several sessions begin with \"0d3ae5d0\": give more")
        contains(session(env, "show", "1", status=1),
                 "no session begins with \"1\": see ccp session list")
        contains(session(env, "show", A + "0", status=1), "no session begins")


@test("clear ID removes that session and what led to it")
def _():
    with stored({"id": A, "contexts": 3}, {"id": B, "contexts": 2}) as env:
        contains(session(env, "clear", "0d3", status=1), "several sessions")
        eq(sorted(listed(env)), [B, A])
        eq(session(env, "clear", A[:10]),
           f"Removed session {A}, and 3 answers that led to it.\n")
        eq(listed(env), [B])
        eq(len(json.loads(session(env, "show", B, "--json"))["answers"]), 2)
        eq(json.loads(session(env, "clear", "0", "--json")), {"removed": [B]})
        eq(listed(env), [])


@test("clear removes all, and says how much that was")
def _():
    with stored({"id": A, "contexts": 3}, {"id": B, "contexts": 2},
                {"id": C}) as env:
        claims = pathlib.Path(env.store + ".claims")
        claims.write_text("in use")
        eq(session(env, "clear"),
           "Removed 3 sessions, and 5 answers that led to them.\n")
        eq(session(env, "list"), "No session is remembered.\n")
        eq(claims.read_text(), "in use")
        put(env, A)
        eq(json.loads(session(env, "clear", "--json")),
           {"sessions": 1, "answers": 0})


@test("what is expired is not shown, and prune removes it")
def _():
    with stored({"id": A, "contexts": 4}, {"id": C}) as env:
        put(env, B, ttl=2, contexts=2)
        time.sleep(2.1)
        eq(sorted(listed(env)), [A, C])
        contains(session(env, "show", B, status=1), "no session")
        eq(session(env, "prune"), "Removed 3 expired records.\n")
        eq(json.loads(session(env, "prune", "--json")), {"records": 0})
        eq(sorted(listed(env)), [A, C])


@test("SESSION_FILE names the store")
def _():
    with Env() as env:
        env.environ["SESSION_FILE"] = "~/state/sessions"
        env.store = os.path.join(env.home, "state", "sessions")
        eq(listed(env), [])
        ok(not os.path.exists(os.path.dirname(env.store)))
        os.mkdir(os.path.dirname(env.store), 0o700)
        put(env, A)
        eq(listed(env), [A])
        env.environ["SESSION_FILE"] = "sessions"
        contains(session(env, "list", status=1),
                 "SESSION_FILE must be an absolute path")


ORIGINAL = {"ab" * 32: {"sessionId": C, "createdAt": 0},
            "cd" * 32: {"sessionId": C, "createdAt": 0},
            "ef" * 32: {"sessionId": B, "createdAt": 1000}}


@test("the sessions of the Node.js version are counted and can be cleared")
def _():
    now = int(time.time()) * 1000
    original = {key: {**value, "createdAt": value["createdAt"] or now}
                for key, value in ORIGINAL.items()}
    with Env() as env:
        path = pathlib.Path(env.home, "sessions.json")
        path.write_text(json.dumps(original))
        before = path.read_bytes()
        env.environ["SESSION_FILE"] = str(path)
        env.store = f"{path}.db"
        eq(session(env, "list"), "No session is remembered.\n")
        ok(not os.path.exists(env.store))
        put(env, C)
        contains(session(env, "list"),
                 "2 conversations of the Node.js version can be continued.")
        eq(len(json.loads(session(env, "show", C, "--json"))["answers"]), 2)
        eq(session(env, "clear"),
           "Removed 1 session, and 2 answers that led to them.\n")
        eq(session(env, "list"), "No session is remembered.\n")
        eq(path.read_bytes(), before)


@test("a file that is not ours is left alone, and told by start too")
def _():
    with Env() as env:
        path = pathlib.Path(env.home, "notes.txt")
        path.write_text("my notes\n")
        env.environ["SESSION_FILE"] = str(path)
        told = f"SESSION_FILE {path} is not a file of ccp's: it is left alone"
        for arguments in ("list",), ("show", "a"), ("clear",), ("prune",):
            contains(session(env, *arguments, status=1), told)
        with Start(env) as start:
            contains(start.stderr(), told)
        eq(path.read_text(), "my notes\n")
        eq(sorted(n for n in os.listdir(env.home) if n[0] != "."),
           ["notes.txt"])


@test("start says nothing about a store that is as it should be")
def _():
    with stored({"id": A}) as env, Start(env) as start:
        lacks(start.stderr(), "SESSION_FILE")
        lacks(start.stderr(), "sessions.db")


@test("a damaged store is put aside, and that is said")
def _():
    with stored({"id": A}) as env:
        pathlib.Path(env.store).write_bytes(b"noise" * 5000)
        done = subprocess.run([program("ccp"), "session", "list"],
                              env=env.environ, capture_output=True, text=True,
                              check=False, timeout=240)
        eq((done.returncode, done.stdout),
           (0, "No session is remembered.\n"))
        contains(done.stderr, f"{env.store} was damaged")
        contains(done.stderr, f"now {env.store}.bad")
        eq(pathlib.Path(env.store + ".bad").read_bytes(), b"noise" * 5000)
        eq(listed(env), [])


@test("a command line that makes no sense")
def _():
    with stored({"id": A}) as env:
        for arguments, what in (
                ((), "missing argument: COMMAND"),
                (("nonsense",), 'unknown command "session nonsense"'),
                (("lists",), 'unknown command "session lists": '
                             'did you mean "session list"?'),
                (("show",), "missing argument: ID"),
                (("list", "x"), 'unexpected argument "x"'),
                (("prune", "x"), 'unexpected argument "x"'),
                (("show", "a", "b"), 'unexpected argument "b"'),
                (("clear", ""), 'unexpected argument ""'),
                (("list", "--yaml"), "unknown option --yaml"),
                (("clear", "-f"), "unknown option -f"),
                (("\x1b[31m",), 'unknown command "session ?[31m"')):
            eq(session(env, *arguments, status=2),
               f"ccp: {what}\nsee ccp session --help\n")
        eq(listed(env), [A])


if __name__ == "__main__":
    main()
