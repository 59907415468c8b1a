#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test_real_cli.py with the oldest Claude Code that will do; and what is said
about one that will not."""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["CCP_TEST_CLAUDE_VERSION"] = "oldest"
# pylint: disable=wrong-import-position,unused-import
import test_real_cli  # noqa: E402,F401
import real_claude  # noqa: E402
from answers import ask  # noqa: E402
from ccp import SRC, Env, HandlerSocket  # noqa: E402
from mock_messages import Mock  # noqa: E402
from tap import Skip, contains, eq, main, test  # noqa: E402


@test("the oldest is the one that ccp names")
def _():
    header = (SRC / "src" / "claude_version.h").read_text(encoding="utf-8")
    contains(header, '#define CLAUDE_VERSION_LEAST "{}"'.format(
        real_claude.VERSIONS["oldest"]))


@test("Claude Code 2.0.0 fails, and ccp says that it is too old")
def _():
    if not shutil.which("node"):
        raise Skip("node is not installed")
    claude = real_claude.find("old")
    for stream in (False, True):
        api = Mock()
        with Env(claude=claude, child=real_claude.variables(api.url)) as env, \
                HandlerSocket(env) as handler:
            answered = ask(handler.http, "hello", stream=stream)
            eq((answered.status, answered.error["code"]),
               (502, "claude_too_old"))
            contains(answered.error["message"],
                     f"needs {real_claude.VERSIONS['oldest']} or newer")
            contains(handler.stderr(), "and not supported")
            env.wait_gone(handler.pid)
        with api:
            api.refused.clear()  # which is how it fails


if __name__ == "__main__":
    main()
