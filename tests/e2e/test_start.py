#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp start: where it listens, what a service manager hands it and hears,
how it is reloaded and stopped."""
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
from answers import PATH, ask, check_error, streamed  # noqa: E402
from ccp import (BUILD, Env, Start, chat_body, free_port,  # noqa: E402
                 program)
from http_client import Client  # noqa: E402
from tap import (add, contains, eq, fail, lacks, main, ok, test,  # noqa: E402
                 until)

PLACE = re.compile(r"^ccp listens on (\S+)$", re.M)
FIRST_FD = 3  # SD_LISTEN_FDS_START
OK_STATUS = 200

# Without libsystemd nobody is told anything: these cases then check that.
SYSTEMD = "#define HAVE_SYSTEMD 1" in (BUILD / "config.h").read_text()


def can_bind(address):
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind((address, 0))
    except OSError:
        return False
    return True


IPV6 = can_bind("::1")


def config(env, **settings):
    """Writes config.json; what it names is not in the environment."""
    for name in settings:
        env.environ.pop(name, None)
    return env.write_config(json.dumps(settings))


class Server(Start):
    """A ccp start that listens where its configuration says."""

    def __init__(self, env, **options):
        super().__init__(env, port=None, **options)
        self.await_places(1)

    def places(self):
        return PLACE.findall(self.stdout())

    def await_places(self, n):
        """Waits until so many have been printed in all."""
        def printed():
            if self.process.poll() is not None:
                fail("ccp start has ended\n" + self.stderr())
            return len(self.places()) >= n
        until(printed, what=f"{n} places", seconds=20)

    def await_log(self, text):
        until(lambda: text in self.stderr(), what=f"{text!r} in the log")

    def hup(self, expected):
        """Reloads, and waits for what the log says of it."""
        seen = self.stderr().count(expected)
        self.signal(signal.SIGHUP)
        until(lambda: self.stderr().count(expected) > seen,
              what=f"{expected!r} in the log")


def connect(env, place):
    """A Client of what ccp start has printed."""
    if place.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(place[5:])
        return Client(sock, env.auth())
    host, port = re.fullmatch(r"http://(.*):(\d+)/v1", place).groups()
    return Client(socket.create_connection((host.strip("[]"), int(port)), 10),
                  env.auth())


def answers(env, place):
    with connect(env, place) as http:
        return http.get("/health").status == OK_STATUS


def refuses(place):
    """Nobody listens there."""
    try:
        connect(Env(), place).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    return False


def fails(env, argv=None, **options):
    """A ccp start that does not start: what it says."""
    done = subprocess.run(argv or [program("ccp"), "start"], env=env.environ,
                          cwd=env.work, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=240,
                          check=False, **options)
    eq((done.returncode, done.stdout), (1, ""), done.stderr)
    return done.stderr


def handlers(server):
    return [p for p in procs.children(server.pid) if "handler" in p.command]


def no_handlers(server):
    """Waits until those of closed connections have ended."""
    until(lambda: not handlers(server), what="the end of all handlers")


# --- where it listens -------------------------------------------------------

@test("without a word it listens on 127.0.0.1 and tells the default key")
def _():
    with Env(API_KEY=None, PORT=0) as env, Server(env) as server:
        (place,) = server.places()
        ok(re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", place), place)
        contains(server.stdout(), "The API key is the default one: "
                 "CCP_API_KEY\n")
        with connect(env, place) as http:
            contains(ask(http, "hello").text, "hello")
    with Env(PORT=0) as env, Server(env) as server:
        lacks(server.stdout(), "key")


@test("bare ccp is ccp start; nonsense is a usage error")
def _():
    with Env(PORT=0) as env:
        with Server(env, argv=[program("ccp")]) as server:
            ok(answers(env, server.places()[0]))
        for arguments in (["stat"], ["start", "now"], ["--start"]):
            done = subprocess.run([program("ccp"), *arguments], check=False,
                                  env=env.environ, capture_output=True)
            eq(done.returncode, 2)


@test("HOST is a list of addresses")
def _():
    hosts = ["127.0.0.1"] + ["[::1]"] * IPV6
    if not IPV6:
        print("# ::1 cannot be bound here, so it is left out")
    port = str(free_port())
    for separator in ",", ", ":
        with Env(HOST=separator.join(hosts), PORT=port) as env, \
                Server(env) as server:
            server.await_places(len(hosts))
            eq(server.places(), [f"http://{h}:{port}/v1" for h in hosts])
            for place in server.places():
                ok(answers(env, place), place)


@test("HOST=::1 is IPv6 alone; where there is none it is an error")
def _():
    with Env(HOST="::1", PORT=0) as env:
        if not IPV6:
            contains(fails(env), "::1")
            return
        with Server(env) as server:
            (place,) = server.places()
            ok(answers(env, place))
            ok(refuses(place.replace("[::1]", "127.0.0.1")))


@test("HOST=localhost answers by that name")
def _():
    with Env(HOST="localhost", PORT=free_port()) as env, \
            Server(env) as server:
        sock = socket.create_connection(
            ("localhost", int(env.environ["PORT"])))
        with Client(sock, {"Host": "localhost"}) as http:
            eq(http.get("/health").status, 200)
        for place in server.places():
            ok(answers(env, place))


@test("names in HOST are names that may be asked for")
def _():
    with Env(HOST="127.0.0.1,unix:/nowhere/s") as env:
        contains(fails(env), "unix:/nowhere/s: No such file")
    with Env(HOST="127.0.0.1, localhost", PORT=0) as env, \
            Server(env) as server:
        with connect(env, server.places()[0]) as http:
            eq(http.get("/health", Host="unix").status, 403)
            eq(http.get("/health", Host="localhost:1").status, 200)


@test("a port in use is an error, and so is a list without an address")
def _():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with Env(PORT=port) as env:
            contains(fails(env), f"ccp: port {port} of 127.0.0.1 is in use")
        # What does open beside it is closed again.
        with Env(PORT=port) as env:
            path = os.path.join(env.runtime, "s")
            env.environ["HOST"] = f"unix:{path},127.0.0.1"
            contains(fails(env), "in use")
            ok(not os.path.exists(path))
    with Env(HOST=" , ") as env:
        contains(fails(env), "HOST has no address in it")


@test("an address of other machines is refused with the default key")
def _():
    for host in "0.0.0.0", "127.0.0.1,0.0.0.0":
        with Env(API_KEY=None, HOST=host, PORT=0) as env:
            contains(fails(env), "set an API_KEY of your own first")
    with Env(HOST="0.0.0.0", PORT=0) as env, Server(env) as server:
        (place,) = server.places()
        ok(place.startswith("http://0.0.0.0:"), place)
        ok(answers(env, place.replace("0.0.0.0", "127.0.0.1")))


# --- local sockets ----------------------------------------------------------

@contextlib.contextmanager
def local(**settings):
    """An Env with HOST at a local socket, its place, its path."""
    with Env(**settings) as env:
        path = os.path.join(env.runtime, "ccp.sock")
        env.environ["HOST"] = place = f"unix:{path}"
        yield env, place, path


@test("a local socket answers its owner alone, with the default key too")
def _():
    with local(API_KEY=None) as (env, place, path):
        with socket.socket() as other:  # PORT does not count
            other.bind(("127.0.0.1", 0))
            other.listen()
            env.environ["PORT"] = str(other.getsockname()[1])
            with Server(env) as server:
                eq(server.places(), [place])
                mode = os.stat(path).st_mode
                ok(stat.S_ISSOCK(mode))
                eq(stat.S_IMODE(mode), 0o600)
                with connect(env, place) as http:
                    contains(ask(http, "hello").text, "hello")
                    contains(ask(http, "hello", stream=True).text, "hello")
        ok(not os.path.exists(path), "the file is still there")


@test("the file of a killed ccp is replaced")
def _():
    with local() as (env, place, path):
        first = Server(env)
        first.kill()
        ok(os.path.exists(path))
        with Server(env):
            ok(answers(env, place))


@test("a socket that is used, or no socket, is left alone")
def _():
    with local() as (env, place, path):
        with Server(env):
            contains(fails(env), "it is in use: is ccp running already?")
            ok(answers(env, place))
        with open(path, "w", encoding="ascii") as f:
            f.write("precious")
        contains(fails(env), "there is a file that is no socket")
        with open(path, encoding="ascii") as f:
            eq(f.read(), "precious")


@test("a file that somebody else has put there is not removed")
def _():
    with local() as (env, _, path):
        with Server(env):
            os.unlink(path)
            with open(path, "w", encoding="ascii"):
                pass
        ok(os.path.exists(path))


# --- what would only fail later ---------------------------------------------

@test("a claude that is missing or cannot be run is an error")
def _():
    with Env(claude="/nonexistent/claude") as env:
        contains(fails(env), "/nonexistent/claude")
        env.environ["CLAUDE_PATH"] = "no-such-claude"
        contains(fails(env), "no-such-claude")
        env.environ["CLAUDE_PATH"] = str(env.write_config("{}"))
        contains(fails(env), "config.json")


@test("a mistake in the configuration is told with its line")
def _():
    with Env() as env:
        env.write_config('{\n"MAX_CONNECTIONS": 0}')
        contains(fails(env), "config.json line 2: MAX_CONNECTIONS=0: must be "
                 "a number from 1 to 10000")


@test("bypassPermissions and the stand-in are warned of")
def _():
    with Env(claude="demo", CLAUDE_PERMISSION_MODE="bypassPermissions",
             LOG_LEVEL="warn", PORT=0) as env, Server(env) as server:
        server.await_log("warn: CLAUDE_PERMISSION_MODE is bypassPermissions")
        server.await_log("warn: CLAUDE_PATH is demo")
    with Env(PORT=0) as env, Server(env) as server:
        server.await_log("info: claude is " + env.environ["CLAUDE_PATH"])
        lacks(server.stderr(), "warn:")
    with Env(PORT=0, LOG_LEVEL="error") as env, Server(env) as server:
        ok(answers(env, server.places()[0]))
        eq(server.stderr(), "")


# --- handed over by a service manager ---------------------------------------

def handed(*sockets):
    """Options of Popen that hand sockets over as sd_listen_fds(3) wants."""
    # Out of the way first.  The shell's pid is that of the ccp it becomes.
    fds = [s.fileno() for s in sockets]
    away = " ".join(f"{50 + i}<&{fd}" for i, fd in enumerate(fds))
    back = " ".join(f"{FIRST_FD + i}<&{50 + i} {50 + i}<&-"
                    for i in range(len(fds)))
    script = f"exec {away}; exec {back}; " \
        f'LISTEN_FDS={len(fds)} LISTEN_PID=$$ exec "$0" start'
    return {"argv": ["bash", "-c", script, program("ccp")], "pass_fds": fds}


@contextlib.contextmanager
def listening(path=None):
    """A listening socket of the test's own, and its place."""
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as s:
        s.bind(path or ("127.0.0.1", 0))
        s.listen()
        yield s, f"unix:{path}" if path else \
            f"http://127.0.0.1:{s.getsockname()[1]}/v1"


