# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the real CLI, made up anew.

Types, order and members are those of Claude Code 2.1.197; ids and texts are
not.  recorded.py puts whole turns together from them.
"""
import json

SESSION = "5e55e55e-0000-4000-8000-00000000cc01"
MODEL = "claude-haiku-4-5-20251001"
NEVER_SHOWN = "NEVER-SHOWN"  # in every text that is not the model's

# Of one API call: input, cache creation, cache read, output
USAGE = (13, 5, 8, 21)
NO_USAGE = (0, 0, 0, 0)


def usage(numbers):
    return dict(zip(("input_tokens", "cache_creation_input_tokens",
                     "cache_read_input_tokens", "output_tokens"), numbers))


def line(kind, **members):
    return {"type": kind, **members, "session_id": SESSION,
            "uuid": "5e55e55e-0000-4000-8000-00000000cc02"}


def system(subtype, **members):
    return line("system", subtype=subtype, **members)


def init():
    return system("init", cwd="/home/someone/project", tools=["Bash", "Write"],
                  mcp_servers=[], model=MODEL, permissionMode="default",
                  slash_commands=[], apiKeySource="none",
                  claude_code_version="2.1.197", output_style="default")


def requesting():
    return system("status", status="requesting")


def start():
    return [init(), requesting()]


def retry(attempt, delay_ms, status, error):
    return system("api_retry", attempt=attempt, max_retries=2,
                  retry_delay_ms=delay_ms, error_status=status, error=error)


def rate_limit(status, **members):
    return line("rate_limit_event", rate_limit_info={
        "status": status, "rateLimitType": "five_hour",
        "isUsingOverage": False, **members})


def event(kind, **members):
    return line("stream_event", event={"type": kind, **members},
                parent_tool_use_id=None)


def user(content, **members):
    return line("user", message={"role": "user", "content": content},
                parent_tool_use_id=None, **members)


def assistant(ident, model, content, stop=None, numbers=NO_USAGE, **members):
    message = {"id": ident, "type": "message", "role": "assistant",
               "model": model, "content": content, "stop_reason": stop,
               "stop_sequence": None, "usage": usage(numbers)}
    return line("assistant", message=message, parent_tool_use_id=None,
                **members)


def synthetic(text, error=None):
    more = {"error": error} if error else {}
    return assistant("5e55e55e-0000-4000-8000-00000000cc03", "<synthetic>",
                     [{"type": "text", "text": text}], "stop_sequence", **more)


def result(text, *, numbers=USAGE, error=False, status=None,
           terminal="completed", stop="end_turn", turns=1):
    return line("result", subtype="success", is_error=error,
                api_error_status=status, duration_ms=90, num_turns=turns,
                result=text, stop_reason=stop, total_cost_usd=0.001,
                usage=usage(numbers), permission_denials=[],
                terminal_reason=terminal)


def result_errors(subtype, text, *, numbers=NO_USAGE, **members):
    """One that has "errors" in place of "result" and of a status."""
    return line("result", subtype=subtype, is_error=True, duration_ms=90,
                num_turns=2, stop_reason=None, total_cost_usd=0.001,
                usage=usage(numbers), permission_denials=[], errors=[text],
                **members)


# --- what the CLI asks of its parent ----------------------------------------

def control_request(n, subtype, **members):
    return {"type": "control_request",
            "request_id": f"5e55e55e-0000-4000-8000-0000000cc{n:03}",
            "request": {"subtype": subtype, **members}}


def mcp(n, method, **members):
    """To the server "client", which is the parent."""
    return control_request(n, "mcp_message", server_name="client", message={
        "method": method, "jsonrpc": "2.0", **members})


def control_response(**members):
    return {"type": "control_response",
            "response": {"subtype": "success", "request_id": "own-1",
                         **members}}


# --- messages ---------------------------------------------------------------

def message_start(ident, model=MODEL):
    return event("message_start", message={
        "id": ident, "type": "message", "role": "assistant", "model": model,
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": usage(USAGE[:3] + (1,))})


def message_end(stop, **members):
    return [event("message_delta",
                  delta={"stop_reason": stop, "stop_sequence": None,
                         **members}, usage=usage(USAGE)),
            event("message_stop")]


def delta(index, kind, key, value):
    return event("content_block_delta", index=index,
                 delta={"type": kind, key: value})


def words(text):
    """text in the pieces that deltas carry."""
    pieces = text.split(" ")
    return [p + " " for p in pieces[:-1]] + [pieces[-1]]


def block(ident, index, empty, deltas, full, model=MODEL):
    """The assistant line comes before the block's stop."""
    return [event("content_block_start", index=index, content_block=empty),
            *deltas,
            assistant(ident, model, [full], numbers=USAGE[:3] + (1,)),
            event("content_block_stop", index=index)]


def open_text(index, text):
    """A block of text that gets no end."""
    return [event("content_block_start", index=index,
                  content_block={"type": "text", "text": ""}),
            *(delta(index, "text_delta", "text", w) for w in words(text))]


def say(ident, index, text, model=MODEL):
    head, *deltas = open_text(index, text)
    return block(ident, index, head["event"]["content_block"], deltas,
                 {"type": "text", "text": text}, model)


def think(ident, index, text):
    deltas = []
    for n, word in enumerate(words(text), 1):
        deltas += [system("thinking_tokens", estimated_tokens=n,
                          estimated_tokens_delta=1),
                   delta(index, "thinking_delta", "thinking", word)]
    deltas.append(delta(index, "signature_delta", "signature", "bWFkZQ=="))
    return block(ident, index,
                 {"type": "thinking", "thinking": "", "signature": ""}, deltas,
                 {"type": "thinking", "thinking": text,
                  "signature": "bWFkZQ=="})


def redacted(ident, index):
    data = {"type": "redacted_thinking", "data": "bWFkZSB1cA=="}
    return block(ident, index, data, [], data)


def use(ident, index, tool, call="toolu_own1", **arguments):
    text = json.dumps(arguments)
    empty = {"type": "tool_use", "id": call, "name": tool, "input": {}}
    pieces = [text[n:n + 8] for n in range(0, len(text), 8)]
    return block(ident, index, empty,
                 [delta(index, "input_json_delta", "partial_json", p)
                  for p in pieces], {**empty, "input": arguments})


def tool_result(text, is_error=False, call="toolu_own1"):
    return user([{"type": "tool_result", "tool_use_id": call,
                  "content": text, "is_error": is_error}])


def message(ident, *texts, stop="end_turn", model=MODEL, **members):
    """A whole message of so many blocks of text."""
    lines = [message_start(ident, model)]
    for n, text in enumerate(texts):
        lines += say(ident, n, text, model)
    return lines + message_end(stop, **members)


def tool_message(text, tool, **arguments):
    return [message_start("msg_own1"), *say("msg_own1", 0, text),
            *use("msg_own1", 1, tool, **arguments), *message_end("tool_use")]


def times(n):
    return tuple(n * number for number in USAGE)
