#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp usage: the ledger, written here as ccp(1) documents it, and what a
person and a program get to see of it."""
import csv
import datetime
import fcntl
import io
import json
import os
import pathlib
import random
import resource
import statistics
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import streamed, whole  # noqa: E402
from ccp import (Env, HandlerSocket, check_stderr, program,  # noqa: E402
                 sanitized)
from tap import contains, eq, lacks, main, ok, test  # noqa: E402

NUMBERS = ("prompt_tokens", "cached_tokens", "cache_write_tokens",
           "completion_tokens")
UTC = datetime.timezone.utc


class Ledger:
    """The ledger of an Env."""

    def __init__(self, env):
        self.env = env
        self.dir = pathlib.Path(env.home, ".local", "state", "ccp")

    def file(self, when):
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.dir / f"usage-{when[:7]}.jsonl"

    def put(self, when, **members):
        """One line; when is a time in UTC without its end."""
        line = {"time": when + ".000Z", "id": "req_1", "model": "sonnet",
                "mode": "agent", "key": "", "session": "new", "status": 200,
                "error": "", "turns": 1, "prompt_tokens": 0,
                "cached_tokens": 0, "cache_write_tokens": 0,
                "completion_tokens": 0, "cost_usd": 0.0, "first_byte_ms": 500,
                "total_ms": 900, **members}
        line = {n: v for n, v in line.items() if v is not None}
        self.raw(when, json.dumps(line, separators=(",", ":")).encode()
                 + b"\n")
        return line

    def raw(self, when, data):
        with self.file(when).open("ab") as file:
            file.write(data)


def new_ledger():
    env = Env()
    env.environ["TZ"] = "UTC"
    return env


def run(env, *arguments, status=0, **options):
    """What it has written to both outputs."""
    done = subprocess.run([program("ccp"), "usage", *arguments],
                          env=env.environ, cwd=env.work, check=False,
                          capture_output=True, timeout=240, **options)
    err = done.stderr.decode("utf-8", "backslashreplace")
    check_stderr(err)
    eq(done.returncode, status, err or "status")
    return done.stdout.decode("utf-8"), err


def usage(env, *arguments):
    """Its standard output, where it has nothing else to say."""
    out, err = run(env, *arguments)
    eq(err, "")
    return out


def fill(ledger):
    ledger.put("2026-10-31T08:00:00", prompt_tokens=999, cached_tokens=0,
               completion_tokens=50, cost_usd=0.004, key="laptop",
               model="haiku", first_byte_ms=850)
    for first in 1200, 1300, 60000:
        ledger.put("2026-11-01T09:00:00", prompt_tokens=20000,
                   cached_tokens=17000, completion_tokens=1500,
                   cost_usd=0.14, first_byte_ms=first)
    ledger.put("2026-11-01T10:00:00", status=429, first_byte_ms=3,
               error="rate_limit_exceeded", session="", key="laptop",
               model="claude-sonnet-4-5-20250929")
    ledger.put("2026-11-03T23:59:59", prompt_tokens=1234567,
               cached_tokens=1111111, completion_tokens=45678,
               cost_usd=123.4, first_byte_ms=12345,
               model="claude-sonnet-4-5-20250929", key="laptop")
    ledger.put("2026-11-04T00:00:00", status=400, model="", error="bad",
               first_byte_ms=None)


SCREEN = """\
Since 2026-10-01: 7 requests, 1.3M tokens, $124

DAY                    REQS     IN    OUT  CACHE    COST  ERRS   FIRST  TOKENS
2026-10-31                1    999     50     0%  <$0.01     0  855 ms  {a}
2026-11-01                4  60.0k   4.5k    85%   $0.42     1   1.3 s  {b}
2026-11-03                1   1.2M  45.7k    90%    $123     0    12 s  {c}
2026-11-04                1      0      0      -   $0.00     1       -

MODEL                  REQS     IN    OUT  CACHE    COST  ERRS   FIRST  TOKENS
{m}     2   1.2M  45.7k    90%    $123     1    12 s  {c}
sonnet                    3  60.0k   4.5k    85%   $0.42     0   1.3 s  {b}
haiku                     1    999     50     0%  <$0.01     0  855 ms  {a}
(none)                    1      0      0      -   $0.00     1       -

