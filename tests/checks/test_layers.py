"""The law of the rooms holds; and the script that says so catches what is against it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from parley_e2e import tap

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "tools/check_layers.py"


def run(root):
    done = subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True, text=True)
    return done.returncode, done.stderr


class Layers(unittest.TestCase):
    def verdict(self, path, include):
        """Runs the check over a tree that holds one file with one include."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tools").mkdir()
            (root / "tools/layers.txt").write_text((ROOT / "tools/layers.txt").read_text())
            file = root / "src" / path
            file.parent.mkdir(parents=True)
            file.write_text(f"/* one */\n#include {include}\n")
            return run(root)

    def refused(self, path, include):
        status, said = self.verdict(path, include)
        self.assertEqual(status, 1, f"{path} may include {include}?")
        self.assertIn(f"src/{path}:2: ", said)

    def allowed(self, path, include):
        self.assertEqual(self.verdict(path, include), (0, ""))

    def test_the_tree_keeps_the_law(self):
        self.assertEqual(run(ROOT), (0, ""))

    def test_a_room_may_not_look_up(self):
        self.refused("base/buf.c", '"wire/http.h"')
        self.refused("service/auth.c", '"delivery/http/router.h"')
        self.refused("wire/http.c", '"net/conn.h"')
        self.refused("domain/id.c", '"port/journal.h"')
        self.refused("fanout/hub.c", '"service/auth.h"')

    def test_a_room_may_look_where_the_table_says(self):
        self.allowed("delivery/ws/conn.c", '"fanout/hub.h"')
        self.allowed("adapter/sqlite/journal.c", '"port/journal.h"')
        self.allowed("node/wiring.c", '"adapter/sqlite/store.h"')
        self.allowed("service/auth.c", '"telemetry/metrics.h"')

    def test_siblings_are_strangers(self):
        self.refused("adapter/sqlite/journal.c", '"adapter/memory/journal.h"')
        self.allowed("adapter/sqlite/journal.c", '"adapter/sqlite/store.h"')

    def test_a_library_stays_in_its_room(self):
        self.refused("service/message.c", "<sqlite3.h>")
        self.refused("fanout/hub.c", "<uv.h>")
        self.refused("domain/user.c", "<openssl/evp.h>")
        self.allowed("adapter/sqlite/journal.c", "<sqlite3.h>")

    def test_an_unknown_library_is_refused(self):
        self.refused("base/str.c", "<glib.h>")

    def test_an_unknown_room_is_refused(self):
        status, said = self.verdict("helpers/str.c", "<stdio.h>")
        self.assertEqual(status, 1)
        self.assertIn("src/helpers/str.c:1: the room helpers", said)

    def test_includes_are_written_from_src(self):
        self.refused("base/str.c", '"str.h"')

    def test_an_empty_tree_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tools").mkdir()
            (root / "tools/layers.txt").write_text("[rooms]\nbase:\n")
            self.assertEqual(run(root)[0], 1)


if __name__ == "__main__":
    tap.main()
