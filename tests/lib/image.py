# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and runs the image of ./Dockerfile where there is no Docker engine.

buildah does what one does, with chroot for its containers, so that it works
inside of a container too; debootstrap makes the images that the file begins
with, from the mirror that apt uses on this machine.  These two are kept in the
cache directory.

All of it happens in name spaces of its own (apart()): whatever is mounted or
still runs goes with them, and once the image is there the network is a
loopback interface.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import npm
import procs
from ccp import SRC, TAG_NAME, Running
from tap import Skip, fail

PLACE = "CCP_TEST_IMAGE"
NEEDS = ("buildah", "debootstrap", "unshare", "chroot", "apt-get")
NAME = "localhost/ccp"
BASE = "localhost/base"
NODE = "localhost/node"
INSIDE_AUTHORITIES = "/etc/authorities.crt"

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

# What the distributor's own images have as well: nobody needs what is written
# into an image to survive a power failure half way.
DPKG = """force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
"""


def _why_not():
    if sys.platform != "linux":
        return "images are built on Linux"
    if os.getuid() != 0:
        return "building an image takes root"
    missing = [n for n in NEEDS if not shutil.which(n)]
    return f"not installed: {' '.join(missing)}" if missing else None


def apart():
    """Runs this script again where it can do no harm, and exits as it does."""
    if os.environ.get(PLACE) or _why_not():
        return
    with tempfile.TemporaryDirectory(prefix="ccp-image-") as place:
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child",
             "--mount-proc", "--propagation", "private",
             sys.executable, "-B", *sys.argv],
            env={**os.environ, PLACE: place}, check=False)
    sys.exit(done.returncode)


def loopback_only():
    """Leaves the network: from here on there is a loopback interface."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        fail(f"unshare: {os.strerror(ctypes.get_errno())}")
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", IFF_UP,
                                                 b""))


def _mirror(suite):
    """Where apt has that suite from on this machine."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Identifier: Packages"],
        capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        codename, component, uri = line.split(" ", 2)
        if (codename, component) == (suite, "main"):
            return uri
    raise Skip(f"apt has no mirror of {suite} here")


