"""The binary and its modules are hardened as the build says: what an attacker who found a fault
would have to get past. Only of an optimised build without sanitizers; others are skipped."""
import os
import pathlib
import subprocess
import unittest

from parley_e2e import tap

BIN = os.environ["PARLEY_BIN"]
MODULES = sorted((pathlib.Path(BIN).parent.parent / "adapter").glob("*/parley-*.so"))


def readelf(*options, file=BIN):
    return subprocess.run(["readelf", "-W", *options, file], capture_output=True, text=True,
                          check=True).stdout


class Hardening(unittest.TestCase):
    """Of the program."""

    @classmethod
    def setUpClass(cls):
        cls.symbols = readelf("--dyn-syms")
        if "__asan_init" in cls.symbols or "__tsan_init" in cls.symbols:
            raise unittest.SkipTest("built with a sanitizer")
        cls.segments = readelf("--segments")
        cls.dynamic = readelf("--dynamic")

    def test_position_independent(self):
        self.assertIn("Type:                              DYN", readelf("--file-header"))
        self.assertIn("PIE", self.dynamic)

    def test_full_relro(self):
        self.assertIn("GNU_RELRO", self.segments)
        self.assertRegex(self.dynamic, r"FLAGS.*\bNOW\b")

    def test_the_stack_is_not_executable(self):
        stack = [line for line in self.segments.splitlines() if "GNU_STACK" in line]
        self.assertEqual(len(stack), 1)
        self.assertNotIn("RWE", stack[0])

    def test_nothing_is_writable_and_executable(self):
        for line in self.segments.splitlines():
            if "LOAD" in line:
                self.assertNotIn("RWE", line)

    def test_stack_protector(self):
        self.assertIn("__stack_chk_fail", self.symbols)

    def test_fortified(self):
        self.assertRegex(self.symbols, r"__(memcpy|snprintf|vsnprintf)_chk\b")

    def test_no_search_path_of_its_own(self):
        self.assertNotIn("RPATH", self.dynamic)
        self.assertNotIn("RUNPATH", self.dynamic)

    def test_modules(self):
        for module in MODULES:
            with self.subTest(module.name):
                segments = readelf("--segments", file=module)
                dynamic = readelf("--dynamic", file=module)
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(dynamic, r"FLAGS.*\bNOW\b")
                self.assertNotIn("RWE", segments)
                self.assertNotRegex(dynamic, "RPATH|RUNPATH|TEXTREL")
                self.assertIn("__stack_chk_fail", readelf("--dyn-syms", file=module))


if __name__ == "__main__":
    tap.main()
