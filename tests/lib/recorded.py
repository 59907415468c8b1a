# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real CLI writes in one turn, made up anew from cli_lines.py.

RECORDINGS maps a name to the lines; the stand-in's mode "replay=FILE" writes
them.
"""
import json
import time

from cli_lines import (
    MODEL, NEVER_SHOWN, NO_USAGE, USAGE, assistant, control_request,
    control_response, init, mcp, message, message_end, message_start,
    open_text, rate_limit, redacted, requesting, result, result_errors, retry,
    say, start, synthetic, system, think, times, tool_message, tool_result,
    use, user)


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


def json_schema():
    """The tool's result comes before the message has ended, and no further
    message behind it."""
    text = json.dumps({"answer": NEVER_SHOWN})
    end = result(text, stop="tool_use", turns=2)
    end["structured_output"] = json.loads(text)
    return start() + [
        message_start("msg_own1"), *say("msg_own1", 0, "Here you are."),
        *use("msg_own1", 1, "StructuredOutput", answer=NEVER_SHOWN),
        tool_result(f"Structured output provided {NEVER_SHOWN}"),
        *message_end("tool_use"), end]


def permission_prompt_stdio():
    end = result("I may not.", numbers=times(2), turns=2)
    end["permission_denials"] = [{"tool_name": "Write",
                                  "tool_use_id": "toolu_own1"}]
    path = "/home/someone/new"
    return [control_response(response={"commands": []})] + start() + [
        *tool_message("I write it.", "Write", file_path=path),
        control_request(1, "can_use_tool", tool_name="Write",
                        display_name="Write", input={"file_path": path},
                        description="new", permission_suggestions=[],
                        tool_use_id="toolu_own1"),
        tool_result(f"not allowed {NEVER_SHOWN}", is_error=True),
        requesting(), *message("msg_own2", "I may not."), end]


CLIENT_TOOLS = ("get_weather", "get_time")


def client_start():
    """The CLI asks for the client's tools before it begins."""
    return [control_response(response={"commands": []}),
            mcp(1, "initialize", id=0,
                params={"protocolVersion": "2025-11-25", "capabilities": {}}),
            mcp(2, "notifications/initialized"),
            mcp(3, "tools/list", id=1), *start()]


def client_call(n):
    """Of the n-th tool: what the model says, without its end, what the CLI
    asks its parent for, and what the tool has told."""
    *said, stop = use("msg_own1", 1 + n, f"mcp__client__{CLIENT_TOOLS[n]}",
                      f"toolu_own{n}", city="Oslo")
    call = mcp(4 + n, "tools/call", id=2 + n, params={
        "name": CLIENT_TOOLS[n], "arguments": {"city": "Oslo"},
        "_meta": {"claudecode/toolUseId": f"toolu_own{n}",
                  "progressToken": 2 + n}})
    return said, call, stop, tool_result(NEVER_SHOWN, call=f"toolu_own{n}")


def client_end(turns):
    return [requesting(), *message("msg_own2", "It rains at noon."),
            result("It rains at noon.", numbers=times(2), turns=turns)]


def client_tool():
    """The call comes before the block's end."""
    said, call, stop, told = client_call(0)
    return client_start() + [
        message_start("msg_own1"), *think("msg_own1", 0, "who knows?"),
        *say("msg_own1", 0, "I ask."), *said, call, stop,
        *message_end("tool_use"), told, *client_end(2)]


def client_tools_parallel():
    """Tools that only read are called as their blocks end; their results come
    in any order."""
    said, call, stop, told = client_call(0)
    said2, call2, stop2, told2 = client_call(1)
    return client_start() + [
        message_start("msg_own1"), *say("msg_own1", 0, "I ask."),
        *said, call, stop, *said2, call2, stop2, *message_end("tool_use"),
        told2, told, *client_end(3)]


def client_tools_serial():
    """The second is called behind the message's end, after the first."""
    said, call, stop, told = client_call(0)
    said2, call2, stop2, told2 = client_call(1)
    return client_start() + [
        message_start("msg_own1"), *say("msg_own1", 0, "I ask."),
        *said, call, stop, *said2, stop2, *message_end("tool_use"),
        call2, told, told2, *client_end(3)]


def history(lines, text):
    """So many lines of it, each acknowledged by a run without a turn."""
    end = result("", numbers=NO_USAGE, stop=None, turns=0)
    del end["terminal_reason"], end["api_error_status"]
    return [init(), end] * lines + answered(text)


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


def local_command(text):
    """A slash command that the CLI answers by itself."""
    end = result(text, numbers=NO_USAGE, stop=None, turns=0)
    del end["terminal_reason"], end["api_error_status"]
    return [init(), synthetic(text), end]


def interrupt():
    text = "word word word "
    return start() + [
        message_start("msg_own1"), *open_text(0, text),
        control_response(),
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
    "slash_disabled": lambda: local_command(
        f"/cost isn't available {NEVER_SHOWN}"),
    "slash_command_hazard": lambda: local_command(
        f"Total cost: {NEVER_SHOWN}"),
    "at_file_hazard": lambda: answered("It is a list of names."),
    "image": lambda: answered("A single red dot."),
    "json_schema": json_schema,
    "permission_prompt_stdio": permission_prompt_stdio,
    "client_tool": client_tool,
    "client_tools_parallel": client_tools_parallel,
    "client_tools_serial": client_tools_serial,
    "replayed_history": lambda: history(3, "As I said."),
    "history_ends_in_tool_result": lambda: history(1, "So it rains."),
    "two_turns": lambda: answered("The first.") + answered(NEVER_SHOWN),
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
    """The lines as the CLI writes them: UTF-8, U+2028 as it is.  Returns
    them."""
    lines = RECORDINGS[name]()
    with open(path, "w", encoding="utf-8", newline="") as file:
        for each in lines:
            file.write(json.dumps(each, ensure_ascii=False,
                                  separators=(",", ":")) + "\n")
    return lines
