# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with the OpenAI chat completions API, on loopback, which answers
as a function says.

    with FakeOpenAI(lambda request: ["Hello"]) as api:
        ... run a client with api.url ...
        eq(api.requests[-1]["messages"][-1], {...})

It is no ccp: with it a client of tests/lib/clients.py shows that it works as
the tests expect, whatever ccp does.
"""
import collections
import http.server
import json
import threading

Call = collections.namedtuple("Call", "name arguments")
Thought = collections.namedtuple("Thought", "text")

USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def _called(parts, prefix):
    """The calls among the parts of an answer, as the API has them."""
    calls = [p for p in parts if isinstance(p, Call)]
    return [{"id": f"call_{prefix}_{i}", "type": "function",
             "function": {"name": c.name,
                          "arguments": json.dumps(c.arguments)}}
            for i, c in enumerate(calls)]


def _deltas(parts, calls):
    yield {"role": "assistant", "content": ""}
    for part in parts:
        if isinstance(part, Thought):
            yield {"reasoning_content": part.text}
        elif isinstance(part, str):
            half = len(part) // 2
            yield {"content": part[:half]}
            yield {"content": part[half:]}
    for index, call in enumerate(calls):
        arguments = call["function"]["arguments"]
        first = {**call, "function": {**call["function"], "arguments": ""}}
        yield {"tool_calls": [{"index": index, **first}]}
        for piece in (arguments[:5], arguments[5:]):
            yield {"tool_calls": [{"index": index,
                                   "function": {"arguments": piece}}]}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def _json(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # pylint: disable=invalid-name
        self._other()

    def _other(self):
        self.server.fake.other.append((self.command, self.path))
        self._json(404, {"error": {"message": "no such endpoint"}})

    def do_POST(self):  # pylint: disable=invalid-name
        fake = self.server.fake
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/v1/chat/completions":
            self._other()
            return
        request = json.loads(body)
        number, parts = fake.take(request, {
            k.lower(): v for k, v in self.headers.items()})
        calls = _called(parts, number)
        finish = "tool_calls" if calls else "stop"
        if request.get("stream"):
            self._stream(request, _deltas(parts, calls), finish)
            return
        message = {"role": "assistant", "content": "".join(
            p for p in parts if isinstance(p, str)) or None}
        if calls:
            message["tool_calls"] = calls
        for thought in [p for p in parts if isinstance(p, Thought)]:
            message["reasoning_content"] = thought.text
        self._json(200, {
            "id": "chatcmpl-fake", "object": "chat.completion", "created": 1,
            "model": request["model"], "usage": USAGE,
            "choices": [{"index": 0, "message": message,
                         "finish_reason": finish}]})

    def _event(self, request, **members):
        self.wfile.write(b"data: " + json.dumps({
            "id": "chatcmpl-fake", "object": "chat.completion.chunk",
            "created": 1, "model": request["model"], **members}).encode()
            + b"\n\n")

    def _stream(self, request, deltas, finish):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for delta in deltas:
            self._event(request, choices=[
                {"index": 0, "delta": delta, "finish_reason": None}])
        self._event(request, choices=[
            {"index": 0, "delta": {}, "finish_reason": finish}])
        if (request.get("stream_options") or {}).get("include_usage"):
            self._event(request, choices=[], usage=USAGE)
        self.wfile.write(b"data: [DONE]\n\n")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that leaves is no error here


class FakeOpenAI:
    """The server.  model: gets a request's body and returns the parts of the
    answer: texts, Calls and perhaps a Thought.  requests: the bodies; heads:
    their header fields, in lower case; other: what else was asked for."""

    def __init__(self, model):
        self.requests = []
        self.heads = []
        self.other = []
        self._model = model
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def take(self, request, head):
        """The number of the request, and the parts of the answer."""
        with self._lock:
            self.requests.append(request)
            self.heads.append(head)
            return len(self.requests), self._model(request)
