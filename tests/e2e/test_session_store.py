#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session store under many processes, crashes and faults of the disk.

CCP_TEST_KILLS is how many writers are killed, and files damaged (300);
CCP_TEST_SEED makes a run again what it was.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import check_stderr, program  # noqa: E402
from tap import PATIENCE, Skip, eq, fail, main, ok, test  # noqa: E402

KILLS = int(os.environ.get("CCP_TEST_KILLS") or 300)
SEED = int(os.environ.get("CCP_TEST_SEED") or time.time()) % 1000000


def tool(verb, *numbers, seconds):
    """What it prints, which is shown."""
    with tempfile.TemporaryDirectory(prefix="ccp-store-") as directory:
        done = subprocess.run(
            [program("tests/store/store_tool"), verb,
             os.path.join(directory, "sessions.db"), *map(str, numbers)],
            capture_output=True, text=True, timeout=seconds * PATIENCE,
            check=False)
    check_stderr(done.stderr)
    for line in done.stdout.splitlines():
        print(f"# {line}")
    if done.returncode != 0:
        fail(f"status {done.returncode}\n{done.stderr}")
    return done.stdout


@test("50 processes with 20 stores each: nothing is lost, nobody starves")
def _():
    out = tool("crowd", 50, 20, seconds=100)
    ok("stores 1000 lost 0 failed processes 0\n" in out, out)


@test(f"{KILLS} writers killed: nothing wrong comes out, and it works",
      seconds=120 + KILLS // 2)
def _():
    print(f"# CCP_TEST_SEED={SEED}")
    out = tool("kill", KILLS, SEED, seconds=100 + KILLS // 2)
    ok(f"killed {KILLS} wrong 0" in out, out)


@test(f"{KILLS} damaged files: nothing wrong comes out, and it works",
      seconds=120 + KILLS // 2)
def _():
    print(f"# CCP_TEST_SEED={SEED}")
    out = tool("damage", KILLS, SEED, seconds=100 + KILLS // 2)
    ok(f"damaged {KILLS} " in out, out)


FULL = r"""
mount -t tmpfs -o size=512k none "$1" || exit 77
cd "$1"
tool() { "$store_tool" "$@" || exit 1; }
head -c 380k /dev/zero >ballast
tool full s.db 3000 0
[ -e s.db ] || exit 1
rm -f s.db* && cat /dev/zero >more 2>/dev/null
tool full s.db 20 0
rm -f more ballast
tool full s.db 20 0
tool crowd s.db 2 20
"""


@test("a disk that becomes full, is full, and has room again")
def _():
    with tempfile.TemporaryDirectory(prefix="ccp-store-") as directory:
        unshare = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-rm"]
        try:
            done = subprocess.run(
                [*unshare, "sh", "-c", FULL, "sh", directory],
                # GDBM leaks a block where it cannot make a file.
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0",
                     "store_tool": program("tests/store/store_tool")},
                capture_output=True, text=True, timeout=100, check=False)
        except FileNotFoundError as why:
            raise Skip("no unshare") from why
    if done.returncode == 77 or "unshare" in done.stderr:
        raise Skip(f"no tmpfs: {done.stderr.strip()}")
    check_stderr(done.stderr)
    eq(done.returncode, 0, done.stderr)
    small, full, again, _, crowd = done.stdout.splitlines()
    print(f"# {small}; without any room: {full}")
    # A store that has eaten the room begins anew.
    ok(int(small.split()[1]) > 2900, small)
    eq((full, again), ("done 0 refused 20", "done 20 refused 0"))
    ok("lost 0" in crowd, crowd)


def check_faults(empty):
    out = tool("faults", empty, 0, seconds=400)
    if "no faults on this system" in out:
        raise Skip("faults are injected on Linux only")
    places = [int(n) for n in re.findall(r": (\d+) places", out)]
    eq(len(places), 8)
    ok(min(places) > 40, "too few calls were seen")


@test("a crash or an error at every change of a new store", seconds=420)
def _():
    check_faults(1)


@test("a crash or an error at every change of a store in use", seconds=420)
def _():
    check_faults(0)


if __name__ == "__main__":
    main()
