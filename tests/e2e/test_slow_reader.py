#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that reads a byte a second: it is dropped, and Claude with it."""
import os
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, HandlerSocket, chat_body  # noqa: E402
from tap import contains, main, ok, test, until  # noqa: E402

SECONDS = 60  # twice LIMIT_WRITE_STALL_MS


@test("one byte a second is too slow", seconds=150)
def _():
    child = {"CCP_DEMO_MODE": "long=3000000", "CCP_DEMO_DELAY_MS": "0"}
    with Env(child=child) as env, HandlerSocket(env) as handler:
        ours = handler.http.sock
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        handler.http.send_json("/v1/chat/completions",
                               chat_body("hello", stream=True))
        until(lambda: env.left(handler.pid), what="Claude runs")
        end = time.monotonic() + SECONDS
        while env.left(handler.pid):
            ok(time.monotonic() < end, f"Claude runs after {SECONDS} s")
            ours.recv(1)
            time.sleep(1)
        env.wait_gone(handler.pid)
        until(lambda: "error=client_left" in handler.stderr(),
              what="a line in the log")
        contains(handler.stderr(), "/v1/chat/completions")


if __name__ == "__main__":
    main()
