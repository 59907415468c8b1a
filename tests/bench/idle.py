# SPDX-License-Identifier: GPL-3.0-or-later
"""What ccp costs when nobody asks, and when somebody begins to: exec to the
first byte, and what the time after the last answer leaves."""
import json
import os
import subprocess
import time

# pylint: disable=import-error
from figures import MS, US, memory, need, program, row
import ccp
from ccp import Env, Start, chat
from warm import WarmEnv


def first_byte(runs):
    """ccp-handler beside a program that loads the same libraries."""
    with Env(LOG_LEVEL="error") as env:
        done = subprocess.run(
            [program("exec_time"), str(runs), program("empty"),
             ccp.program("ccp-handler")], env=env.environ, check=True,
            stdout=subprocess.PIPE)
    empty, handler = json.loads(done.stdout)
    rows = [row("an empty program, exec to its first byte",
                [MS * t / US for t in empty], "ms")]
    rows.append(row("ccp-handler, GET /health",
                    [MS * t / US for t in handler], "ms", rows[0]))
    rows.append(row("ccp-handler, on top", [
        MS * (h - e) / US for h, e in zip(handler, empty)], "ms"))
    return rows


def left(env, *spare):
    return [p for p in env.left(*spare)]


def after_linger(seconds):
    """Under "ccp start": while a process is warm, and once it is not."""
    with WarmEnv(CLAUDE_LINGER_MS=str(int(1000 * seconds)),
                 CLAUDE_SPARE="0") as env, Start(env) as start:
        start_alone = memory(start.pid)
        with start.client() as http:
            need(chat(http, "hello").status == 200, "no answer")
        record, = env.wait_records(1)
        keeper = memory(int(record["keeper"]))
        end = time.monotonic() + seconds + 15
        while left(env, start.pid) or env.names():
            need(time.monotonic() < end, "something stays: "
                 f"{left(env, start.pid)} {env.names()}")
            time.sleep(0.1)
        stays = memory(start.pid)
    return [
        row("ccp start, idle: private memory", start_alone[0], "KiB"),
        row("a keeper and its warm process: the keeper", keeper[0], "KiB"),
        row(f"{seconds:g} s after the answer: handlers, Claude, files",
            len(left(env)) + len(env.names() if os.path.isdir(env.dir)
                                 else []), ""),
        row("ccp start then: private memory", stays[0], "KiB")]
