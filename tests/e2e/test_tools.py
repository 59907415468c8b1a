#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools of the client, with the real Claude Code CLI: the mock of the Messages
API says what the model was asked, the client what it heard."""
import contextlib
import json
import os
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from answers import PATH, streamed, whole  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from mock_messages import Mock, answer  # noqa: E402
from tap import add, contains, eq, lacks, main, ok, test  # noqa: E402

PREFIX = "mcp__client__"


def tool(name, description="what it does", parameters=None, **more):
    function = {"name": name, "description": description, **more}
    if parameters is not None:
        function["parameters"] = parameters
    return {"type": "function", "function": function}


CITY = {"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"]}
WEATHER = tool("get_weather", "the weather in a city", CITY)


@contextlib.contextmanager
def talking(**settings):
    with Mock() as api, Env(claude=real_claude.find(),
                            child=real_claude.variables(api.url),
                            **settings) as env, HandlerSocket(env) as handler:
        yield handler, api, env


def ask(handler, messages, stream=False, **more):
    body = {"model": "haiku", "messages": messages, **more}
    if stream:
        return streamed(handler.http, {**body, "stream": True})
    return whole(handler.http.post_json(PATH, body))


def user(text):
    return {"role": "user", "content": text}


def called(*calls, text=None):
    """An assistant's message; calls are (id, name, arguments)."""
    return {"role": "assistant", "content": text, "tool_calls": [
        {"id": i, "type": "function",
         "function": {"name": n, "arguments": json.dumps(a)}}
        for i, n, a in calls]}


def result(call, content):
    return {"role": "tool", "tool_call_id": call, "content": content}


def calls_of(answered):
    return [(c["function"]["name"], json.loads(c["function"]["arguments"]))
            for c in answered.calls]


def both(name, **settings):
    """A case for an answer in one piece and one for a stream."""
    def collect(function):
        def case(stream):
            with talking(**settings) as (handler, api, env):
                function(handler, api, stream)
                env.wait_gone(handler.pid)
        add(name, lambda: case(False))
        add(f"{name}, streamed", lambda: case(True))
    return collect


def only_client_tools(request, *names):
    eq(sorted(t["name"] for t in request.body.get("tools", [])),
       sorted(PREFIX + n for n in names), "tools")


@both("one call and its result")
def _(handler, api, stream):
    api.script(answer(tools=[(PREFIX + "get_weather", {"city": "Oslo"})]))
    got = ask(handler, [user("weather?")], stream, tools=[WEATHER])
    eq((got.status, got.finish), (200, "tool_calls"))
    eq(calls_of(got), [("get_weather", {"city": "Oslo"})])
    only_client_tools(api.last(), "get_weather")
    eq(api.last().messages, [("user", ["weather?"])])
    eq(api.last().body["tools"][0]["input_schema"]["properties"],
       CITY["properties"])
    eq(len(api.requests), 1, "API calls")
    api.script(answer("It is sunny."))
    call = got.calls[0]
    got = ask(handler, [user("weather?"),
                        {"role": "assistant", "content": None,
                         "tool_calls": [call]},
                        result(call["id"], "sunny")], stream,
              tools=[WEATHER])
    eq((got.status, got.text, got.finish), (200, "It is sunny.", "stop"))
    (_, first), (_, [use]), (_, [answered]) = api.last().messages
    eq(first, ["weather?"])
    eq((use["type"], use["name"], use["input"]),
       ("tool_use", PREFIX + "get_weather", {"city": "Oslo"}))
    eq((answered["type"], answered["tool_use_id"]),
       ("tool_result", use["id"]))
    contains(str(answered["content"]), "sunny")


@both("three calls at once, with text and thinking before them")
def _(handler, api, stream):
    cities = ["Oslo", "Rome", "Bern"]
    api.script(answer("I will look.", thinking=["Three cities."], tools=[
        (PREFIX + "get_weather", {"city": c}) for c in cities]))
    got = ask(handler, [user("weather?")], stream, tools=[WEATHER])
    eq((got.status, got.finish, got.text),
       (200, "tool_calls", "I will look."))
    eq(got.reasoning, "Three cities.")
    eq(calls_of(got), [("get_weather", {"city": c}) for c in cities])
    eq(len({c["id"] for c in got.calls}), 3, "ids")
    api.script(answer("Fine everywhere."))
    history = [user("weather?"),
               {"role": "assistant", "content": got.text,
                "tool_calls": got.calls}]
    # The results in another order than the calls
    history += [result(got.calls[n]["id"], f"result {n}") for n in (2, 0, 1)]
    got = ask(handler, history, stream, tools=[WEATHER])
    eq((got.status, got.text), (200, "Fine everywhere."))
    *_, (_, uses), (_, results) = api.last().messages
    eq(uses[0], "I will look.")
    eq([r["tool_use_id"] for r in results], [u["id"] for u in uses[1:]])
    for n, one in enumerate(results):
        contains(str(one["content"]), f"result {n}")


