# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the real Claude Code CLI, the version that ccp is measured with.

CCP_TEST_CLAUDE names it, else npm installs it once into the cache directory.
The path is the platform's own program, never npm's wrapper script.
"""
import fcntl
import functools
import os
import platform
import shutil
import subprocess
import sys

import npm
from ccp import free_port
from tap import Skip

VERSION = "2.1.197"
PACKAGE = f"@anthropic-ai/claude-code@{VERSION}"


def _platform_package():
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64",
               "arm64": "arm64"}.get(platform.machine().lower())
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform)
    if not machine or not system:
        raise Skip(f"no Claude CLI for {sys.platform} {platform.machine()}")
    return f"claude-code-{system}-{machine}"


def _install(to):
    if not shutil.which("npm"):
        raise Skip("npm is not installed and CCP_TEST_CLAUDE is not set")
    done = subprocess.run(
        ["npm", "install", "--prefix", str(to), "--ignore-scripts",
         "--no-audit", "--no-fund", PACKAGE],
        env=npm.environment(), capture_output=True, text=True, timeout=600,
        check=False)
    if done.returncode:
        raise Skip(f"npm install {PACKAGE}: {done.stderr.strip()[-300:]}")


_failed = []  # why: what could not be had once is not tried again


@functools.cache
def _found():
    """The path, or why there is none: asked once."""
    try:
        return _look(), None
    except Skip as why:
        return None, why


def find():
    """The path of the CLI; Skip where there is none."""
    path, why = _found()
    if why:
        raise why
    return path


def _look():
    """The path of the CLI; Skip where there is none."""
    if _failed:
        raise _failed[0]
    try:
        return _find()
    except Skip as why:
        _failed.append(why)
        raise


def _find():
    given = os.environ.get("CCP_TEST_CLAUDE")
    if given:
        if not os.access(given, os.X_OK):
            raise Skip(f"CCP_TEST_CLAUDE={given} is not a program")
        return os.path.abspath(given)
    cache = npm.cache(f"claude-{VERSION}")
    path = cache.joinpath("node_modules", "@anthropic-ai",
                          _platform_package(), "claude")
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _install(cache)
    if not os.access(path, os.X_OK):
        raise Skip(f"{path} is not there after npm install")
    return str(path)


def variables(url, **more):
    """What the CLI needs to talk to the mock and to nobody else: its key is
    made up, and whatever it asks of other hosts goes to a closed port."""
    closed = f"http://127.0.0.1:{free_port()}"
    own = {"ANTHROPIC_BASE_URL": url,
           "ANTHROPIC_API_KEY": "sk-ant-made-up-for-tests",
           "HTTP_PROXY": closed, "HTTPS_PROXY": closed,
           "NO_PROXY": "127.0.0.1",
           "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1",
           # root may not bypass permissions outside of a sandbox
           "IS_SANDBOX": "1",
           **more}
    return {n: v for n, v in own.items() if v is not None}


if __name__ == "__main__":
    try:
        print(find())
    except Skip as nothing:
        sys.exit(str(nothing))