@test("sockets that are handed over take the place of HOST and PORT")
def _():
    with Env(HOST="192.0.2.1", PORT=1) as env, listening() as (one, place), \
            listening(os.path.join(env.runtime, "s")) as (two, second):
        options = handed(one, two)
        if not SYSTEMD:
            contains(fails(env, **options), "192.0.2.1")
            return
        with Server(env, **options) as server:
            server.await_places(2)
            eq(server.places(), [place, second])
            for each in place, second:
                with connect(env, each) as http:
                    contains(ask(http, "hello").text, "hello")
            # What it was told is not for those that it starts.
            no_handlers(server)
            with connect(env, place) as http:
                http.get("/health")
                (handler,) = handlers(server)
                with open(f"/proc/{handler.pid}/environ", "rb") as f:
                    lacks(f.read(), b"LISTEN_")
            server.hup("reloaded")
            server.await_places(4)
            eq(server.places()[2:], [place, second])
            ok(answers(env, place))
        # They are not ccp's to take away.
        ok(os.path.exists(second[5:]))
        one.settimeout(10)
        socket.create_connection(one.getsockname()).close()
        one.accept()[0].close()


@test("what is handed over has to listen, and counts for the default key")
def _():
    with Env(PORT=0) as env, listening() as (one, _):
        with socket.create_connection(one.getsockname()) as client:
            options = handed(client)
            if SYSTEMD:
                contains(fails(env, **options), "no listening socket")
    with Env(PORT=0, API_KEY=None) as env, socket.socket() as one:
        one.bind(("0.0.0.0", 0))
        one.listen()
        if SYSTEMD:
            contains(fails(env, **handed(one)), "set an API_KEY")
        else:
            with Server(env, **handed(one)) as server:
                ok(server.places()[0].startswith("http://127.0.0.1:"))


