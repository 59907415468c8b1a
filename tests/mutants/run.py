#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks ccp on purpose, in one place at a time, and has the tests notice.

Each row of table.py is a mutation: one text of one file of src, another one in
its place, and the tests that catch it.  CCP_BUILD is a build of these sources,
CCP_SRC their top.  Neither is changed: a broken file is compiled in a directory
of its own and linked before the library of the build, so that it takes the
place of what is in there.

First the unbroken build passes all tests that the table names.  Then, for each
mutation, every test named must fail, by a case of its own: what does not
compile, is skipped or ends without a word has caught nothing.

Arguments select mutations by a part of their name.  Prints TAP.
"""
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
# pylint: disable=wrong-import-position
import procs  # noqa: E402
from named import SRC, Name, Wrong, check  # noqa: E402
from table import MUTATIONS  # noqa: E402

BUILD = pathlib.Path(os.environ.get("CCP_BUILD") or os.getcwd()).resolve()
UNIT = "tests/unit/unit"
# What a script runs, beside ccp and its handler.
TOOLS = {"test_session_store.py": "tests/store/store_tool",
         "test_session_kills.py": "tests/store/store_tool",
         "test_logs.py": "tests/logs/log_tool"}
PROGRAMS = ("ccp", "ccp-handler", "ccp-demo-claude", UNIT,
            *sorted(set(TOOLS.values())))
BESIDE = ("config.h", "Makefile", "launchd", "systemd")
TAG = "CCP_MUTANT_TAG"
SECONDS = 600  # for all tests of one mutation, or of one script


class NotCaught(Exception):
    """Why a mutation counts as not caught."""


# --- building ---------------------------------------------------------------

def canonical(program):
    return re.sub(r"\W", "_", program)


def make_variables():
    """How the build compiles and links, from its own Makefile."""
    names = ["COMPILE", "SYSTEMD_CFLAGS", "LINK", "srcdir"]
    for program in PROGRAMS:
        names += [f"{canonical(program)}_{part}"
                  for part in ("LINK", "OBJECTS", "LDADD")]
    script = "include Makefile\n" + "".join(
        f"$(info CCP {name}=$({name}))\n" for name in names) + "ccp-none:;@:\n"
    done = subprocess.run(
        ["make", "-s", "--no-print-directory", "-f", "-", "ccp-none"],
        cwd=BUILD, input=script, capture_output=True, text=True, check=False,
        env={n: v for n, v in os.environ.items() if not n.startswith("MAKE")})
    if done.returncode != 0:
        sys.exit(f"Bail out! {BUILD} is no build of ccp: {done.stderr}")
    return dict(line[4:].split("=", 1) for line in done.stdout.splitlines()
                if line.startswith("CCP "))


def shell(command):
    """Runs it in the build."""
    done = subprocess.run(command, shell=True, cwd=BUILD, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise NotCaught("it does not build: " + done.stderr.strip()[-600:])
    return done.stdout


def put(source, target):
    """The same file at another place: a program there is another program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Builder:
    def __init__(self):
        self.make = make_variables()
        self.library = set(shell("ar t libccp.a").split())

    def compile(self, place, name, text):
        source = place / "src" / pathlib.Path(name).name
        source.parent.mkdir()
        # The files of src find their headers beside them.
        for header in (SRC / "src").glob("*.h"):
            os.symlink(header, source.parent / header.name)
        source.write_text(text, encoding="utf-8")
        built = source.with_suffix(".o")
        # -w: a check that is gone may leave something unused.
        shell(f"{self.make['COMPILE']} {self.make['SYSTEMD_CFLAGS']} -w -c "
              f"-o {shlex.quote(str(built))} {shlex.quote(str(source))}")
        return built

    def link(self, place, program, built):
        """Links it with the broken file, if it uses that; else as it is."""
        def value(part):
            return self.make[f"{canonical(program)}_{part}"]
        own = re.compile(rf"(?:.*/)?(?:\w+-)?{re.escape(built.name)}")
        objects = value("OBJECTS").split()
        others = [o for o in objects if not own.fullmatch(o)]
        target = place / program
        target.parent.mkdir(parents=True, exist_ok=True)
        if len(others) == len(objects) and built.name not in self.library:
            put(BUILD / program, target)
            return
        link = value("LINK") or self.make["LINK"]
        shell(f"{link.strip()} {shlex.quote(str(target))} "
              f"{' '.join(others)} {shlex.quote(str(built))} {value('LDADD')}")

    def build(self, place, mutation, text):
        """A build in place, broken, as far as its tests need it."""
        built = self.compile(place, mutation.file, text)
        wanted = set()
        for name in mutation.tests:
            if name.kind == "unit":
                wanted.add(UNIT)
            else:
                wanted |= {"ccp", "ccp-handler"}
                wanted |= {TOOLS[name.what]} & set(TOOLS.values()) \
                    if name.what in TOOLS else set()
        for program in wanted:
            self.link(place, program, built)
        for program in set(PROGRAMS) - wanted:
            if (BUILD / program).exists():
                put(BUILD / program, place / program)
        for name in BESIDE:
            if (BUILD / name).exists():
                os.symlink(BUILD / name, place / name)


