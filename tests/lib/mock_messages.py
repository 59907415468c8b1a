# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict mock of the Anthropic Messages API, on loopback.

    with Mock() as api:
        api.script(answer("Hello ", "world"))
        ... run the Claude CLI with ANTHROPIC_BASE_URL=api.url ...
        eq(api.last().messages, [("user", ["hi"])])

Strict means that it refuses what the real API refuses (refusal(), below) with
a 400: a mock that accepts everything proves nothing.  Each scripted behaviour
serves one request; when the script is used up, the default answers.
"""
import base64
import collections
import http.server
import json
import re
import select
import socket
import threading
import time

from tap import PATIENCE

TOOL_ID = re.compile("[A-Za-z0-9_-]+")
TOOL_NAME = re.compile("[A-Za-z0-9_-]{1,128}")
PROPERTY = re.compile("[A-Za-z0-9_.-]{1,64}")

IMAGE_HEADS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.S)}
IMAGE_BYTES = 5 << 20  # of base64
MEDIA = 100

HOLD_SECONDS = 60

ERROR_TYPES = {400: "invalid_request_error", 401: "authentication_error",
               402: "billing_error", 403: "permission_error",
               404: "not_found_error", 413: "request_too_large",
               429: "rate_limit_error", 500: "api_error",
               529: "overloaded_error"}


# --- what the API refuses ---------------------------------------------------

class Refused(Exception):
    """The text of a 400."""


def _need(condition, text):
    if not condition:
        raise Refused(text)


def _blocks(content):
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content


def _decoded(where, source):
    try:
        return base64.b64decode(source.get("data"), validate=True)
    except (TypeError, ValueError):
        raise Refused(f"{where}.source.data: invalid base64") from None


def _check_image(where, source):
    if source.get("type") == "url":
        _need(source.get("url", "").startswith("https://"),
              f"{where}.source.url: only HTTPS URLs are supported")
        return
    _need(source.get("type") == "base64", f"{where}.source.type: unknown")
    data = _decoded(where, source)
    head = IMAGE_HEADS.get(source.get("media_type"))
    _need(head, f"{where}.source.media_type: unsupported")
    _need(head.match(data), f"{where}: the image does not match its "
          "media_type")
    _need(len(source["data"]) <= IMAGE_BYTES,
          f"{where}: image exceeds 5 MB maximum")


def _check_document(where, source):
    if source.get("type") == "text":
        _need(source.get("media_type") == "text/plain",
              f"{where}.source.media_type: unsupported")
        _need(source.get("data"), f"{where}.source.data: empty")
        return
    _need(source.get("type") == "base64", f"{where}.source.type: unknown")
    _need(source.get("media_type") == "application/pdf",
          f"{where}.source.media_type: unsupported")
    _need(_decoded(where, source).startswith(b"%PDF-"),
          f"{where}: the PDF specified was not valid")


def _check_media(messages):
    """Images and documents, and how many there are."""
    count = 0
    for n, message in enumerate(messages):
        for m, block in enumerate(_blocks(message["content"])):
            if block["type"] not in ("image", "document"):
                continue
            where = f"messages.{n}.content.{m}"
            count += 1
            _need(message["role"] == "user", f"{where}: not in this role")
            _need(isinstance(block.get("source"), dict),
                  f"{where}.source: field required")
            check = _check_image if block["type"] == "image" \
                else _check_document
            check(where, block["source"])
    _need(count <= MEDIA, f"too many images and documents: {count}")


def _check_block(where, block):
    _need(isinstance(block, dict) and isinstance(block.get("type"), str),
          f"{where}: not a block")
    if block["type"] == "text":
        text = block.get("text")
        _need(isinstance(text, str), f"{where}.text: not a string")
        _need(text, f"{where}: text content blocks must be non-empty")
        _need(text.strip(), f"{where}: text content blocks must contain "
              "non-whitespace text")


def _check_tool_use(where, block, seen):
    ident, name = block.get("id"), block.get("name")
    _need(isinstance(ident, str) and TOOL_ID.fullmatch(ident),
          f"{where}.id: should match '^[a-zA-Z0-9_-]+$'")
    _need(ident not in seen, f"{where}: tool_use ids must be unique")
    _need(isinstance(name, str) and TOOL_NAME.fullmatch(name),
          f"{where}.name: should match '^[a-zA-Z0-9_-]{{1,128}}$'")
    _need(len(ident) <= 64, f"{where}.id: too long")
    _need(isinstance(block.get("input"), dict), f"{where}.input: not an object")
    seen.add(ident)


def _check_tool_result(where, block):
    parts = block.get("content", "")
    _need(isinstance(parts, (str, list)), f"{where}.content: wrong type")
    for n, part in enumerate(parts if isinstance(parts, list) else []):
        _check_block(f"{where}.content.{n}", part)
        _need(part["type"] in ("text", "image", "document", "search_result"),
              f"{where}.content.{n}.type: not allowed in a tool_result")
        if part["type"] == "image":
            _check_image(f"{where}.content.{n}", part.get("source") or {})


def _ids(message, kind, key):
    return [b.get(key) for b in _blocks(message["content"])
            if b.get("type") == kind]


def _check_pairs(messages):
    """Each tool_use has its tool_result in the very next message, and no
    tool_result is without its tool_use."""
    asked = []
    for n, message in enumerate(messages):
        where = f"messages.{n}"
        results = _ids(message, "tool_result", "tool_use_id")
        kinds = [b["type"] for b in _blocks(message["content"])]
        _need("tool_result" not in kinds[len(results):],
              f"{where}: tool_result blocks must come first")
        _need(not results or message["role"] == "user",
              f"{where}: tool_result blocks can only be in user messages")
        for ident in results:
            _need(ident in asked, f"{where}: unexpected tool_use_id {ident!r}"
                  " in tool_result blocks")
        _need(len(set(results)) == len(results),
              f"{where}: more than one tool_result for one tool_use")
        missing = set(asked) - set(results)
        _need(not missing, f"{where}: tool_use ids were found without "
              f"tool_result blocks immediately after: {sorted(missing)}")
        asked = _ids(message, "tool_use", "id")
        _need(not asked or message["role"] == "assistant",
              f"{where}: tool_use blocks can only be in assistant messages")
    _need(not asked, "messages: tool_use without tool_result at the end")


def _check_messages(messages):
    _need(isinstance(messages, list) and messages,
          "messages: at least one message is required")
    seen = set()
    for n, message in enumerate(messages):
        where = f"messages.{n}"
        _need(isinstance(message, dict), f"{where}: not an object")
        role, content = message.get("role"), message.get("content")
        _need(role in ("user", "assistant", "system"),
              f"{where}: unexpected role {role!r}")
        _need(isinstance(content, (str, list)), f"{where}.content: wrong type")
        _need(content, f"{where}: content must be non-empty")
        for m, block in enumerate(_blocks(content)):
            _check_block(f"{where}.content.{m}", block)
            if block["type"] == "tool_use":
                _check_tool_use(f"{where}.content.{m}", block, seen)
            if block["type"] == "tool_result":
                _check_tool_result(f"{where}.content.{m}", block)
    _need(messages[0]["role"] == "user",
          "messages: first message must use the user role")
    _check_pairs([m for m in messages if m["role"] != "system"])
    _check_media(messages)


def _check_thinking(body):
    thinking = body.get("thinking") or {"type": "disabled"}
    kind = thinking.get("type")
    _need(kind in ("enabled", "disabled", "adaptive"), "thinking.type: unknown")
    if kind == "disabled":
        return
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        _need(isinstance(budget, int) and budget >= 1024,
              "thinking.enabled.budget_tokens: should be at least 1024")
        _need(budget < body["max_tokens"],
              "max_tokens must be greater than thinking.budget_tokens")
    _need(body.get("temperature", 1) == 1, "temperature may only be set to 1 "
          "when thinking is enabled")
    _need(body.get("top_p", 1) >= 0.95, "top_p must be between 0.95 and 1 "
          "when thinking is enabled")
    choice = (body.get("tool_choice") or {}).get("type")
    _need(choice not in ("any", "tool"),
          "thinking may not be enabled when tool_choice forces tool use")


def _check_edits(body):
    """What the CLI adds of its own where there is thinking."""
    thinking = (body.get("thinking") or {}).get("type", "disabled")
    edits = (body.get("context_management") or {}).get("edits", [])
    kinds = [edit.get("type", "") for edit in edits]
    _need(thinking != "disabled"
          or not any(k.startswith("clear_thinking_") for k in kinds),
          "context_management: the clear_thinking strategy requires thinking "
          "to be enabled or adaptive")


def _check_number(body, name):
    value = body.get(name, 1)
    _need(isinstance(value, (int, float)) and not isinstance(value, bool)
          and 0 <= value <= 1, f"{name}: range: 0..1")


def _check_sampling(body):
    _check_number(body, "temperature")
    _check_number(body, "top_p")
    stops = body.get("stop_sequences", [])
    _need(isinstance(stops, list), "stop_sequences: not a list")
    for stop in stops:
        _need(isinstance(stop, str) and stop.strip(),
              "stop_sequences: each stop sequence must contain "
              "non-whitespace")


CHOICES = {"auto": {"type", "disable_parallel_tool_use"},
           "any": {"type", "disable_parallel_tool_use"},
           "tool": {"type", "name", "disable_parallel_tool_use"},
           "none": {"type"}}


def _check_choice(body):
    choice = body.get("tool_choice")
    if choice is None:
        return
    names = [tool.get("name") for tool in body.get("tools", [])]
    _need(isinstance(choice, dict), "tool_choice: not an object")
    kind = choice.get("type")
    _need(kind in CHOICES, f"tool_choice.type: unknown: {kind!r}")
    more = set(choice) - CHOICES[kind]
    _need(not more, f"tool_choice.{kind}: extra inputs: {sorted(more)}")
    _need(names, "tool_choice may only be specified while providing tools")
    _need(kind != "tool" or choice.get("name") in names,
          f"tool_choice: tool {choice.get('name')!r} not found in tools")


def _check_schema(where, schema):
    _need(isinstance(schema, dict), f"{where}: not an object")
    _need(schema.get("type") == "object", f"{where}.type: field required")
    for word in ("oneOf", "allOf", "anyOf"):
        _need(word not in schema, f"{where}: does not support oneOf, allOf, "
              "or anyOf at the top level")
    properties = schema.get("properties", {})
    _need(isinstance(properties, dict), f"{where}.properties: not an object")
    for key in properties:
        _need(PROPERTY.fullmatch(key), f"{where}.properties: property keys "
              "should match '^[a-zA-Z0-9_.-]{1,64}$'")


def _check_tools(tools):
    _need(isinstance(tools, list), "tools: not a list")
    names = set()
    for n, tool in enumerate(tools):
        name = tool.get("name")
        _need(isinstance(name, str) and TOOL_NAME.fullmatch(name),
              f"tools.{n}.name: should match '^[a-zA-Z0-9_-]{{1,128}}$'")
        _need(name not in names, "tools: tool names must be unique")
        if "input_schema" in tool or "type" not in tool:
            _check_schema(f"tools.{n}.input_schema", tool.get("input_schema"))
        names.add(name)


def _marks(value):
    """How many cache_control stand anywhere in it."""
    if isinstance(value, list):
        return sum(_marks(v) for v in value)
    if isinstance(value, dict):
        return sum(_marks(v) for k, v in value.items() if k != "input") \
            + (value.get("cache_control") is not None)
    return 0


def refusal(body):
    """Why the API would answer 400, or None."""
    try:
        _need(isinstance(body, dict), "body: not an object")
        _need(isinstance(body.get("model"), str), "model: field required")
        limit = body.get("max_tokens")
        _need(isinstance(limit, int) and not isinstance(limit, bool),
              "max_tokens: field required")
        _need(limit >= 1, "max_tokens: should be at least 1")
        system = body.get("system", [])
        for n, block in enumerate(_blocks(system) if system else []):
            _check_block(f"system.{n}", block)
        _check_messages(body.get("messages"))
        _check_tools(body.get("tools", []))
        _check_choice(body)
        _check_sampling(body)
        _check_thinking(body)
        _check_edits(body)
        marks = sum(_marks(body.get(k)) for k in ("system", "tools",
                                                  "messages"))
        _need(marks <= 4, "A maximum of 4 blocks with cache_control may be "
              f"provided. Found {marks}.")
    except Refused as why:
        return str(why)
    return None


# --- what a request says ----------------------------------------------------

# Blocks that the CLI puts in by itself
OWN_SYSTEM = ("x-anthropic-billing-header:", "You are a Claude agent,",
              "You are Claude Code, Anthropic's official CLI")
OWN_REMINDERS = tuple("<system-reminder>\n" + start for start in (
    "As you answer the user's questions, you can use the following context:",
    "Available agent types for the Agent tool:",
    "The following skills are available for use with the Skill tool:",
    "The task tools haven't been used recently.",
    # of CLIs newer than 2.1.197
    "# Environment\n",
    "You are powered by the model named ",
    "The following deferred tools are now available via ToolSearch.",
    "<total_tokens>", "Today's date is ",
    "Attribution for git commits and pull requests you create"))
# Beside an image: where the CLI keeps it, and that it has made it smaller
OWN_NOTES = ("[Image: source: ", "[Image: original ")


def _plain(block):
    if block["type"] == "text":
        return block["text"]
    return {k: v for k, v in block.items() if k != "cache_control"}


class Request:
    """One request: body as it came, system and messages without what the CLI
    adds of its own (the list says what is left of each message)."""

    def __init__(self, body, headers):
        self.body = body
        self.headers = headers
        self.gone = threading.Event()  # the CLI left before the answer's end
        self.done = threading.Event()
        self.system = [b["text"] for b in _blocks(body.get("system") or [])
                       if not b["text"].startswith(OWN_SYSTEM)]
        self.messages = []
        for message in body["messages"]:
            if message["role"] == "system":  # of CLIs newer than 2.1.197
                continue
            blocks = [_plain(b) for b in _blocks(message["content"])]
            blocks = [b for b in blocks if not isinstance(b, str)
                      or not b.startswith(OWN_REMINDERS + OWN_NOTES)]
            if blocks:
                self.messages.append((message["role"], blocks))

    def on_the_side(self):
        """A request that the CLI makes for itself, beside the turn: a title
        for the session, or a look at the quota."""
        schema = self.body.get("output_config", {}).get("format", {})
        return "title" in schema.get("schema", {}).get("properties", {}) \
            or self.messages == [("user", ["quota"])]

    def last_user(self):
        """The blocks of the last message that is the user's."""
        return [b for role, b in self.messages if role == "user"][-1]


