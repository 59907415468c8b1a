#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program, its man page and the completions of three shells know the same
verbs, sub-commands, options and keys; and no screen has escape sequences
where none are wanted."""
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

# pylint: disable=wrong-import-position
import words
from ccp import SRC, Env, program
from tap import Skip, add, eq, fail, lacks, main, ok, test

MANUAL = (SRC / "man" / "ccp.1").read_text(encoding="utf-8")

SOURCES = {"bash": words.of_bash, "zsh": words.of_zsh, "fish": words.of_fish}


def shown(found, helps=False):
    """As a text, for a diff.  What "help" takes are the verbs themselves."""
    lines = []
    for verb, of in sorted(found.items()):
        commands = of.commands if verb != "help" or helps else set()
        lines.append(f"{verb}: {' '.join(sorted(commands))}")
        lines += [f"{verb} {o}" for o in sorted(of.options)]
    return "\n".join(lines) + "\n"


def check_values(found, named):
    """What the program lists one by one, the others know."""
    for verb, of in words.of_program().items():
        for option, values in of.values.items():
            eq(sorted(found[verb].values.get(option, ())), sorted(values),
               f"{named}: {verb} {option}")


@test("ccp help lists verbs, and each has a usage")
def _():
    found = words.verbs()
    ok(len(found) >= 4, found)
    for verb in found:
        usage = words.ccp(verb, "--help")
        eq(usage, words.ccp("help", verb), verb)
        ok(usage.startswith("usage: ccp "), usage)
        longest = max(usage.splitlines(), key=len)
        ok(len(longest) <= 80, longest)
    ok(words.of_usage("session").commands, "no sub-commands were found")
    ok(words.of_usage("session").options, "no options were found")


@test("ccp(1) has the verbs, sub-commands and options of the program")
def _():
    if not shutil.which("mandoc"):
        raise Skip("mandoc is not installed")
    eq(shown(words.of_man_page()), shown(words.of_program()))
    items = [line.split()[2:] for line in
             re.findall(r"^\.It Cm .*$", MANUAL, re.M)]
    for verb, of in words.of_program().items():
        for command in of.commands or [""]:
            ok(any(item[0] == verb and (not command or command in item)
                   for item in items), f"no .It Cm {verb} {command}")
    for option in words.EVERYWHERE:
        ok(f"Fl {option[1:]}" in MANUAL, option)


@test("ccp-handler(8) has the options of ccp-handler, and it takes them")
def _():
    usage = subprocess.run([program("ccp-handler"), "--help"], check=True,
                           capture_output=True, text=True,
                           timeout=240).stdout.splitlines()[0]
    page = (SRC / "man" / "ccp-handler.8").read_text(encoding="utf-8")
    synopsis = page.split(".Sh SYNOPSIS")[1].split(".Sh ")[0]
    options = re.findall(r"--[a-z]+", usage)
    eq([f"--{o}" for o in re.findall(r"Fl -([a-z]+)", synopsis)], options)
    with Env() as env:
        for option in options:
            done = subprocess.run([program("ccp-handler"), option],
                                  stdin=subprocess.DEVNULL, check=False,
                                  env=env.environ, timeout=240,
                                  capture_output=True, text=True)
            eq((done.returncode, done.stderr), (0, ""), option)
        done = subprocess.run([program("ccp-handler"), "--no-such"],
                              env=env.environ, timeout=240, check=False,
                              capture_output=True, text=True)
        eq((done.returncode, done.stderr),
           (2, "ccp-handler: unknown argument: --no-such\n"))


def completes(shell):
    found = SOURCES[shell]()
    eq(shown(found), shown(words.of_program()))
    check_values(found, shell)


for name in SOURCES:
    add(f"{name} completes the verbs, sub-commands and options of the program",
        lambda shell=name: completes(shell))


@test("bash completes help with the verbs, and what stands for itself")
def _():
    eq(words.of_bash()["help"].commands, set(words.verbs()))
    for before, want in ((["ccp", "-"], words.EVERYWHERE),
                         (["ccp", "sess"], {"session"}),
                         (["ccp", "start", "-"], {"--help"}),
                         (["ccp", "start", ""], set()),
                         (["ccp", "config", "set", "LOG_LEVEL", "w"],
                          {"warn"})):
        got = words.bash(
            'file=$1; shift; source "$file"; COMP_WORDS=("$@") '
            'COMP_CWORD=$(($# - 1)); _ccp; echo "${COMPREPLY[*]}"', *before)
        eq(set(got.split()), want, str(before))
    eq(words.bash('source "$1"; complete -p ccp').split()[-2:],
       ["_ccp", "ccp"])


@test("bash completes the ids of sessions")
def _():
    with Env() as env:
        bed = pathlib.Path(env.work, "ccp")
        bed.write_text("#!/bin/sh\n[ \"$*\" = 'session list' ] && printf "
                       "'ID  AGE\\n0d3ae5d0  8 min\\n77aa  1 min\\n'\n",
                       encoding="ascii")
        bed.chmod(0o755)
        got = words.bash(
            f'PATH={env.work}:$PATH; source "$1"; '
            'COMP_WORDS=(ccp session show "") COMP_CWORD=3; _ccp; '
            'echo "${COMPREPLY[*]}"')
        eq(got, "0d3ae5d0 77aa\n")


@test("the completions have the keys of the configuration, and their values")
def _():
    want = {key: set(values) for key, values in words.settings()}
    ok(len(want) > 20, "src/settings.c has another form now")
    want["DEFAULT_MODEL"] = {"sonnet", "opus", "haiku"}
    for shell, keys in (("bash", words.keys_of_bash()),
                        ("zsh", words.keys_of_zsh()),
                        ("fish", words.keys_of_fish())):
        eq(keys, want, shell)


def sound(shell, name):
    done = subprocess.run([shell, "-n", str(SRC / "completions" / name)],
                          capture_output=True, text=True, check=False)
    eq((done.returncode, done.stderr), (0, ""))


def fish_completes():
    for verb, of in words.of_program().items():
        want = {"": of.commands, "-": of.options | {"--help"}}
        if verb == "help":
            want[""] = set(words.verbs())
        for typed, expected in want.items():
            done = subprocess.run(
                ["fish", "--no-config", "-c",
                 f"source {SRC}/completions/ccp.fish; "
                 f"complete -C'ccp {verb} {typed}'"],
                capture_output=True, text=True, check=True)
            eq(done.stderr, "")
            eq({line.split("\t")[0] for line in done.stdout.splitlines()},
               expected, f"{verb} {typed}")


# Extra cases, not skipped ones: building and testing do without these shells.
if shutil.which("zsh"):
    add("zsh takes its file", lambda: sound("zsh", "_ccp"))
if shutil.which("fish"):
    add("fish takes its file", lambda: sound("fish", "ccp.fish"))
    add("fish completes it", fish_completes)


# --- wrong arguments --------------------------------------------------------

def wrong(*argv):
    """What is said of it, in two lines; nothing is done."""
    with Env() as env:
        done = subprocess.run(
            [program("ccp"), *argv], env=env.environ, capture_output=True,
            stdin=subprocess.DEVNULL, text=True, timeout=240, check=False)
        eq((done.returncode, done.stdout), (2, ""), f"{argv} {done.stderr}")
        first, see = done.stderr.splitlines()
        ok(first.startswith("ccp: "), first)
        return first.removeprefix("ccp: "), see


@test("every verb names what is wrong on its command line, and where to look")
def _():
    for verb, of in words.of_program().items():
        see = "see ccp help" if verb == "help" else f"see ccp {verb} --help"
        for command in [[c] for c in sorted(of.commands)] or [[]]:
            if [verb, *command] == ["config", "set"]:
                continue  # takes anything behind the key
            eq(wrong(verb, *command, "--jsn"), ("unknown option --jsn", see))
            eq(wrong(verb, *command, "-Z"), ("unknown option -Z", see))
            many = [verb, *command, "one", "two", "three"]
            said, where = wrong(*many)
            ok(re.fullmatch('unexpected argument "(one|two|three)"', said),
               said)
            eq(where, see)
        if of.commands:
            eq(wrong(verb), ("missing argument: COMMAND", see))
            eq(wrong(verb, "bogus"),
               (f'unknown command "{verb} bogus"', see))
            for command in of.commands:
                if len(command) > 3:
                    eq(wrong(verb, command[:-1]),
                       (f'unknown command "{verb} {command[:-1]}": did you '
                        f'mean "{verb} {command}"?', see))


@test("a verb that there is not: the one that was probably meant")
def _():
    see = "see ccp help"
    eq(wrong("confg"),
       ('unknown command "confg": did you mean "config"?', see))
    eq(wrong("help", "sesion"),
       ('unknown command "sesion": did you mean "session"?', see))
    eq(wrong("frobnicate"), ('unknown command "frobnicate"', see))
    eq(wrong("--jsn"), ("unknown option --jsn", see))


@test("every verb's --help ends with examples")
def _():
    for verb in words.verbs():
        examples = words.ccp(verb, "--help").rpartition("\n\n")[2]
        for line in examples.splitlines():
            ok(re.match("  (sudo |[A-Z_]+=[^ ]+ )?ccp ", line), line)
        ok(f"ccp {verb}" in examples, examples)


# --- escape sequences -------------------------------------------------------

# Screens that change nothing; [] is the verb alone.
SCREENS = {
    "start": [["too", "many"]],
    "config": [["list"], ["path"], ["help"], ["get", "PORT"]],
    "service": [["status"]],
    "session": [["list"], ["clear"], ["prune"]],
    "logs": [[]],
    "usage": [[]],
    "doctor": [[]],
    "test": [[]],
    "version": [[]],
    "help": [[], ["start"]],
}


def on_terminal(argv, env):
    """What it writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs,
                          stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:
            pass  # how Linux tells that nobody has the other end any more
        os.close(ours)
        process.wait(60)
    return said.decode("utf-8", "replace")


def screens(verb):
    if verb not in SCREENS:
        fail(f"which screens has ccp {verb}?  SCREENS wants to know")
    yield [program("ccp"), verb, "--help"]
    yield [program("ccp"), verb, "--no-such-option"]
    for rest in SCREENS[verb]:
        yield [program("ccp"), verb, *rest]


@test("no escape sequences without a terminal, nor with NO_COLOR or TERM=dumb")
def _():
    with Env(TERM="xterm-256color", LOG_LEVEL="info") as env:
        for verb in words.verbs():
            for argv in screens(verb):
                done = subprocess.run(
                    argv, env=env.environ, stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, timeout=240, check=False)
                lacks(done.stdout + done.stderr, "\x1b", " ".join(argv[1:]))
                ok(done.stdout + done.stderr, argv)
                for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
                    said = on_terminal(argv, {**env.environ, **more})
                    lacks(said, "\x1b", f"{more} {' '.join(argv[1:])}")
                    ok(said, argv)


if __name__ == "__main__":
    main()
