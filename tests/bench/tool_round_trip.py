#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ccp adds to a round trip of a client's tool: the model's call, and the
text once the result is there.

    bare   the real Claude Code CLI, started with the very arguments, variables
           and lines that ccp would use; the tool is served from here
    ccp    the same through ccp-handler, on a new connection; "warm" with the
           process that waits for the result

All by turns, with a mock of the API that answers at once.  Run it in the
build directory ("make bench"); it tests nothing.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from ccp import Env  # noqa: E402
from mock_messages import Mock, answer  # noqa: E402
from protocol import Bed  # noqa: E402
from tap import Skip  # noqa: E402
from warm import Handlers, WarmEnv  # noqa: E402

PATH = "/v1/chat/completions"
TOOL = {"name": "get_weather", "description": "the weather in a city",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string"}}, "required": ["city"]}}
CALLED = "mcp__client__get_weather"
ARGUMENTS = {"city": "Oslo"}
ASK = {"model": "haiku", "stream": True,
       "tools": [{"type": "function", "function": TOOL}],
       "messages": [{"role": "user", "content": "What is the weather?"}]}
TELL = {**ASK, "messages": [
    *ASK["messages"],
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {
            "name": TOOL["name"], "arguments": json.dumps(ARGUMENTS)}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}]}

# What is measured, from the start of the process or of the request
STEPS = {"begin": "the call begins", "whole": "the call is whole",
         "text": "result sent, text begins", "trip": "the whole round trip"}


class Bare:
    """The CLI as ccp starts it for a request, which a run with the stand-in
    has told."""

    def __init__(self, claude, told, variables):
        self.argv = [claude, *told.argv]
        self.environ = {n: v for n, v in told.environ.items()
                        if not n.startswith("CCP_")}
        self.environ.update(variables)
        # What ccp says by itself: the answers of its MCP server come when
        # they are asked for, in the order of the questions
        self.lines = [line for line in told.lines
                      if line["type"] != "control_response"]
        self.served = [line["response"]["response"]["mcp_response"]
                       for line in told.lines
                       if line["type"] == "control_response"]

    def run(self, cwd, until):
        """Seconds from the start until each of the conditions is met, in
        their order."""
        took, wanted = [], list(until)
        started = time.monotonic()
        with subprocess.Popen(self.argv, env=self.environ, cwd=cwd,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            self._talk(process, wanted, lambda: took.append(
                time.monotonic() - started))
            process.kill()
        if wanted:
            sys.exit("the CLI ended before the round trip did")
        return took

    def _talk(self, process, wanted, met):
        lines, served = iter(self.lines), iter(self.served)
        self._say(process, lines)
        for text in process.stdout:
            line = json.loads(text)
            if line["type"] == "control_request":
                self._serve(process, line, served)
            elif line["type"] == "result":
                self._say(process, lines)  # the history's was taken
            while wanted and wanted[0](line):
                wanted.pop(0)
                met()
            if not wanted:
                return

    @staticmethod
    def _write(process, line):
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()

    def _say(self, process, lines):
        """Up to a line of the history that has to be acknowledged."""
        for line in lines:
            self._write(process, line)
            if line["type"] == "user":
                return

    def _serve(self, process, line, served):
        rpc = line["request"]["message"]
        if rpc["method"] == "tools/call":
            return
        response = {**next(served), "id": rpc.get("id", 0)}
        self._write(process, {"type": "control_response", "response": {
            "subtype": "success", "request_id": line["request_id"],
            "response": {"mcp_response": response}}})


def event(line, kind):
    if line["type"] != "stream_event" or line["event"]["type"] != kind:
        return {}
    return line["event"]


def begins(line):
    return event(line, "content_block_start").get(
        "content_block", {}).get("type") == "tool_use"


def whole(line):
    return event(line, "message_delta") != {}


def speaks(line):
    return event(line, "content_block_delta").get(
        "delta", {}).get("type") == "text_delta"


def chunk_begins(choice):
    return "tool_calls" in choice["delta"]


def chunk_whole(choice):
    return choice["finish_reason"] == "tool_calls"


def chunk_speaks(choice):
    return bool(choice["delta"].get("content"))


def through_ccp(http, body, until):
    """Seconds from the request until each condition is met by a chunk."""
    took, wanted = [], list(until)
    started = time.monotonic()
    response, events = http.stream(PATH, body)
    if response.status != 200:
        sys.exit(f"ccp: status {response.status}")
    for _, data in events:
        choices = json.loads(data)["choices"] if data.startswith("{") else []
        while wanted and choices and wanted[0](choices[0]):
            wanted.pop(0)
            took.append(time.monotonic() - started)
    if wanted:
        sys.exit("the stream ended before the round trip did")
    return took


CALL, TEXT = answer(tools=[(CALLED, ARGUMENTS)]), answer("It is ", "sunny.")


def run_bare(api, cli):
    with tempfile.TemporaryDirectory(prefix="ccp-bench-") as cwd:
        api.script(CALL)
        begin, end = cli["ask"].run(cwd, [begins, whole])
        api.forget()
        api.script(TEXT)
        text, = cli["tell"].run(cwd, [speaks])
    api.forget()
    return {"begin": begin, "whole": end, "text": text, "trip": end + text}


def run_ccp(api, env):
    """The second request goes over the connection of the first, as soon as
    that has its answer."""
    api.script(CALL, TEXT)
    connecting = time.monotonic()
    with Handlers(env) as handlers:
        handler = handlers.new()
        connecting = time.monotonic() - connecting
        started = time.monotonic()
        begin, end = through_ccp(handler.http, ASK,
                                 [chunk_begins, chunk_whole])
        asked = time.monotonic() - started
        text, = through_ccp(handler.http, TELL, [chunk_speaks])
    api.forget()
    return {"begin": connecting + begin, "whole": connecting + end,
            "text": text, "trip": connecting + asked + text}


def tell_of(body, home):
    """What Claude is told for a request."""
    with Bed() as bed:
        told = bed.ask({**body, "stream": False})
    told.environ["HOME"] = home
    told.environ["TMPDIR"] = home
    for name in ("XDG_RUNTIME_DIR", "CLAUDE_PATH"):
        told.environ.pop(name, None)
    return told


def measure(claude, runs):
    samples = {"bare": [], "ccp": [], "ccp warm": []}
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(Mock())
        home = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="ccp-bench-"))
        variables = real_claude.variables(api.url)
        env = stack.enter_context(Env(claude=claude, child=variables,
                                      LOG_LEVEL=None))
        warm = stack.enter_context(WarmEnv(claude=claude, child=variables,
                                           LOG_LEVEL=None))
        cli = {name: Bare(claude, tell_of(body, home), variables)
               for name, body in (("ask", ASK), ("tell", TELL))}
        ways = [("bare", lambda: run_bare(api, cli)),
                ("ccp", lambda: run_ccp(api, env)),
                ("ccp warm", lambda: run_ccp(api, warm))]
        for n in range(runs + 1):  # the first warms the caches
            for name, run in ways:
                took = run()
                if n > 0:
                    samples[name].append(took)
            ways.reverse()
    return samples