KEY                    REQS     IN    OUT  CACHE    COST  ERRS   FIRST  TOKENS
laptop                    3   1.2M  45.7k    90%    $123     1  855 ms  {c}
API_KEY                   4  60.0k   4.5k    85%   $0.42     1   1.3 s  {b}

IN and OUT are tokens, CACHE is the part of IN that came from the cache, FIRST
the median time to the first token.  The ledger is ~/.local/state/ccp.
"""


@test("the screen: 80 columns, blocks in UTF-8, # elsewhere, no colours")
def _():
    with new_ledger() as env:
        fill(Ledger(env))
        out = usage(env, "--since", "2026-10-01")
        eq(out, SCREEN.format(a="▏", b="▍", c="████████",
                              m="claude-sonnet-4-5-20…"))
        env.environ["LANG"] = "C"
        out = usage(env, "--since", "2026-10-01")
        eq(out, SCREEN.format(a="#", b="#", c="########",
                              m="claude-sonnet-4-5-20~"))
        for line in out.splitlines():
            ok(len(line) <= 80, line)


@test("--by: one table, with room for names and bars")
def _():
    with new_ledger() as env:
        fill(Ledger(env))
        eq(usage(env, "--by=model", "--since=2026-11-02"), """\
Since 2026-11-02: 2 requests, 1.3M tokens, $123

MODEL                     REQS    IN    OUT  CACHE   COST  ERRS  FIRST  TOKENS
claude-sonnet-4-5-20250…     1  1.2M  45.7k    90%   $123     0   12 s  ████████
(none)                       1     0      0      -  $0.00     1      -

