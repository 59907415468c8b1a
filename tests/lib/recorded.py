# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real CLI writes in one turn, made up anew.

Types, order and members of the lines are those of Claude Code 2.1.197 in agent
mode; ids and texts are not.  RECORDINGS maps a name to the lines; the
stand-in's mode "replay=FILE" writes them.
"""
import json
import time

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


def use(ident, index, tool, **arguments):
    text = json.dumps(arguments)
    empty = {"type": "tool_use", "id": "toolu_own1", "name": tool, "input": {}}
    pieces = [text[n:n + 8] for n in range(0, len(text), 8)]
    return block(ident, index, empty,
                 [delta(index, "input_json_delta", "partial_json", p)
                  for p in pieces], {**empty, "input": arguments})


def tool_result(text, is_error=False):
    return user([{"type": "tool_result", "tool_use_id": "toolu_own1",
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


# --- whole turns ------------------------------------------------------------

UNICODE = "grüße 世界 \U0001f409 \u2028 \0 \"so\" \\ and \n on"


def answered(*texts):
    return start() + message("msg_own1", *texts) + [result(texts[-1])]


def thinking():
    return start() + [
        message_start("msg_own1"), *think("msg_own1", 0, "first this, then"),
        *say("msg_own1", 1, "One block, "), *say("msg_own1", 2, "and another."),
        *message_end("end_turn"), result("and another.")]


def redacted_thinking():
    return start() + [
        message_start("msg_own1"), *redacted("msg_own1", 0),
        *say("msg_own1", 1, "Behind the curtain."), *message_end("end_turn"),
        result("Behind the curtain.")]


def agentic_bash():
    return start() + [
        *tool_message("I look around.", "Bash", command="ls"),
        tool_result(NEVER_SHOWN), requesting(),
        *message("msg_own2", "Two files."),
        result("Two files.", numbers=times(2), turns=2)]


def permission_denied():
    end = result("I may not.", numbers=times(2), turns=2)
    end["permission_denials"] = [{"tool_name": "Write",
                                  "tool_use_id": "toolu_own1"}]
    return start() + [
        *tool_message("I write it.", "Write", file_path="/home/someone/new"),
        tool_result(f"not granted {NEVER_SHOWN}", is_error=True),
        requesting(), *message("msg_own2", "I may not."), end]


def max_turns():
    return start() + [
        *tool_message("I look around.", "Bash", command="ls"),
        tool_result(NEVER_SHOWN),
        result_errors("error_max_turns", "Reached maximum number of turns (1)",
                      numbers=USAGE, terminal_reason="max_turns")]


def max_tokens_autocontinue():
    return start() + [
        *message("msg_own1", "The first half", stop="max_tokens"),
        requesting(), *message("msg_own2", " and the second."),
        result(" and the second.", numbers=times(2))]


def max_tokens_exhausted():
    text = f"API Error: Claude's response exceeded the 32000 {NEVER_SHOWN}"
    lines = [init()]
    for n in range(1, 5):
        lines += [requesting(), *message(f"msg_own{n}", f"part {n} ",
                                         stop="max_tokens")]
    return lines + [synthetic(text, "max_output_tokens"),
                    result(text, error=True, numbers=times(4),
                           stop="stop_sequence")]


def stop_sequence():
    return start() + [
        *message("msg_own1", "Up to here", stop="stop_sequence",
                 stop_sequence="END"),
        result("Up to here", stop="stop_sequence")]


def refusal():
    text = f"API Error: safeguards flagged this {NEVER_SHOWN}"
    return start() + [
        message_start("msg_own1"), *say("msg_own1", 0, "I begin"),
        system("model_refusal_no_fallback", original_model=MODEL,
               api_refusal_category="cyber",
               api_refusal_explanation=NEVER_SHOWN, content=""),
        synthetic(text, "invalid_request"),
        *message_end("refusal", stop_details={"type": "refusal"}),
        result(text, error=True, stop="refusal")]


def empty_output_nudge():
    return start() + [
        *message("msg_own1"),
        user([{"type": "text", "text": f"[no visible output {NEVER_SHOWN}]"}],
             isSynthetic=True),
        requesting(), *message("msg_own2", "Now then."),
        result("Now then.", numbers=times(2), turns=2)]


def retry_then_ok():
    return start() + [retry(1, 512.25, 529, "overloaded"),
                      *message("msg_own1", "Got through."),
                      result("Got through.")]


def rate_limit_warning():
    return start() + [
        *message("msg_own1", "Still allowed."),
        rate_limit("allowed_warning", resetsAt=int(time.time()) + 1800,
                   utilization=0.95, surpassedThreshold=0.9),
        result("Still allowed.")]


def model_fallback():
    other = "claude-sonnet-5"
    return start() + [
        retry(1, 512.25, 529, "overloaded"),
        retry(2, 1024.5, 529, "overloaded"),
        system("model_fallback", trigger="overloaded", original_model=MODEL,
               fallback_model=other, content=NEVER_SHOWN),
        *message("msg_own1", "Another model.", model=other),
        result("Another model.")]


def broken_off():
    return start() + [message_start("msg_own1"),
                      *open_text(0, "This stops in the ")]


def stream_drop_fallback():
    """Asked again without a stream: another id, no events, no usage."""
    text = "This stops in the end."
    return broken_off() + [
        assistant("msg_own2", MODEL, [{"type": "text", "text": text}],
                  "end_turn", USAGE), result(text, numbers=NO_USAGE)]


def failed(text, error, status=None, terminal="completed"):
    """How every error of the API ends."""
    return [synthetic(text, error),
            result(text, error=True, status=status, numbers=NO_USAGE,
                   terminal=terminal, stop="stop_sequence")]


def stream_drop_nofallback():
    return broken_off() + failed(
        "API Error: Connection to the API was lost (ECONNRESET). "
        + NEVER_SHOWN, "server_error")


def stream_overloaded_nofallback():
    return broken_off() + failed("API Error: Overloaded", "unknown")


def compact():
    """The context was full, so the CLI summed it up and asked again."""
    return start() + [
        system("status", status="compacting"),
        system("status", status=None, compact_result="success"), init(),
        system("compact_boundary", compact_metadata={
            "trigger": "auto", "pre_tokens": 40, "post_tokens": 20}),
        user(f"This session is being continued {NEVER_SHOWN}"),
        requesting(), *message("msg_own1", "Where were we?"),
        result("Where were we?")]


def compact_by_hand():
    """What "/compact" does: no model's answer, no terminal_reason."""
    end = result("", numbers=NO_USAGE, stop=None, turns=0)
    del end["terminal_reason"], end["api_error_status"]
    return [system("status", status="compacting"),
            system("status", status=None, compact_result="success"), init(),
            system("compact_boundary", compact_metadata={
                "trigger": "manual", "pre_tokens": 40, "post_tokens": 20}),
            user(f"This session is being continued {NEVER_SHOWN}"),
            user(f"<local-command-stdout>{NEVER_SHOWN}"
                 "</local-command-stdout>", isReplay=True), end]


