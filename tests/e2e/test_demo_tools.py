#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for claude has the client's tools, and answers in the form of a
schema, as the real program does.  Each rule here was seen in the real one."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import program  # noqa: E402
from tap import contains, eq, main, ok, test  # noqa: E402

ARGUMENTS = ["-p", "--input-format", "stream-json", "--output-format",
             "stream-json", "--verbose", "--include-partial-messages",
             "--model", "m", "--tools=", "--strict-mcp-config",
             "--setting-sources=", "--no-session-persistence",
             "--disable-slash-commands", "--effort", "low"]
ALLOWED = "--allowedTools=mcp__client__*"


def tool(name, **schema):
    return {"name": name, "description": "d",
            "inputSchema": {"type": "object", **schema},
            "annotations": {"readOnlyHint": True}}


def use(ident, **more):
    return {"type": "tool_use", "id": ident, "name": "mcp__client__see",
            "input": {}, **more}


def done(ident, content="r"):
    return {"type": "tool_result", "tool_use_id": ident, "content": content}


class Demo:
    """A running stand-in, whose tools are here."""

    def __init__(self, mode, *tools, schema=None, allowed=True):
        # pylint: disable=consider-using-with
        self._home = tempfile.TemporaryDirectory(prefix="ccp-test-")
        self.process = subprocess.Popen(
            [program("ccp-demo-claude"), *ARGUMENTS,
             *([ALLOWED] if allowed else [])],
            env={"HOME": self._home.name, "CCP_DEMO_MODE": mode,
                 "CCP_DEMO_DELAY_MS": "0"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self._tools = tools
        self.methods = []
        self.lines = []
        self.send({"type": "control_request", "request_id": "i", "request": {
            "subtype": "initialize", "systemPrompt": "", "jsonSchema": schema,
            "sdkMcpServers": ["client"] if tools else []}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self._home.cleanup()

    def send(self, line):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def _serve(self, line):
        """What it asks of the MCP server; calls get no answer."""
        rpc = line["request"]["message"]
        self.methods.append(rpc["method"])
        result = {"initialize": {"protocolVersion": "1"},
                  "notifications/initialized": {},
                  "tools/list": {"tools": self._tools}}.get(rpc["method"])
        if result is not None:
            self.send({"type": "control_response", "response": {
                "subtype": "success", "request_id": line["request_id"],
                "response": {"mcp_response": {
                    "jsonrpc": "2.0", "id": rpc.get("id", 0),
                    "result": result}}}})

    def until(self, found):
        for text in self.process.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if line["type"] == "control_request":
                self._serve(line)
            if found(line):
                return line
        return None

    def result(self):
        return self.until(lambda line: line["type"] == "result")

    def events(self, kind):
        return [line["event"] for line in self.lines
                if line["type"] == "stream_event"
                and line["event"]["type"] == kind]

    def say(self, *messages):
        """A conversation, the user's first; the last is the question."""
        for n, content in enumerate(messages):
            role = ("user", "assistant")[n % 2]
            last = n == len(messages) - 1
            self.send({"type": role, "uuid": f"u{n}",
                       **({} if last else {"shouldQuery": False}),
                       "message": {"id": f"m{n}", "role": role,
                                   "content": content}})
            if role == "user" and not last and not self.result():
                return


def calls(demo):
    """Names and inputs of a message, as they are streamed."""
    found = {}
    for event in demo.events("content_block_start"):
        if event["content_block"]["type"] == "tool_use":
            found[event["index"]] = [event["content_block"]["name"], ""]
    for event in demo.events("content_block_delta"):
        if event["delta"]["type"] == "input_json_delta":
            found[event["index"]][1] += event["delta"]["partial_json"]
    return [(name, json.loads(text)) for name, text in found.values()]


def ends(line):
    return line["type"] == "stream_event" \
        and line["event"]["type"] == "message_delta"


@test("the client's tools are asked for once, and called")
def _():
    with Demo("tool=see+has_x", tool("see"), tool("has_x")) as demo:
        demo.say("first", [{"type": "text", "text": "a"}],
                 'look {"a":"\u00e4\U0001f600 b","n":[1,2]}')
        stop = demo.until(ends)["event"]["delta"]["stop_reason"]
        eq(stop, "tool_use")
        given = {"a": "\u00e4\U0001f600 b", "n": [1, 2]}
        eq(calls(demo), [("mcp__client__see", given),
                         ("mcp__client__has_x", given)])
        eq(demo.methods, ["initialize", "notifications/initialized",
                          "tools/list", "tools/call", "tools/call"])
        eq([e["delta"]["text"] for e in demo.events("content_block_delta")
            if e["delta"]["type"] == "text_delta"], ["Let ", "me ", "see. "])


@test("calls that are left alone fail when stdin ends, and the model goes on")
def _():
    with Demo("tool=see", tool("see")) as demo:
        demo.say("[quiet] look")
        demo.until(ends)
        eq([e["content_block"]["type"]
            for e in demo.events("content_block_start")], ["tool_use"])
        demo.process.stdin.close()
        eq(demo.result()["result"], "BEYOND THE CALLS")
        demo.process.stdin = None


@test("a conversation that ends in results is answered with them")
def _():
    with Demo("tool=see", tool("see")) as demo:
        demo.say("q", [use("t1"), use("t2")], [done("t2"), done("t1", [])])
        text = demo.result()["result"]
        eq(json.loads(text.removeprefix("Results: ")),
           [done("t2"), done("t1", [])])
        eq(demo.methods.count("tools/call"), 0)


def dies(mode, text, *tools, allowed=True, talk=("look",)):
    with Demo(mode, *tools, allowed=allowed) as demo:
        demo.say(*talk)
        eq(demo.result(), None)
        contains(demo.process.stderr.read().decode(), text)
        eq(demo.process.wait(10), 1)


@test("tools that the real program would not have")
def _():
    dies("tool=see", "not allowed", tool("see"), allowed=False)
    dies("tool=see", "no tool mcp__client__see", tool("other"))
    dies("tool=see", "not that of an object", tool("see", type="array"))
    dies("tool=see", "tool name", tool("has.dot"))


@test("conversations that the API would refuse")
def _():
    for text, *talk in (
            ("behind its tool_use", [done("t1")]),
            ("an id of its own", "q", [use("t1"), use("t1")], [done("t1")]),
            ("an id of its own", "q", [use("t1")], [done("t1")],
             [use("t1")], [done("t1")]),
            ("without a tool_result", "q", [use("t1")], "never mind"),
            ("without a tool_result", "q", [use("t1"), use("t2")],
             [done("t1")]),
            ("behind its tool_use", "q", [use("t1")],
             [done("t1"), done("t1")]),
            ("behind its tool_use", "q", [use("t1")],
             [{"type": "text", "text": "before"}, done("t1")])):
        dies("context", text, talk=talk)


@test("an answer in the form of a schema")
def _():
    with Demo("", schema={"type": "object"}) as demo:
        demo.say('x {"a":[1, 2]}')
        result = demo.result()
        eq((result["structured_output"], json.loads(result["result"]),
            result["stop_reason"]), ({"a": [1, 2]}, {"a": [1, 2]}, "tool_use"))
        eq(calls(demo), [("StructuredOutput", {"a": [1, 2]})])
        kinds = [line["type"] for line in demo.lines
                 if line["type"] == "user" or ends(line)]
        eq(kinds, ["user", "stream_event"])  # the result before the end


@test("an answer that does not fit first, and one that never does")
def _():
    with Demo("form=twice", schema={"type": "object"}) as demo:
        demo.say('x {"a":1}')
        eq(demo.result()["structured_output"], {"a": 1})
        eq(len(demo.events("message_start")), 2)
    with Demo("form=never", schema={"type": "object"}) as demo:
        demo.say('x {"a":1}')
        result = demo.result()
        ok("structured_output" not in result, "it has an answer")
        eq((result["subtype"], result["is_error"]), ("success", False))
        eq(calls(demo), [])


@test("what it was told")
def _():
    with Demo("transcript", tool("see"), schema={"type": "object"}) as demo:
        demo.say("q")
        told = json.loads(demo.result()["result"])
        eq((told["effort"], told["tools"], told["schema"], told["system"]),
           ("low", [tool("see")], {"type": "object"}, ""))


if __name__ == "__main__":
    main()
