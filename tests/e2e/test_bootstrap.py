#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./bootstrap run in a fresh copy of the sources with an empty HOME, and what
./bootstrap does where there is another package manager than here."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import SRC, chat_body, free_port  # noqa: E402
from http_client import Client  # noqa: E402
from tap import add, contains, eq, main, ok, test, until  # noqa: E402


def health(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return Client(s, {}).get("/health").status
    except OSError:
        return None


@test("./bootstrap run builds, says that it is a demo, and answers", 300)
def _():
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ccp-test-") as top:
        tree, home = os.path.join(top, "ccp"), os.path.join(top, "home")
        shutil.copytree(SRC, tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build-ci",
                                                      "*.o", "config.status",
                                                      "Makefile"))
        subprocess.run(["chmod", "-R", "u+w", tree], check=True)
        run_dir = os.path.join(top, "run")
        os.mkdir(home)
        os.mkdir(run_dir, 0o700)
        env = {"HOME": home, "PORT": str(port), "TMPDIR": top,
               "XDG_RUNTIME_DIR": run_dir,
               "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        said = os.path.join(top, "said")
        with open(said, "wb") as out:
            # pylint: disable=consider-using-with
            run = subprocess.Popen(["./bootstrap", "run"], cwd=tree, env=env,
                                   stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, start_new_session=True)
        try:
            until(lambda: run.poll() is not None or health(port) == 200,
                  240, "an answer")
            with open(said, encoding="utf-8", errors="replace") as f:
                contains(f.read(), "DEMO BACKEND")
            s = socket.create_connection(("127.0.0.1", port), 10)
            with Client(s, {"Authorization": "Bearer CCP_API_KEY"}) as http:
                for headers, answer in (
                        ({}, "Which directory shall I work in?"),
                        ({"X-CCP-Working-Dir": "~"}, "You said: Hello!")):
                    response = http.post_json("/v1/chat/completions",
                                              chat_body("Hello!"), headers)
                    eq(response.status, 200)
                    contains(response.body.decode(), answer)
            # not in the directory of who runs this
            contains(os.listdir(os.path.join(run_dir, "ccp")), "sessions.db")
            run.send_signal(signal.SIGTERM)
            eq(run.wait(20), 0)
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()


# --- other systems ----------------------------------------------------------

# Each records how it was called.  What a package manager installs is there
# from then on.
LOG = 'printf "%s\\n" "${0##*/} $*" >>"$BED/log"\n'
FAKES = {
    "apt-get": 'touch "$BED/installed"',
    "dnf": 'touch "$BED/installed"',
    "pacman": 'touch "$BED/installed"',
    "brew": '[ "$1" != --prefix ] || { echo /brew; exit; }\n'
            'touch "$BED/installed"',
    "sudo": 'exec "$@"',
    "id": 'echo "$BED_UID"',
    "uname": 'echo "$BED_SYSTEM"',
    "make": 'echo "CPPFLAGS=${CPPFLAGS-} LDFLAGS=${LDFLAGS-}" >>"$BED/log"',
    "autoreconf": "", "automake": "",
    # libraries and headers
    "pkg-config": '[ -e "$BED/installed" ]',
    "cc": '[ -e "$BED/installed" ]',
    "configure": 'touch config.status',
}
QUIET = ("id", "uname", "pkg-config", "cc")  # asked for what is there
BUILD_TOOLS = ("cc", "make", "autoreconf", "automake", "pkg-config")
BORROWED = ("bash", "sh", "cat", "dirname", "env", "getconf", "touch", "sed")


def fake(directory, name):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + ("" if name in QUIET else LOG)
                + FAKES[name] + "\n")
    os.chmod(path, 0o755)


def elsewhere(manager, *more, system="Linux", uid=0, argument=None,
              files=()):
    """./bootstrap where there is that package manager, and besides it the
    programs of more, and files, name: text, of whom each can be run: status,
    what it said, what it called."""
    with tempfile.TemporaryDirectory(prefix="ccp-test-") as bed:
        path, tree = os.path.join(bed, "bin"), os.path.join(bed, "ccp")
        os.mkdir(path)
        os.mkdir(tree)
        for name in BORROWED:
            os.symlink(shutil.which(name), os.path.join(path, name))
        for name in ("id", "uname", *filter(None, [manager]), *more):
            fake(path, name)
        shutil.copy(SRC / "bootstrap", tree)
        fake(tree, "configure")
        # found where they are missing and the packages have come
        late = os.path.join(bed, "late")
        os.mkdir(late)
        for name in BUILD_TOOLS:
            fake(late, name)
        if manager:
            with open(os.path.join(path, manager), "a",
                      encoding="ascii") as f:
                f.write('for tool in "$BED"/late/*; do\n'
                        '[ -e "$BED/bin/${tool##*/}" ] ||'
                        ' ln -s "$tool" "$BED/bin/"\ndone\n')
            os.symlink(shutil.which("ln"), os.path.join(path, "ln"))
        for name, text in dict(files).items():
            file = pathlib.Path(bed, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="ascii")
            file.chmod(0o755)
        done = subprocess.run(
            [os.path.join(path, "bash"), "bootstrap",
             *filter(None, [argument])],
            cwd=tree, text=True, capture_output=True, timeout=240, check=False,
            env={"PATH": path, "BED": bed, "HOME": bed, "BED_UID": str(uid),
                 "BED_SYSTEM": system})
        try:
            with open(os.path.join(bed, "log"), encoding="utf-8") as f:
                called = f.read().splitlines()
        except FileNotFoundError:
            called = []
        return done.returncode, done.stderr, called


