"""The tree keeps the rules of tools/check_tidy.py; and that script catches what breaks them."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from parley_e2e import tap

ROOT = pathlib.Path(__file__).parents[2]
HEADER = "/* A thing. */\n#ifndef PARLEY_BASE_THING_H\n#define PARLEY_BASE_THING_H\n\n%s\n#endif\n"


def run(root):
    script = ROOT / "tools/check_tidy.py"
    done = subprocess.run([sys.executable, script, "--root", root], capture_output=True, text=True)
    return done.returncode, done.stderr


class Tidy(unittest.TestCase):
    def verdict(self, path, text, others=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in ((path, text), *others):
                file = pathlib.Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
            return run(folder)

    def refused(self, where, text, rule, others=()):
        path, line = where.split(":")
        status, said = self.verdict(path, text, others)
        self.assertEqual(status, 1, said)
        self.assertIn(f"{path}:{line}: {rule}: ", said)

    def allowed(self, path, text, others=()):
        self.assertEqual(self.verdict(path, text, others), (0, ""))

    def test_the_tree_is_tidy(self):
        self.assertEqual(run(ROOT), (0, ""))

    def test_long_files(self):
        self.refused("src/base/a.c:501", "int x;\n" * 501, "file-length")
        self.allowed("src/base/a.c", "int x;\n" * 500)

    def test_long_functions(self):
        body = "    x++;\n"
        self.refused("src/base/a.c:1", "static void f(void)\n{\n" + body * 68 + "}\n",
                     "function-length")
        self.allowed("src/base/a.c", "static void f(void)\n{\n" + body * 67 + "}\n")

    def test_banned_functions(self):
        for name in ("sprintf", "strcpy", "strcat", "gets", "atoi", "strtok"):
            self.refused("src/base/a.c:1", f"int x = {name}(y);\n", "banned")
        self.allowed("src/base/a.c", "/* not atoi(x) */\nint x = snprintf(y, 1, \"gets(\");\n")

    def test_notes_to_oneself(self):
        self.refused("src/base/a.c:1", "/* TO" + "DO: later */\n", "note")
        self.refused("docs/a.md:2", "x\nFIX" + "ME\n", "note")

    def test_paths_of_a_machine(self):
        self.refused("docs/a.md:1", "see /ho" + "me/someone/parley\n", "machine-path")
        self.refused("tools/a.sh:1", "cd /wo" + "rk/main\n", "machine-path")

    def test_headers_tell_their_story(self):
        good = HEADER % "/* Does it. */\nvoid thing_do(int x);\n"
        self.allowed("src/base/thing.h", good)
        self.refused("src/base/thing.h:1", good.removeprefix("/* A thing. */\n"), "header-story")
        self.refused("src/base/thing.h:1", good.replace("THING_H", "OTHER_H"), "guard")

    def test_prototypes_are_explained(self):
        self.refused("src/base/thing.h:5", HEADER % "void thing_do(int x);\n", "prototype")
        self.refused("src/base/thing.h:5", HEADER % "struct x *thing_do(int x,\n    int y);\n",
                     "prototype")
        self.allowed("src/base/thing.h", HEADER % "void thing_free(struct thing *t);\n")
        family = "int a(int x);\nint b(int x);\nint c(%s);\n"
        self.allowed("src/base/thing.h", HEADER % (family % "int x"))
        self.refused("src/base/thing.h:7", HEADER % (family % "long x"), "prototype")

    def test_tests_mirror_the_source(self):
        source = [("src/base/thing.c", "int x;\n")]
        self.allowed("tests/unit/base/test_thing.c", "int x;\n", source)
        self.allowed("tests/unit/base/test_thing_limits.c", "int x;\n", source)
        self.refused("tests/unit/base/test_other.c:1", "int x;\n", "mirror", source)

    def test_a_reason_excuses(self):
        self.allowed("src/base/a.c", "/* tidy: banned, because it shows. */\nint x = atoi(y);\n")
        self.refused("src/base/a.c:2", "/* tidy: note, because. */\nint x = atoi(y);\n", "banned")

    def test_an_empty_tree_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run(folder)[0], 1)


if __name__ == "__main__":
    tap.main()
