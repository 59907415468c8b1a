#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test_sessions.py with the oldest Claude Code that will do."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["CCP_TEST_CLAUDE_VERSION"] = "oldest"
# pylint: disable=wrong-import-position,unused-import
import test_sessions  # noqa: E402,F401
import tap  # noqa: E402
from tap import main  # noqa: E402

# The store is the same whatever the version.
test_sessions.keep_cli_cases()
# It does not tell the model what became of a command of an earlier process.
tap.keep([n for n in tap.names() if not n.startswith("a command that ran")])

if __name__ == "__main__":
    main()
