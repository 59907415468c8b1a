# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests by their names, as the table of mutations and doc/security.md name
them:

    test_http.py: a folded line     cases of tests/e2e/test_http.py with that
                                    in their names; without ": ..." all of it
    unit http_parse: nul_bytes      tests of that unit suite, in the same way;
                                    "unit SUITE/CASE" runs one of its TCases
    fuzz http_head                  a fuzzer, whose corpus is replayed
    mutant a folded line            mutations of tests/mutants/table.py
    tests/lint/run: shellcheck      any other file, and what stands in it
"""
import functools
import os
import pathlib
import re
import subprocess
import sys

SRC = pathlib.Path(os.environ.get("CCP_SRC")
                   or pathlib.Path(__file__).resolve().parents[2])
E2E = SRC / "tests" / "e2e"
UNIT = SRC / "tests" / "unit"

# A script is run but for its main(), since cases are made in loops, too.
LIST = """
import runpy, sys
sys.dont_write_bytecode = True
sys.path[:0] = sys.argv[1:3]
sys.argv[:] = sys.argv[3:]
found = runpy.run_path(sys.argv[0], run_name="listed")
import tap
print("\\n".join(tap.names()))
"""


class Wrong(Exception):
    """A name of nothing; its text says what is not there."""


class Name:
    """kind: "script", "unit", "fuzz", "mutant", "file"; what: the script, the
    suite, ...; part: "" or what is in the names of its cases."""

    def __init__(self, text):
        what, _, part = text.partition(":")
        self.text, self.what, self.part = text, what.strip(), part.strip()
        word, _, rest = self.what.partition(" ")
        if re.fullmatch(r"test_\w+\.py", self.what):
            self.kind = "script"
        elif word == "unit" and re.fullmatch(r"\w+(/\w+)?", rest) \
                or word == "fuzz" and re.fullmatch(r"\w+", rest):
            self.kind, self.what = word, rest
        elif word == "mutant":
            self.kind, self.what = word, text.partition(" ")[2]
        elif re.fullmatch(r"tests/[\w./-]+", self.what):
            self.kind = "file"
        else:
            raise Wrong(f"{text}: no form of a test's name")


@functools.lru_cache(maxsize=None)
def script_cases(script):
    """The names of a script's cases."""
    path = E2E / script
    if not path.is_file():
        raise Wrong(f"there is no tests/e2e/{script}")
    done = subprocess.run(
        [sys.executable, "-c", LIST, str(SRC / "tests" / "lib"), str(E2E),
         str(path)],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{script} does not tell its cases: "
                    + done.stderr.strip().rpartition("\n")[2])
    return done.stdout.splitlines()


@functools.lru_cache(maxsize=None)
def _suites():
    found = {}
    for path in sorted(UNIT.glob("test_*.c")):
        text = path.read_text(encoding="utf-8")
        for suite in re.findall(r'suite_create\("(\w+)"\)', text):
            found[suite] = (re.findall(r"^START_TEST\((\w+)\)", text, re.M),
                            re.findall(r'tcase_create\("(\w+)"\)', text))
    return found


def unit_cases(what):
    """The functions of a unit suite."""
    suite, _, tcase = what.partition("/")
    functions, tcases = _suites().get(suite, ([], []))
    if not functions:
        raise Wrong(f"there is no unit suite {suite}")
    if tcase and tcase not in tcases:
        raise Wrong(f"the unit suite {suite} has no TCase {tcase}")
    return functions


def _mutants():
    text = (SRC / "tests" / "mutants" / "table.py").read_text(
        encoding="utf-8")
    return re.findall(r'^M\("([^"]+)"', text, re.M)


def check(name):
    """Raises Wrong unless there is such a test."""
    if name.kind == "script":
        found = script_cases(name.what)
    elif name.kind == "unit":
        found = unit_cases(name.what)
    elif name.kind == "mutant":
        found = [n for n in _mutants() if name.what in n]
        if not found:
            raise Wrong(f"there is no mutation {name.what}")
    elif name.kind == "fuzz":
        if not (SRC / "tests" / "fuzz" / f"fuzz_{name.what}.c").is_file():
            raise Wrong(f"there is no fuzzer {name.what}")
        return
    else:
        path = SRC / name.what
        if not path.is_file():
            raise Wrong(f"there is no {name.what}")
        found = path.read_text(encoding="utf-8").splitlines()
    if name.kind != "mutant" and not any(name.part in n for n in found):
        raise Wrong(f'{name.what}: nothing is called "{name.part}"')
