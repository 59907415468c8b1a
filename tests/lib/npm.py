# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that npm installs, as the lock files below tests/clients have
them: its own of what is small, and one in a directory for each of the others.

They are installed once into the cache directory, for as long as the lock
file stays as it is.
"""
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from tap import Skip

CLIENTS = pathlib.Path(__file__).resolve().parents[1] / "clients"
LISTS = ("package.json", "package-lock.json")

# npm ships authorities of its own; a machine may know further ones.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def environment():
    """Of an npm that knows the machine's authorities."""
    env = dict(os.environ)
    if os.path.exists(AUTHORITIES):
        env.setdefault("NODE_EXTRA_CA_CERTS", AUTHORITIES)
    return env


def install(package, to, *options):
    """Installs one into a directory; Skip where that fails."""
    if not shutil.which("npm"):
        raise Skip("npm is not installed")
    done = subprocess.run(
        ["npm", "install", "--prefix", str(to), "--ignore-scripts",
         "--no-audit", "--no-fund", *options, package],
        env=environment(), capture_output=True, text=True, timeout=600,
        check=False)
    if done.returncode:
        raise Skip(f"npm install {package}: {done.stderr.strip()[-300:]}")


def cache(name):
    """The directory of what was once installed."""
    base = os.environ.get("XDG_CACHE_HOME") \
        or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base, "ccp-test", name)


def _of_lists(client):
    lists = b"".join((CLIENTS / client / n).read_bytes() for n in LISTS)
    digest = hashlib.sha256(lists).hexdigest()[:16]
    return cache("-".join(["clients", *filter(None, [client]), digest]))


def _install(client, to):
    for name in LISTS:
        # bytes only: what is copied from may be read-only
        (to / name).write_bytes((CLIENTS / client / name).read_bytes())
    done = subprocess.run(
        ["npm", "ci", "--prefix", str(to), "--ignore-scripts", "--no-audit",
         "--no-fund"],
        env=environment(), cwd=to, capture_output=True, text=True,
        timeout=600, check=False)
    if done.returncode:
        raise Skip(f"npm ci: {done.stderr.strip()[-300:]}")


def _look(client):
    for name in ("node", "npm"):
        if not shutil.which(name):
            raise Skip(f"{name} is not installed")
    to = _of_lists(client)
    to.mkdir(parents=True, exist_ok=True)
    whole = to / "whole"  # npm may be stopped in the middle
    with open(to / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            _install(client, to)
            whole.touch()
    return to / "node_modules"


@functools.cache
def _found(client):
    """The directory, or why there is none: asked once."""
    try:
        return _look(client), None
    except Skip as why:
        return None, why


def modules(client=""):
    """The node_modules directory of a client; Skip where there is none."""
    path, why = _found(client)
    if why:
        raise why
    return path


def place(directory, client=""):
    """Our scripts and the modules that they import, in a directory: node
    looks for modules where the script is."""
    where = pathlib.Path(directory, "clients")
    where.mkdir()
    where.joinpath("node_modules").symlink_to(modules(client))
    for script in (CLIENTS / client).glob("*.mjs"):
        where.joinpath(script.name).write_bytes(script.read_bytes())
    return where


def run(script, *arguments, **variables):
    """Starts node with a script of place(); its output is JSON lines."""
    node = shutil.which("node")
    # pylint: disable=consider-using-with
    return subprocess.Popen(
        [node, str(script), *arguments], text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(script.parent),
             **variables},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


if __name__ == "__main__":
    try:
        print(modules(*sys.argv[1:]))
    except Skip as nothing:
        sys.exit(str(nothing))