def slash_disabled():
    text = f"/cost isn't available {NEVER_SHOWN}"
    end = result(text, numbers=NO_USAGE, stop=None, turns=0)
    del end["terminal_reason"], end["api_error_status"]
    return [init(), synthetic(text), end]


def interrupt():
    text = "word word word "
    return start() + [
        message_start("msg_own1"), *open_text(0, text),
        {"type": "control_response",
         "response": {"subtype": "success", "request_id": "own-1"}},
        assistant("msg_own1", MODEL, [{"type": "text", "text": text}]),
        user([{"type": "text", "text": "[Request interrupted by user]"}]),
        result_errors("error_during_execution",
                      f"[ede_diagnostic] {NEVER_SHOWN}",
                      terminal_reason="aborted_streaming")]


def resume_unknown():
    return [result_errors("error_during_execution",
                          f"No conversation found: {NEVER_SHOWN}")]


def api_error(*arguments, retries=(), limit=None):
    """A turn of failed(*arguments).  retries: status, error of what was tried
    twice before; limit: seconds until a subscription's limit ends."""
    lines = start()
    if retries:
        lines += [retry(1, 512.25, *retries), retry(2, 1024.5, *retries)]
    if limit:
        lines.append(rate_limit("rejected", resetsAt=int(time.time()) + limit))
    return lines + failed(*arguments)


