# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a script again inside the container of tests/systemd/bed, with ccp
installed there by "make install"."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import real_claude
from install import make_install
from tap import PATIENCE, Skip

SRC = pathlib.Path(__file__).resolve().parents[2]
INSIDE_SRC = "/ccp-src"
INSIDE_CLAUDE = "/ccp-claude"


# Of systemd 245, on a system that has a newer one.
OLD_SYSTEMCTL = """#!/bin/sh
for word; do
    case $word in
    -P*) echo "systemctl: invalid option -- 'P'" >&2; exit 1 ;;
    esac
done
exec /usr/bin/systemctl "$@"
"""


@contextlib.contextmanager
def old_systemctl():
    """A PATH with that systemctl."""
    with tempfile.TemporaryDirectory(prefix="ccp-old-") as directory:
        os.chmod(directory, 0o755)
        program = pathlib.Path(directory, "systemctl")
        program.write_text(OLD_SYSTEMCTL, encoding="utf-8")
        program.chmod(0o755)
        yield f"{directory}:/usr/local/bin:/usr/bin:/bin"


def _skip_all(why):
    if os.environ.get("CCP_NO_SKIP"):
        print(f"1..1\nnot ok 1 - {why}")
        sys.exit(1)
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def run_inside(script, arguments, seconds, claude=False, root=False,
               binds=None):
    """Runs tests/e2e/SCRIPT --inside ARGUMENTS there, and exits as it does.
    claude: with the real Claude Code, where there is one.  root: as root.
    binds: further directories, with their names there."""
    bed = SRC / "tests" / "systemd" / "bed"
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    command = [str(bed), "-t", str(seconds * PATIENCE), "-b", f"{SRC}:{INSIDE_SRC}"]
    if root:
        command.append("-r")
    for directory, name in (binds or {}).items():
        command += ["-b", f"{directory}:{name}"]
    environ = dict(os.environ)
    if claude:
        with contextlib.suppress(Skip):
            path = pathlib.Path(real_claude.find())
            command += ["-b", f"{path.parent}:{INSIDE_CLAUDE}"]
            environ["CCP_TEST_CLAUDE"] = f"{INSIDE_CLAUDE}/{path.name}"
    with tempfile.TemporaryDirectory(prefix="ccp-tree-") as parent:
        tree = os.path.join(parent, "root")
        os.mkdir(tree, 0o755)
        make_install(tree)
        done = subprocess.run(
            command + ["-i", tree, python, "-B",
                       f"{INSIDE_SRC}/tests/e2e/{script}", "--inside",
                       *arguments],
            env=environ, check=False, text=True, stderr=subprocess.PIPE)
    if done.returncode == 77:
        _skip_all(done.stderr.strip())
    for line in done.stderr.splitlines():
        print(f"# {line}")
    sys.exit(done.returncode)
