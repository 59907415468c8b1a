# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the real Claude Code CLI, in the version that is asked for.

CCP_TEST_CLAUDE_VERSION is a version or a name of VERSIONS, which npm installs
once into the cache directory.  Without it CCP_TEST_CLAUDE is the program's
path, and else it is the version that ccp is measured with.  The path is the
platform's own program, never npm's wrapper script; of versions that were none,
the script that Node runs.

Run by itself it prints the path.
"""
import fcntl
import functools
import os
import platform
import sys

import npm
from ccp import closed_proxy
from tap import Skip

VERSIONS = {
    "old": "2.0.0",  # does not work
    "oldest": "2.1.153",  # CLAUDE_VERSION_LEAST of src/claude_version.h
    "measured": "2.1.197",
    "newest": "2.1.330",  # when it was last tried
}
PACKAGE = "@anthropic-ai/claude-code"


def _platform_package():
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64",
               "arm64": "arm64"}.get(platform.machine().lower())
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform)
    if not machine or not system:
        raise Skip(f"no Claude CLI for {sys.platform} {platform.machine()}")
    return f"claude-code-{system}-{machine}"


@functools.cache
def _found(version):
    """The path, or why there is none: asked once."""
    try:
        return _look(version), None
    except Skip as why:
        return None, why


def find(name=None):
    """The path of the CLI; Skip where there is none."""
    name = name or os.environ.get("CCP_TEST_CLAUDE_VERSION")
    path, why = _found(VERSIONS.get(name, name))
    if why:
        raise why
    return path


def _look(version):
    given = os.environ.get("CCP_TEST_CLAUDE")
    if given and not version:
        if not os.access(given, os.X_OK):
            raise Skip(f"CCP_TEST_CLAUDE={given} is not a program")
        return os.path.abspath(given)
    return str(_installed(version or VERSIONS["measured"]))


def _installed(version):
    cache = npm.cache(f"claude-{version}")
    scope = cache / "node_modules" / "@anthropic-ai"
    places = [scope / _platform_package() / "claude",
              scope / "claude-code" / "cli.js"]
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(p.exists() for p in places):
            # --force: the newest wants a newer Node, but for its installer
            npm.install(f"{PACKAGE}@{version}", cache, "--force")
    for path in places:
        if path.exists():
            path.chmod(0o755)
            return path
    raise Skip(f"{places[0]} is not there after npm install")


def variables(url, **more):
    """What the CLI needs to talk to the mock and to nobody else: its key is
    made up, and it does not reach other hosts."""
    own = {"ANTHROPIC_BASE_URL": url,
           "ANTHROPIC_API_KEY": "sk-ant-made-up-for-tests",
           **closed_proxy(),
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
