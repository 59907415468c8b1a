# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of ccp's command line, as those who list them have them: the
program itself, the man page, and the completions of three shells.

Each function returns {verb: Words}.  What every verb takes (EVERYWHERE) is
left out.
"""
import dataclasses
import pathlib
import re
import subprocess

from ccp import SRC, program

EVERYWHERE = {"-h", "--help", "-v", "--version"}
COMPLETIONS = SRC / "completions"


@dataclasses.dataclass
class Words:
    """Sub-commands, options, and {option: its values} where these are given
    one by one."""
    commands: set = dataclasses.field(default_factory=set)
    options: set = dataclasses.field(default_factory=set)
    values: dict = dataclasses.field(default_factory=dict)

    def add(self, other):
        self.commands |= other.commands
        self.options |= other.options - EVERYWHERE
        self.values |= other.values


def _synopsis(line):
    """Of one line "ccp VERB ...": the verb and its Words.  A word in brackets
    or in capitals is the user's; (or WORD) is another name."""
    values = {option: set(words.split("|")) for option, words in
              re.findall(r"(--[a-z-]+)[ =]([a-z]+(?:\|[a-z]+)+)", line)}
    options = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line))
    verb = re.match(r"ccp \[?([a-z]+)", line)[1]
    rest = re.sub(r"\[.*", "", line[line.index(verb) + len(verb):])
    first = re.match(r" ([a-z]+(?: ?\| ?[a-z]+)*)(?![\w-])", rest)
    commands = set(re.split(r" ?\| ?", first[1])) if first else set()
    commands |= set(re.findall(r"\(or ([a-z]+)\)", line))
    return verb, Words(commands, options, values)


def _joined(lines):
    """A line of a synopsis that begins otherwise continues the one before."""
    joined = []
    for line in lines:
        if re.match("ccp( |$)", line.strip()) or not joined:
            joined.append(line.strip())
        else:
            joined[-1] += " " + line.strip()
    return joined


def _collect(lines):
    found = {}
    for line in _joined(lines):
        verb, words = _synopsis(line)
        found.setdefault(verb, Words()).add(words)
    return found


def ccp(*argv):
    """What the program prints."""
    done = subprocess.run([program("ccp"), *argv], capture_output=True,
                          text=True, timeout=240, check=True)
    return done.stdout


def verbs():
    """Of the program, in its order."""
    return re.findall(r"^  ([a-z]+)  ", ccp("help"), re.M)


def of_usage(verb, text=None):
    """Of "ccp VERB --help"."""
    usage, _, rest = (text or ccp(verb, "--help")).partition("\n")
    lines = [usage.removeprefix("usage: ")]
    for line in rest.splitlines():
        if not line.startswith("       "):
            break
        lines.append(line)
    words = _collect(lines)[verb]
    # what stands below in a column of its own
    for column in re.findall(r"^ +(-.*?)(?:  |$)", rest, re.M):
        words.add(_synopsis(f"ccp {verb} {column}")[1])
    return words


def of_program():
    return {verb: of_usage(verb) for verb in verbs()}


def of_man_page(page=SRC / "man" / "ccp.1"):
    """Of the synopsis of ccp(1)."""
    done = subprocess.run(
        ["mandoc", "-T", "ascii", "-O", "width=400", page],
        capture_output=True, text=True, check=True)
    # What is underlined is the user's word; bold is struck twice.
    text = re.sub("_\b(.)", lambda m: m[1].upper(), done.stdout)
    text = re.sub(".\b", "", text)
    section = re.search(r"^SYNOPSIS\n(.*?)^\S", text, re.M | re.S)[1]
    return _collect(filter(str.strip, section.splitlines()))


BASH = r"""
source "$1"
complete() { :; }
ask() {
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_ccp
	echo "${*:2}:${COMPREPLY[*]}"
}
ask ccp ''
for verb in "${COMPREPLY[@]}"; do
	ask ccp "$verb" ''
	ask ccp "$verb" -
	for option in "${COMPREPLY[@]}"; do
		ask ccp "$verb" "$option" ''
	done
done
"""


def bash(script, *arguments):
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash",
         str(COMPLETIONS / "ccp.bash"), *arguments],
        capture_output=True, text=True, timeout=240, check=True)
    if done.stderr:
        raise RuntimeError(done.stderr)
    return done.stdout


