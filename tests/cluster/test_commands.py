"""The program's own commands on a cluster: migrate from many places at once, accounts, and what is
said when a driver is not there or a command is not for clusters."""
import concurrent.futures
import os
import unittest

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Cluster, psql
from parley_e2e.server import run


class Commands(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(nodes=1)
        psql(self.cluster.postgres, f'create database "{self.cluster.space}"')
        self.addCleanup(psql, self.cluster.postgres,
                        f'drop database if exists "{self.cluster.space}" with (force)')

    def parley(self, *arguments, **more):
        return run(*arguments, settings=self.cluster.settings, **more)

    def test_migrate(self):
        status, _, said = self.parley("serve", "--listen", "127.0.0.1:0", "--check")
        self.assertEqual(status, 0, said)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: self.parley("migrate", "up", timeout=120), range(4)))
        for status, out, said in done:
            self.assertEqual(status, 0, said)
            self.assertIn(f"{self.cluster.space}.events", out)
            self.assertNotIn("pending", out)
        status, out, said = self.parley("migrate", "status")
        self.assertEqual(status, 0, said)
        self.assertNotIn("pending", out)
        status, again, said = self.parley("migrate", "up")
        self.assertEqual(status, 0, said)

    def test_accounts(self):
        self.cluster.migrate()
        status, identity, said = self.parley("user", "add", "ada@example.org", given="a long one 1\n")
        self.assertEqual(status, 0, said)
        status, out, said = self.parley("user", "list")
        self.assertEqual(status, 0, said)
        self.assertIn("ada@example.org", out)
        node = self.cluster.nodes[0]
        self.addCleanup(node.close)
        node.start()
        self.assertEqual(User.login(node, "ada@example.org", "a long one 1").data["id"],
                         identity.strip())
        status, _, said = self.parley("user", "passwd", "ada@example.org", given="another one 2\n")
        self.assertEqual(status, 0, said)
        User.login(node, "ada@example.org", "another one 2")

    def test_what_is_for_one_machine_only(self):
        for command in (["backup", "x"], ["restore", "x"], ["verify"]):
            status, _, said = self.parley(*command)
            self.assertEqual(status, 1)
            self.assertIn("embedded engine", said)

    def test_a_driver_is_missing(self):
        settings = {**self.cluster.settings, "PARLEY_MODULES": "/nowhere"}
        for command in (["serve", "--listen", "127.0.0.1:0"], ["migrate", "up"]):
            status, _, said = run(*command, settings=settings)
            self.assertEqual(status, 1)
            self.assertRegex(said, "this build has no driver for \\w+: there is no /nowhere/parley-")

    def test_not_migrated(self):
        """A node does not make tables by itself: it says what to do."""
        node = self.cluster.nodes[0]
        node.spawn()
        status = node.process.wait(60)
        node.join()
        self.assertEqual(status, 1)
        self.assertIn("parley migrate up", node.stderr())


if __name__ == "__main__":
    assert os.environ.get("PARLEY_BIN")
    tap.main()
