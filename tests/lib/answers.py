# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chat request came to, streamed or not, checked for its form.

A test that asks through here holds for both ways of answering.
"""
import contextlib
import json
import re

from ccp import chat_body
from http_client import BadResponse
from tap import eq, fail, ok

PATH = "/v1/chat/completions"
DONE = "[DONE]"


class Answer:
    """status; of an answer text, reasoning, finish, usage; of an error the
    error object.  broken: the error came after the 200.  deltas: the pieces
    of the text; comments: how many came.  calls: the tool_calls as they would
    be sent back; function: the function_call."""

    def __init__(self, response):
        self.response = response
        self.status = response.status
        self.text = ""
        self.reasoning = ""
        self.calls = []
        self.function = None
        self.finish = None
        self.usage = None
        self.error = None
        self.broken = False
        self.deltas = []
        self.comments = 0

    @property
    def session(self):
        """What became of the session: new, resumed, forked, replayed."""
        return self.response.header("X-CCP-Session")

    def retry_after(self):
        value = self.response.header("Retry-After")
        return None if value is None else int(value)

    def __repr__(self):
        if self.error:
            return f"<{self.status} {self.error}>"
        return f"<{self.status} {self.finish} {self.text[:500]!r}>"


def check_error(value):
    """The form of an OpenAI error; returns the inner object."""
    eq(list(value), ["error"], "members of an error")
    error = value["error"]
    eq(sorted(error), ["code", "message", "param", "type"], "error object")
    ok(isinstance(error["message"], str) and error["message"], "no message")
    ok(isinstance(error["type"], str) and error["type"], "no type")
    return error


def check_usage(usage):
    eq(usage["total_tokens"],
       usage["prompt_tokens"] + usage["completion_tokens"], "total_tokens")
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    ok(0 <= cached <= usage["prompt_tokens"], f"cached_tokens {cached}")
    return usage


def check_call(call):
    eq(sorted(call), ["function", "id", "type"], "a call")
    ok(re.fullmatch(r"call_[0-9a-f]+", call["id"]), f"id {call['id']!r}")
    eq(call["type"], "function")
    eq(sorted(call["function"]), ["arguments", "name"])
    json.loads(call["function"]["arguments"])


def whole(response):
    """The Answer in a response that was not streamed."""
    answer = Answer(response)
    value = response.json()
    if response.status != 200:
        answer.error = check_error(value)
        return answer
    eq(value["object"], "chat.completion")
    ok(re.fullmatch(r"chatcmpl-\w+", value["id"]), f"id {value['id']!r}")
    eq(len(value["choices"]), 1, "choices")
    choice = value["choices"][0]
    eq(choice["index"], 0)
    eq(choice["message"]["role"], "assistant")
    answer.text = choice["message"]["content"]
    answer.calls = choice["message"].get("tool_calls", [])
    for call in answer.calls:
        check_call(call)
    answer.function = choice["message"].get("function_call")
    if answer.calls or answer.function:
        answer.text = answer.text or ""
    answer.reasoning = choice["message"].get("reasoning_content", "")
    answer.finish = choice["finish_reason"]
    answer.usage = check_usage(value["usage"])
    return answer


class _Stream:
    """Puts the chunks of a stream together and checks their order: the role,
    deltas, one finish chunk, perhaps usage, [DONE]; or an error at any point
    and nothing behind it."""

    def __init__(self, answer, include_usage):
        self.answer = answer
        self.include_usage = include_usage
        self.first = None
        self.done = False

    def event(self, kind, data):
        if self.done or self.answer.broken:
            fail(f"something behind the end: {data!r}")
        if kind == "comment":
            self.answer.comments += 1
        elif data == DONE:
            self.done = True
        else:
            value = json.loads(data)
            if "error" in value:
                self.answer.error = check_error(value)
                self.answer.broken = True
            else:
                self._chunk(value)

    def _chunk(self, value):
        eq(value["object"], "chat.completion.chunk")
        same = (value["id"], value["created"], value["model"])
        if self.first is None:
            self.first = same
            eq(value["choices"][0]["delta"],
               {"role": "assistant", "content": ""}, "first delta")
            return
        eq(same, self.first, "id, created, model of a chunk")
        if not value["choices"]:
            ok(self.include_usage and self.answer.finish
               and self.answer.usage is None, "unexpected usage chunk")
            self.answer.usage = check_usage(value["usage"])
            return
        self._choice(value, value["choices"][0])

    def _choice(self, value, choice):
        eq(len(value["choices"]), 1, "choices")
        eq(choice["index"], 0)
        ok(self.answer.finish is None, "a chunk behind the finish chunk")
        delta = choice["delta"]
        if choice["finish_reason"] is not None:
            eq(delta, {}, "delta of the finish chunk")
            self.answer.finish = choice["finish_reason"]
            if value.get("usage"):
                ok(not self.include_usage, "usage on the finish chunk")
                self.answer.usage = check_usage(value["usage"])
            return
        ok(len(delta) == 1 and all(delta.values()), f"delta {delta}")
        if "tool_calls" in delta:
            self._call(*delta["tool_calls"])
        elif "function_call" in delta:
            self._function(delta["function_call"])
        elif "content" in delta:
            self.answer.text += delta["content"]
            self.answer.deltas.append(delta["content"])
        else:
            self.answer.reasoning += delta["reasoning_content"]

    def _call(self, part):
        """The name comes first, and with it the id, then fragments of the
        arguments; a call is complete before the next one begins."""
        calls = self.answer.calls
        index = part.pop("index")
        if "id" in part:
            eq(index, len(calls), "index of a new call")
            eq(part["function"]["arguments"], "")
            calls.append(part)
            return
        eq(index, len(calls) - 1, "index of a call")
        eq(list(part), ["function"])
        eq(list(part["function"]), ["arguments"])
        calls[-1]["function"]["arguments"] += part["function"]["arguments"]

    def _function(self, part):
        if self.answer.function is None:
            eq(part["arguments"], "")
            self.answer.function = part
            return
        eq(list(part), ["arguments"])
        self.answer.function["arguments"] += part["arguments"]

    def end(self):
        for call in self.answer.calls:
            check_call(call)
        response = self.answer.response
        if self.answer.broken:
            ok(not self.done, "[DONE] behind an error")
            return
        ok(self.done, f"no [DONE] in {response.body[-300:]!r}")
        ok(self.answer.finish, "no finish chunk")
        ok(self.answer.usage, "no usage")
        ok(response.whole, "the stream is cut off behind [DONE]")


def streamed(http, body, on_event=None):
    """Asks with "stream":true and reads to the end.  on_event(answer) is
    called for each event as it comes."""
    response, events = http.stream(PATH, {**body, "stream": True})
    answer = Answer(response)
    if response.status != 200:
        with contextlib.suppress(BadResponse):  # it is no event stream
            for _ in events:
                pass
        ok(response.whole, "the error is cut off")
        return whole(response)
    eq(response.header("Content-Type").split(";")[0], "text/event-stream")
    options = body.get("stream_options") or {}
    stream = _Stream(answer, options.get("include_usage", False))
    for kind, data in events:
        stream.event(kind, data)
        if on_event:
            on_event(answer)
    stream.end()
    return answer


def read_stream(response, include_usage=False):
    """The Answer in a response that was streamed and has been read."""
    if response.status != 200:
        return whole(response)
    answer = Answer(response)
    stream = _Stream(answer, include_usage)
    for kind, data in response.events():
        stream.event(kind, data)
    stream.end()
    return answer


def ask(http, *texts, stream=False, **more):
    """texts alternate user, assistant, user ...; messages=[...] instead."""
    body = {**chat_body(*texts), **more}
    if stream:
        return streamed(http, body)
    return whole(http.post_json(PATH, body))


def gone_after(http, body, events):
    """Asks with a stream and reads so many events, then returns; the caller
    leaves."""
    response, stream = http.stream(PATH, {**body, "stream": True})
    eq(response.status, 200)
    for _ in range(events):
        next(stream)
    return stream
