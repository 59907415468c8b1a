#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of threats in doc/security.md: each line names a test that covers
it, and each test that is named exists.

Names are those of tests/lib/named.py, in backquotes, in the third column.  A
script is asked for its cases, which may need a build: CCP_BUILD.
"""
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
SRC = pathlib.Path(os.environ.get("CCP_SRC")
                   or pathlib.Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SRC / "tests" / "lib"))
# pylint: disable=wrong-import-position
from named import Name, Wrong, check  # noqa: E402

HEADING = "| threat | what holds against it | the test |"


def rows(text):
    """(number, cells) of each line of each table of threats."""
    inside = False
    for n, line in enumerate(text.splitlines(), 1):
        if line == HEADING:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            yield n, [c.strip() for c in line.strip("|").split("|")]


def wrong_names(cell):
    """Why a cell is no list of tests."""
    names = re.findall(r"`([^`]+)`", cell)
    if not names:
        yield "names no test"
    for name in names:
        try:
            check(Name(name))
        except Wrong as why:
            yield str(why)


def main():
    text = (SRC / "doc" / "security.md").read_text(encoding="utf-8")
    found, names, wrong = 0, 0, []
    for n, cells in rows(text):
        found += 1
        if len(cells) != 3 or not all(cells):
            wrong.append(f"doc/security.md:{n}: needs three columns")
            continue
        names += cells[2].count("`") // 2
        wrong += [f"doc/security.md:{n}: {why}"
                  for why in wrong_names(cells[2])]
    if not found:
        wrong.append("doc/security.md: there is no table of threats")
    print("1..1")
    print(f"{'not ok' if wrong else 'ok'} 1 - {found} threats name {names} "
          "tests that exist")
    for line in wrong:
        print(f"# {line}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