def _output(argv, seconds, cwd=None):
    """Of a command that has to succeed."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, cwd=cwd, check=False)
    if done.returncode:
        fail(f"{' '.join(argv[:10])} ...: status {done.returncode}\n"
             + done.stdout[-3000:])
    return done.stdout


def _tag(name):
    return name.split("/")[1]


class Image:
    """The image, as build() made it.  config: what an engine would go by."""

    def __init__(self):
        why = _why_not()
        if why:
            raise Skip(why)
        self.place = pathlib.Path(os.environ[PLACE])
        self.dockerfile = (SRC / "Dockerfile").read_text(encoding="utf-8")
        self._buildah = ["buildah", "--root", str(self.place / "root"),
                         "--runroot", str(self.place / "run"),
                         "--storage-driver"]
        # Fast, but not on top of every file system.
        overlay = subprocess.run(self._buildah + ["overlay", "info"],
                                 capture_output=True, check=False)
        self._buildah.append("vfs" if overlay.returncode else "overlay")
        self.config = {}

    def buildah(self, *argv, seconds=60, cwd=None):
        return _output([*self._buildah, *argv], seconds, cwd)

    def argument(self, name):
        """The default of a build argument."""
        return re.search(rf"^ARG {name}=(\S*)$", self.dockerfile, re.M)[1]

    def _make_base(self, suite):
        tree = self.place / "base"
        _output(["debootstrap", "--variant=minbase", suite, str(tree),
                 _mirror(suite)], 300)
        for unwanted in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(tree / unwanted)
            (tree / unwanted / "partial").mkdir(parents=True)
        (tree / "etc/dpkg/dpkg.cfg.d/image").write_text(DPKG, encoding="ascii")
        name = self.buildah("from", "scratch").strip()
        self.buildah("add", "-q", name, str(tree), "/", seconds=120)
        self.buildah("commit", "-q", "--rm", name, BASE, seconds=120)
        shutil.rmtree(tree)

    def _make_node(self):
        """Node of the system, with an npm of npm's own: the system's brings a
        compiler along."""
        tree = self.place / "npm"
        npm.install("npm@10", tree)
        tree.joinpath(".npmrc").write_text(
            f"cafile={INSIDE_AUTHORITIES}\n", encoding="ascii")
        name = self.buildah("from", BASE).strip()
        self.buildah("run", "--isolation", "chroot", name, "--", "sh", "-c",
                     "apt-get -q update && apt-get -q install -y "
                     "--no-install-recommends nodejs && ln -s "
                     "/root/node_modules/npm/bin/npm-cli.js /usr/bin/npm",
                     seconds=300)
        self.buildah("add", "-q", name, str(tree), "/root")
        self.buildah("commit", "-q", "--rm", name, NODE, seconds=120)
        shutil.rmtree(tree)

    def _make_both(self, suite, cache):
        self._make_base(suite)
        self._make_node()
        new = cache.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        for name in (BASE, NODE):
            self.buildah("push", "-q", name, f"oci:{new}:{_tag(name)}",
                         seconds=120)
        new.rename(cache)

    def _begin(self):
        """The two images that the file begins with."""
        suite = re.search(r":([a-z]+)", self.argument("BASE"))[1]
        cache = npm.cache(f"images-{suite}-{platform.machine()}")
        cache.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{cache}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not cache.exists():
                self._make_both(suite, cache)
                return
        for name in (BASE, NODE):
            # relative: it makes a name of the path, which not all paths are
            made = self.buildah(
                "pull", "-q", f"oci:{cache.name}:{_tag(name)}", seconds=120,
                cwd=cache.parent)
            self.buildah("tag", made.strip(), name)

    def build(self, spoil=lambda context: None, **arguments):
        """From a copy of the sources, which spoil may change before."""
        self._begin()
        context = self.place / "context"
        shutil.copytree(SRC, context, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build-ci"))
        subprocess.run(["chmod", "-R", "u+w", str(context)], check=True)
        spoil(context)
        given = [f"--build-arg={n}={v}" for n, v in
                 {"BASE": BASE, "NODE": NODE, **arguments}.items()]
        if os.path.exists(npm.AUTHORITIES):
            given.append(f"--volume={npm.AUTHORITIES}:{INSIDE_AUTHORITIES}:ro")
        self.buildah("bud", "--isolation", "chroot", "--format", "docker",
                     "--jobs", "2", *given, "-t", NAME, str(context),
                     seconds=500)
        shutil.rmtree(context)
        self.config = json.loads(self.buildah(
            "inspect", "--type", "image", NAME))["Docker"]["config"]


class Container:
    """One of the image's.  run() is what "docker exec" does, start() what
    "docker run" does."""

    def __init__(self, image):
        self.image = image
        self.name = image.buildah("from", NAME).strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.image.buildah("rm", self.name)

    def argv(self, command, variables):
        # pylint: disable=protected-access
        given = [f"--env={n}={v}" for n, v in variables.items()]
        return [*self.image._buildah, "run", "--isolation", "chroot", *given,
                self.name, "--", *command]

    def run(self, *command, seconds=60, **variables):
        """Of the finished command: status, output."""
        done = subprocess.run(self.argv(command, variables), text=True,
                              stdin=subprocess.DEVNULL, timeout=seconds,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def command(self):
        return self.image.config["Entrypoint"] + self.image.config["Cmd"]

    def healthy(self):
        """Whether the command of HEALTHCHECK succeeds."""
        kind, command = self.image.config["Healthcheck"]["Test"]
        if kind != "CMD-SHELL":
            fail(f"HEALTHCHECK is {kind}")
        return self.run("/bin/sh", "-c", command)[0] == 0

    def as_first(self, variables):
        """The image's own command as the first process of its name space,
        which buildah does not make and an engine does."""
        config = self.image.config
        root = self.image.buildah("mount", self.name).strip()
        given = [f"{n}={v}" for n, v in variables.items()]
        return ["unshare", "--pid", "--fork", "--kill-child",
                f"--mount-proc={root}/proc", shutil.which("chroot"),
                f"--userspec={config['User']}:{config['User']}", root,
                "env", "-i", "HOME=/home/ccp", *config["Env"], *given,
                "sh", "-c", f"cd {config['WorkingDir']} && exec \"$@\"", "sh",
                *self.command()]

    @contextlib.contextmanager
    def start(self, env, first=False, **variables):
        """The image's own command; yields it running.  env is of the test's
        side: its tag marks what runs inside."""
        variables = {TAG_NAME: env.tag, **variables}
        argv = self.as_first(variables) if first \
            else self.argv(self.command(), variables)
        running = Running(env, argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL)
        try:
            yield running
        finally:
            procs.kill(procs.with_variable(TAG_NAME, env.tag))
            running.kill()

    def stop(self, running, program):
        """As an engine does: the signal, to the first process."""
        number = getattr(signal, self.image.config["StopSignal"])
        os.kill(program.pid, number)
        return running.wait(20)