IN and OUT are tokens, CACHE is the part of IN that came from the cache, FIRST
the median time to the first token.  The ledger is ~/.local/state/ccp.
""")
        out = usage(env, "--by", "day", "--since", "all")
        contains(out, "Of all time: 7 requests, ")
        contains(out, "\nDAY         REQS ")
        lacks(out, "MODEL")
        lacks(out, "KEY")


@test("on a terminal there are colours, and more room where it is wider")
def _():
    with new_ledger() as env:
        fill(Ledger(env))
        env.environ["TERM"] = "xterm"

        def on_terminal(columns):
            primary, secondary = os.openpty()
            with os.fdopen(primary, "rb", 0) as reader:
                fcntl.ioctl(secondary, termios.TIOCSWINSZ,
                            struct.pack("HHHH", 50, columns, 0, 0))
                done = subprocess.run(
                    [program("ccp"), "usage", "--since", "all"],
                    env=env.environ, stdout=secondary, check=True, timeout=240)
                eq(done.returncode, 0)
                os.close(secondary)
                text = b""
                try:
                    while more := reader.read(65536):
                        text += more
                except OSError:
                    pass  # the end, on Linux
                return text.decode()
        out = on_terminal(110)
        contains(out, "\033[1mDAY")
        contains(out, "\033[31m1\033[0m")
        contains(out, "claude-sonnet-4-5-20250929 ")
        contains(out, "█" * 20)
        out = on_terminal(60)
        lacks(out, "█")
        lacks(out, "TOKENS")
        contains(out, "2026-11-01 ")
        env.environ["NO_COLOR"] = "1"
        lacks(on_terminal(110), "\033[")


def group_of(line, names):
    values = {"day": line["time"][:10], "model": line["model"],
              "key": line["key"]}
    return tuple(values[n] for n in names)


def summed(lines):
    """What a group of lines comes to; the median is checked apart."""
    prompt = sum(x["prompt_tokens"] for x in lines)
    cached = sum(x["cached_tokens"] for x in lines)
    return {
        "requests": len(lines),
        "errors": sum(x["status"] >= 400 or x["error"] != "" for x in lines),
        **{n: sum(x[n] for x in lines) for n in NUMBERS},
        "cache_share": round(cached / prompt, 6) if prompt else None,
        "cost_usd": round(sum(x["cost_usd"] for x in lines), 6),
    }


def check_median(got, lines):
    times = [x["first_byte_ms"] for x in lines if "first_byte_ms" in x
             and x["status"] < 400 and not x["error"]]
    if not times:
        eq(got, None)
        return
    want = statistics.median_low(times)
    ok(abs(got - want) <= 0.02 * want, f"median {got}, not {want}")


def random_lines(ledger, count, seed=1):
    """Lines of some weeks; returns them."""
    dice = random.Random(seed)
    begin = datetime.datetime(2026, 9, 20, tzinfo=UTC)
    lines = []
    for _ in range(count):
        when = begin + datetime.timedelta(seconds=dice.randrange(60 * 86400))
        prompt = dice.choice((0, dice.randrange(10**6)))
        failed = dice.random() < 0.2
        more = {}
        if dice.random() < 0.1:
            more["first_byte_ms"] = None
        lines.append(ledger.put(**{
            "when": when.strftime("%Y-%m-%dT%H:%M:%S"),
            "model": dice.choice(("sonnet", "opus", 'a "b", c', "")),
            "key": dice.choice(("", "laptop", "Büro")),
            "status": dice.choice((429, 500, 200)) if failed else 200,
            "error": "some_code" if failed else "",
            "prompt_tokens": prompt,
            "cached_tokens": dice.randrange(prompt + 1),
            "cache_write_tokens": dice.randrange(1000),
            "completion_tokens": dice.randrange(5000),
            "cost_usd": dice.randrange(10**6) / 10**6,
            "first_byte_ms": int(dice.lognormvariate(7, 1)), **more}))
    return lines


def close(got, want, what):
    if isinstance(want, float):
        ok(abs(got - want) <= 2e-6, f"{what}: {got}, not {want}")
    else:
        eq(got, want, what)


def check_group(got, lines):
    check_median(got.pop("median_first_token_ms"), lines)
    want = summed(lines)
    eq(set(got), set(want))
    for name, value in want.items():
        close(got[name], value, name)


def groups_of(lines, names):
    groups = {}
    for line in lines:
        groups.setdefault(group_of(line, names), []).append(line)
    return groups


FORMS = ((("day", "model", "key"), ()), (("day",), ("--by", "day")),
         (("model",), ("--by", "model")), (("key",), ("--by", "key")))


@test("--json has the sums of each group and of all")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        lines = random_lines(ledger, 2000)
        late = [x for x in lines if x["time"] >= "2026-10-15"]
        for names, arguments in FORMS:
            for since, some in ("all", lines), ("2026-10-15", late):
                out = usage(env, "--json", "--since", since, *arguments)
                got = json.loads(out)
                eq(got["since"], None if since == "all" else since)
                eq(got["ledger"], str(ledger.dir))
                eq(got["damaged"], 0)
                check_group(got["total"], some)
                wanted = groups_of(some, names)
                eq([tuple(g.pop(n) for n in names) for g in got["groups"]],
                   sorted(wanted, key=lambda key: [n.encode() for n in key]))
                for group, (_, of) in zip(got["groups"],
                                          sorted(wanted.items())):
                    check_group(group, of)


def number(text):
    return None if text == "" else float(text) if "." in text else int(text)


@test("--csv has the same")
def _():
    with new_ledger() as env:
        lines = random_lines(Ledger(env), 1000, seed=2)
        for names, arguments in FORMS:
            out = usage(env, "--csv", "--since", "all", *arguments)
            rows = list(csv.DictReader(io.StringIO(out), strict=True))
            wanted = groups_of(lines, names)
            eq([tuple(row.pop(n) for n in names) for row in rows],
               sorted(wanted))
            for row, (_, of) in zip(rows, sorted(wanted.items())):
                check_group({n: number(v) for n, v in row.items()}, of)


@test("days are those of the local time zone")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        ledger.put("2026-10-31T23:30:00", prompt_tokens=1)
        ledger.put("2026-11-01T22:59:59", prompt_tokens=2)
        ledger.put("2026-11-01T23:00:00", prompt_tokens=4)

        def days(*arguments):
            got = json.loads(usage(env, "--json", "--by", "day", *arguments))
            return [(g["day"], g["prompt_tokens"]) for g in got["groups"]]
        eq(days("--since", "all"), [("2026-10-31", 1), ("2026-11-01", 6)])
        env.environ["TZ"] = "CET-1"
        eq(days("--since", "all"), [("2026-11-01", 3), ("2026-11-02", 4)])
        eq(days("--since", "2026-11-01"),
           [("2026-11-01", 3), ("2026-11-02", 4)])
        eq(days("--since", "2026-11-02"), [("2026-11-02", 4)])
        env.environ["TZ"] = "UTC"
        eq(days("--since", "2026-11-01"), [("2026-11-01", 6)])


@test("--since 1d is today, and 30 days are the default")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        env.environ["TZ"] = "UTC"
        if time.gmtime().tm_hour == 23 and time.gmtime().tm_min > 57:
            env.environ["TZ"] = "WAT-5"  # midnight must not come in between
        offset = 5 if env.environ["TZ"] == "WAT-5" else 0
        now = datetime.datetime.now(UTC) + datetime.timedelta(hours=offset)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) \
            - datetime.timedelta(hours=offset)
        for days in range(0, 60):
            for seconds in 0, -1:
                when = midnight - datetime.timedelta(days=days,
                                                     seconds=-seconds)
                ledger.put(when.strftime("%Y-%m-%dT%H:%M:%S"))

        def requests(*arguments):
            return json.loads(usage(env, "--json",
                                    *arguments))["total"]["requests"]
        eq(requests("--since", "1d"), 1)
        eq(requests("--since", "2d"), 3)
        eq(requests("--since", "30d"), 59)
        eq(requests(), 59)
        eq(requests("--since", "36500d"), 120)


@test("an empty ledger is said kindly, and nothing is made")
def _():
    with new_ledger() as env:
        eq(usage(env), "No request is noted yet.  From the first one on they "
           "are, in\n~/.local/state/ccp.\n")
        got = json.loads(usage(env, "--json"))
        eq((got["total"]["requests"], got["groups"]), (0, []))
        eq(got["total"]["median_first_token_ms"], None)
        eq(len(usage(env, "--csv").splitlines()), 1)
        env.environ["USAGE_LEDGER"] = "off"
        eq(usage(env), "Requests are not noted: USAGE_LEDGER is off.\n")
        env.environ["USAGE_LEDGER"] = "nonsense"
        contains(usage(env), "No request is noted yet.")
        del env.environ["USAGE_LEDGER"]
        ok(not os.path.exists(os.path.join(env.home, ".local")))
        Ledger(env).put("2020-01-01T00:00:00")
        out = usage(env, "--since", "2021-01-01")
        eq(out, "No request since 2021-01-01.  Older ones: "
           "ccp usage --since all\n")


@test("the ledger is where XDG_STATE_HOME says")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        ledger.put("2026-11-01T00:00:00")
        env.environ["XDG_STATE_HOME"] = os.path.join(env.home, "other")
        contains(usage(env), "~/other/ccp.")
        os.makedirs(os.path.join(env.home, "other"))
        ledger.dir.rename(os.path.join(env.home, "other", "ccp"))
        contains(usage(env, "--since", "all"), "Of all time: 1 request, ")
        del env.environ["HOME"], env.environ["XDG_STATE_HOME"]
        contains(run(env, status=1)[1], "ccp: no state directory")


@test("torn and damaged lines are passed over and counted")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        when = "2026-11-01T00:00:00"
        ledger.put(when, prompt_tokens=1)
        ledger.raw(when, b'{"time":"2026-11-01T00:0')
        ledger.put(when, prompt_tokens=10)  # behind the half one
        ledger.raw(when, b"\0\xff\x1b[31m" * 100 + b"\n[1]\n{}\n" + b"x" *
                   100000 + b"\n")
        ledger.put(when, prompt_tokens=100)
        whole = ledger.file(when).read_bytes()
        ledger.put(when, prompt_tokens=1000)
        last = len(ledger.file(when).read_bytes()) - len(whole)
        got = json.loads(usage(env, "--json", "--since", "all"))
        eq((got["total"]["prompt_tokens"], got["damaged"]), (1111, 5))
        os.truncate(ledger.file(when), len(whole) + last - 1)  # the line end
        got = json.loads(usage(env, "--json", "--since", "all"))
        eq((got["total"]["prompt_tokens"], got["damaged"]), (1111, 5))
        os.truncate(ledger.file(when), len(whole) + last - 2)
        got = json.loads(usage(env, "--json", "--since", "all"))
        eq((got["total"]["prompt_tokens"], got["damaged"]), (111, 6))
        out = usage(env, "--since", "all")
        contains(out, "\nPassed over as damaged: 6 lines.\n")
        out, err = run(env, "--csv", "--since", "all")
        eq(err, "ccp: damaged lines of the ledger, passed over: 6\n")
        eq(len(out.splitlines()), 2)


@test("nothing that a terminal obeys is written")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        ledger.put("2026-11-01T00:00:00", model="a\x1b[31mb\nc\u009b",
                   key="\x07\x7f\r", prompt_tokens=5)
        for arguments in (), ("--json",), ("--csv",):
            out = usage(env, "--since", "all", *arguments)
            contains(out, "a?[31mb?c?")
            contains(out, "???")
            for bad in "\x1b", "\x07", "\x7f", "\r", "\u009b":
                lacks(out, bad)
        got, = json.loads(usage(env, "--json", "--since=all"))["groups"]
        eq((got["model"], got["key"]), ("a?[31mb?c?", "???"))
        row = usage(env, "--csv", "--since=all").splitlines()
        eq(len(row), 2)


@test("a long table of models is cut, and --by has all of it")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        for i in range(20):
            ledger.put("2026-11-01T00:00:00", model=f"m{i:02}",
                       prompt_tokens=100 + i)
        out = usage(env, "--since", "all")
        contains(out, "\nm19 ")
        contains(out, "\nm05 ")
        lacks(out, "\nm04 ")
        contains(out, "\nand 5 more: ccp usage --by model\n")
        out = usage(env, "--since", "all", "--by", "model")
        contains(out, "\nm00 ")
        lacks(out, "more: ")


@test("what is not ours alone, or cannot be read, is an error")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        ledger.put("2026-11-01T00:00:00")
        ledger.dir.chmod(0o750)
        out, err = run(env, status=1)
        eq((out, err), ("", f"ccp: {ledger.dir}: is not yours alone\n"))
        ledger.dir.chmod(0o700)
        file = ledger.file("2026-11-01")
        file.unlink()
        file.mkdir()
        out, err = run(env, "--since", "all", status=1)
        eq(out, "")
        contains(err, f"ccp: {file}: ")


@test("a command line that makes no sense")
def _():
    with new_ledger() as env:
        fill(Ledger(env))
        see = "\nsee ccp usage --help\n"
        for arguments, what in (
                (("now",), 'unexpected argument "now"'),
                (("--yaml",), "unknown option --yaml"),
                (("--since",), "missing argument: a value for --since"),
                (("-x",), "unknown option -x")):
            eq(run(env, *arguments, status=2), ("", f"ccp: {what}{see}"))
        for since in ("0d", "d", "7", "-1d", "36501d", "99999999999d", "",
                      "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01",
                      "2026-11-01x", "yesterday", "7D", " 7d"):
            eq(run(env, "--since", since, status=2),
               ("", "ccp: --since must be a date like 2026-11-22, days like "
                f"7d, or all{see}"))
        eq(run(env, "--by", "week", status=2)[1],
           f"ccp: --by must be day, model or key{see}")
        eq(run(env, "--json", "--csv", status=2)[1],
           f"ccp: only one of --json and --csv{see}")
        eq(run(env, "--csv", "--json", "--json", status=2)[1],
           f"ccp: only one of --json and --csv{see}")


@test("a full standard output is an error")
def _():
    with new_ledger() as env:
        fill(Ledger(env))
        for arguments in (), ("--json",), ("--csv",):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [program("ccp"), "usage", "--since=all", *arguments],
                    env=env.environ, stdout=full, stderr=subprocess.PIPE,
                    check=False, timeout=240)
            eq(done.returncode, 1)
            contains(done.stderr.decode(), "cannot be written")


@test("memory does not grow with the ledger")
def _():
    with new_ledger() as env:
        ledger = Ledger(env)
        lines = random_lines(ledger, 500)
        file = ledger.file("2026-10-01")
        once, times = file.read_bytes(), 600
        with file.open("ab") as out:
            for _ in range(times - 1):
                out.write(once)
        some = [x for x in lines if x["time"][:7] == "2026-10"]
        limit = 16 << 20
        ok(file.stat().st_size > limit)

        def bounded():
            if not sanitized("ccp"):  # which needs terabytes of addresses
                resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        out, err = run(env, "--json", "--since=all", preexec_fn=bounded)
        eq(err, "")
        eq(json.loads(out)["total"]["requests"],
           len(lines) + len(some) * (times - 1))


CHAT = "/v1/chat/completions"


def body(text="hello", **more):
    return {"model": "haiku", **more,
            "messages": [{"role": "user", "content": text}]}


def fields(env):
    """The ledger's lines, oldest first."""
    lines = []
    for file in sorted(Ledger(env).dir.glob("usage-*.jsonl")):
        lines += [json.loads(line) for line in file.read_text().splitlines()]
    return lines