@both("two steps in a row, and a history that was never seen")
def _(handler, api, stream):
    api.script(answer("done"))
    got = ask(handler, [
        user("go"),
        called(("call_0", "get_weather", {"city": "Oslo"})),
        result("call_0", "sun"),
        # Another provider's ids, used twice and with odd characters
        called(("call_0", "get_weather", {"city": "Rome"}),
               ("functions.x:0", "gone.tool", {}), text=""),
        result("functions.x:0", [{"type": "text", "text": "a list"}]),
        result("call_0", "rain"),
        {"role": "assistant", "content": "So far."},
        user("go on")], stream, tools=[WEATHER])
    eq((got.status, got.text, got.finish), (200, "done", "stop"))
    messages = api.last().messages
    uses = [b for _, m in messages for b in m
            if isinstance(b, dict) and b["type"] == "tool_use"]
    eq(len({u["id"] for u in uses}), 3, "ids")
    eq([u["input"] for u in uses], [{"city": "Oslo"}, {"city": "Rome"}, {}])
    eq([r for r, _ in messages],
       ["user", "assistant", "user", "assistant", "user", "assistant",
        "user"])


def after_call(got, *results):
    """What a client sends behind an answer that has calls."""
    return [{"role": "assistant", "content": got.text or None,
             "tool_calls": got.calls},
            *(result(c["id"], r) for c, r in zip(got.calls, results))]


@both("two steps in a row, live")
def _(handler, api, stream):
    history = [user("compare")]
    for city in ("Oslo", "Rome"):
        api.script(answer(tools=[(PREFIX + "get_weather", {"city": city})]))
        got = ask(handler, history, stream, tools=[WEATHER])
        eq(calls_of(got), [("get_weather", {"city": city})])
        history += after_call(got, f"sun in {city}")
    api.script(answer("Both fine."))
    got = ask(handler, history, stream, tools=[WEATHER])
    eq((got.text, got.finish), ("Both fine.", "stop"))
    messages = api.last().messages
    eq([r for r, _ in messages],
       ["user", "assistant", "user", "assistant", "user"])
    for n, city in ((2, "Oslo"), (4, "Rome")):
        (answered,), (use,) = messages[n][1], messages[n - 1][1]
        eq(answered["tool_use_id"], use["id"])
        contains(str(answered["content"]), f"sun in {city}")
    eq(len(api.requests), 3, "API calls")


@both("results sent again, and a history that was edited")
def _(handler, api, stream):
    api.script(answer("I look.", tools=[
        (PREFIX + "get_weather", {"city": "Oslo"})]))
    got = ask(handler, [user("weather?")], stream, tools=[WEATHER])
    sent = [user("weather?"), *after_call(got, "sunny")]
    seen = []
    for text in ("Once.", "Again."):
        api.script(answer(text))
        eq(ask(handler, sent, stream, tools=[WEATHER]).text, text)
        seen.append(api.last().messages)
    eq(seen[1], seen[0], "the same request")
    # Another question, other arguments, another result
    edited = json.loads(json.dumps(sent).replace("weather?", "and there?")
                        .replace("Oslo", "Rome").replace("sunny", "rainy"))
    api.script(answer("Edited."))
    eq(ask(handler, edited, stream, tools=[WEATHER]).text, "Edited.")
    for word in ("and there?", "Rome", "rainy"):
        contains(str(api.last().messages), word)
    for word in ("weather?", "Oslo", "sunny", "Once.", "Again."):
        lacks(str(api.last().messages), word)
    eq(len(api.requests), 4, "API calls")


@both("the user writes instead of sending a result")
def _(handler, api, stream):
    api.script(answer("all right"))
    got = ask(handler, [
        user("weather?"), called(("a", "get_weather", {"city": "Oslo"})),
        user("never mind")], stream, tools=[WEATHER])
    eq((got.status, got.text), (200, "all right"))
    _, (_, [use]), (_, [missing, text]) = api.last().messages
    eq((missing["type"], missing["tool_use_id"]), ("tool_result", use["id"]))
    eq(text, "never mind")


@test("a result without its call is a 400 that says which")
def _():
    with talking() as (handler, api, _):
        got = ask(handler, [user("hello"), result("nothing", "x")],
                  tools=[WEATHER])
        eq((got.status, got.error["param"]),
           (400, "messages[1].tool_call_id"))
        eq(len(api.requests), 0)


NAMES = ["Bash", "Read", "a" * 64, "has.dot", "has_dot", "x-y", "Task"]