GATEWAY = (". This is a server-side issue. If it persists, check your "
           f"inference gateway (127.0.0.1:8080) {NEVER_SHOWN}")
AUTH = "authentication_failed"
LIMIT_SECONDS = 1800

RECORDINGS = {
    "plain_text": lambda: answered("Good day to you."),
    "unicode": lambda: answered(UNICODE),
    "thinking_multiblock": thinking,
    "redacted_thinking": redacted_thinking,
    "agentic_bash": agentic_bash,
    "permission_denied": permission_denied,
    "max_turns": max_turns,
    "max_tokens_autocontinue": max_tokens_autocontinue,
    "max_tokens_exhausted": max_tokens_exhausted,
    "stop_sequence": stop_sequence,
    "refusal": refusal,
    "empty_output_nudge": empty_output_nudge,
    "retry_then_ok": retry_then_ok,
    "rate_limit_warning": rate_limit_warning,
    "model_fallback": model_fallback,
    "stream_drop_fallback": stream_drop_fallback,
    "stream_drop_nofallback": stream_drop_nofallback,
    "stream_overloaded_nofallback": stream_overloaded_nofallback,
    "compact": compact,
    "compact_by_hand": compact_by_hand,
    "slash_disabled": slash_disabled,
    "interrupt": interrupt,
    "error_resume_unknown": resume_unknown,

    "error_400": lambda: api_error(
        "API Error: 400 messages.0: made up", "unknown", 400),
    "error_400_credit": lambda: api_error(
        "Credit balance is too low", "billing_error", 400),
    "error_400_prompt_too_long": lambda: api_error(
        f"Prompt is too long · the request is ~250000 {NEVER_SHOWN}",
        "invalid_request", 400, "prompt_too_long"),
    "error_401": lambda: api_error(
        "Invalid API key · Fix external API key", AUTH, 401),
    "error_402": lambda: api_error(
        f"API Error: 402 {NEVER_SHOWN}", "unknown", 402),
    "error_403": lambda: api_error(
        f"Failed to authenticate. API Error: 403 {NEVER_SHOWN}", AUTH, 403),
    "error_404_model": lambda: api_error(
        "There's an issue with the selected model (x). Run --model to pick a "
        "different model.", "model_not_found", 404),
    "error_413": lambda: api_error(
        f"Request too large (max 32MB). {NEVER_SHOWN}", "invalid_request",
        413, "image_error"),
    "error_429": lambda: api_error(
        f"API Error: Request rejected (429) · {NEVER_SHOWN}", "rate_limit",
        429, retries=(429, "rate_limit")),
    "error_429_retry_after": lambda: start() + [
        retry(1, 1000, 429, "rate_limit"),
        *failed(f"API Error: Request rejected (429) · {NEVER_SHOWN}",
                "rate_limit", 429)],
    "error_429_subscription_limit": lambda: api_error(
        f"You've hit your session limit · resets 11:50am {NEVER_SHOWN}",
        "rate_limit", 429, limit=LIMIT_SECONDS),
    "error_500": lambda: api_error(
        "API Error: 500 Internal server error" + GATEWAY, "server_error", 500,
        retries=(500, "server_error")),
    "error_502_html": lambda: api_error(
        "API Error: 502 <html><body>made up</body></html>" + GATEWAY,
        "server_error", 502),
    "error_529": lambda: api_error(
        "API Error: 529 Overloaded" + GATEWAY, "server_error", 529,
        retries=(529, "overloaded")),
    "error_connection_refused": lambda: api_error(
        "API Error: Unable to connect to API (ConnectionRefused)",
        "server_error", retries=(None, "unknown")),
    "error_connection_reset": lambda: api_error(
        "API Error: Unable to connect to API (ECONNRESET)", "server_error"),
    "error_not_logged_in": lambda: api_error(
        "Not logged in · Please run /login", AUTH),
    "error_timeout": lambda: api_error("Request timed out", "server_error"),
}


def write(name, path):
    """The lines as the CLI writes them: UTF-8, U+2028 as it is."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        for each in RECORDINGS[name]():
            file.write(json.dumps(each, ensure_ascii=False,
                                  separators=(",", ":")) + "\n")