# --- behaviours -------------------------------------------------------------

BREAK = object()  # in a script of chunks: the connection breaks
ERROR = object()  # an SSE error event, and the end


def answer(*chunks, thinking=None, tools=(), stop_reason=None, usage=None,
           blocks=None, linger=0):
    """An answer of one text block, a delta per chunk.  Between chunks may
    stand a number (seconds to wait), an Event (waits until it is set), BREAK
    or ERROR.  thinking: chunks of a block before it; tools: (name, input)
    pairs after it; blocks: instead, a list of (kind, chunks); linger: seconds
    between message_delta and message_stop."""
    if blocks is None:
        blocks = [("thinking", thinking)] if thinking else []
        blocks += [("text", chunks)] if chunks else []
        blocks += [("tool_use", t) for t in tools]
    stop = stop_reason or ("tool_use" if tools else "end_turn")
    return {"blocks": blocks, "stop_reason": stop, "usage": usage or USAGE,
            "linger": linger}


USAGE = {"input_tokens": 11, "cache_creation_input_tokens": 3,
         "cache_read_input_tokens": 7, "output_tokens": 20}


SIDE_ANSWER = answer('{"title": "A title"}')


def error(status, message="made up", headers=None, raw=None):
    return {"status": status, "message": message, "headers": headers or {},
            "raw": raw}