@both("names: Claude's own, 64 characters, dots")
def _(handler, api, stream):
    api.script(answer("ok"))
    tools = [tool(n) for n in NAMES]
    ask(handler, [user("hello")], stream, tools=tools)
    listed = [t["name"] for t in api.last().body["tools"]]
    eq(len(set(listed)), len(NAMES))
    lacks(str(listed), "'Bash'")
    for name in listed:
        api.script(answer(tools=[(name, {})]))
        got = ask(handler, [user("hello")], stream, tools=tools)
        eq(got.finish, "tool_calls")
        ok(got.calls[0]["function"]["name"] in NAMES, str(got.calls))
        eq(got.calls[0]["function"]["arguments"], "{}")


SCHEMA = {"type": "object", "$defs": {"p": {"type": "object", "properties": {
    "x": {"anyOf": [{"type": "number"}, {"type": "null"}]}}}},
    "properties": {"a": {"$ref": "#/$defs/p"},
                   "big": {"const": 9007199254740991}},
    "additionalProperties": False}


@test("schemas reach the API as they are")
def _():
    with talking() as (handler, api, _):
        api.script(answer("ok"))
        eq(ask(handler, [user("hello")],
               tools=[tool("a", parameters=SCHEMA)]).status, 200)
        eq(api.last().body["tools"][0]["input_schema"], SCHEMA)


@test("no parameters, and alternatives at the root of a schema")
def _():
    with talking() as (handler, api, _):
        api.script(answer(tools=[(PREFIX + "a", {}), (PREFIX + "b", {})]))
        got = ask(handler, [user("hello")], tools=[
            tool("a"), tool("b", parameters={}),
            tool("c", parameters={"type": "object", "anyOf": [
                {"required": ["x"]}, {"required": ["y"]}]})])
        eq(calls_of(got), [("a", {}), ("b", {})])
        listed = {t["name"][len(PREFIX):]: t
                  for t in api.last().body["tools"]}
        for name in "ab":
            eq(listed[name]["input_schema"],
               {"type": "object", "properties": {}})
        contains(listed["c"]["description"], '{"required":["x"]}')


@test("forty tools of 60 kB, and long descriptions")
def _():
    with talking() as (handler, api, _):
        api.script(answer("ok"))
        tools = [tool(f"tool_{n}", f"{n} " + "word " * 300 + "END",
                      CITY) for n in range(39)]
        tools.append(tool("long", "begin " + "word " * 1000 + "THE END",
                          CITY))
        ok(len(json.dumps(tools)) > 60000, "not 60 kB")
        eq(ask(handler, [user("hello")], tools=tools).status, 200)
        listed = {t["name"][len(PREFIX):]: t["description"]
                  for t in api.last().body["tools"]}
        eq(sorted(listed), sorted(t["function"]["name"] for t in tools))
        for one in tools[:39]:
            eq(listed[one["function"]["name"]],
               one["function"]["description"])
        contains(str(api.last().body), "THE END")


def choice(name, value, want, **more):
    @both(f"tool_choice {name}")
    def _(handler, api, stream):
        api.script(answer("ok") if want["type"] in ("auto", "none")
                   else answer(tools=[(PREFIX + "get_weather",
                                       {"city": "Oslo"})]))
        got = ask(handler, [user("hello")], stream, tools=[WEATHER],
                  tool_choice=value, **more)
        eq(got.status, 200)
        body = api.last().body
        eq(body.get("tool_choice", {"type": "auto"}), want)


choice("auto", "auto", {"type": "auto"})
choice("none", "none", {"type": "none"})
choice("required", "required", {"type": "any"})
choice("named", {"type": "function", "function": {"name": "get_weather"}},
       {"type": "tool", "name": PREFIX + "get_weather"})
choice("auto, one at a time", "auto",
       {"type": "auto", "disable_parallel_tool_use": True},
       parallel_tool_calls=False)


@both("functions, as they were before tools")
def _(handler, api, stream):
    function = WEATHER["function"]
    api.script(answer(tools=[(PREFIX + "get_weather", {"city": "Oslo"})]))
    got = ask(handler, [user("weather?")], stream, functions=[function])
    eq((got.status, got.finish), (200, "function_call"))
    eq(got.function["name"], "get_weather")
    api.script(answer("sunny"))
    got = ask(handler, [
        user("weather?"),
        {"role": "assistant", "content": None,
         "function_call": got.function},
        {"role": "function", "name": "get_weather", "content": "sun"}],
        stream, functions=[function])
    eq((got.status, got.text), (200, "sunny"))
    contains(str(api.last().messages[-1]), "tool_result")