def summary(values):
    ordered = sorted(values)
    return {"best": ordered[0],
            "median": statistics.median(ordered),
            "p90": ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)]}


def report(samples):
    """Step: bare, ccp, what is added and how many times bare it is, by the
    medians."""
    rows = {}
    for step in STEPS:
        bare, ccp = (summary([s[step] for s in samples[which]])
                     for which in ("bare", "ccp"))
        rows[step] = {"bare": bare, "ccp": ccp,
                      "added": ccp["median"] - bare["median"],
                      "ratio": ccp["median"] / bare["median"]}
    return rows


def show(rows, runs):
    print(f"{'ms, of ' + str(runs) + ' runs':26}"
          "  bare: best median   p90   ccp: best median   p90   added ratio")
    for step, row in rows.items():
        bare, ccp = ([f"{1000 * row[w][k]:7.0f}"
                      for k in ("best", "median", "p90")]
                     for w in ("bare", "ccp"))
        print(f"{STEPS[step]:26}{'':5}{''.join(bare)}{'':4}{''.join(ccp)}"
              f"{1000 * row['added']:8.0f}{row['ratio']:6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--claude", metavar="VERSION",
                        help="of Claude Code, instead of the usual one")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    try:
        claude = real_claude.find(options.claude)
    except Skip as why:
        sys.exit(f"tool round trip: {why}")
    samples = measure(claude, options.runs)
    rows = report(samples)
    show(rows, options.runs)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"claude": claude, "unit": "s", "steps": rows,
                       "samples": samples}, file, indent=1)


if __name__ == "__main__":
    main()
