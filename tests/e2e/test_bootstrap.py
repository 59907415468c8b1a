#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./bootstrap run in a fresh copy of the sources with an empty HOME."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import SRC, chat_body, free_port  # noqa: E402
from http_client import Client  # noqa: E402
from tap import contains, eq, main, test, until  # noqa: E402


def health(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return Client(s, {}).get("/health").status
    except OSError:
        return None


@test("./bootstrap run builds, says that it is a demo, and answers", 300)
def _():
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ccp-test-") as top:
        tree, home = os.path.join(top, "ccp"), os.path.join(top, "home")
        shutil.copytree(SRC, tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build-ci",
                                                      "*.o", "config.status",
                                                      "Makefile"))
        subprocess.run(["chmod", "-R", "u+w", tree], check=True)
        os.mkdir(home)
        env = {"HOME": home, "PORT": str(port),
               "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        said = os.path.join(top, "said")
        with open(said, "wb") as out:
            # pylint: disable=consider-using-with
            run = subprocess.Popen(["./bootstrap", "run"], cwd=tree, env=env,
                                   stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, start_new_session=True)
        try:
            until(lambda: run.poll() is not None or health(port) == 200,
                  240, "an answer")
            with open(said, encoding="utf-8", errors="replace") as f:
                contains(f.read(), "DEMO BACKEND")
            s = socket.create_connection(("127.0.0.1", port), 10)
            with Client(s, {"Authorization": "Bearer CCP_API_KEY"}) as http:
                for headers, answer in (
                        ({}, "Which directory shall I work in?"),
                        ({"X-CCP-Working-Dir": "~"}, "You said: Hello!")):
                    response = http.post_json("/v1/chat/completions",
                                              chat_body("Hello!"), headers)
                    eq(response.status, 200)
                    contains(response.body.decode(), answer)
            run.send_signal(signal.SIGTERM)
            eq(run.wait(20), 0)
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()


if __name__ == "__main__":
    main()
