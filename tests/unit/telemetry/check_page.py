#!/usr/bin/env python3
"""Prometheus reads the page in both forms, and its lint finds nothing to say.

  check_page.py PRINT_PAGE

Exits with 77, which is "skipped", where there is no promtool.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def promtool(*arguments, **options):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60,
                          **options)
    return done.returncode, done.stdout + done.stderr


def page(program, *form):
    return subprocess.run([program, *form], capture_output=True, text=True, check=True).stdout


def check_text(text):
    status, said = promtool("check", "metrics", input=text)
    if status != 0 or said:
        sys.exit(f"promtool check metrics: {status}\n{said}")
    # What this check is worth: a page with a fault does not pass.
    if promtool("check", "metrics", input=text + "parley_more{ 1\n")[0] == 0:
        sys.exit("promtool passes anything")


def check_openmetrics(text):
    """`check metrics` knows the text form only; the reader of OpenMetrics is behind the import of
    samples, which wants them with a time."""
    timed = "".join(line if line.startswith("#") else line.replace("\n", " 1795515346\n")
                    for line in text.splitlines(keepends=True))
    samples = sum(not line.startswith("#") for line in text.splitlines())
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "page"
        for broken in timed.replace("# EOF\n", ""), timed.replace(" counter\n", " gouge\n", 1):
            file.write_text(broken)
            if promtool("tsdb", "create-blocks-from", "openmetrics", file, folder)[0] == 0:
                sys.exit("promtool passes anything")
        file.write_text(timed)
        status, said = promtool("tsdb", "create-blocks-from", "openmetrics", file, folder)
        if status != 0 or f" {samples} " not in said:
            sys.exit(f"promtool does not read {samples} samples: {status}\n{said}")


def main():
    if shutil.which("promtool") is None:
        sys.exit(77)
    check_text(page(sys.argv[1]))
    check_openmetrics(page(sys.argv[1], "openmetrics"))


if __name__ == "__main__":
    main()
