# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the real Claude Code CLI, the version that ccp is measured with.

CCP_TEST_CLAUDE names it, else npm installs it once into the cache directory.
The path is the platform's own program, never npm's wrapper script.
"""
import fcntl
import functools
import os
import pathlib
import platform
import shutil
import subprocess
import sys

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


def _cache():
    base = os.environ.get("XDG_CACHE_HOME") \
        or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base, "ccp-test", f"claude-{VERSION}")


# npm ships authorities of its own; a machine may know further ones.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def _environment():
    env = dict(os.environ)
    if os.path.exists(AUTHORITIES):
        env.setdefault("NODE_EXTRA_CA_CERTS", AUTHORITIES)
    return env


def _install(to):
    if not shutil.which("npm"):
        raise Skip("npm is not installed and CCP_TEST_CLAUDE is not set")
    done = subprocess.run(
        ["npm", "install", "--prefix", str(to), "--ignore-scripts",
         "--no-audit", "--no-fund", PACKAGE],
        env=_environment(), capture_output=True, text=True, timeout=600,
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
    cache = _cache()
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


if __name__ == "__main__":
    try:
        print(find())
    except Skip as nothing:
        sys.exit(str(nothing))
