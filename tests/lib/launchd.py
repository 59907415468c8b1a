# SPDX-License-Identifier: GPL-3.0-or-later
"""A launchd that does what ccp needs of it, on any system.

As a module: Launchd puts a launchctl into a directory for PATH.  As a program
it is that launchctl, and, as "launchd.py serve PLIST", what listens for one
agent: it accepts, and starts the agent's program for each connection, with
descriptors 0, 1 and 2 being the connection except where the property list
names files.  What launchd would refuse or misunderstand is an error.
"""
import json
import os
import pathlib
import plistlib
import select
import signal
import socket
import subprocess
import sys
import time

PLACE = "CCP_TEST_LAUNCHD"  # directory of the state
TAG = "CCP_TEST_TAG"

KEYS = {"Label": str, "ProgramArguments": list, "Sockets": dict,
        "inetdCompatibility": dict, "EnvironmentVariables": dict,
        "WorkingDirectory": str, "StandardErrorPath": str, "Umask": int,
        "ExitTimeOut": int, "SoftResourceLimits": dict}
SOCKET_KEYS = {"SockNodeName": str, "SockServiceName": str, "SockFamily": str,
               "SockPathName": str, "SockPathMode": int}


def complaints(agent):
    """What is wrong with a property list."""
    for key, value in agent.items():
        if not isinstance(value, KEYS.get(key, ())):
            yield f"{key}: unknown, or of another type"
    for key in ("Label", "ProgramArguments", "Sockets", "StandardErrorPath"):
        if not agent.get(key):
            yield f"{key} is missing"
    if agent.get("inetdCompatibility") != {"Wait": False}:
        yield "inetdCompatibility: launchd would not accept by itself"
    for text in [*agent["ProgramArguments"], agent["WorkingDirectory"],
                 agent["StandardErrorPath"]]:
        if not text.startswith("/") or "~" in text or "$" in text:
            yield f"{text}: nothing is expanded, or found on a PATH"
    for entry in entries(agent):
        for key, value in entry.items():
            if not isinstance(value, SOCKET_KEYS.get(key, ())):
                yield f"Sockets: {key}: unknown, or of another type"


def entries(agent):
    for value in agent["Sockets"].values():
        yield from value if isinstance(value, list) else [value]


def load(path):
    with open(path, "rb") as f:
        agent = plistlib.load(f)
    wrong = list(complaints(agent))
    if wrong:
        sys.exit("\n".join(wrong))
    return agent


# --- what listens ----------------------------------------------------------

def listen(entry):
    if "SockPathName" in entry:
        s = socket.socket(socket.AF_UNIX)
        s.bind(entry["SockPathName"])
        os.chmod(entry["SockPathName"], entry["SockPathMode"])
    else:
        ipv6 = entry["SockFamily"] == "IPv6"
        s = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET)
        if ipv6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((entry["SockNodeName"], int(entry["SockServiceName"])))
    s.listen(128)
    return s


def environment(agent):
    own = {n: os.environ[n] for n in ("HOME", "TMPDIR", TAG)
           if n in os.environ}
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "SHELL": "/bin/zsh",
            "XPC_SERVICE_NAME": agent["Label"], **own,
            **agent.get("EnvironmentVariables", {})}


def start(agent, connection):
    err = os.open(agent["StandardErrorPath"],
                  os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        # pylint: disable=consider-using-with
        return subprocess.Popen(
            agent["ProgramArguments"], stdin=connection, stdout=connection,
            stderr=err, cwd=agent["WorkingDirectory"], env=environment(agent),
            umask=agent["Umask"], start_new_session=True)
    finally:
        os.close(err)


def serve(path):
    """Until TERM; the handlers go on, as they do with launchd."""
    agent = load(path)
    listeners = [listen(entry) for entry in entries(agent)]
    print("ready", flush=True)
    running = []
    while True:
        for s in select.select(listeners, [], [], 0.2)[0]:
            connection, _ = s.accept()
            with connection:
                connection.setblocking(True)
                running.append(start(agent, connection))
        running = [p for p in running if p.poll() is None]


# --- launchctl -------------------------------------------------------------

def alive(pid):
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], text=True,
                           capture_output=True, check=False).stdout.strip()
    return state[:1] not in ("", "Z")


def bootstrap(place, path):
    agent = load(path)
    state = place / agent["Label"]
    if state.exists():
        sys.exit("Bootstrap failed: 5: Input/output error")
    # pylint: disable=consider-using-with
    server = subprocess.Popen(
        [sys.executable, __file__, "serve", path], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True)
    # launchd loads an agent whose port is taken as well
    server.stdout.readline()
    state.write_text(f"{server.pid} {path}", encoding="utf-8")


def bootout(place, target, path):
    for state in place.iterdir():
        if state.name in ("calls", "refuse"):
            continue
        pid, of = state.read_text(encoding="utf-8").split(" ", 1)
        if of == path or target.endswith("/" + state.name):
            state.unlink()
            os.kill(int(pid), signal.SIGTERM)
            while alive(int(pid)):
                time.sleep(0.01)
            return
    sys.exit("Boot-out failed: 3: No such process")


def launchctl(arguments):
    place = pathlib.Path(os.environ[PLACE])
    with open(place / "calls", "a", encoding="utf-8") as f:
        f.write(json.dumps(arguments) + "\n")
    verb, target, *rest = arguments + [""]
    if (place / "refuse").exists() and verb == "bootstrap":
        sys.exit("Bootstrap failed: 125: Domain does not support it")
    if verb == "bootstrap":
        bootstrap(place, rest[0])
    elif verb == "bootout":
        bootout(place, target, rest[0])
    elif verb == "print":
        sys.exit(0 if (place / target.rsplit("/", 1)[-1]).exists() else 113)
    elif verb == "getenv":
        print(os.environ.get(f"{PLACE}_{target}", ""))
    elif verb not in ("enable", "version"):
        sys.exit(f"Unrecognized subcommand: {verb}")


class Launchd:
    """A launchctl for PATH (bin), with its state; a context manager."""

    def __init__(self, directory):
        self.place = pathlib.Path(directory, "launchd")
        self.bin = pathlib.Path(directory, "launchd-bin")
        self.place.mkdir()
        self.bin.mkdir()
        program = self.bin / "launchctl"
        program.write_text(f"#!/bin/sh\nexec {sys.executable} -B "
                           f"{os.path.abspath(__file__)} \"$@\"\n",
                           encoding="utf-8")
        program.chmod(0o755)
        self.environ = {PLACE: str(self.place)}

    def calls(self):
        """The argument lists since the last time."""
        path = self.place / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() \
            if path.exists() else []
        path.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def loaded(self):
        return sorted(p.name for p in self.place.iterdir()
                      if p.name not in ("calls", "refuse"))

    def refuse(self, yes):
        """bootstrap fails, or does not."""
        if yes:
            (self.place / "refuse").touch()
        else:
            (self.place / "refuse").unlink()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in self.loaded():
            pid = (self.place / name).read_text(encoding="utf-8").split()[0]
            os.kill(int(pid), signal.SIGTERM)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    launchctl(sys.argv[1:])