MANAGERS = {
    "apt-get": "apt-get -q install -y --no-install-recommends gcc make "
               "autoconf automake pkg-config libcjson-dev nettle-dev "
               "libsystemd-dev libgdbm-dev libc6-dev",
    "dnf": "dnf -q install -y --setopt=install_weak_deps=False gcc make "
           "autoconf automake pkgconf-pkg-config cjson-devel nettle-devel "
           "systemd-devel gdbm-devel glibc-devel",
    "pacman": "pacman -S --needed --noconfirm gcc make autoconf automake "
              "pkgconf cjson nettle systemd-libs gdbm glibc",
}


def installs_all(manager, command):
    for uid, sudo in ((0, []), (1000, ["sudo"])):
        status, said, called = elsewhere(manager, *sudo, uid=uid)
        eq(status, 0, said)
        installs = [c for c in called if c.startswith(f"{manager} -q install")
                    or c.startswith(f"{manager} -S")]
        eq(installs, [command])
        eq([c for c in called if c.startswith("configure")],
           ["configure --quiet"])
        eq(bool([c for c in called if c.startswith("sudo")]), bool(sudo))


for manager_name, install_line in MANAGERS.items():
    add(f"./bootstrap installs what is missing with {manager_name}",
        lambda m=manager_name, i=install_line: installs_all(m, i))


@test("./bootstrap installs with Homebrew, and builds with what is there")
def _():
    status, said, called = elsewhere("brew", "cc", "make", system="Darwin",
                                     uid=501)
    eq(status, 0, said)
    contains(called, "brew install autoconf automake pkgconf cjson nettle "
                     "gdbm")
    contains(called, "configure --quiet --without-systemd")
    contains(called, "CPPFLAGS=-I/brew/include  LDFLAGS=-L/brew/lib ")
    status, said, _ = elsewhere("brew", system="Darwin", uid=501)
    eq(status, 1)
    contains(said, "xcode-select --install")


def runs_demo(files):
    """Does "bootstrap run" choose the demo, with a HOME of these files?"""
    status, said, called = elsewhere("dnf", *BUILD_TOOLS, argument="run", files={
        "ccp/ccp": '#!/bin/sh\necho "ccp $* $CLAUDE_PATH" >>"$BED/log"\n',
        "installed": "", **files})
    eq(status, 0, said)
    demo = "DEMO BACKEND" in said
    contains(called, "ccp start demo" if demo else "ccp start ")
    return demo


LOGGED_IN = '#!/bin/sh\n[ "$*" = "auth status" ]\n'


@test("./bootstrap run finds claude wherever ccp does below HOME")
def _():
    source = (SRC / "src" / "claude_find.c").read_text(encoding="utf-8")
    places = re.findall(r'"([^"]+)"', re.search(
        r"home_places\[\] = \{(.*?)\}", source, re.S)[1])
    ok(".volta/bin" in places)
    ok(runs_demo({}), "there is a claude without any")
    for place in places:
        ok(not runs_demo({f"{place}/claude": LOGGED_IN}), place)
        ok(runs_demo({f"{place}/claude": "#!/bin/sh\nexit 1\n"}), place)


@test("./bootstrap run knows npm's prefix as ccp does")
def _():
    claude = {"my npm/bin/claude": LOGGED_IN}
    for text in ("prefix=~/my npm", "prefix = ${HOME}/my npm\r\n[x]\nprefix=/",
                 "prefix=/x\n prefix='~/my npm' \n;prefix=/y\nprefixes=/z\n"):
        ok(not runs_demo({".npmrc": text, **claude}), text)
    for text in ("prefix=$HOME/my npm", "#prefix=~/my npm", "prefix=",
                 "[x]\nprefix=~/my npm", "prefix=$(touch seen)~/my npm"):
        ok(runs_demo({".npmrc": text, **claude}), text)


@test("./bootstrap installs only what is missing")
def _():
    status, said, called = elsewhere("dnf", "make", "automake")
    eq(status, 0, said)
    line, = [c for c in called if c.startswith("dnf")]
    for package in ("make", "automake"):
        ok(package not in line.split(), line)
    ok("gcc" in line.split(), line)


@test("./bootstrap says what to do where it cannot install")
def _():
    status, said, called = elsewhere(None)
    eq((status, called), (1, []))
    contains(said, "missing: gcc make")
    contains(said, "no package manager")
    status, said, called = elsewhere("dnf", uid=1000)
    eq((status, called), (1, []))
    contains(said, "as root, run: dnf -q install")
    status, said, called = elsewhere("pacman", argument="check")
    eq((status, called), (1, []))
    contains(said, 'elsewhere there is "make check"')


if __name__ == "__main__":
    main()