@test("sockets for another process are none of ours")
def _():
    with Env(PORT=0) as env:
        env.environ.update(LISTEN_FDS="1", LISTEN_PID="1")
        with Server(env) as server:
            ok(answers(env, server.places()[0]))


# --- what a service manager hears -------------------------------------------

class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, env):
        path = os.path.join(env.runtime, "notify")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(path)
        self.sock.settimeout(20)
        env.environ["NOTIFY_SOCKET"] = path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def hear(self):
        """The next message as a dictionary."""
        lines = self.sock.recv(65536).decode().split("\n")
        return dict(line.split("=", 1) for line in lines if line)

    def hears_nothing(self):
        self.sock.settimeout(0)
        try:
            fail(f"heard {self.sock.recv(65536)}")
        except BlockingIOError:
            pass


def microseconds():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def reloads(server, manager, log):
    """What is heard of one, between RELOADING and READY."""
    before = microseconds()
    server.hup(log)
    heard = manager.hear()
    eq(sorted(heard), ["MONOTONIC_USEC", "RELOADING"])
    eq(heard["RELOADING"], "1")
    ok(before <= int(heard["MONOTONIC_USEC"]) <= microseconds())
    heard = manager.hear()
    eq(heard["READY"], "1")
    return heard["STATUS"]


