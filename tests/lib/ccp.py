# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts need to run ccp's programs and to talk to them.

CCP_BUILD is the directory of ccp, ccp-handler and ccp-demo-claude, CCP_SRC
the top of the sources.  Everything runs in a temporary HOME, with a cleaned
environment, on loopback only.
"""
import contextlib
import fcntl
import functools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import http_client
import procs
from http_client import Client, Response, parse_responses, sse_events
from tap import PATIENCE, Skip, fail

SRC = pathlib.Path(os.environ.get("CCP_SRC")
                   or pathlib.Path(__file__).resolve().parents[2])
BUILD = pathlib.Path(os.environ.get("CCP_BUILD") or os.getcwd()).resolve()

KEY = "test-key-of-the-suite"
TAG_NAME = "CCP_TEST_TAG"

# What a sanitizer prints when it found something
SANITIZER_SIGNS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                   ": runtime error: ")

PASSED_ON = ("ANTHROPIC_", "CLAUDE_CODE_", "AWS_", "GOOGLE_", "AZURE_")


def program(name):
    path = BUILD / name
    if not os.access(path, os.X_OK):
        raise Skip(f"{path} is not there")
    return str(path)


def sanitized(name):
    """Does it run under AddressSanitizer, which takes memory of its own?"""
    return b"__asan_init" in pathlib.Path(program(name)).read_bytes()


def orphans_end():
    """Does what a handler has started end with it, however that ends?"""
    config = (BUILD / "config.h").read_text(encoding="utf-8")
    return sys.platform == "linux" \
        and "#define CCP_PORTABLE" not in config


class Env:
    """A temporary HOME and the environment of ccp's programs.

    Keyword arguments are configuration keys (CLAUDE_MAX_TURNS="3"); None
    leaves one at its default.  child: variables for Claude; those that no
    rule passes on are named in CLAUDE_ENV.  claude: the program to run, the
    stand-in by default.  Use it as a context manager: the directory is
    removed, and a process that carries the tag is killed and is a failure.
    """

    def __init__(self, claude=None, child=None, path=None, **settings):
        claude = claude or program("ccp-demo-claude")
        self.dir = tempfile.mkdtemp(prefix="ccp-test-")
        self.home = self._make("home")
        self.runtime = self._make("run")
        self.work = self._make("work")
        self.tag = uuid.uuid4().hex
        child = {TAG_NAME: self.tag, **(child or {})}
        named = [n for n in child if not n.startswith(PASSED_ON)]
        wanted = {
            "API_KEY": KEY,
            "ASK_WORKING_DIR": "never",
            "CLAUDE_LINGER_MS": "0",  # a process is looked for at its end
            "CLAUDE_PATH": claude,
            "CLAUDE_WORKING_DIR": self.work,
            "LOG_LEVEL": "debug",
            "CLAUDE_ENV": ",".join(named),
            **settings,
        }
        self.environ = {
            "HOME": self.home,
            "XDG_RUNTIME_DIR": self.runtime,
            "TMPDIR": self._make("tmp"),
            "PATH": path or "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "USER": "tester",
            "SHELL": "/bin/sh",
            **child,
            **{n: str(v) for n, v in wanted.items() if v is not None},
            **_sanitizer_options(),
        }
        self.key = self.environ.get("API_KEY", "CCP_API_KEY")

    def _make(self, name):
        path = os.path.join(self.dir, name)
        os.mkdir(path, 0o700)
        return path

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _traceback):
        left = procs.with_variable(TAG_NAME, self.tag)
        procs.kill(left)
        shutil.rmtree(self.dir, ignore_errors=True)
        if left and kind is None:
            fail("left-over processes:\n" + procs.describe(left))

    def left(self, *spare):
        """Processes of this environment, without the given pids."""
        return [p for p in procs.with_variable(TAG_NAME, self.tag)
                if p.pid not in spare]

    def wait_gone(self, *spare, seconds=6):
        """Fails unless every process but the given pids ends in time."""
        end = time.monotonic() + seconds * PATIENCE
        while left := self.left(*spare):
            if time.monotonic() > end:
                fail(f"still there after {seconds} s:\n"
                     + procs.describe(left))
            time.sleep(0.02)

    def wait_orphans_gone(self, *spare):
        """After a handler was killed: Linux ends what it started; elsewhere
        that stays, and its end is the test's business."""
        if not orphans_end():
            procs.kill(self.left(*spare))
        self.wait_gone(*spare)

    def auth(self):
        return {"Authorization": f"Bearer {self.key}"}

    def write_config(self, text):
        """HOME/.ccp/config.json."""
        path = pathlib.Path(self.home, ".ccp", "config.json")
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path


def _sanitizer_options():
    return {n: v for n, v in os.environ.items()
            if n in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
                     "LLVM_PROFILE_FILE")}


def _contents(file):
    """What a program has written so far.  Its offset is the program's too, so
    it must stay where it is."""
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode("utf-8", "backslashreplace")


def check_stderr(text):
    for sign in SANITIZER_SIGNS:
        if sign in text:
            fail(f"sanitizer report:\n{text}")


