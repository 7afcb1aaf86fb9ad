#!/usr/bin/env python3
"""Checks the rules of the style that no compiler knows.

Reported as file:line, each failing the run: files over 500 lines, functions over 70, banned
functions, notes to oneself, paths of somebody's machine, headers without a story or a guard,
prototypes in headers that nothing explains, and unit tests that mirror nothing in src/.

A rule may be broken where a comment beside it says why: `tidy: <rule>, because ...` on the line or
up to three lines above it, with the rule's name as it is printed.
"""
import argparse
import pathlib
import re
import subprocess
import sys

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
CODE = {".c", ".h", ".cc", ".py", ".sh"}
C = {".c", ".h", ".cc"}
TEXT = CODE | {".md", ".txt", ".yaml", ".yml", ".build", ".service", ".json", ""}
BANNED = re.compile(r"\b(sprintf|vsprintf|strcpy|strcat|gets|atoi|atol|atoll|strtok)\s*\(")
NOTES = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")
MACHINE = re.compile(r"(?<![\w.])/(work|root|home/\w+|tmp/brief)/[\w.]")
PROTOTYPE = re.compile(r"^(?!typedef)[a-z][\w *]*[ *]([a-z_]\w*)(\([^;{]*\)[^;{]*);", re.MULTILINE)
# Pairs that explain themselves (see CONTRIBUTING.md).
PAIRS = re.compile(r"_(init|fini|new|free|open|close|start|stop|ref|unref)$")


def without_comments(text):
    """`text` of C with comments and strings blanked out; line numbers stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def check_length(path, lines):
    if path.suffix in CODE and len(lines) > FILE_LINES_MAX:
        yield len(lines), "file-length", f"{len(lines)} lines, at most {FILE_LINES_MAX}"


def functions(code):
    """(first line, last line) of each function: its brace stands alone in the first column."""
    start = opened = None
    for number, line in enumerate(code, 1):
        if opened is None and line and line[0].isalpha():
            start = number
        if line.startswith("{") and start:
            opened = start
        elif line.startswith("}") and opened:
            yield opened, number
            opened = start = None


def check_functions(path, code):
    if path.suffix not in C:
        return
    for first, last in functions(code):
        if last - first >= FUNCTION_LINES_MAX:
            yield first, "function-length", f"{last - first + 1} lines, at most {FUNCTION_LINES_MAX}"


def check_words(path, lines, code):
    for number, line in enumerate(lines, 1):
        for pattern, rule in ((NOTES, "note"), (MACHINE, "machine-path")):
            if path.suffix in TEXT and (match := pattern.search(line)):
                yield number, rule, match.group(0)
    if path.suffix in C:
        for number, line in enumerate(code, 1):
            if match := BANNED.search(line):
                yield number, "banned", f"{match.group(1)}()"


def guard_of(path, root):
    parts = path.relative_to(root).with_suffix("").parts
    name = "_".join(parts[1:] if parts[0] == "src" else parts)
    return "PARLEY_" + re.sub(r"\W", "_", name).upper() + "_H"


def check_header(path, root, text):
    if path.suffix != ".h" or root / "src" not in path.parents:
        return
    if not text.startswith("/*"):
        yield 1, "header-story", "a header begins with a comment that says what it is"
    guard = guard_of(path, root)
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        yield 1, "guard", f"the include guard is {guard}"
    number = 1
    for group in text.split("\n\n"):
        yield from check_group(group, number)
        number += group.count("\n") + 2


def check_group(group, first):
    """Prototypes that stand together without a blank line share their comments. A family of one
    signature is explained by the header's story."""
    if "/*" in group or "static inline" in group:
        return
    found = list(PROTOTYPE.finditer(group))
    if len(found) > 2 and len({match.group(2) for match in found}) == 1:
        return
    for match in found:
        if not PAIRS.search(match.group(1)):
            number = first + group[:match.start()].count("\n")
            yield number, "prototype", f"nothing explains {match.group(1)}"


def check_mirror(path, root):
    """tests/unit/<room>/test_<name>.c: the name is, or begins with, that of a file or folder of
    src/<room>/, with or without the folders above it."""
    unit = root / "tests/unit"
    if unit not in path.parents or not path.name.startswith("test_") or path.suffix != ".c":
        return
    room = root / "src" / path.relative_to(unit).parent
    name = path.stem.removeprefix("test_")
    known = set()
    for source in room.rglob("*"):
        known |= {source.stem, "_".join(source.relative_to(room).with_suffix("").parts)}
    if not any(name == one or name.startswith(one + "_") for one in known):
        yield 1, "mirror", f"no {name}.c or .h in {room.relative_to(root)}"


def is_excused(lines, number, rule):
    return any(f"tidy: {rule}, because " in line for line in lines[max(0, number - 4):number])


def check_file(path, root):
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    code = without_comments(text).splitlines() if path.suffix in C else []
    for check in (check_length(path, lines), check_functions(path, code),
                  check_words(path, lines, code), check_header(path, root, text),
                  check_mirror(path, root)):
        for number, rule, what in check:
            if not is_excused(lines, number, rule):
                yield f"{path.relative_to(root)}:{number}: {rule}: {what}"


def files_of(root):
    """What git knows or would add; every file where there is no git."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                             capture_output=True, text=True)
    names = listing.stdout.splitlines()
    paths = [root / name for name in names] if names else root.rglob("*")
    return sorted(p for p in paths if p.is_file() and p.suffix in TEXT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).parents[1])
    root = parser.parse_args().root.resolve()
    files = files_of(root)
    wrong = [line for path in files for line in check_file(path, root)]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"tidy: {len(files)} files, {len(wrong)} faults")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
