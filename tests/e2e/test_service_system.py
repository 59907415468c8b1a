#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp service --system: units of the system that serve for one user.  This
script starts itself again, as root, in the container of tests/systemd/bed.
"""
import fcntl
import json
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import sys

SRC = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SRC / "tests" / "lib"))

# pylint: disable=wrong-import-position
import bed
import http_client
from ccp import chat_body
from tap import contains, eq, fail, lacks, main, ok, test

USER = "bed"
KEY = "canary-of-the-system-test"
UNITS = pathlib.Path("/etc/systemd/system")


# --- inside ----------------------------------------------------------------

def configure(**settings):
    who = pwd.getpwnam(USER)
    path = pathlib.Path(who.pw_dir, ".ccp", "config.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({
        "API_KEY": KEY, "ASK_WORKING_DIR": "never", "CLAUDE_PATH": "demo",
        "CLAUDE_LINGER_MS": 0,
        "PORT": 9999, **settings}), encoding="utf-8")
    for place in (path, path.parent):
        os.chown(place, who.pw_uid, who.pw_gid)


def service(*words, status=0, user=None, through=(), **variables):
    done = subprocess.run(
        [*through, "ccp", "service", *words], text=True, capture_output=True,
        check=False, timeout=100, user=user, extra_groups=[] if user else None,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root",
             **variables})
    if done.returncode != status:
        fail(f"ccp service {' '.join(words)}: {done.returncode}\n"
             f"{done.stdout}\n{done.stderr}")
    return done.stderr if status == 1 else done.stdout


def doctor(home):
    """What it finds of the service, as that user."""
    done = subprocess.run(
        ["ccp", "doctor", "--json"], text=True, capture_output=True,
        check=False, timeout=100, user=USER, extra_groups=[],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home)})
    return [(f["level"], f["text"])
            for f in json.loads(done.stdout)["findings"]
            if f["check"] == "service"]


def tree():
    return sorted(str(p) for p in UNITS.rglob("*"))


def connect():
    return http_client.Client(
        socket.create_connection(("127.0.0.1", 9999), 30),
        {"Authorization": f"Bearer {KEY}"})


@test("install --system --user: it serves as that user, and leaves no file")
def _():
    configure()
    before = tree()
    contains(service("install", "--system", status=1), "--user NAME")
    contains(service("install", "--system", "--user", "nobody-such", status=1),
             "there is no user")
    contains(service("install", "--system", "--user", USER),
             "http://127.0.0.1:9999/v1")
    with connect() as http:
        response = http.post_json("/v1/chat/completions", chat_body("Hello!"))
        eq(response.status, 200)
        contains(response.json()["choices"][0]["message"]["content"], "Hello!")
        owners = subprocess.run(["ps", "-C", "ccp-handler", "-o", "user="],
                                text=True, capture_output=True, check=True)
        eq(owners.stdout.split(), [USER])
    home = pathlib.Path(pwd.getpwnam(USER).pw_dir)
    made = list(home.glob(".claude/projects/*/*.jsonl"))
    eq([p.owner() for p in made], [USER])
    for name in ("ccp.socket", "ccp@.service"):
        text = (UNITS / name).read_text(encoding="utf-8")
        ok(KEY not in text, text)
        # "config set" moves a user's own alone
        contains(text, '# Written by "ccp service install --system": run it '
                       'again after a change of\n# HOST or PORT.\n')
        ok("config set" not in text, text)
    contains(text, f"\nUser={USER}\n")
    contains(text, f"\nWorkingDirectory={home}\n")
    shutil.copy(UNITS / "ccp@.service", "/tmp/ccp@1.service")
    done = subprocess.run(
        ["systemd-analyze", "--man=no", "verify", UNITS / "ccp.socket",
         "/tmp/ccp@1.service"], capture_output=True, text=True, check=False)
    eq((done.stderr, done.returncode), ("", 0))
    shown = json.loads(service("status", "--system", "--json"))
    eq((shown["scope"], shown["listening"], shown["addresses"]),
       ("system", True, ["http://127.0.0.1:9999/v1"]))
    # whoever looks, for whom it is stands in the unit
    screen = service("status", "--system", user=USER, HOME=str(home))
    contains(screen, "in the hands of systemd (system)")
    contains(screen, "2.1.197, logged in (demo)")
    contains(service("stop", "--system", status=1, user=USER, HOME=str(home)),
             "needs root")
    told = doctor(home)
    contains(told, ("ok", "of the system: systemd listens on "
                          "http://127.0.0.1:9999/v1"))
    eq([one for one in told if one[0] == "failure"], [])
    configure(PORT=9998)
    contains(doctor(home), ("failure", "of the system: systemd listens on "
                            "http://127.0.0.1:9999/v1, but HOST and PORT say "
                            "http://127.0.0.1:9998/v1"))
    configure(CLAUDE_PATH="no-such-claude")
    contains([text[:50] for _, text in doctor(home)],
             "of the system: as it is set up, it cannot answer: "[:50])
    configure()
    # root moves it, so whose it is hears how; nobody else does
    moved = subprocess.run(
        ["ccp", "config", "set", "PORT", "9998"], text=True, check=True,
        capture_output=True, timeout=100, user=USER, extra_groups=[],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home)})
    eq((moved.stdout, moved.stderr),
       ("PORT is now 9998\nThe service of the system stays where it is until "
        f"you run:\n  sudo ccp service install --system --user {USER}\n", ""))
    moved = subprocess.run(
        ["ccp", "config", "set", "PORT", "9998"], text=True, check=True,
        capture_output=True, timeout=100,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root"})
    lacks(moved.stdout, "sudo")
    shutil.rmtree("/root/.ccp")
    configure()
    service("restart", "--system")
    service("install", "--system", "--user", USER)
    with connect() as http:
        eq(http.get("/health").status, 200)
    service("uninstall", "--system")
    eq(tree(), before)
    service("status", "--system", status=4)


@test("status is for everybody, whose configuration it may be")
def _():
    home = pathlib.Path(pwd.getpwnam(USER).pw_dir)
    configure()
    (home / ".ccp").chmod(0o700)

    def status(status, *words):
        return service("status", "--system", *words, status=status,
                       user="nobody", HOME="/nonexistent")
    contains(status(4), "not installed")
    contains(status(4, "--user", USER), "not installed")
    service("install", "--system", "--user", USER)
    screen = status(0)
    contains(screen, "http://127.0.0.1:9999/v1")
    contains(screen, f"not known: the configuration is {USER}'s alone")
    shown = json.loads(status(0, "--json"))
    eq((shown["listening"], shown["claude"]["path"]), (True, None))
    service("stop", "--system")
    contains(status(3), "not listening")
    contains(service("uninstall", "--system", status=1, user="nobody",
                     HOME="/nonexistent"), "needs root")
    # root of a machine that mounts homes from another: no guessing
    contains(service("install", "--system", "--user", USER, status=1, through=[
        "setpriv", "--bounding-set=-dac_override,-dac_read_search"]),
             "not even by root")
    # one that is wrong, and not hidden, is told of
    configure(PORT="many")
    (home / ".ccp").chmod(0o755)
    (home / ".ccp" / "config.json").chmod(0o644)
    contains(status(1), "PORT=many")
    configure()
    service("uninstall", "--system")


@test("doctor knows the unit of the Node.js version in that place, too")
def _():
    configure()
    old = UNITS / "ccp.service"
    old.write_text("[Service]\nExecStart=/usr/bin/ccp start\n",
                   encoding="utf-8")
    try:
        contains([text for _, text in doctor(pwd.getpwnam(USER).pw_dir)],
                 "of the system: a service of another ccp is installed, "
                 f"likely its Node.js version: {old}")
    finally:
        old.unlink()


@test("who used sudo is whose Claude answers")
def _():
    configure()
    service("install", "--system", SUDO_USER=USER)
    contains((UNITS / "ccp@.service").read_text(encoding="utf-8"),
             f"\nUser={USER}\n")
    service("uninstall", "--system")


@test("a systemctl of 2020 says for whom it is installed")
def _():
    configure()
    service("install", "--system", "--user", USER)
    with bed.old_systemctl() as path:
        service("install", "--system", PATH=path)
    contains((UNITS / "ccp@.service").read_text(encoding="utf-8"),
             f"\nUser={USER}\n")
    service("uninstall", "--system")


@test("a local socket is that user's alone")
def _():
    configure(HOST="unix:/run/ccp-test.sock")
    service("install", "--system", "--user", USER)
    path = pathlib.Path("/run/ccp-test.sock")
    eq((path.owner(), oct(path.stat().st_mode & 0o777)), (USER, oct(0o600)))
    service("uninstall", "--system")
    ok(not path.exists(), path)


def give_link_local(name, address):
    """An interface of the container gets an address (netdevice(7))."""
    siocsifaddr = 0x8916
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, siocsifaddr, socket.inet_pton(
            socket.AF_INET6, address) + struct.pack(
                "@Ii", 64, socket.if_nametoindex(name)))


@test("a link-local address, with its interface")
def _():
    give_link_local("lo", "fe80::1")
    configure(HOST="127.0.0.1,fe80::1%lo")
    contains(service("install", "--system", "--user", USER),
             "http://[fe80::1%lo]:9999/v1")
    contains((UNITS / "ccp.socket").read_text(encoding="utf-8"),
             "\nListenStream=[fe80::1]:9999%%lo\n")
    scope = socket.if_nametoindex("lo")
    with socket.socket(socket.AF_INET6) as s:
        s.connect(("fe80::1", 9999, 0, scope))
        eq(http_client.Client(s, {"Authorization": f"Bearer {KEY}"})
           .get("/health").status, 200)
    shown = json.loads(service("status", "--system", "--json"))
    eq(shown["addresses"],
       ["http://127.0.0.1:9999/v1", "http://[fe80::1%lo]:9999/v1"])
    service("uninstall", "--system")


if __name__ == "__main__":
    if sys.argv[1:2] != ["--inside"]:
        bed.run_inside("test_service_system.py", sys.argv[1:], 120, root=True)
    del sys.argv[1]
    main()
