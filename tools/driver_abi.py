#!/usr/bin/env python3
"""Writes port/driver_abi.h: driver_abi.py SRC VERSION OUTPUT DEPFILE.

DRIVER_ABI names what the program and its modules must agree on: the version, and a hash of every
header that both sides compile against. The depfile makes the build notice when one changes."""

import hashlib
import pathlib
import sys

ROOMS = ("base", "domain", "port", "telemetry")


def headers(src):
    for room in ROOMS:
        yield from sorted(path for path in (src / room).glob("*.h"))
    yield from (path for path in sorted((src / "adapter").glob("*/*.h"))
                if path.stem == path.parent.name)


def main(src, version, target, depfile):
    digest = hashlib.sha256()
    seen = list(headers(pathlib.Path(src)))
    for path in seen:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    with open(target, "w", encoding="ascii") as out:
        out.write(f'#define DRIVER_ABI "{version}-{digest.hexdigest()[:16]}"\n')
    with open(depfile, "w", encoding="utf-8") as out:
        out.write(f"{target}: " + " ".join(map(str, seen)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
