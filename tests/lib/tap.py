# SPDX-License-Identifier: GPL-3.0-or-later
"""Test cases that report in TAP, the Test Anything Protocol.

    @test("GET /health needs no key")
    def _():
        eq(get("/health").status, 200)

    if __name__ == "__main__":
        main()

Arguments select cases by number or by a part of their name.  With CCP_NO_SKIP
in the environment a case that cannot run has failed.  CCP_TEST_PATIENCE is by
what every limit of time is multiplied: they are there for what hangs, and a
machine may have much else to do.
"""
import difflib
import os
import signal
import sys
import time
import traceback

CASE_SECONDS = 120
CLEANUP_SECONDS = 30
PATIENCE = int(os.environ.get("CCP_TEST_PATIENCE") or 1)

_cases = []


class Skip(Exception):
    """Raised by a case that cannot run here; its text says why."""


class Failed(AssertionError):
    """A comparison did not hold."""


class TimedOut(BaseException):
    """The watchdog's; not an Exception, so that no case swallows it."""


def test(name, seconds=CASE_SECONDS):
    """Decorator: collects a case, in the order of the file."""
    def collect(function):
        _cases.append((name, function, seconds))
        return function
    return collect


def add(name, function, seconds=CASE_SECONDS):
    """Collects a case that is made in a loop."""
    _cases.append((name, function, seconds))


def names():
    """Of all cases collected so far."""
    return [case[0] for case in _cases]


def keep(names):
    """Forgets the cases with other names."""
    _cases[:] = [case for case in _cases if case[0] in names]


def fail(message):
    raise Failed(message)


def ok(condition, message="condition does not hold"):
    if not condition:
        fail(message)


def _short(value, limit=2000):
    text = value if isinstance(value, str) else repr(value)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text)} characters)"


def eq(got, want, what=""):
    """Fails with both values, and a diff of long texts."""
    if got == want:
        return
    head = f"{what}: " if what else ""
    if isinstance(got, str) and isinstance(want, str) and "\n" in got + want \
            and len(got) + len(want) < 100000:
        diff = difflib.unified_diff(want.splitlines(), got.splitlines(),
                                    "want", "got", lineterm="", n=2)
        fail(f"{head}texts differ\n" + "\n".join(diff))
    fail(f"{head}got  {_short(got)}\n{' ' * len(head)}want {_short(want)}")


def contains(haystack, needle, what=""):
    if needle not in haystack:
        head = f"{what}: " if what else ""
        fail(f"{head}{_short(needle)} is not in\n{_short(haystack)}")


def lacks(haystack, needle, what=""):
    if needle in haystack:
        head = f"{what}: " if what else ""
        fail(f"{head}{_short(needle)} is in\n{_short(haystack)}")


def until(condition, seconds=10, what="condition", pause=0.02):
    """Waits for a condition; returns its (true) value."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            fail(f"{what}: not within {seconds} s")
        time.sleep(pause)


def _alarm(_number, _frame):
    signal.alarm(CLEANUP_SECONDS)  # the case's own cleanup may hang too
    raise TimedOut


def _diagnose(text):
    for line in text.rstrip("\n").split("\n"):
        print(f"# {line}")


def _own_frames(error):
    """Where it failed, innermost last, without this file's frames."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{f.filename}:{f.lineno} {f.name}: {f.line}"
            for f in frames if f.filename != __file__]


def _run(number, name, function, seconds):
    """Runs one case and prints its line.  True unless it failed."""
    started = time.monotonic()
    seconds *= PATIENCE
    signal.alarm(seconds)
    try:
        function()
    except Skip as why:
        if not os.environ.get("CCP_NO_SKIP"):
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
            return True
        text = f"skipped: {why}"
    except TimedOut as error:
        text = "\n".join([f"no end after {seconds} s"] + _own_frames(error))
    except Exception as error:  # pylint: disable=broad-except
        kind = "" if isinstance(error, Failed) else type(error).__name__ + ": "
        text = "\n".join([kind + str(error)] + _own_frames(error))
    else:
        took = time.monotonic() - started
        print(f"ok {number} - {name}", flush=True)
        if took > 10:
            print(f"# took {took:.0f} s", flush=True)
        return True
    finally:
        signal.alarm(0)
    print(f"not ok {number} - {name}")
    _diagnose(text)
    sys.stdout.flush()
    return False


def _selected(arguments):
    numbered = list(enumerate(_cases, 1))
    if not arguments:
        return numbered
    return [(n, case) for n, case in numbered
            if any(a == str(n) or (not a.isdigit() and a in case[0])
                   for a in arguments)]


def main():
    """Runs the cases and exits: 0 only if none failed."""
    chosen = _selected(sys.argv[1:])
    signal.signal(signal.SIGALRM, _alarm)
    # automake's TAP driver wants 1..N to be the numbers that follow
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (_, case) in enumerate(chosen, 1):
        failed += not _run(number, *case)
    if failed:
        _diagnose(f"{failed} of {len(chosen)} failed")
    sys.exit(1 if failed or not chosen else 0)
