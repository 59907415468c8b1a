# SPDX-License-Identifier: GPL-3.0-or-later
"""systemctl --user, for scripts that run in the container of
tests/systemd/bed."""
import contextlib
import subprocess

from tap import fail


def systemctl(*arguments, check=True):
    done = subprocess.run(["systemctl", "--user", *arguments], text=True,
                          capture_output=True, check=False, timeout=240)
    if check and done.returncode:
        fail(f"systemctl --user {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


@contextlib.contextmanager
def environment(**variables):
    """Variables for the handlers of connections made meanwhile."""
    systemctl("set-environment", *[f"{n}={v}" for n, v in variables.items()])
    try:
        yield
    finally:
        systemctl("unset-environment", *variables)


def handler_pids():
    """Of the handlers that systemd runs; one that ends just now has none."""
    pids = systemctl("show", "-P", "MainPID", "ccp@*").split()
    return [int(pid) for pid in pids if pid != "0"]
