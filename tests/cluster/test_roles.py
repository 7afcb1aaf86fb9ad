"""Each role on a node of its own: gateways serve people, persist writes, notify and retry follow;
who is no gateway shows only how it is."""
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Cluster, eventually


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(roles=["gateway", "gateway", "persist", "notify", "retry"]).start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def same(self, reader, channel, sent):
        eventually(lambda: self.assertEqual([m["message_id"] for m in reader.history(channel)],
                                            sent))

    def test_gateways_serve(self):
        ada, bob = [User.register(node) for node in self.cluster.nodes[:2]]
        channel = ada.create()
        bob.join(channel)
        sent = [ada.say(channel, f"{i}")["message_id"] for i in range(20)]
        self.same(bob, channel, sent)

    def test_the_others_only_tell_how_they_are(self):
        for node in self.cluster.nodes[2:]:
            with self.subTest(node.settings["PARLEY_SERVER_ROLES"]):
                self.assertEqual(node.request("GET", "/healthz").status, 200)
                self.assertEqual(node.request("GET", "/readyz").status, 200)
                self.assertIn(b'engine="cluster"', node.request("GET", "/metrics").body)
                self.assertEqual(node.request("GET", "/api/channel").status, 404)
                self.assertEqual(node.request("POST", "/api/login", {}).status, 404)

    def test_without_persist_nothing_is_lost(self):
        ada, bob = [User.register(node) for node in self.cluster.nodes[:2]]
        channel = ada.create()
        bob.join(channel)
        persist = self.cluster.nodes[2]
        persist.kill()
        sent = [ada.say(channel, f"{i}")["message_id"] for i in range(20)]
        self.same(bob, channel, sent)
        persist.start()
        gateway = self.cluster.nodes[1]
        end = time.monotonic() + 30
        while gateway.metric("parley_persist_lag_records") > 0:
            self.assertLess(time.monotonic(), end, "persist does not catch up")
            time.sleep(0.1)
        gateway.restart()
        self.same(bob, channel, sent)


if __name__ == "__main__":
    tap.main()
