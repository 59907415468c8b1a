# SPDX-License-Identifier: GPL-3.0-or-later
"""A compiler that builds for macOS on Linux, and for each CPU the libraries
that ccp needs, built by it from their own sources.

The compiler is zig's (tests/clients/zig), which comes with the headers of
macOS and the list of what its system library exports.  The sources are those of
this machine's own distribution.  Both are kept in the cache directory.
"""
import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import struct
import subprocess

import npm
from install import OF_MAKE
from tap import Skip

# The oldest macOS whose symbols there is a list of.
MACOS = 11
PACKAGES = ("cjson", "nettle", "gdbm", "check")


class Cpu:
    """One kind of Mac."""

    def __init__(self, zig, name, host, number):
        self.zig = f"{zig}-macos.{MACOS}.0"  # zig's words
        self.name = name                     # Apple's
        self.host = host                     # those of configure
        self.number = number                 # in a Mach-O file


CPUS = (Cpu("aarch64", "arm64", "aarch64-apple-darwin", 0x0100000c),
        Cpu("x86_64", "x86_64", "x86_64-apple-darwin", 0x01000007))


def clean(**more):
    """An environment in which no make that runs this one has a say."""
    env = {n: v for n, v in os.environ.items()
           if n not in OF_MAKE and not n.startswith("PKG_CONFIG")}
    return {**env, **more}


def run(*argv, **options):
    """What it printed, both ways; an error when it failed."""
    options.setdefault("env", clean())
    done = subprocess.run([str(a) for a in argv], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: status {done.returncode}\n"
                           + done.stdout[-6000:])
    return done.stdout


def zig_directory():
    return npm.modules("zig") / "@ryoppippi" / "zig-linux-x64"


def _cache():
    recipe = pathlib.Path(__file__).read_bytes() \
        + (npm.CLIENTS / "zig" / "package.json").read_bytes()
    return npm.cache("macos-" + hashlib.sha256(recipe).hexdigest()[:16])


