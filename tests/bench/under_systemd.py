#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same of ccp.socket under a real systemd, in the container of
tests/systemd/bed: prints its rows as a line of JSON."""
import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from figures import MS, memory, named, need, program, row  # noqa: E402
import stand_in  # noqa: E402
from http_client import Client  # noqa: E402
import socket  # noqa: E402

PORT = 8888
INSIDE_PROGRAMS = "/ccp-bench"


def systemctl(*arguments):
    return subprocess.run(["systemctl", "--user", *arguments], check=True,
                          text=True, stdout=subprocess.PIPE).stdout.strip()


def configure(**settings):
    path = pathlib.Path.home() / ".ccp" / "config.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps({
        "API_KEY": stand_in.KEY, "ASK_WORKING_DIR": "never",
        "CLAUDE_PATH": program("claude"), "CLAUDE_LINGER_MS": 0,
        "CLAUDE_ENV": "CCP_BENCH_CLAUDE,CCP_DEMO_MODE,CCP_DEMO_DELAY_MS",
        "CLAUDE_MAX_PROCESSES": 1000, "MAX_CONNECTIONS": 2000, **settings}),
        encoding="utf-8")


def let_many_in():
    """More than MaxConnections of the unit, which is a last resort."""
    more = pathlib.Path.home() / ".config/systemd/user/ccp.socket.d"
    more.mkdir(parents=True)
    (more / "bench.conf").write_text(
        "[Socket]\nMaxConnections=2000\n", encoding="ascii")
    systemctl("daemon-reload")


class Systemd(stand_in.Server):
    port = PORT

    def __init__(self, words, delay_ms):
        self.name = "systemd"
        demo, = pathlib.Path("/").glob("usr/*/libexec/ccp/ccp-demo-claude") \
            or pathlib.Path("/").glob("usr/libexec/ccp/ccp-demo-claude")
        variables = {"CCP_BENCH_CLAUDE": str(demo),
                     **stand_in.modes(words, delay_ms)}
        systemctl("set-environment",
                  *[f"{n}={v}" for n, v in variables.items()])
        systemctl("start", "ccp.socket")

    def handlers(self):
        return named("ccp-handler")


def ask():
    with Client(socket.create_connection(("127.0.0.1", PORT), 30),
                {"Authorization": f"Bearer {stand_in.KEY}"}) as http:
        answer = http.post_json(stand_in.PATH,
                                {**stand_in.BODY, "stream": False})
    need(answer.status == 200, f"status {answer.status}")


def left():
    """Processes, and files of the warm ones."""
    warm = pathlib.Path(os.environ["XDG_RUNTIME_DIR"], "ccp", "warm")
    return (len(named("ccp-handler")) + len(named("ccp"))
            + len(named("ccp-demo-claude")) + len(named("claude")),
            len(list(warm.iterdir())) if warm.exists() else 0)


def units():
    return systemctl("list-units", "--plain", "--no-legend", "ccp@*")


def after_linger(seconds):
    configure(CLAUDE_LINGER_MS=int(1000 * seconds))
    server = Systemd(20, 0)
    server.rest()
    ask()
    keeper, = named("ccp-handler")
    private = memory(keeper)[0]
    warm = left()
    end = time.monotonic() + seconds + 15
    while any(left()) or units():
        need(time.monotonic() < end, f"still there: {left()}, {units()}")
        time.sleep(0.1)
    return [row("systemd, warm: a keeper's private memory", private, "KiB"),
            row("systemd, warm: processes", warm[0], ""),
            row(f"systemd, {seconds:g} s after the answer: processes",
                left()[0], ""),
            row("systemd, then: files and sockets of warm ones", left()[1],
                "")]


def inside(rounds, total, at_once, linger):
    configure()
    let_many_in()
    server = Systemd(stand_in.FLOOD_WORDS, 0)
    rows = stand_in.Rows([server])
    stand_in.requests(rows, [server], rounds, total)
    stand_in.streams(rows, [server], rounds, 10, stand_in.FLOOD_WORDS,
                     "as fast as it can")
    words = stand_in.paced_words(at_once)
    server = Systemd(words, stand_in.PACE_MS)
    rows.servers = [server]
    stand_in.streams(rows, [server], 1, at_once, words, "paced")
    server.rest()
    server = Systemd(20, 0)
    rows.servers = [server]
    stand_in.latencies(rows, [server], rounds, total // 4)
    return rows.rows, after_linger(linger)


def outside(seconds, *arguments):
    """The rows of streams, and those of the idle system."""
    if os.geteuid() != 0:
        return None
    script = os.path.abspath(__file__)
    done = subprocess.run(
        [sys.executable, "-B", script, "--outside", str(seconds),
         *map(str, arguments)], stdout=subprocess.PIPE, text=True,
        check=False)
    line = [n for n in done.stdout.splitlines() if n.startswith("[[")]
    need(line and done.returncode == 0, f"under systemd: {done.stdout}")
    return json.loads(line[0])


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        os.environ["CCP_BENCH_PROGRAMS"] = INSIDE_PROGRAMS
        print(json.dumps(inside(*map(int, sys.argv[2:]))))
    else:
        import bed
        bed.run_inside("../bench/under_systemd.py", sys.argv[3:],
                       int(sys.argv[2]),
                       binds={os.path.dirname(program("load")):
                              INSIDE_PROGRAMS})
