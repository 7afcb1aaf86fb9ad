"""The program and its drivers as files: the program needs no library of a driver's, shows its
modules what they need and no more, takes every module that was built beside it, and no library
behind a module can be confused with the program's own names."""
import os
import pathlib
import re
import subprocess
import unittest

from parley_e2e import tap

BIN = pathlib.Path(os.environ["PARLEY_BIN"]).resolve()
MODULES = sorted((BIN.parent.parent / "adapter").glob("*/parley-*.so"))
VENDORS = re.compile(r"rdkafka|libpq|hiredis|curl|cassandra|scylla|grpc|protobuf")


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=True, timeout=60).stdout


def names_defined(path):
    """The functions and data that a file shows to others; weak ones are meant to be shared."""
    lines = run("nm", "-D", "--defined-only", path).splitlines()
    return {line.split()[2].split("@")[0] for line in lines if line.split()[1] in "TDRB"}


def libraries_of(path):
    return [pathlib.Path(found) for found in re.findall(r"=> (/\S+)", run("ldd", path))]


class Modules(unittest.TestCase):
    def test_the_program_needs_no_library_of_a_driver(self):
        self.assertNotRegex(run("ldd", BIN), VENDORS)

    def test_the_program_shows_what_modules_need(self):
        shown = names_defined(BIN)
        self.assertLessEqual({"mem_alloc", "buf_put", "metric_add", "id_next", "log_write"}, shown)

    def test_the_program_hides_the_other_rooms(self):
        hidden = ("hub_", "http_", "ws_", "sqlite", "node_", "auth_", "loop_", "config_", "shard_")
        self.assertEqual([name for name in names_defined(BIN) if name.startswith(hidden)], [])

    def test_a_module_shows_one_name(self):
        for module in MODULES:
            shown = {n for n in names_defined(module) if not n.startswith(("__asan", "__odr_asan"))}
            self.assertEqual(shown, {"parley_driver"}, module.name)

    def test_the_program_takes_every_module(self):
        told = run(BIN, "version")
        for module in MODULES:
            name = module.stem.removeprefix("parley-")
            self.assertRegex(told, rf"(?m)^  {name}: .*\d+\.\d+")

    def test_a_missing_module_is_told(self):
        told = subprocess.run([BIN, "version"], env={**os.environ, "PARLEY_MODULES": "/nowhere"},
                              capture_output=True, text=True, check=True, timeout=60).stdout
        self.assertEqual(len(re.findall(r"(?m)^  \w+: not in this build$", told)), 7)

    def test_no_name_is_defined_twice(self):
        shown = names_defined(BIN)
        own = set(libraries_of(BIN))
        for module in MODULES:
            for library in set(libraries_of(module)) - own:
                with self.subTest(module=module.name, library=library.name):
                    self.assertEqual(shown & names_defined(library), set())


if __name__ == "__main__":
    tap.main()