@test("each chat request is in it, with the numbers of its answer")
def _():
    keys = json.dumps({"sk-laptop-0123456789": "laptop"})
    with Env(API_KEYS=keys) as env:
        with HandlerSocket(env) as handler:
            plain = whole(handler.http.post_json(CHAT, body()))
            stream = streamed(handler.http, body(
                stream=True, stream_options={"include_usage": True}))
            bad = whole(handler.http.post_json(CHAT, body(n=99)))
            handler.http.get("/health")
            handler.http.get("/v1/models")
            handler.http.fields["Authorization"] = \
                "Bearer sk-laptop-0123456789"
            whole(handler.http.post_json(CHAT, body()))
            handler.http.fields["Authorization"] = "Bearer no"
            eq(handler.http.post_json(CHAT, body()).status, 401)
        lines = fields(env)
        eq([line["status"] for line in lines], [200, 200, 400, 200])
        eq([line["key"] for line in lines], ["", "", "", "laptop"])
        eq([line["id"] for line in lines][:3],
           [a.response.header("X-Request-Id") for a in (plain, stream, bad)])
        for line, got in zip(lines, (plain, stream)):
            eq({n: line[n] for n in ("prompt_tokens", "completion_tokens")},
               {n: got.usage[n] for n in ("prompt_tokens",
                                          "completion_tokens")})
            ok(0 <= line["first_byte_ms"] <= line["total_ms"], line)
        ok(lines[2]["error"], "no error code")
        total = json.loads(usage(env, "--json"))["total"]
        eq((total["requests"], total["errors"]), (4, 1))


@test("one whose client has left is in it too")
def _():
    with Env(child={"CCP_DEMO_MODE": "long=200,slow=100"}) as env:
        with HandlerSocket(env) as handler:
            _, events = handler.http.stream(CHAT, body(stream=True))
            next(iter(events))
            handler.http.close()
            env.wait_gone()
        line, = fields(env)
        eq(line["error"], "client_left")


@test("USAGE_LEDGER=off: there is none")
def _():
    with Env(USAGE_LEDGER="off") as env, HandlerSocket(env) as handler:
        eq(handler.http.post_json(CHAT, body()).status, 200)
        eq(fields(env), [])
        ok(not Ledger(env).dir.exists(), "a directory")


@test("a ledger that cannot be written fails no request")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        Ledger(env).file("2026-11")
        os.chmod(Ledger(env).dir, 0o777)
        eq(handler.http.post_json(CHAT, body()).status, 200)
        eq(handler.http.post_json(CHAT, body()).status, 200)
        contains(handler.stderr(), "the ledger of usage")


if __name__ == "__main__":
    main()
