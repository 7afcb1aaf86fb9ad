#!/usr/bin/env python3
"""Turns api/openapi.json into a C file: embed_openapi.py INPUT VERSION OUTPUT.

White space is taken out and info.version is set to VERSION, the program's."""

import json
import sys

BYTES_A_LINE = 20


def main(source, version, target):
    with open(source, encoding="utf-8") as f:
        document = json.load(f)
    document["info"]["version"] = version
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    with open(target, "w", encoding="ascii") as out:
        out.write('#include "delivery/http/openapi.h"\n\n')
        out.write("const char openapi_json[] = {\n")
        for i in range(0, len(text), BYTES_A_LINE):
            # Signed, as char is on some targets: the compiler refuses 0xE2 for it.
            line = (str(b if b < 128 else b - 256) for b in text[i : i + BYTES_A_LINE])
            out.write("    " + ", ".join(line) + ",\n")
        out.write("};\n\nconst size_t openapi_json_size = sizeof openapi_json;\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
