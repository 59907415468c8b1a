#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw requests of test_http.py and test_access.py to a ccp.socket of a real
systemd: each whole, in single bytes and split at each of its bytes."""
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

SECONDS = 400
TARGET = "127.0.0.1:8888"


def inside():
    # raw_http.py looks at it when it is imported
    os.environ["CCP_TEST_TARGET"] = TARGET
    # pylint: disable=import-outside-toplevel,unused-import
    import raw_http
    import tap
    import test_access  # noqa: F401
    import test_http  # noqa: F401
    subprocess.run(["systemctl", "--user", "start", "ccp.socket"], check=True)
    tap.keep(raw_http.names)
    print(f"# {len(raw_http.names)} raw requests")
    tap.main()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        del sys.argv[1]
        inside()
    import bed
    bed.run_inside("test_http_systemd.py", sys.argv[1:], SECONDS)