@both("of two calls of functions the first is the one function_call")
def _(handler, api, stream):
    api.script(answer(tools=[(PREFIX + "get_weather", {"city": "Oslo"}),
                             (PREFIX + "get_weather", {"city": "Rome"})]))
    got = ask(handler, [user("weather?")], stream,
              functions=[WEATHER["function"]])
    eq((got.status, got.finish), (200, "function_call"))
    eq(got.function["name"], "get_weather")
    eq(json.loads(got.function["arguments"]), {"city": "Oslo"})
    eq(api.last().body["tool_choice"],
       {"type": "auto", "disable_parallel_tool_use": True})


@test("ten conversations at once do not cross")
def _():
    with talking(CLAUDE_TIMEOUT_MS="120000") as (handler, api, env):
        got = [None] * 10
        api.default = lambda request: answer(
            str(request.messages[-1][1][0]["content"]))

        def work(n):
            with HandlerSocket(env) as own:
                got[n] = ask(own, [
                    user("the same"),
                    called(("call_1", "get_weather", {"city": "Oslo"})),
                    result("call_1", f"result {n}")], n % 2 == 0,
                    tools=[WEATHER])

        threads = [threading.Thread(target=work, args=(n,))
                   for n in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eq([g.status for g in got], [200] * 10)
        seen = sorted(str(r.messages[-1][1][0]["content"])
                      for r in api.requests)
        eq(len(seen), 10)
        for n in range(10):
            contains(seen[n], f"result {n}")
            contains(got[n].text, f"result {n}", "crossed")
        env.wait_gone(handler.pid)


@both("nothing of the host is there: settings, CLAUDE.md, tools")
def _(handler, api, stream):
    home = handler.env.home
    os.makedirs(os.path.join(home, ".claude"), exist_ok=True)
    with open(os.path.join(home, ".claude", "CLAUDE.md"), "w",
              encoding="utf-8") as file:
        file.write("HOSTFILE\n")
    with open(os.path.join(handler.env.work, "CLAUDE.md"), "w",
              encoding="utf-8") as file:
        file.write("HOSTFILE\n")
    api.script(answer("ok"))
    eq(ask(handler, [{"role": "system", "content": "You are a pirate."},
                     user("@/etc/hostname /cost")], stream,
           tools=[WEATHER]).status, 200)
    only_client_tools(api.last(), "get_weather")
    lacks(json.dumps(api.last().body), "HOSTFILE")
    eq(api.last().system, ["You are a pirate."])
    eq(api.last().messages, [("user", ["@/etc/hostname /cost"])])


TOUCH = [("Bash", {"command": "touch MARK"}),
         ("Write", {"file_path": "MARK", "content": "x"}),
         ("Task", {"description": "d", "prompt": "touch MARK",
                   "subagent_type": "general-purpose"}),
         ("mcp__host__touch", {})]


def set_traps(env):
    """Hooks and MCP servers of the user's that leave a mark, and leave to use
    the tools that would; returns the mark."""
    mark = os.path.join(env.dir, "mark")
    command = {"type": "command", "command": f"touch {mark}"}
    settings = json.dumps({
        "permissions": {"allow": ["Bash", "Write"]},
        "enableAllProjectMcpServers": True,
        "hooks": {name: [{"hooks": [command]}] for name in (
            "SessionStart", "UserPromptSubmit", "Stop", "SessionEnd")}})
    server = {"type": "stdio", "command": "touch", "args": [mark]}
    for place in (env.home, env.work):
        os.makedirs(os.path.join(place, ".claude"), exist_ok=True)
        for name, text in ((".claude/settings.json", settings),
                           (".mcp.json", json.dumps(
                               {"mcpServers": {"host": server}}))):
            with open(os.path.join(place, name), "w",
                      encoding="utf-8") as file:
                file.write(text)
    with open(os.path.join(env.home, ".claude.json"), "w",
              encoding="utf-8") as file:
        json.dump({"mcpServers": {"host": server}}, file)
    return mark


@test("an agent runs what is there, so the next case can fail")
def _():
    with talking() as (handler, api, env):
        mark = set_traps(env)
        for script in ([answer(tools=[("Bash", {
                "command": f"touch {mark}"})]), answer("so")],
                       [answer("so")]):
            api.script(*script)
            eq(ask(handler, [user("go")], tools=[WEATHER],
                   model="haiku:agent").text, "so")
            ok(os.path.exists(mark), "nothing was run")
            os.remove(mark)
        env.wait_gone(handler.pid)


@both("nothing of the host's is run: its tools, hooks, MCP servers")
def _(handler, api, stream):
    mark = set_traps(handler.env)
    for name, given in TOUCH:
        given = json.loads(json.dumps(given).replace("MARK", mark))
        api.script(answer(tools=[(name, given)]), answer("so"))
        got = ask(handler, [user("go")], stream, tools=[WEATHER])
        eq((got.status, got.calls), (200, []), name)
        only_client_tools(api.last(), "get_weather")
        api.forget()
        ok(not os.path.exists(mark), f"{name}: something was run")


if __name__ == "__main__":
    main()
