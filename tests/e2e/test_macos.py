#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp built for macOS, on Linux: configure finds out what macOS has, every file
is compiled with every warning, every program linked with the real libraries.
Nothing of it can run here; what takes the place of Linux' own is run by the
kind "plain" of tests/all (--enable-portable)."""
import contextlib
import functools
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

# pylint: disable=wrong-import-position
import macos
from ccp import BUILD
from tap import add, contains, eq, lacks, main, ok

SECONDS = 1200  # the libraries have to be built once
PROGRAMS = ("ccp", "ccp-handler", "ccp-demo-claude")
TESTS = ("tests/unit/unit", "tests/store/store_tool")
WITH_TESTS = macos.CPUS[:1]  # what differs by CPU is in no test

_left = contextlib.ExitStack()  # until the end: all cases look at one build


@functools.cache
def source():
    """The sources as they are distributed, which nobody has configured."""
    top = pathlib.Path(_left.enter_context(
        tempfile.TemporaryDirectory(prefix="ccp-macos-")))
    macos.run("make", "-s", "distdir", f"distdir={top}/source", cwd=BUILD)
    return top / "source"


class Build:
    """ccp configured and made for a CPU, the unit tests too."""

    def __init__(self, cpu):
        self.tools = macos.toolchain(cpu)
        self.dir = source().parent / cpu.name
        self.dir.mkdir(exist_ok=True)  # one before may have failed
        self._write_brew()
        env = {**self.tools.environ,
               "PATH": f"{self.dir}/bin:{self.tools.environ['PATH']}"}
        self.configured = macos.run(
            source() / "configure", "--enable-developer",
            "--without-systemd", *self.tools.options(),
            "CFLAGS=-O0 -g",  # its warnings need no optimisation
            cwd=self.dir, env=env)
        self.made = macos.run("make", "-j2", cwd=self.dir, env=env)
        if cpu in WITH_TESTS:  # makes their programs, and runs none
            self.made += macos.run("make", "-j2", "check", "TESTS=",
                                   cwd=self.dir, env=env)

    def _write_brew(self):
        """Homebrew's command, as far as configure asks it."""
        brew = self.dir / "bin" / "brew"
        brew.parent.mkdir(exist_ok=True)
        brew.write_text(
            "#!/bin/sh\n"
            f"[ \"$*\" = '--prefix gdbm' ] && "
            f"echo '{self.tools.dir}/gdbm-prefix'\n", encoding="utf-8")
        brew.chmod(0o755)

    def objects(self, folder):
        """{source file: its object}"""
        found = {}
        for path in (self.dir / folder).glob("*.o"):
            # an object that is one program's has the program's name before
            found[path.stem.rpartition("-")[2]] = macos.MachO(path)
        return found


@functools.cache
def build(cpu):
    return Build(cpu)


def every_file(cpu):
    made = build(cpu)
    lacks(made.made, "warning:")
    folders = ["src", "tests/unit", "tests/store"]
    for folder in folders if cpu in WITH_TESTS else folders[:1]:
        objects = made.objects(folder)
        eq(sorted(objects),
           sorted(p.stem for p in (source() / folder).glob("*.c")), folder)
        for name, file in objects.items():
            eq((file.kind, file.cpu), (macos.OBJECT, cpu.number), name)
        print(f"# {len(objects)} files of {folder}")
    ok(len(made.objects("src")) > 100)


def programs(cpu):
    for name in PROGRAMS + (TESTS if cpu in WITH_TESTS else ()):
        file = macos.MachO(build(cpu).dir / name)
        eq((file.kind, file.cpu), (macos.EXECUTE, cpu.number), name)
        eq((file.platform, file.oldest), (1, macos.MACOS), name)
        eq(file.libraries, ["/usr/lib/libSystem.B.dylib"], name)


def symbols(cpu):
    known = macos.exported(cpu)
    ok(len(known) > 1000, f"{len(known)} symbols")
    for name in PROGRAMS + (TESTS if cpu in WITH_TESTS else ()):
        wanted = macos.MachO(build(cpu).dir / name).wanted
        ok(len(wanted) > 20, f"{name} wants {len(wanted)}")
        eq(sorted(wanted - known), [], name)
    # what macOS has in the place of /proc
    handler = macos.MachO(build(cpu).dir / "ccp-handler").wanted
    for name in ("_proc_listallpids", "_proc_pidinfo"):
        contains(handler, name)
    contains(macos.MachO(build(cpu).dir / "ccp").wanted,
             "__NSGetExecutablePath")


def installed(cpu):
    made = build(cpu)
    tree = made.dir / "tree"
    macos.run("make", "-s", "install", f"DESTDIR={tree}", cwd=made.dir)
    names = {p.name for p in tree.rglob("*") if p.is_file()}
    ok(set(PROGRAMS) <= names, names)
    eq([n for n in names if n.endswith((".service", ".socket"))], [])
    shutil.rmtree(tree)


for _cpu in macos.CPUS:
    for _what, _case in (
            ("every file compiles without a warning", every_file),
            ("the programs are linked for it", programs),
            ("they want nothing that the system does not have", symbols),
            ("what is installed is for launchd, not for systemd", installed)):
        add(f"macOS on {_cpu.name}: {_what}",
            functools.partial(_case, _cpu), SECONDS)


if __name__ == "__main__":
    with _left:
        main()