def early_error(kind="overloaded_error", message="Overloaded"):
    """200, then an error event before message_start."""
    return {"early": {"type": kind, "message": message}}


def hold(event=None):
    """Says nothing until the event (or, without one, the end)."""
    return {"hold": event or threading.Event(), **answer("at last")}


def limit_reached(resets_at):
    """A subscription's limit: 429 with the headers of that case."""
    return error(429, "This request would exceed your account's rate limit.", {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": str(resets_at),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
        "anthropic-ratelimit-unified-5h-status": "rejected",
        "anthropic-ratelimit-unified-5h-reset": str(resets_at),
        "anthropic-ratelimit-unified-overage-status": "rejected"})


class _Gone(Exception):
    """The client has left, or the script breaks the connection."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def _plain_answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):  # pylint: disable=invalid-name
        self.server.mock.other.append(("HEAD", self.path))
        self._plain_answer(200)

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.mock.other.append(("GET", self.path))
        self._error(404, "no such endpoint")

    def _read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _error(self, status, message, headers=None, raw=None):
        kind = ERROR_TYPES.get(status, "api_error")
        body = raw.encode() if raw is not None else json.dumps(
            {"type": "error", "error": {"type": kind, "message": message}}
        ).encode()
        self._plain_answer(status, body, {
            "Content-Type": "application/json" if raw is None else "text/html",
            "request-id": self.server.mock.next_id("req"), **(headers or {})})

    def do_POST(self):  # pylint: disable=invalid-name
        mock = self.server.mock
        body = self._read_body()
        path = self.path.split("?")[0]
        if path != "/v1/messages":
            mock.other.append(("POST", self.path))
            self._error(404, "no such endpoint")
            return
        try:
            body = json.loads(body)
        except ValueError as why:
            mock.refused.append(f"body: {why}")
            self._error(400, str(why))
            return
        why = refusal(body)
        if why:
            mock.refused.append(why)
            self._error(400, why)
            return
        request = Request(body, dict(self.headers))
        if request.on_the_side():
            mock.side.append(request)
            self._serve(request, SIDE_ANSWER)
        else:
            self._serve(request, mock.take(request))

    def _serve(self, request, behaviour):
        try:
            if "hold" in behaviour:
                self._wait(request, behaviour["hold"])
            if "status" in behaviour:
                self._error(behaviour["status"], behaviour["message"],
                            behaviour["headers"], behaviour["raw"])
            elif not request.body.get("stream"):
                self._whole(request, behaviour)
            else:
                self._stream(request, behaviour)
        except (_Gone, ConnectionError):
            self.close_connection = True
        request.done.set()

    def _wait(self, request, event, seconds=HOLD_SECONDS):
        """Until the event; finds out meanwhile whether the client left."""
        end = time.monotonic() + seconds
        while not event.wait(0.02) and time.monotonic() < end:
            if self._client_left():
                request.gone.set()
            if request.gone.is_set() or self.server.mock.closing:
                raise _Gone

    def _client_left(self):
        ready, _, _ = select.select([self.connection], [], [], 0)
        try:
            return ready and not self.connection.recv(1, socket.MSG_PEEK)
        except ConnectionError:
            return True

    def _whole_block(self, kind, script):
        if kind == "tool_use":
            name, value = script
            return {"type": kind, "id": self.server.mock.next_id("toolu"),
                    "name": name, "input": value}
        key = "text" if kind == "text" else "thinking"
        more = {} if kind == "text" else {"signature": "c2lnbmF0dXJl"}
        return {"type": kind, key: "".join(script), **more}

    def _whole(self, request, behaviour):
        content = [self._whole_block(*b) for b in behaviour["blocks"]]
        body = json.dumps({
            "id": self.server.mock.next_id("msg"), "type": "message",
            "role": "assistant", "model": request.body["model"],
            "content": content,
            "stop_reason": behaviour["stop_reason"], "stop_sequence": None,
            "usage": behaviour["usage"]}).encode()
        self._plain_answer(200, body, {"Content-Type": "application/json"})

    def _event(self, request, kind, **members):
        data = json.dumps({"type": kind, **members}, ensure_ascii=False)
        # Half a pair of surrogates: "\\ud800", as JSON has it too
        text = f"event: {kind}\ndata: {data}\n\n".encode(
            "utf-8", "backslashreplace")
        try:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(text), text))
            self.wfile.flush()
        except OSError:
            request.gone.set()
            raise

    def _stream(self, request, behaviour):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("request-id", self.server.mock.next_id("req"))
        self.end_headers()
        if "early" in behaviour:
            self._event(request, "error", error=behaviour["early"])
            self.wfile.write(b"0\r\n\r\n")
            return
        usage = behaviour["usage"]
        self._event(request, "message_start", message={
            "id": self.server.mock.next_id("msg"), "type": "message",
            "role": "assistant", "model": request.body["model"],
            "content": [], "stop_reason": None, "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1}})
        for index, (kind, script) in enumerate(behaviour["blocks"]):
            getattr(self, "_block_" + kind)(request, index, script)
        self._event(request, "message_delta",
                    delta={"stop_reason": behaviour["stop_reason"],
                           "stop_sequence": None}, usage=usage)
        if behaviour["linger"]:
            self._pause(request, behaviour["linger"])
        self._event(request, "message_stop")
        self.wfile.write(b"0\r\n\r\n")

    def _block(self, request, index, start, deltas):
        self._event(request, "content_block_start", index=index,
                    content_block=start)
        for item in deltas:
            if isinstance(item, dict):
                self._event(request, "content_block_delta", index=index,
                            delta=item)
            else:
                self._pause(request, item)
        self._event(request, "content_block_stop", index=index)

    def _pause(self, request, item):
        if item is BREAK:
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            raise _Gone
        if item is ERROR:
            self._event(request, "error", error={
                "type": "overloaded_error", "message": "Overloaded"})
            self.wfile.write(b"0\r\n\r\n")
            raise _Gone
        if isinstance(item, threading.Event):
            self._wait(request, item)
        else:
            self._wait(request, threading.Event(), item)

    def _block_text(self, request, index, script):
        self._block(request, index, {"type": "text", "text": ""}, [
            {"type": "text_delta", "text": c} if isinstance(c, str) else c
            for c in script])

    def _block_thinking(self, request, index, script):
        deltas = [{"type": "thinking_delta", "thinking": c}
                  if isinstance(c, str) else c for c in script]
        self._block(request, index,
                    {"type": "thinking", "thinking": "", "signature": ""},
                    deltas + [{"type": "signature_delta",
                               "signature": "c2lnbmF0dXJl"}])

    def _block_tool_use(self, request, index, script):
        name, value = script
        text = json.dumps(value)
        self._block(request, index, {
            "type": "tool_use", "id": self.server.mock.next_id("toolu"),
            "name": name, "input": {}}, [
                {"type": "input_json_delta", "partial_json": text[:7]},
                {"type": "input_json_delta", "partial_json": text[7:]}])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that leaves is no error here


class Mock:
    """The server.  requests: those for messages that were not refused;
    refused: why the others were; side: those that are not part of a turn;
    other: what else was asked for."""

    def __init__(self):
        self.requests = []
        self.refused = []
        self.side = []
        self.other = []
        self.closing = False
        self.default = answer("Hello ", "from ", "the mock.")
        self._script = collections.deque()
        self._lock = threading.Condition()
        self._count = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mock = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.closing = True
        self._server.shutdown()
        self._server.server_close()
        if kind is None and self.refused:
            raise AssertionError("the API would have refused: "
                                 + "; ".join(self.refused))

    def script(self, *behaviours):
        """Appends behaviours: dicts as made above, or callables that get the
        Request and return one."""
        with self._lock:
            self._script.extend(behaviours)

    def forget(self):
        """What is left of the script."""
        with self._lock:
            self._script.clear()

    def next_id(self, kind):
        with self._lock:
            self._count += 1
            return f"{kind}_mock{self._count:06}"

    def take(self, request):
        """The behaviour for a request."""
        with self._lock:
            self.requests.append(request)
            behaviour = self._script.popleft() if self._script \
                else self.default
            self._lock.notify_all()
        return behaviour(request) if callable(behaviour) else behaviour

    def wait_requests(self, number, seconds=30):
        """Until so many requests have come; returns the last of them."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self.requests) >= number,
                                       seconds * PATIENCE):
                raise AssertionError(
                    f"{len(self.requests)} of {number} requests came")
            return self.requests[number - 1]

    def last(self):
        return self.requests[-1]
