"""Degraded service is explicit: what works and what is refused, and how, while one service is away;
what /readyz says; and that all is well again when it is back."""
import contextlib
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Cluster, eventually, stack
from parley_e2e.ws import Closed


class Degraded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=2).start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def setUp(self):
        for node in self.cluster.nodes:
            self.assertIsNone(node.process.poll(), f"{node.name}: {node.stderr()[-2000:]}")
        self.ada, self.bob = [User.register(node) for node in self.cluster.nodes]
        self.channel = self.ada.create()
        self.bob.join(self.channel)

    def keep(self, session):
        self.addCleanup(session.close)
        return session

    @contextlib.contextmanager
    def without(self, service, verb="kill"):
        stack(verb, service)
        try:
            yield
        finally:
            stack("resume" if verb == "pause" else "start", service)
            self.cluster.settle()

    def await_unready(self, name, timeout=20):
        """Every node names that service, and what cannot work without it."""
        for node in self.cluster.nodes:
            eventually(lambda node=node: self.assertIn(name, self.cluster.unready(node)), timeout)
            self.assertLessEqual(set(self.cluster.unready(node)), {name, "persist"})

    def refused(self, answer, code="unavailable"):
        self.assertEqual((answer.status, answer.code), (503, code), answer)
        self.assertTrue(answer.header("Retry-After"), answer)

    def live(self):
        """A message from one node to the other, over sockets that are open."""
        self.hers.send("CreateMessage", {"channel_id": self.channel, "content": "live"})
        self.hers.action("Ack")
        self.his.action("Message")

    def contents(self, expected):
        """What the channel holds, for the other node, in the end."""
        eventually(lambda: self.assertEqual(
            [m["content"] for m in self.bob.history(self.channel)], expected))

    def open_sockets(self):
        self.hers, self.his = self.keep(self.ada.session()), self.keep(self.bob.session())

    def test_cassandra_away(self):
        for i in range(30):
            self.ada.say(self.channel, f"before {i}")
        old = self.ada.history(self.channel)[0]
        time.sleep(2)
        self.open_sockets()
        with self.without("cassandra"):
            for _ in range(3):
                self.live()
            self.await_unready("history")
            sent = self.ada.say(self.channel, "kept by Kafka")
            time.sleep(0.2)
            answer = self.bob.get(f"/api/message?channel_id={self.channel}&limit=100")
            if answer.status == 200:  # what is not in the store yet, and what the cache has
                self.assertEqual(answer.data["messages"][0]["message_id"], sent["message_id"])
            else:
                self.refused(answer)
            after = self.bob.get(f"/api/message?channel_id={self.channel}&after=0&limit=100")
            if after.status != 200:
                self.refused(after)
            else:
                self.assertEqual(after.data["messages"][0]["message_id"], old["message_id"])
        found = [m["content"] for m in self.bob.after(self.channel)]
        self.assertEqual(len(found), 34)
        self.assertEqual(found[-1], "kept by Kafka")

    def test_kafka_away(self):
        self.open_sockets()
        self.live()
        with self.without("kafka"):
            self.await_unready("log")
            self.hers.send("CreateMessage", {"channel_id": self.channel, "content": "no",
                                             "client_msg_id": "k1"}, ref="k")
            fail = self.hers.until(lambda f: f.get("ref") == "k", timeout=15)[-1]
            self.assertEqual(fail["status"], "fail")
            self.assertIn(fail["code"], ("unavailable", "unknown"))
            self.assertEqual(self.bob.get("/api/user/channel").status, 200)
            self.contents(["live"])
        # The same id again: it is there once, whatever became of the first try.
        again = self.ada.say(self.channel, "no", client_msg_id="k1")
        self.contents(["live", "no"])
        self.assertEqual(self.bob.history(self.channel)[-1]["message_id"], again["message_id"])

    def test_an_unknown_outcome(self):
        """The broker takes the record and does not answer: with an id the sender is told so, without
        one the socket is closed, and nobody is told that it failed."""
        self.open_sockets()
        nameless = self.keep(self.ada.session())
        stack("pause", "kafka")
        try:
            self.hers.send("CreateMessage", {"channel_id": self.channel, "content": "named",
                                             "client_msg_id": "u1"}, ref="u")
            nameless.send("CreateMessage", {"channel_id": self.channel, "content": "nameless"},
                          ref="n")
            fail = self.hers.until(lambda f: f.get("ref") == "u", timeout=20)[-1]
            self.assertEqual((fail["status"], fail["code"]), ("fail", "unknown"))
            with self.assertRaises(Closed) as end:
                nameless.until(lambda f: f.get("ref") == "n", timeout=20)
            self.assertEqual(end.exception.code, 1011)
        finally:
            stack("resume", "kafka")
            self.cluster.settle()
        again = self.ada.say(self.channel, "named", client_msg_id="u1")
        found = [m["content"] for m in self.bob.history(self.channel)]
        self.assertEqual(found.count("named"), 1)
        self.assertLessEqual(found.count("nameless"), 1)
        self.assertIn(again["message_id"],
                      [m["message_id"] for m in self.bob.history(self.channel)])

    def test_postgres_away(self):
        self.open_sockets()
        with self.without("postgres"):
            self.await_unready("table")
            self.live()
            login = self.ada.server.request("POST", "/api/login", {
                "email": self.ada.email, "password": self.ada.password})
            self.refused(login)
            self.refused(self.ada.post("/api/channel", {"name": "no"}))
            self.live()
        self.ada.create("yes")

    def test_redis_away(self):
        self.open_sockets()
        with self.without("redis"):
            self.await_unready("cache")
            self.live()
            channel = self.ada.create("slower")
            self.bob.join(channel)
            self.ada.say(channel, "works")
            eventually(lambda: self.assertEqual(
                [m["content"] for m in self.bob.history(channel)], ["works"]))
            stranger = User.register(self.cluster.nodes[0])
            self.assertEqual(stranger.get(f"/api/message?channel_id={channel}").status, 403)
            self.live()

    def test_a_flushed_redis_lets_nobody_in(self):
        stranger = User.register(self.cluster.nodes[1])
        self.ada.say(self.channel, "ours")
        with self.without("redis", "stop"):
            pass
        self.assertEqual(stranger.get(f"/api/message?channel_id={self.channel}").status, 403)
        self.contents(["ours"])
        rows = self.ada.get(f"/api/channel/member?channel_id={self.channel}").data
        self.assertEqual({row["id"] for row in rows}, {self.ada.id, self.bob.id})

    def test_a_node_waits_for_what_it_needs(self):
        node = self.cluster.nodes[1]
        node.term()
        with self.without("kafka"):
            node.spawn()
            time.sleep(2)
            self.assertIsNone(node.process.poll())
        node.await_ready()
        self.bob.say(self.channel, "there again")
        with self.without("kafka"):
            node.term()
            node.spawn()
            time.sleep(1)
            self.assertEqual(node.term(timeout=20), 0)
        node.start()


if __name__ == "__main__":
    tap.main()
