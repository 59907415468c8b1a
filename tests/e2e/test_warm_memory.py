#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing waits for a next turn where memory is short: that of the machine, or
that of a control group with a limit.  The handler sees files of ours in the
places of the kernel's."""
import contextlib
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from tap import Skip, contains, eq, main, test, until  # noqa: E402
from warm import Handlers, Talk, WarmEnv  # noqa: E402

MOUNT = """
mount --bind "$1/meminfo" /proc/meminfo || exit 77
mount --bind "$1/member" /proc/$$/cgroup || exit 77
mount --bind "$1/groups" /sys/fs/cgroup || exit 77
shift
exec "$@"
"""
ALL = 1 << 30
SECONDS = 10  # it looks every five


class Memory:
    """What the machine and a slice around the handler have left, in percent."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(self._path("groups/slice/unit"))
        self._write("member", "0::/slice/unit")
        self.set_machine(50)
        self._write("groups/slice/memory.max", "max")

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _write(self, name, text):
        """Into the same file, which is mounted."""
        with open(self._path(name), "w", encoding="ascii") as file:
            file.write(text + "\n")

    def set_machine(self, percent):
        self._write("meminfo", f"MemTotal: {ALL >> 10} kB\n"
                    f"MemAvailable: {(ALL >> 10) * percent // 100} kB")

    def set_group(self, percent):
        """All that is left is the cache of files."""
        used = ALL * (100 - percent) // 100
        cache = min(used, ALL - used)
        self._write("groups/slice/memory.current", str(used + cache))
        self._write("groups/slice/memory.stat", f"anon {used}\n"
                    f"inactive_file {cache // 2}\n"
                    f"active_file {cache - cache // 2}")
        self._write("groups/slice/memory.max", str(ALL))

    def command(self):
        root = [] if os.getuid() == 0 else ["-r"]
        return ["unshare", "-m", *root, "sh", "-c", MOUNT, "sh",
                self.directory]


@contextlib.contextmanager
def bed(**settings):
    with WarmEnv(**settings) as env, Handlers(env) as handlers:
        directory = os.path.join(env.dir, "memory")
        os.mkdir(directory)
        memory = Memory(directory)
        try:
            done = subprocess.run([*memory.command(), "true"], check=False,
                                  stderr=subprocess.PIPE, text=True)
        except FileNotFoundError as why:
            raise Skip("no unshare") from why
        if done.returncode:
            raise Skip(f"nothing can be mounted: {done.stderr.strip()}")
        yield env, memory, handlers.new(before=memory.command())


def waits(env, handler):
    talk = Talk()
    talk.say(handler.http, "one", "new")
    env.wait_records(1)
    return talk


def ends(env, handler):
    until(lambda: not env.claudes(), SECONDS, "the end of what waited")
    contains(handler.stderr(), "memory is short")
    env.wait_records(0)


def goes_on_cold(talk, handler):
    talk.say(handler.http, "two", ("resumed", "forked"))


@test("with little left of the machine's nothing is kept, at once")
def _():
    with bed() as (env, memory, handler):
        memory.set_machine(9)
        talk = Talk()
        talk.say(handler.http, "one", "new")
        goes_on_cold(talk, handler)
        ends(env, handler)


@test("with little left of the machine's no spare one is started")
def _():
    with bed(CLAUDE_SPARE="1") as (env, memory, handler):
        memory.set_machine(9)
        Talk().say(handler.http, "one", "new")
        # taken when all of the last request is done
        eq(handler.http.get("/health").status, 200)
        eq(handler.stderr().count("memory is short"), 1)
        memory.set_machine(50)
        Talk().say(handler.http, "another", "new")
        env.wait_records(2)


def gets_short(whose, leave):
    @test(f"where {whose} gets short what waits ends")
    def _():
        with bed() as (env, memory, handler):
            leave(memory, 60)
            talk = waits(env, handler)
            leave(memory, 9)
            ends(env, handler)
            goes_on_cold(talk, handler)


gets_short("the machine's", Memory.set_machine)
gets_short("a control group's", Memory.set_group)


@test("a control group's cache of files is not in use")
def _():
    with bed() as (env, memory, handler):
        memory.set_group(11)
        talk = waits(env, handler)
        claudes = env.claudes()
        talk.say(handler.http, "two", "warm")
        eq(env.claudes(), claudes)
        env.wait_records(1)


main()
