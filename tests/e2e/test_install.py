#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What "make install DESTDIR=..." installs, and that it fits together."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

# pylint: disable=wrong-import-position
from ccp import BUILD, Env, parse_responses
from install import make_install
from tap import Skip, eq, main, ok, test

EVERYWHERE = {
    "bin/ccp", "libexec/ccp/ccp-handler", "libexec/ccp/ccp-demo-claude",
    "share/man/man1/ccp.1", "share/man/man5/ccp-config.5",
    "share/man/man8/ccp-handler.8", "share/doc/ccp/README.md",
    "share/doc/ccp/COPYING", "share/doc/ccp/architecture.md",
    "share/doc/ccp/performance.md",
    "share/doc/ccp/protocol.md", "share/doc/ccp/security.md",
    "share/bash-completion/completions/ccp",
    "share/zsh/site-functions/_ccp",
    "share/fish/vendor_completions.d/ccp.fish"}
LINUX = {"lib/systemd/user/ccp.socket", "lib/systemd/user/ccp@.service"}
MACOS = {"share/ccp/ccp.plist"}


class Tree:
    """An installation: the files below DESTDIR, by their place below the
    prefix."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="ccp-tree-")
        make_install(self.dir)
        self.root = pathlib.Path(self.dir)
        program = next(self.root.rglob("bin/ccp"))
        self.prefix = program.parents[1]
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def files(self):
        return {str(p.relative_to(self.prefix))
                for p in self.root.rglob("*") if not p.is_dir()}

    def at(self, installed):
        """Where an absolute path of the installation is now."""
        return self.root / installed.lstrip("/")


def expected():
    mac = MACOS if sys.platform == "darwin" else set()
    return EVERYWHERE | (LINUX if sys.platform == "linux" else mac)


@test("make install installs what it should, uninstall takes it away")
def _():
    with Tree() as tree:
        eq(sorted(tree.files()), sorted(expected()))
        for path in tree.root.rglob("*"):
            mode = path.stat().st_mode & 0o777
            programs = path.is_dir() or "bin" in path.parts \
                or "libexec" in path.parts
            eq(oct(mode), oct(0o755 if programs else 0o644), str(path))
        make_install(tree.dir, "uninstall")
        eq(tree.files(), set())


@test("the installed ccp-handler answers")
def _():
    with Tree() as tree, Env() as env:
        done = subprocess.run(
            [tree.prefix / "libexec/ccp/ccp-handler"],
            input=b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            capture_output=True, env=env.environ, timeout=240, check=True)
        eq([r.json() for r in parse_responses(done.stdout)],
           [{"status": "ok"}])


@test("the systemd unit starts a program that is installed")
def _():
    if sys.platform != "linux":
        raise Skip("no systemd on this system")
    with Tree() as tree:
        unit = (tree.prefix / "lib/systemd/user/ccp@.service").read_text(
            encoding="utf-8")
        program = re.search("^ExecStart=(/.*)$", unit, re.M)
        ok(program and os.access(tree.at(program[1]), os.X_OK), unit)
        ok("@pkg" not in unit, "a variable was left over")


@test("ccp-handler does without libsystemd")
def _():
    if not shutil.which("ldd"):
        raise Skip("ldd is not installed")
    done = subprocess.run(["ldd", BUILD / "ccp-handler"], text=True,
                          capture_output=True, check=True)
    ok("libcjson" in done.stdout, done.stdout)
    ok("libsystemd" not in done.stdout, done.stdout)


if __name__ == "__main__":
    main()