# --- running tests ----------------------------------------------------------

class Result:
    """One case: its name, "ok", "not ok" or "skipped", and what it said."""

    def __init__(self, name, state):
        self.name, self.state, self.said = name, state, []


def results(output):
    found = []
    for line in output.splitlines():
        match = re.match(r"(not )?ok \d+ - (.*)", line)
        if match:
            state = "not ok" if match[1] else "ok"
            if "# SKIP" in match[2]:
                state = "skipped"
            found.append(Result(match[2], state))
        elif line.startswith("# ") and found:
            found[-1].said.append(line[2:])
    return found


def run_tests(build, kind, what, parts):
    """The results of a script, or a unit suite; parts: of its cases."""
    tag = uuid.uuid4().hex
    environ = {**os.environ, "CCP_BUILD": str(build), "CCP_SRC": str(SRC),
               "PYTHONDONTWRITEBYTECODE": "1", TAG: tag}
    environ.pop("CCP_NO_SKIP", None)  # a skip is told from a failure here
    if kind == "unit":
        command = [str(build / UNIT)]
        environ["CK_RUN_SUITE"], _, tcase = what.partition("/")
        if tcase:
            environ["CK_RUN_CASE"] = tcase
    else:
        command = [sys.executable, "-B", str(SRC / "tests" / "e2e" / what)]
        command += parts if all(parts) else []
    with subprocess.Popen(command, env=environ, cwd=build, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace",
                          start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        finally:
            procs.kill(procs.with_variable(TAG, tag))
    return results(output)


def of_name(name, found):
    """The results of the cases that a name means."""
    if name.kind == "unit":
        return [r for r in found
                if name.part in r.name.split(":", 3)[2]] \
            if name.part else found
    return [r for r in found if name.part in r.name]


def grouped(names):
    """{(kind, what): parts}: what one run of a script is to run."""
    groups = {}
    for name in names:
        groups.setdefault((name.kind, name.what), []).append(name.part)
    return groups


def run_all(build, names, run=map):
    """The results of each name: {its text: results}."""
    groups = grouped(names)
    done = dict(zip(groups, run(
        lambda g: run_tests(build, *g, groups[g]), groups)))
    return {n.text: of_name(n, done[n.kind, n.what]) for n in names}


# --- mutations --------------------------------------------------------------

def mutated(mutation):
    text = (SRC / mutation.file).read_text(encoding="utf-8")
    times = text.count(mutation.old)
    if times != 1:
        raise NotCaught(f"the row is stale: its text is {times} times in "
                        f"{mutation.file}")
    return text.replace(mutation.old, mutation.new)


def reason(result):
    """What a failed case said, in a line."""
    if ":" in result.name and not result.said:
        return result.name.rpartition(":")[2].strip()
    return result.said[0] if result.said else "no reason given"


def catch(builder, mutation, unbroken):
    """[(name, the case that failed, why)] for each test; or NotCaught."""
    text = mutated(mutation)
    for name in mutation.tests:
        bad = [r for r in unbroken[name.text] if r.state != "ok"]
        if bad or not unbroken[name.text]:
            raise NotCaught(f"{name.text}: does not pass unbroken")
    with tempfile.TemporaryDirectory(prefix="ccp-mutant-") as place:
        place = pathlib.Path(place)
        builder.build(place, mutation, text)
        found = run_all(place, mutation.tests)
    caught = []
    for name in mutation.tests:
        failed = [r for r in found[name.text] if r.state == "not ok"]
        if not failed:
            raise NotCaught(f"{name.text}: "
                            + ", ".join(r.state for r in found[name.text])
                            if found[name.text] else
                            f"{name.text}: ended without a word")
        caught.append((name.text, reason(failed[0])))
    return caught


def diagnose(text):
    for line in text.splitlines():
        print(f"# {line}")


def report(number, mutation, outcome):
    head = f"{number} - {mutation.name} ({mutation.file})"
    if isinstance(outcome, NotCaught):
        print(f"not ok {head}: not caught")
        diagnose(str(outcome))
    else:
        print(f"ok {head}: caught by "
              + "; ".join(name for name, _ in outcome))
        for _, why in outcome:
            diagnose(f"  {why[:150]}")
    sys.stdout.flush()


def check_unbroken(run, chosen):
    """The results of all tests named, of the build as it is."""
    names = {n.text: n for m in chosen for n in m.tests}
    found = run_all(BUILD, list(names.values()), run)
    bad = [f"{name}: {r.name}: {r.state} {reason(r)}"
           for name, of_it in found.items() for r in of_it
           if r.state != "ok"]
    bad += [f"{name}: no such case" for name, of_it in found.items()
            if not of_it]
    cases = len({(n, r.name) for n, of_it in found.items() for r in of_it})
    print(f"{'not ok' if bad else 'ok'} 1 - unbroken, all {len(names)} tests "
          f"named ({cases} cases) pass", flush=True)
    diagnose("\n".join(bad))
    return found, not bad


def table(outcomes):
    width = max(len(m.name) for m, _ in outcomes)
    print("#")
    print(f"# {'mutation':{width}}  caught by")
    for mutation, outcome in outcomes:
        caught = ["NOT CAUGHT"] if isinstance(outcome, NotCaught) \
            else [name for name, _ in outcome]
        for n, name in enumerate(caught):
            print(f"# {'' if n else mutation.name:{width}}  {name}")


def main():
    started = time.monotonic()
    words = sys.argv[1:]
    chosen = [m for m in MUTATIONS
              if not words or any(w in m.name or w in m.file for w in words)]
    if not chosen:
        sys.exit("no such mutation")
    for mutation in chosen:
        mutation.tests = [Name(text) for text in mutation.tests]
        for name in mutation.tests:
            try:
                check(name)
            except Wrong as why:
                sys.exit(f"Bail out! {mutation.name}: {why}")
    print(f"1..{len(chosen) + 1}", flush=True)
    builder = Builder()
    # Most tests wait for time to pass rather than for a processor.
    jobs = int(os.environ.get("CCP_MUTANT_JOBS") or 2 * (os.cpu_count() or 1))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        unbroken, well = check_unbroken(pool.map, chosen)

        def one(mutation):
            try:
                return catch(builder, mutation, unbroken)
            except NotCaught as why:
                return why
        outcomes = []
        for n, (mutation, outcome) in enumerate(
                zip(chosen, pool.map(one, chosen)), 2):
            report(n, mutation, outcome)
            outcomes.append((mutation, outcome))
    table(outcomes)
    missed = sum(isinstance(o, NotCaught) for _, o in outcomes)
    print(f"# {len(outcomes) - missed} of {len(outcomes)} mutations caught, "
          f"{time.monotonic() - started:.0f} s")
    sys.exit(0 if well and not missed else 1)


if __name__ == "__main__":
    main()