@contextlib.contextmanager
def _made_once(directory):
    """True within it if the directory is to be filled."""
    directory.mkdir(parents=True, exist_ok=True)
    whole = directory / "whole"  # we may be stopped in the middle
    with open(directory / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        todo = not whole.exists()
        yield todo
        if todo:
            whole.touch()


# --- sources ----------------------------------------------------------------

def _sources_lists(to):
    """apt's lists, as lists of sources."""
    etc = pathlib.Path("/etc/apt")
    for path in [etc / "sources.list", *(etc / "sources.list.d").glob("*")]:
        if not path.is_file() or path.suffix not in (".list", ".sources"):
            continue
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^deb(?=\s)", "deb-src", text)
        text = re.sub(r"(?m)^Types:.*", "Types: deb-src", text)
        (to / path.name).write_text(text, encoding="utf-8")


def _fetch_sources(to):
    """apt-get source, beside the system's own state, which stays as it is."""
    for name in ("apt-get", "dpkg-source"):
        if not shutil.which(name):
            raise Skip(f"{name} is not installed")
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (to / name).mkdir(parents=True, exist_ok=True)
    _sources_lists(to / "parts")
    config = to / "apt.conf"
    config.write_text(f'''
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{to}/parts";
Dir::State::lists "{to}/lists";
Dir::Cache "{to}/cache";
APT::Sandbox::User "";
''', encoding="utf-8")
    env = clean(APT_CONFIG=str(config))
    try:
        run("apt-get", "-q", "update", env=env)
        run("apt-get", "-q", "source", *PACKAGES, cwd=to, env=env)
    except RuntimeError as error:
        raise Skip(f"no sources of the libraries: {error}") from error
    shutil.rmtree(to / "lists")


def _sources():
    """The unpacked sources: {name: directory}."""
    to = _cache() / "sources"
    with _made_once(to) as todo:
        if todo:
            _fetch_sources(to)
    return {name: next(p for p in to.glob(f"{name}-*") if p.is_dir())
            for name in PACKAGES}


# --- compiler and libraries -------------------------------------------------

class Toolchain:
    """The compiler for a CPU, and where the libraries for it are."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.dir = _cache() / cpu.name
        self.prefix = self.dir / "prefix"
        self.sources = _sources()
        with _made_once(self.dir) as todo:
            if todo:
                self._make()
        self.environ = clean(
            PKG_CONFIG_LIBDIR=str(self.prefix / "lib" / "pkgconfig"))

    def tool(self, name):
        return self.dir / "bin" / name

    def options(self):
        """Of a configure script."""
        return [f"--host={self.cpu.host}", f"CC={self.tool('cc')}",
                f"AR={self.tool('ar')}", f"RANLIB={self.tool('ranlib')}"]

    def _write_tools(self):
        self.tool("cc").parent.mkdir(exist_ok=True)
        zig = zig_directory() / "zig"
        for name, words in (("cc", f"cc -target {self.cpu.zig}"),
                            ("ar", "ar"), ("ranlib", "ranlib")):
            self.tool(name).write_text(
                "#!/bin/sh\n"
                f"ZIG_GLOBAL_CACHE_DIR='{self.dir}/zig-cache'\n"
                "export ZIG_GLOBAL_CACHE_DIR\n"
                f"exec '{zig}' {words} \"$@\"\n", encoding="utf-8")
            self.tool(name).chmod(0o755)

    def _make(self):
        shutil.rmtree(self.prefix, ignore_errors=True)
        for name in ("include/cjson", "lib/pkgconfig"):
            (self.prefix / name).mkdir(parents=True)
        self._write_tools()
        self._make_cjson()
        self._make_nettle()
        self._make_gdbm()
        self._make_check()

    def _configured(self, name, *options):
        """A directory in which the library has been configured."""
        build = self.dir / name
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir()
        run(self.sources[name] / "configure", "-q", "--disable-shared",
            f"--prefix={self.prefix}", *self.options(), "CFLAGS=-O1",
            # What one has found out the next need not.
            f"--cache-file={self.dir}/config.cache", *options, cwd=build)
        return build

    def _make_cjson(self):
        source = self.sources["cjson"]
        shutil.copy(source / "cJSON.h", self.prefix / "include" / "cjson")
        run(self.tool("cc"), "-O1", "-c", source / "cJSON.c",
            "-o", self.dir / "cJSON.o")
        run(self.tool("ar"), "cr", self.prefix / "lib" / "libcjson.a",
            self.dir / "cJSON.o")
        version = source.name.rpartition("-")[2]
        (self.prefix / "lib" / "pkgconfig" / "libcjson.pc").write_text(
            f"Name: libcjson\nDescription: cJSON\nVersion: {version}\n"
            f"Libs: -L{self.prefix}/lib -lcjson\n"
            f"Cflags: -I{self.prefix}/include\n", encoding="utf-8")

    def _make_nettle(self):
        build = self._configured(
            "nettle", "--disable-public-key", "--disable-openssl",
            "--disable-documentation", "--disable-assembler")
        run("make", "-s", "-j2", "libnettle.a", cwd=build)
        run("make", "-s", "install-headers", "install-pkgconfig", cwd=build)
        shutil.copy(build / "libnettle.a", self.prefix / "lib")

    def _make_gdbm(self):
        """Not into the prefix of the others: Homebrew's libraries have each
        their own, and gdbm has no file for pkg-config."""
        build = self._configured("gdbm", "--disable-nls",
                                 "--without-readline",
                                 f"--prefix={self.dir}/gdbm-prefix")
        run("make", "-s", "-j2", "-C", "src", "install", cwd=build)

    def _make_check(self):
        build = self._configured("check", "--disable-subunit")
        run("make", "-s", "-j2", "-C", "lib", cwd=build)
        run("make", "-s", "-j2", "-C", "src", "install", cwd=build)
        shutil.copy(build / "lib" / ".libs" / "libcompat.a",
                    self.prefix / "lib")
        shutil.copy(build / "check_stdint.h", self.prefix / "include")
        text = (build / "check.pc").read_text(encoding="utf-8")
        (self.prefix / "lib" / "pkgconfig" / "check.pc").write_text(
            text.replace("-lcheck_pic", "-lcheck -lcompat"),
            encoding="utf-8")


@functools.cache
def toolchain(cpu):
    return Toolchain(cpu)


# --- what was built ---------------------------------------------------------

LOAD_DYLIB, SYMTAB, BUILD_VERSION = 0xc, 0x2, 0x32
OBJECT, EXECUTE = 1, 2


class MachO:
    """A 64-bit Mach-O file: for which CPU and system, which libraries it
    loads, and which symbols it wants of them."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        magic, self.cpu, _, self.kind, count = struct.unpack_from(
            "<5I", self.data)
        if magic != 0xfeedfacf:
            raise ValueError(f"{path} is no Mach-O file")
        self.libraries, self.wanted = [], set()
        self.platform = self.oldest = None
        at = 32
        for _ in range(count):
            command, size = struct.unpack_from("<2I", self.data, at)
            self._load(command, at)
            at += size

    def _load(self, command, at):
        if command == LOAD_DYLIB:
            name, = struct.unpack_from("<I", self.data, at + 8)
            self.libraries.append(self._string(at + name))
        elif command == BUILD_VERSION:
            self.platform, oldest = struct.unpack_from(
                "<2I", self.data, at + 8)
            self.oldest = oldest >> 16
        elif command == SYMTAB:
            self._symbols(*struct.unpack_from("<3I", self.data, at + 8))

    def _symbols(self, symbols, count, strings):
        for i in range(count):
            name, kind, _, _, value = struct.unpack_from(
                "<IBBHQ", self.data, symbols + 16 * i)
            # external, defined nowhere, and no common block
            if kind & 0xef == 1 and value == 0:
                self.wanted.add(self._string(strings + name))

    def _string(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()


@functools.cache
def exported(cpu):
    """What the system library of that macOS exports on that CPU."""
    text = (zig_directory() / "lib" / "libc" / "darwin"
            / f"libSystem.{MACOS}.tbd").read_text(encoding="utf-8")
    found = set()
    for targets, lists in re.findall(
            r"- targets:\s*\[(.*?)\]((?:\s+[a-z-]+:\s*\[.*?\])+)", text,
            re.S):
        if f"{cpu.name}-macos" not in re.split(r"[,\s]+", targets):
            continue
        for kind, names in re.findall(r"([a-z-]+):\s*\[(.*?)\]", lists, re.S):
            if kind.endswith("symbols"):
                found.update(n.strip("'\" ")
                             for n in re.split(r",\s*", names.strip()))
    return found
