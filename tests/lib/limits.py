# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of src/limits.h, as attributes: limits.HEAD_MS."""
import re

from ccp import SRC

_DEFINE = re.compile(r"^#define LIMIT_(\w+) +([^/\n]+)", re.M)
_SAFE = re.compile(r"[0-9 *()+]+")


def _read():
    values = {}
    for name, text in _DEFINE.findall(
            (SRC / "src" / "limits.h").read_text(encoding="utf-8")):
        text = re.sub(r"LIMIT_(\w+)", lambda m: str(values[m[1]]), text)
        text = re.sub(r"(\d)[uUlL]+", r"\1", text).strip()
        if not _SAFE.fullmatch(text):
            raise ValueError(f"limits.h: {name} is {text}")
        values[name] = eval(text)  # pylint: disable=eval-used
    return values


globals().update(_read())
