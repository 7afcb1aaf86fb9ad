#!/usr/bin/env python3
"""Builds every variant, runs every test, and ends with one line: N passed, N failed.

Each stage is a build variant (tools/build.sh) and the tests that are worth running in it:

    asan     gcc, AddressSanitizer and UndefinedBehaviorSanitizer: tests in C, and end to end
    tsan     gcc, ThreadSanitizer: the same
    clang    clang, no warnings: built, not run
    release  what users get: end to end, and the checks of the tree and the binary
    web      the web client: its types, its own tests, and a browser against the release binary
    cluster  with --all or --cluster, on real services of its own (tools/stack.sh): the drivers'
             contracts and the saga under asan, three nodes of the release binary; everything that
             can be killed is
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).parents[1]
SANITIZERS = {
    "ASAN_OPTIONS": "halt_on_error=1:abort_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
SERVICES = ["postgres", "redis", "kafka", "cassandra"]
SERVICES_S = 900  # to fetch them, once, and to start them
SANITIZED = ["--no-suite", "checks", "--no-suite", "stack", "--no-suite", "cluster"]
FROM_OUTSIDE = ["--suite", "e2e", "--suite", "checks"]


def short(name):
    """Meson says "parley:checks / checks/tidy"."""
    return name.split(" / ")[-1]


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def fail(self, what):
        self.failed += 1
        print(f"FAILED: {what}", flush=True)

    def add_cases(self, logs):
        """Counts the test cases of meson's logs; a program that failed counts as one at least."""
        failing = set()
        for suite in xml.etree.ElementTree.parse(logs / "testlog.junit.xml").iter("testsuite"):
            cases = list(suite.iter("testcase"))
            failed = [c for c in cases if any(c.find(x) is not None for x in ("failure", "error"))]
            skipped = [c for c in cases if c.find("skipped") is not None]
            self.passed += len(cases) - len(failed) - len(skipped)
            self.skipped += len(skipped)
            for case in failed:
                failing |= {short(suite.get("name")), short(case.get("name"))}
                self.fail(f"{short(suite.get('name'))}: {case.get('name')}")
        for line in (logs / "testlog.json").read_text().splitlines():
            test = json.loads(line)
            if test["result"] not in ("OK", "SKIP") and short(test["name"]) not in failing:
                self.fail(f"{short(test['name'])}: {test['result']}")

    def line(self):
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"


def run(command, **more):
    print("+", " ".join(map(str, command)), flush=True)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, **more).returncode


def fixed_addresses(variant):
    """ThreadSanitizer of gcc 12 does not know kernels that randomise 32 bits of an address."""
    return ["setarch", "--addr-no-randomize"] if variant == "tsan" else []


def stage(count, variant, select, slower=1, environment=None):
    """Builds a variant and runs a selection of its tests (None: builds only)."""
    started = time.monotonic()
    print(f"\n== {variant}", flush=True)
    if run(["tools/build.sh", variant]) != 0:
        count.fail(f"the build of {variant}")
        return
    if select is not None:
        logs = ROOT / "build" / variant / "meson-logs"
        for old in ("testlog.json", "testlog.junit.xml"):
            (logs / old).unlink(missing_ok=True)
        run([*fixed_addresses(variant), "meson", "test", "-C", f"build/{variant}", "--no-rebuild",
             "--print-errorlogs", "-t", str(slower), *select],
            env={**os.environ, **SANITIZERS, **(environment or {})})
        if (logs / "testlog.junit.xml").is_file():
            count.add_cases(logs)
        else:
            count.fail(f"{variant} ran no test")
    print(f"== {variant} took {time.monotonic() - started:.0f} s: {count.line()}", flush=True)


def web(count, more=None):
    """npm's scripts; vitest says "Tests  5 passed", node's runner "# pass 5"."""
    if not (ROOT / "web/package.json").is_file():
        return
    print("\n== web", flush=True)
    environment = {**os.environ, "PARLEY_BIN": str(ROOT / "build/release/src/cli/parley"),
                   **(more or {})}
    for script in ("typecheck", "test", "test:e2e"):
        done = subprocess.run(["timeout", "600", "npm", "run", "--silent", script],
                              cwd=ROOT / "web", text=True, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        tally = dict.fromkeys(("pass", "fail", "skipped"), 0)
        for line in text.splitlines():
            if match := re.match(r"(?:#|ℹ) (pass|fail|skipped) (\d+)$", line):
                tally[match.group(1)] += int(match.group(2))
            elif re.match(r"\s*Tests\s", line):
                for number, word in re.findall(r"(\d+) (pass|fail|skipped)", line):
                    tally[word] += int(number)
        count.passed += tally["pass"]
        count.skipped += tally["skipped"]
        if done.returncode != 0:
            print(text, flush=True)
            for _ in range(max(1, tally["fail"])):
                count.fail(f"web: npm run {script}")
        print(f"== web {script}: {tally['pass']} passed", flush=True)


def stack(*arguments, timeout=120):
    """What tools/stack.sh prints, None when it failed, which it explains itself. Beside the stack of
    `make stack-up` there is one of the tests: they kill what they stand on."""
    environment = {"STACK_DIR": str(ROOT / "build/test-stack"), "STACK_PORT_BASE": "21000",
                   **os.environ}
    command = ["timeout", "--kill-after=5", str(timeout), "tools/stack.sh", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, env=environment)
    if done.returncode == 124:
        print(f"tools/stack.sh {arguments[0]} was not through after {timeout} s", file=sys.stderr)
    return done.stdout if done.returncode == 0 else None


def cluster(count):
    """On services that run already where STACK_DIR says, or on ones that are removed again."""
    print("\n== services", flush=True)
    started = time.monotonic()
    were_running = (stack("status") or "").split()
    if stack("up", *SERVICES, timeout=SERVICES_S) is None:
        count.fail("the services of the cluster engine could not be fetched or started")
    else:
        print(f"== services took {time.monotonic() - started:.0f} s", flush=True)
        environment = dict(pair.split("=", 1) for pair in shlex.split(stack("env")))
        stage(count, "asan", ["--suite", "stack"], slower=3, environment=environment)
        stage(count, "release", ["--suite", "cluster"], slower=2, environment=environment)
    if not were_running:
        stack("wipe")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the long ones too")
    parser.add_argument("--cluster", action="store_true", help="only what needs the real services")
    options = parser.parse_args()
    everything = options.all
    count = Count()
    if options.cluster:
        cluster(count)
        print(count.line(), flush=True)
        return 1 if count.failed or not count.passed else 0
    # What tools/install_packages.sh and tools/build_web.sh fetched comes first.
    os.environ["PATH"] = f"{ROOT}/build/node/bin:{ROOT}/build/tools:{os.environ['PATH']}"
    if run(["tools/build_web.sh"]) != 0:
        count.fail("the build of the web client")
    longer = {"PARLEY_E2E_ROUNDS": "20"} if everything else None
    stage(count, "asan", SANITIZED, slower=3, environment=longer)
    stage(count, "tsan", SANITIZED, slower=6, environment=longer)
    stage(count, "clang", None)
    stage(count, "release", FROM_OUTSIDE, environment=longer)
    web(count, {"PARLEY_E2E_CUT_S": "60"} if everything else None)
    if everything:
        cluster(count)
    if everything and run(["tools/run_fuzz.sh", "60"]) != 0:
        count.fail("fuzzing")
    print(count.line(), flush=True)
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
