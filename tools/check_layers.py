#!/usr/bin/env python3
"""Checks the law of the rooms: which folder of src/ may include whose headers.

The law is data, in tools/layers.txt. Every include of every file under src/ is looked at; one that
the law does not allow is reported as file:line and fails the run.
"""
import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


class Law:
    """The table of layers.txt."""

    def __init__(self, text):
        self.rooms, self.vendor, self.system = {}, {}, set()
        section = None
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if line.startswith("["):
                section = line.strip("[]")
            elif line and section == "system":
                self.system.update(line.split())
            elif line:
                name, allowed = line.split(":")
                table = self.rooms if section == "rooms" else self.vendor
                table[name.strip()] = set(allowed.split())

    def row(self, room):
        """The row of `room`; an adapter's is that of adapter/*."""
        return self.rooms.get("adapter/*" if room.startswith("adapter/") else room)

    def room_refusal(self, room, other):
        if other == room:
            return None
        allowed = self.row(room)
        if "*" in allowed or other in allowed:
            return None
        return f"{room} may not include {other}"

    def header_refusal(self, room, header):
        folder = header.split("/")[0] + "/"
        if {header, folder} & self.system:
            return None
        rooms = self.vendor.get(header) or self.vendor.get(folder)
        if rooms is None:
            return f"<{header}> is in no table of tools/layers.txt"
        if room in rooms or (room.startswith("adapter/") and "adapter/*" in rooms):
            return None
        return f"{room} may not include <{header}>"


def room_of(path):
    """The room of a path below src/: its first folder, or adapter/<technology>."""
    parts = path.split("/")
    if parts[0] == "adapter" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 else "cli"


def refusal(law, src, room, quote, target):
    """Why the include is against the law, or None."""
    if quote == "<":
        return law.header_refusal(room, target)
    if not (src / target).is_file() and "/" not in target:
        return f'"{target}" is not written from src/'
    return law.room_refusal(room, room_of(target))


def check_file(law, src, path):
    """Yields (line, what is wrong)."""
    room = room_of(path.relative_to(src).as_posix())
    if law.row(room) is None:
        yield 1, f"the room {room} is not in tools/layers.txt"
        return
    if room == "port" and path.suffix == ".c":
        yield 1, "port holds headers only"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        wrong = match and refusal(law, src, room, *match.groups())
        if wrong:
            yield number, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).parents[1])
    root = parser.parse_args().root
    law = Law((root / "tools/layers.txt").read_text())
    src = root / "src"
    files = sorted(p for p in src.rglob("*") if p.suffix in (".c", ".h", ".cc"))
    wrong = [f"{path.relative_to(root)}:{line}: {what}"
             for path in files for line, what in check_file(law, src, path)]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"layers: {len(files)} files, {len(wrong)} includes against the law")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
