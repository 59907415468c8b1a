#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw requests of test_http*.py and test_access.py to a ccp.socket of a real
systemd."""
import importlib
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

SECONDS = 400
TARGET = "127.0.0.1:8888"
SCRIPTS = ("test_access", "test_http", "test_http_chunks", "test_http_fields",
           "test_http_length", "test_http_pipeline")


def inside():
    # raw_http.py looks at it when it is imported
    os.environ["CCP_TEST_TARGET"] = TARGET
    # pylint: disable=import-outside-toplevel
    import raw_http
    import tap
    for name in SCRIPTS:
        importlib.import_module(name)
    subprocess.run(["systemctl", "--user", "start", "ccp.socket"], check=True)
    tap.keep(raw_http.names)
    raw_http.main()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        del sys.argv[1]
        inside()
    import bed
    bed.run_inside("test_http_systemd.py", sys.argv[1:], SECONDS)