@test("a service manager hears READY, RELOADING and STOPPING")
def _():
    with Env() as env, Manager(env) as manager:
        config(env, PORT=0)
        with Server(env) as server:
            (place,) = server.places()
            if not SYSTEMD:
                server.hup("reloaded")
                server.stop()
                manager.hears_nothing()
                return
            eq(manager.hear(),
               {"READY": "1", "STATUS": f"Listening on {place}"})
            ok(answers(env, place))
            eq(reloads(server, manager, "reloaded"), f"Listening on {place}")
            env.write_config('{"PORT": "x\\nREADY=0"}')
            status = reloads(server, manager, "not reloaded")
            contains(status, "Not reloaded: config.json line 1: PORT=x?READY")
            server.signal(signal.SIGTERM)
            eq(manager.hear()["STOPPING"], "1")
        manager.hears_nothing()


@test("a service manager does not hear READY of what has not started")
def _():
    with Env(claude="/nonexistent/claude") as env, Manager(env) as manager:
        fails(env)
        manager.hears_nothing()


# --- reload -----------------------------------------------------------------

def too_many(http):
    """Is the next answer a 503, and the connection over?"""
    response = http.get("/health")
    if response.status == OK_STATUS:
        return False
    eq(response.status, 503)
    eq(check_error(response.json())["code"], "too_many_connections")
    eq(response.header("Retry-After"), "1")
    ok(http.at_end())
    return True


@test("a connection that no process can be started for gets a 503")
def _():
    with Env(PORT=0) as env:
        for name in ("ccp", "ccp-handler", "ccp-demo-claude"):
            shutil.copy(program(name), env.dir)
        with Server(env, argv=[os.path.join(env.dir, "ccp"),
                               "start"]) as server:
            (place,) = server.places()
            ok(answers(env, place), "no answer")
            os.remove(os.path.join(env.dir, "ccp-handler"))
            with connect(env, place) as http:
                response = http.get("/health")
                eq((response.status, check_error(response.json())["code"]),
                   (503, "no_handler"))
                eq(response.header("Retry-After"), "1")
                ok(http.at_end())


@test("a connection over MAX_CONNECTIONS gets a 503, then room again")
def _():
    with Env(MAX_CONNECTIONS=2, PORT=0) as env, Server(env) as server:
        (place,) = server.places()
        with connect(env, place) as one, connect(env, place) as two:
            ok(not too_many(one) and not too_many(two))
            for _ in range(20):  # more than linger at once
                with connect(env, place) as three:
                    ok(too_many(three))
            eq(one.get("/health").status, 200, "those that are served")
            two.close()
            until(lambda: answers(env, place), what="room")


@test("HUP changes MAX_CONNECTIONS, both ways")
def _():
    with Env() as env:
        config(env, PORT=0, MAX_CONNECTIONS=1)
        with Server(env) as server:
            (place,) = server.places()
            with connect(env, place) as one:
                ok(not too_many(one))
                with connect(env, place) as two:
                    ok(too_many(two))
                config(env, PORT=0, MAX_CONNECTIONS=2)
                server.hup("reloaded")
                with connect(env, place) as two:
                    ok(not too_many(two))
                    config(env, PORT=0, MAX_CONNECTIONS=1)
                    server.hup("reloaded")
                    with connect(env, place) as three:
                        ok(too_many(three))
                    for http in one, two:
                        eq(http.get("/health").status, 200)