class Running:
    """A started program whose stderr goes to a file."""

    def __init__(self, env, argv, **options):
        # pylint: disable=consider-using-with
        self.env = env
        self._err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            argv, env=env.environ, cwd=env.work, stderr=self._err,
            start_new_session=True, **options)
        self.pid = self.process.pid

    def stderr(self):
        return _contents(self._err)

    def wait(self, seconds=10):
        try:
            status = self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            fail(f"{self.process.args[0]} has not ended after {seconds} s\n"
                 + self.stderr())
        check_stderr(self.stderr())
        return status

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def run_handler_pipe(data, env=None, want_status=0, seconds=60):
    """printf data | ccp-handler: returns all that it wrote to fd 1."""
    with contextlib.ExitStack() as stack:
        env = env or stack.enter_context(Env())
        done = subprocess.run([program("ccp-handler")], input=data,
                              capture_output=True, env=env.environ,
                              cwd=env.work, timeout=seconds * PATIENCE,
                              check=False)
        err = done.stderr.decode("utf-8", "backslashreplace")
        check_stderr(err)
        if want_status is not None and done.returncode != want_status:
            fail(f"ccp-handler: status {done.returncode}\n{err}")
        return done.stdout


class HandlerSocket(Running):
    """A ccp-handler on one connection, as a super-server would start it.

    http is the client's end.  unix: a socketpair instead of loopback TCP.
    before: the words of a command that becomes the command behind them.
    """

    def __init__(self, env, unix=False, before=()):
        if unix:
            ours, theirs = socket.socketpair()
        else:
            ours, theirs = _tcp_pair()
        with theirs:
            super().__init__(env, [*before, program("ccp-handler")],
                             stdin=theirs, stdout=theirs)
        self.http = Client(ours, env.auth())

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _traceback):
        self.http.close()
        try:
            if kind is None:
                self.wait(15)
        finally:
            self.kill()


def _tcp_pair():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


# Below those that the system gives to who does not ask for a number, so that
# nobody else comes by it before it is listened on.
PORTS = range(20000, 32768)
_ports = set()


@functools.cache
def _port_locks():
    """A file of a byte for each port, locked by the script that has it."""
    return os.open(f"/tmp/ccp-test-ports-{os.getuid()}", os.O_RDWR
                   | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _reserve(port):
    """Is it ours from now on, and does nobody else listen on it?"""
    if port in _ports:
        return False
    try:
        fcntl.lockf(_port_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _ports.add(port)
    with socket.socket() as s, contextlib.suppress(OSError):
        s.bind(("127.0.0.1", port))
        return True
    return False


def free_port():
    """One of five digits that no other test gets until this script ends."""
    for _ in range(1000):
        port = random.choice(PORTS)
        if _reserve(port):
            return port
    return fail("no free port")


def closed_proxy():
    """Variables: whatever is asked of other hosts goes to a closed port."""
    closed = f"http://127.0.0.1:{free_port()}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    return {**dict.fromkeys(names, closed), "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1"}


class Start(Running):
    """A running "ccp start"; stop() returns its stderr.

    It listens on a free port of 127.0.0.1, unless PORT is in the environment
    or port is None: then the configuration, or who starts it, says where.
    argv: another command than ccp start.
    """

    def __init__(self, env, port=0, argv=None, **options):
        if port == 0:
            port = env.environ.setdefault("PORT", str(free_port()))
        self.port = port and int(port)
        self.out = tempfile.TemporaryFile()  # pylint: disable=R1732
        super().__init__(env, argv or [program("ccp"), "start"],
                         stdin=subprocess.DEVNULL, stdout=self.out, **options)
        if self.port:
            self._wait_health()

    def _wait_health(self):
        end = time.monotonic() + 20 * PATIENCE
        while True:
            if self.process.poll() is not None:
                fail("ccp start has ended\n" + self.stderr())
            with contextlib.suppress(OSError, http_client.BadResponse):
                with self.client() as http:
                    if http.request("GET", "/health").status == 200:
                        return
            if time.monotonic() > end:
                self.kill()
                fail("ccp start does not answer\n" + self.stderr())
            time.sleep(0.05)

    def client(self):
        """A new connection."""
        return Client(socket.create_connection(("127.0.0.1", self.port), 10),
                      self.env.auth())

    def stdout(self):
        return _contents(self.out)

    def stop(self, number=signal.SIGTERM, seconds=20):
        if self.process.poll() is None:
            self.signal(number)
        self.wait(seconds)
        return self.stderr()

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _traceback):
        try:
            if kind is None:
                self.stop()
        finally:
            self.kill()


def chat_body(*texts, model="haiku", **more):
    """A chat request; texts alternate user, assistant, user ..."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": t}
                for i, t in enumerate(texts)]
    return {"model": model, "messages": messages, **more}


def chat(http, *texts, **more):
    """POST /v1/chat/completions, the whole response."""
    return http.post_json("/v1/chat/completions", chat_body(*texts, **more))


def dumps(value):
    return json.dumps(value, ensure_ascii=False,
                      separators=(",", ":")).encode()
