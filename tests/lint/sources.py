#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no compiler checks: layers, first and last lines, lists, words.

The table of layers is that of doc/architecture.md.  Prints TAP.
"""
import os
import pathlib
import re
import subprocess
import sys

SRC = pathlib.Path(os.environ.get("CCP_SRC")
                   or pathlib.Path(__file__).resolve().parents[2])

LAYERS = {
    0: "append_line banned buf cleanup clock file_age histogram json_plain limits lock_wait log log_file "
       "log_text nearest random screen_text utc utf8 version",
    1: "address api_keys child config_change config_file home_path io "
       "json_span json_text json_twice ledger ledger_line listener "
       "local_socket log_setup memory model_names pollset private_dir "
       "proc_tree program_run "
       "programs request_log request_record request_times runtime_dir settings "
       "settings_check settings_load settings_models settings_remarks "
       "settings_words signals slots state_dir ticket_numbers tickets usage_sum work_dir",
    2: "http_body http_char http_conn http_conn_io http_conn_state "
       "http_framing http_parse http_response http_slice",
    3: "answer_form api_error chat_request claude claude_args claude_body claude_calls claude_delta claude_error "
       "claude_event claude_find claude_guard claude_lines claude_mcp "
       "claude_place claude_transcript claude_transport claude_version "
       "directory_talk json_unwrap media "
       "openai_calls openai_format openai_member openai_messages "
       "openai_params openai_parts openai_request openai_response "
       "openai_schema openai_tools "
       "session session_claim session_key session_legacy session_original "
       "session_place session_record session_records session_store stop_filter store_copy "
       "store_file store_lock store_scan store_value tool_names "
       "warm_key warm_record warm_wire",
    4: "access chat chat_directory chat_launch chat_mode chat_model "
       "chat_opening chat_reply chat_response chat_run chat_run_events "
       "chat_task chat_turn chat_warm chat_warm_leave exchange health keeper "
       "keeper_lend models refused route serve task warm wrong_key",
    5: "cli demo handler service",
}
LAYER = {name: n for n, names in LAYERS.items() for name in names.split()}
# A main program may come in several files.
PARTS = re.compile(r"(cli|demo|service)_\w+")

MOST_LINES = 500
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"

# Written so that this file does not find itself.
WORDS = [r"TO[D]O", r"FI[X]ME", r"\bXX[X]\b", r"(?<![\w.])/wo[r]k/",
         r"\.\./sha[r]ed", r"/fa[r]m/", r"registry[.]np[m]",
         r"//deb[.]de[b]ian", r"pypi[.]o[r]g"]


def files(pattern):
    return sorted(SRC.glob(pattern))


def named(path):
    return str(path.relative_to(SRC))


def sources():
    """Every file of the repository, or of an unpacked distribution."""
    if (SRC / ".git").exists():
        done = subprocess.run(["git", "ls-files", "-z"], cwd=SRC, check=True,
                              capture_output=True, text=True)
        return [SRC / name for name in done.stdout.split("\0") if name]
    made = {"configure", "aclocal.m4", "Makefile.in", "config.h.in",
            "build-aux", "autom4te.cache"}
    return [path for path in files("**/*")
            if path.relative_to(SRC).parts[0] not in made]


def texts():
    """Every text but the licence and the inputs of fuzzers."""
    for path in sources():
        if path.name == "COPYING" or "corpus" in path.parts \
                or not path.is_file():
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def layer(name):
    if PARTS.fullmatch(name):
        return 5
    return LAYER.get(name)


def includes(path):
    """The modules whose headers a file includes, its own left out."""
    found = INCLUDE.findall(path.read_text(encoding="utf-8"))
    return [f[:-2] for f in found
            if f.endswith(".h") and f not in ("config.h", path.stem + ".h")]


def check_layers():
    for path in files("src/*.[ch]"):
        own = layer(path.stem)
        if own is None:
            yield f"{named(path)}: in no layer of tests/lint/sources.py"
            continue
        for name in includes(path):
            if layer(name) is None or layer(name) > own:
                yield f"{named(path)}: layer {own} includes {name}.h"


def check_documented():
    """The table in doc/architecture.md has the same modules in each row."""
    text = (SRC / "doc" / "architecture.md").read_text(encoding="utf-8")
    shown = {}
    for row in re.finditer(r"^\| ([0-5]) \| ([^|]+) \|", text, re.M):
        for name in re.findall(r"[\w*]+", row[2]):
            shown[name] = int(row[1])
    here = {path.stem for path in files("src/*.[ch]")}
    for name in sorted(here):
        part = PARTS.fullmatch(name)
        if shown.get(name, part and shown.get(part[1] + "_*")) != layer(name):
            yield f"doc/architecture.md: {name} is not in layer {layer(name)}"
    for name in sorted(set(shown) - here):
        if not name.endswith("_*"):
            yield f"doc/architecture.md: there is no {name}"


def check_cycles():
    graph = {path.stem: includes(path) for path in files("src/*.h")}
    done, way = set(), []

    def visit(name):
        if name in way:
            return [" -> ".join(way[way.index(name):] + [name])]
        if name in done:
            return []
        done.add(name)
        way.append(name)
        found = [c for n in graph.get(name, ()) for c in visit(n)]
        way.pop()
        return found
    for name in graph:
        yield from visit(name)


def check_own_header():
    for path in files("src/*.c"):
        found = INCLUDE.findall(path.read_text(encoding="utf-8"))
        own = path.stem + ".h"
        if own in found and found[0] != own:
            yield f"{named(path)}: {own} is not included first"


def check_banned():
    for path in files("src/*.c"):
        found = re.findall(r"^\s*#\s*include\s+(\S+)",
                           path.read_text(encoding="utf-8"), re.M)
        if not found or found[-1] != '"banned.h"':
            yield f'{named(path)}: the last include is not "banned.h"'


def check_spdx():
    wanted = ("src/*.[ch]", "tests/**/*.[ch]", "tests/**/*.py",
              "tests/clients/*.mjs", "man/*", "systemd/*", "launchd/*", "m4/*", "configure.ac",
              "Makefile.am", "bootstrap", "tests/lint/run", "tests/all",
              "tests/fuzz/run", "tests/fuzz/*.dict",
              "tests/systemd/bed", ".ci/run")
    for pattern in wanted:
        for path in files(pattern):
            if path.is_file() and SPDX not in "".join(
                    path.read_text(encoding="utf-8").splitlines(True)[:8]):
                yield f"{named(path)}: no SPDX line"


def check_lists():
    listed = set(re.findall(r"[\w@.-]+(?:/[\w@.-]+)+", (
        SRC / "Makefile.am").read_text(encoding="utf-8")))
    for pattern in ("src/*.[ch]", "tests/unit/*.[ch]",
                    "tests/fuzz/*.[ch]", "tests/fuzz/*.dict",
                    "tests/faults/*.[ch]", "tests/http/*.[ch]",
                    "tests/store/*.[ch]",
                    "tests/clients/*", "tests/lib/*.py", "tests/e2e/*.py",
                    "tests/lint/*", "tests/mutants/*", "tests/systemd/*",
                    "doc/*", "man/*"):
        for path in files(pattern):
            if path.is_file() and named(path) not in listed:
                yield f"{named(path)}: not in Makefile.am"


def check_values():
    """A line that begins with a blank belongs to a rule or to the line before;
    make would take one of a value that has ended for another variable."""
    lines = (SRC / "Makefile.am").read_text(encoding="utf-8").splitlines()
    logical = ""
    for n, line in enumerate(lines, 1):
        if logical.endswith("\\"):
            logical = logical[:-1] + line
            continue
        if re.match(r"[A-Za-z_]+ *\+?=", logical) \
                and line.startswith(("\t", " ")):
            yield f"Makefile.am:{n}: belongs to no value"
        logical = line


def check_sizes():
    for path in files("src/*.[ch]"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MOST_LINES:
            yield f"{named(path)}: {lines} lines"


def check_words():
    word = re.compile("|".join(WORDS))
    for path, text in texts():
        for n, line in enumerate(text.splitlines(), 1):
            if match := word.search(line):
                yield f"{named(path)}:{n}: {match[0]}"


def check_white_space():
    for path, text in texts():
        if text and not text.endswith("\n"):
            yield f"{named(path)}: no line end at its end"
        for n, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                yield f"{named(path)}:{n}: white space at the end"


CHECKS = [
    ("no layer includes a higher one", check_layers),
    ("doc/architecture.md has the same layers", check_documented),
    ("no headers include each other", check_cycles),
    ("a module's own header comes first", check_own_header),
    ("banned.h is the last include", check_banned),
    ("every source names its licence", check_spdx),
    ("Makefile.am lists every file", check_lists),
    ("no value of Makefile.am has lost its end", check_values),
    (f"no source is longer than {MOST_LINES} lines", check_sizes),
    ("no words that do not belong here", check_words),
    ("lines end where their text ends", check_white_space),
]


def main():
    failed = 0
    print(f"1..{len(CHECKS)}")
    for number, (name, check) in enumerate(CHECKS, 1):
        found = list(check())
        failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for line in found:
            print(f"# {line}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