@test("HUP moves it to another PORT; an answer under way is not disturbed",
      seconds=60)
def _():
    ports = free_port(), free_port()
    with Env(child={"CCP_DEMO_DELAY_MS": "100"}) as env:
        config(env, PORT=ports[0])
        with Server(env) as server:
            (old,) = server.places()
            moved = []

            def move(answer):
                if not answer.text or moved:
                    return
                config(env, PORT=ports[1])
                server.hup("reloaded")
                server.await_places(2)
                moved.append(server.places()[1])

            with connect(env, old) as http:
                answer = streamed(http, chat_body("hello"), move)
                ok(answer.text.endswith("You said: hello"), answer.text)
                eq(http.get("/health").status, 200, "the connection goes on")
            eq(moved, [f"http://127.0.0.1:{ports[1]}/v1"])
            ok(answers(env, moved[0]))
            ok(refuses(old))


@test("HUP opens what HOST names now and closes the rest")
def _():
    port = free_port()
    with Env() as env:
        path = os.path.join(env.runtime, "s")
        steps = ["127.0.0.1", f"127.0.0.1,unix:{path}", "0.0.0.0",
                 f"unix:{path}", "127.0.0.1"]
        config(env, PORT=port, HOST=steps[0])
        with Server(env) as server:
            n = 1
            for hosts in steps[1:]:
                config(env, PORT=port, HOST=hosts)
                server.hup("reloaded")
                wanted = [h if "unix" in h else f"http://{h}:{port}/v1"
                          for h in hosts.split(",")]
                n += len(wanted)
                server.await_places(n)
                eq(server.places()[-len(wanted):], wanted)
                for place in wanted:
                    ok(answers(env, place.replace("0.0.0.0", "127.0.0.1")),
                       place)
                eq(os.path.exists(path), "unix" in hosts)
                eq(refuses(f"http://127.0.0.1:{port}/v1"),
                   hosts == f"unix:{path}")


@test("what cannot be opened leaves the old ones, and is told")
def _():
    port = free_port()
    with Env(API_KEY=None) as env, listening() as (_, taken):
        good = program("ccp-demo-claude")
        config(env, PORT=port, MAX_CONNECTIONS=5, CLAUDE_PATH=good)
        with Server(env) as server:
            (place,) = server.places()
            used = int(taken.split(":")[2].split("/")[0])
            for change, why in (
                    ({"PORT": used}, f"port {used} of 127.0.0.1 is in use"),
                    ({"HOST": "127.0.0.1,192.0.2.1"}, "192.0.2.1"),
                    ({"HOST": "0.0.0.0"}, "set an API_KEY of your own"),
                    ({"CLAUDE_PATH": "/nonexistent/x"}, "/nonexistent/x")):
                config(env, **{"PORT": port, "MAX_CONNECTIONS": 1,
                               "CLAUDE_PATH": good, **change})
                server.hup("not reloaded, all stays as it was: ")
                contains(server.stderr().split("not reloaded")[-1], why)
                # Two at once: the old MAX_CONNECTIONS.
                no_handlers(server)
                with connect(env, place) as one, connect(env, place) as two:
                    ok(not too_many(one) and not too_many(two))
            eq(server.places(), [place])
            # The next one may be better.
            config(env, PORT=port, MAX_CONNECTIONS=1, CLAUDE_PATH=good)
            server.hup("info: reloaded")
            no_handlers(server)
            with connect(env, place) as one, connect(env, place) as two:
                ok(not too_many(one) and too_many(two))


@test("a broken file leaves the old settings, and its line is told")
def _():
    with Env() as env:
        config(env, PORT=0, MAX_CONNECTIONS=2)
        with Server(env) as server:
            (place,) = server.places()
            with connect(env, place) as one:
                eq(one.get("/health").status, 200)
                env.write_config('{\n"MAX_CONNECTIONS": 1,\n}')
                server.hup("not reloaded, all stays as it was: config.json "
                           "line 3: a key in quotes was expected")
                # This connection has read the settings that were good.
                eq(one.get("/health").status, 200)
                with connect(env, place) as two:
                    eq(two.get("/health").status, 500)
                config(env, PORT=0, MAX_CONNECTIONS=2)
                until(lambda: len(handlers(server)) == 1, what="room")
                with connect(env, place) as two:
                    ok(not too_many(two))


# --- the end ----------------------------------------------------------------

def slow(**settings):
    """An Env whose stand-in takes its time."""
    return Env(child={"CCP_DEMO_DELAY_MS": "100"}, PORT=0, **settings)


