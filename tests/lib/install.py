# SPDX-License-Identifier: GPL-3.0-or-later
"""make install, into a directory of the test's."""
import os
import subprocess

from ccp import BUILD

# The make that runs the tests must not speak to the one that installs.
OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "DESTDIR")


def make_install(tree, target="install"):
    """make install DESTDIR=tree, readable for everybody."""
    env = {n: v for n, v in os.environ.items() if n not in OF_MAKE}
    done = subprocess.run(
        ["make", "-s", target, f"DESTDIR={tree}"], env=env, cwd=BUILD,
        text=True, check=False, umask=0o022, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"make {target}:\n{done.stdout}")