def of_bash():
    """By letting it complete."""
    found = {}
    for line in bash(BASH).splitlines():
        asked, _, got = line.partition(":")
        verb, _, rest = asked.partition(" ")
        got = set(got.split())
        if not verb:
            found = {v: Words() for v in got}
        elif rest == "-":
            found[verb].add(Words(options=got))
        elif not rest:
            found[verb].add(Words(commands=got))
        elif got - found[verb].commands and rest != "--user ":
            found[verb].values[rest.strip()] = got
    return found


def of_zsh():
    text = (COMPLETIONS / "_ccp").read_text(encoding="utf-8")
    listed = re.search(r"verbs=\((.*?)\n\t\)", text, re.S)[1]
    found = {v: Words() for v in re.findall(r"^\t+'([a-z]+):", listed, re.M)}
    body = text[text.index("_ccp_verb() {"):]
    for verb, block in re.findall(r"^\t\(([a-z]+)\)(.*?);;", body,
                                  re.M | re.S):
        commands = re.search(r"'1:command:\((.*?)\)'", block)
        values = {option: set(words.split()) for option, words in
                  re.findall(r"'(--[a-z-]+)\[[^]]*\]:\w+:\((.*?)\)'", block)}
        found[verb].add(Words(set(commands[1].split()) if commands else set(),
                              set(re.findall(r"'(--?[a-z-]+)\[", block)),
                              values))
    return found


def of_fish():
    text = (COMPLETIONS / "ccp.fish").read_text(encoding="utf-8")
    found = {v: Words() for v in
             re.findall(r"-n '__ccp_behind' -a ([a-z]+) ", text)}
    for verb, words in re.findall(
            r"-n '__ccp_behind ([a-z]+)' -a '([a-z ]+)'", text):
        found[verb].add(Words(commands=set(words.split())))
    for verb, rest in re.findall(r"-n '__ccp_verb ([a-z]+)'(.*)", text):
        short, long = re.search(r" -s (\w)", rest), \
            re.search(r" -l ([\w-]+)", rest)
        option = f"--{long[1]}" if long else f"-{short[1]}"
        values = re.search(r" -a '([a-z ]+)'", rest)
        found[verb].add(Words(
            options={option} | ({f"-{short[1]}"} if short else set()),
            values={option: set(values[1].split())} if values else {}))
    return found


def settings():
    """[(key, its choices)] of src/settings.c."""
    text = pathlib.Path(SRC, "src", "settings.c").read_text(encoding="utf-8")
    rows = re.findall(r'\.name = "(\w+)",(.*?)\n    \}', text, re.S)
    return [(name, re.findall(r'"(\w+)"', (re.search(
        r"\.choices = LIST\((.*?)\)", row, re.S) or ["", ""])[1]))
            for name, row in rows]


def keys_of_bash():
    """{key: its values}, by letting it complete "config set"."""
    script = BASH.partition("ask ccp ''")[0] + r"""
ask ccp config set ''
for key in "${COMPREPLY[@]}"; do
	ask ccp config set PORT 1 "$key" ''
done
"""
    found = {}
    for line in bash(script).splitlines():
        asked, _, got = line.partition(":")
        key = asked.split()[-1]
        if key == "set":
            found = {name: set() for name in got.split()}
        else:
            found[key] = set(got.split())
    return found


def keys_of_zsh():
    text = (COMPLETIONS / "_ccp").read_text(encoding="utf-8")
    listed = re.search(r"_ccp_keys\(\) \{(.*?)\n\}", text, re.S)[1]
    found = {key: set() for key in re.findall(r"[A-Z_]{4,}", listed)}
    for key, values in re.findall(
            r"^\t\(([A-Z_]+)\)\s+compadd ([\w ]+)", text, re.M):
        found[key] = set(values.split())
    return found


def keys_of_fish():
    text = (COMPLETIONS / "ccp.fish").read_text(encoding="utf-8")
    listed = re.search(r"function __ccp_keys\n(.*?)\nend", text, re.S)[1]
    found = {key: set() for key in re.findall(r"[A-Z_]{4,}", listed)}
    for key, values in re.findall(
            r"^ +case ([A-Z_]+)\n +string split ' ' '([\w ]+)'", text, re.M):
        found[key] = set(values.split())
    return found