@test("TERM and INT let a request under way finish", seconds=60)
def _():
    for number in signal.SIGTERM, signal.SIGINT:
        with slow() as env, Server(env) as server:
            (place,) = server.places()
            told = []

            def tell(answer, number=number, server=server, told=told):
                if answer.text and not told:
                    server.signal(number)
                    told.append(number)

            with connect(env, place) as http, connect(env, place) as idle:
                eq(idle.get("/health").status, 200)
                answer = streamed(http, chat_body("hello"), tell)
                ok(answer.text.endswith("You said: hello"), answer.text)
                ok(refuses(place), "it listens still")
                ok(http.at_end() and idle.at_end())
            eq(server.wait(), 0)
            env.wait_gone()


@test("a second TERM tells who waits, and leaves nothing", seconds=60)
def _():
    with Env(child={"CCP_DEMO_MODE": "silent"}, PORT=0) as env, \
            Server(env) as server:
        (place,) = server.places()
        with connect(env, place) as http:
            http.send_json(PATH, chat_body("hello"))
            until(lambda: len(env.left()) == 3, what="ccp, handler, claude")
            server.signal(signal.SIGTERM)
            until(lambda: refuses(place), what="the end of listening")
            eq(len(env.left()), 3, "what goes on")
            server.signal(signal.SIGTERM)
            response = http.read_response("POST")
            eq(response.status, 503)
            eq(check_error(response.json())["code"], "shutting_down")
        eq(server.wait(), 0)
        env.wait_gone()


@test("a third TERM waits for nobody", seconds=60)
def _():
    mode = "silent,ignore-term,grandchild"
    with Env(child={"CCP_DEMO_MODE": mode}, PORT=0) as env, \
            Server(env) as server:
        (place,) = server.places()
        with connect(env, place) as http:
            http.send_json(PATH, chat_body("hello"))
            until(lambda: len(env.left()) >= 4, what="a grandchild")
            (handler,) = handlers(server)
            os.kill(handler.pid, signal.SIGSTOP)  # it can do nothing
            for _ in range(3):
                server.signal(signal.SIGTERM)
                time.sleep(0.2)
            eq(server.wait(), 0)
            env.wait_gone()
            ok(http.at_end())


@test("a handler that is killed leaves nothing, and others go on")
def _():
    with Env(child={"CCP_DEMO_MODE": "silent,grandchild"}, PORT=0) as env, \
            Server(env) as server:
        (place,) = server.places()
        with contextlib.ExitStack() as stack:
            other = stack.enter_context(connect(env, place))
            eq(other.get("/health").status, 200)
            spared = [h.pid for h in handlers(server)]
            http = stack.enter_context(connect(env, place))
            http.send_json(PATH, chat_body("hello"))
            until(lambda: len(env.left()) >= 5, what="a grandchild")
            (handler,) = [h for h in handlers(server)
                          if h.pid not in spared]
            os.kill(handler.pid, signal.SIGKILL)
            env.wait_orphans_gone(server.pid, *spared)
            ok(http.at_end())
            eq(other.get("/health").status, 200)
        server.await_log(f"handler {handler.pid} ended badly")


def on_terminal(env):
    """ccp start with a terminal of its own: its pid, the other end."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(env.work)
        os.execve(program("ccp"), ["ccp", "start"], env.environ)
    return pid, master


def read_until(master, pattern):
    text = b""
    while not re.search(pattern, text):
        text += os.read(master, 65536)
    return text.decode()


for way in "its terminal is gone", "a person sends HUP":
    def terminal(gone):
        with Env(PORT=0) as env:
            pid, master = on_terminal(env)
            try:
                text = read_until(master, rb"listens on \S+/v1\r")
                place = re.search(r"listens on (\S+)\r", text)[1]
                ok(answers(env, place))
                if gone:
                    os.close(master)
                else:
                    os.kill(pid, signal.SIGHUP)
                    read_until(master, rb"info: reloaded")
                    ok(answers(env, place))
                    os.kill(pid, signal.SIGTERM)
                _, status = os.waitpid(pid, 0)
                eq(status, 0)
                ok(refuses(place))
            except BaseException:
                os.kill(pid, signal.SIGKILL)
                raise
    add(f"on a terminal it ends or reloads: {way}",
        lambda gone=way.startswith("its"): terminal(gone), 30)


if __name__ == "__main__":
    main()
