#!/usr/bin/env python3
"""Runs every check that reads the code instead of running it, and reports all that fail.

clang-tidy is by far the slowest; its clean verdicts are kept in build/lint-cache, under the hash of
what it saw: the preprocessed file, its command and .clang-tidy.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
BUILD = ROOT / "build/clang"
CACHE = ROOT / "build/lint-cache"
CPUS = os.cpu_count() or 1
UNSPELT = ("tests/fuzz/corpus", "LICENSE", "web/package-lock.json")  # no English of ours


def files(*patterns):
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
                             capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def run(*command):
    """(did it succeed, what it said)"""
    done = subprocess.run(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def verdict_key(entry):
    """What the verdict on one file of compile_commands.json depends on."""
    command = shlex.split(entry["command"])
    del command[command.index("-o"):command.index("-o") + 2]
    seen = subprocess.run([*command, "-E"], cwd=entry["directory"], capture_output=True)
    config = (ROOT / ".clang-tidy").read_bytes()
    return hashlib.sha256(seen.stdout + entry["command"].encode() + config).hexdigest()


def tidy_one(entry):
    kept = CACHE / verdict_key(entry)
    if kept.exists():
        return True, ""
    ok, said = run("clang-tidy-14", "--quiet", "-p", BUILD,
                   pathlib.Path(entry["directory"]) / entry["file"])
    if ok:
        kept.touch()
    return ok, said


def clang_tidy():
    CACHE.mkdir(parents=True, exist_ok=True)
    ok, said = run("tools/build.sh", "clang")
    if not ok:
        return ok, said
    entries = [entry for entry in json.loads((BUILD / "compile_commands.json").read_text())
               if entry["file"].endswith(".c")]
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        results = list(pool.map(tidy_one, entries))
    return all(ok for ok, _ in results), "".join(said for ok, said in results if not ok)


def clang_format():
    """Names the files only: `make format` mends them."""
    ok, said = run("clang-format-14", "--dry-run", "-Werror", *files("*.c", "*.h"))
    names = sorted({line.split(":")[0] for line in said.splitlines() if ": error: " in line})
    return ok, "\n".join(names) if names else said


def cppcheck():
    kept = ROOT / "build/cppcheck"
    kept.mkdir(parents=True, exist_ok=True)
    return run("cppcheck", "--quiet", "--std=c11", "--enable=warning,performance,portability",
               "--error-exitcode=1", "--inline-suppr", "--suppress=missingIncludeSystem",
               "--suppressions-list=tools/cppcheck.txt", f"--cppcheck-build-dir={kept}",
               f"-j{CPUS}", "-D_GNU_SOURCE", "-Isrc", "src")


def generated():
    """Documents that are made from the code must be what the code makes."""
    said = []
    for generator in files("tools/gen_*.py"):
        ok, text = run(sys.executable, generator, "--check")
        if not ok:
            said.append(f"{generator}: not up to date, run it without --check\n{text}")
    ok, text = run("tools/build.sh", "clang", "tests/unit/node/config_docs")
    if ok:
        ok, text = run("build/clang/tests/unit/node/config_docs", "docs/configuration.md")
    if not ok:
        said.append(text)
    return not said, "".join(said)


CHECKS = {
    "clang-format": clang_format,
    "layers": lambda: run(sys.executable, "tools/check_layers.py"),
    "tidy": lambda: run(sys.executable, "tools/check_tidy.py"),
    "shellcheck": lambda: run("shellcheck", ".ci/run", *files("*.sh")),
    "codespell": lambda: run("codespell", "--ignore-words=tools/spelling.txt",
                             *[f for f in files() if not f.startswith(UNSPELT)]),
    "generated": generated,
    "cppcheck": cppcheck,
    "clang-tidy": clang_tidy,
}


def main():
    wanted = sys.argv[1:] or CHECKS
    failed = []
    for name in wanted:
        started = time.monotonic()
        ok, said = CHECKS[name]()
        print(f"{name}: {'ok' if ok else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
        if not ok:
            failed.append(name)
            print(said, flush=True)
    if failed:
        print("lint failed:", ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
