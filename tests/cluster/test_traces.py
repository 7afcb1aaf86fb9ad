"""One trace over the nodes: found in Jaeger, by its own query API."""
import json
import os
import unittest
import urllib.parse
import urllib.request

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Cluster, eventually

SENTENCE = "nobody but the channel may read this"


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.query, collector = (os.environ.get(f"PARLEY_TEST_{name}")
                                for name in ("JAEGER", "OTLP"))
        if not cls.query or not collector:
            raise unittest.SkipTest("PARLEY_TEST_JAEGER, PARLEY_TEST_OTLP: see tools/stack.sh env")
        cls.cluster = Cluster(settings={"PARLEY_TRACE_ENDPOINT": collector,
                                        "PARLEY_TRACE_RATIO": "1"})
        cls.service = cls.cluster.space
        for node in cls.cluster.nodes:
            node.settings["PARLEY_TRACE_SERVICE_NAME"] = cls.service
        cls.cluster.start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def found(self, **tags):
        """The traces with such a span: for each its spans, as (node, name, id, parent, tags)."""
        what = urllib.parse.urlencode({"service": self.service, "limit": 20,
                                       "tags": json.dumps(tags)})
        with urllib.request.urlopen(f"{self.query}/api/traces?{what}", timeout=10) as answer:
            traces = json.load(answer)["data"]
        return [[self.span(told, trace["processes"]) for told in trace["spans"]]
                for trace in traces]

    @staticmethod
    def span(told, processes):
        about = {tag["key"]: tag["value"] for tag in processes[told["processID"]]["tags"]}
        parents = [one["spanID"] for one in told["references"] if one["refType"] == "CHILD_OF"]
        return (about["service.instance.id"], told["operationName"], told["spanID"],
                parents[0] if parents else None,
                {tag["key"]: tag["value"] for tag in told["tags"]})

    def test_a_message_from_one_node_to_the_readers_of_another(self):
        ada, bob = (User.register(node) for node in self.cluster.nodes[:2])
        channel = ada.create()
        bob.join(channel)
        with ada.session() as hers, bob.session() as his:
            hers.send("CreateMessage", {"channel_id": channel, "content": SENTENCE})
            seq = hers.action("Ack")["data"]["seq"]
            his.action("Message")

        def whole():
            traces = self.found(**{"parley.seq": str(seq)})
            self.assertEqual(len(traces), 1)
            spans = traces[0]
            names = {(node, name) for node, name, *_ in spans}
            for expected in (("node1", "websocket CreateMessage"), ("node1", "send events"),
                             ("node1", "process events"), ("node2", "process events"),
                             ("node3", "process events"), ("node1", "fan out"),
                             ("node2", "fan out")):
                self.assertIn(expected, names)
            for consumer in ("persist", "cassandra"):
                self.assertIn(consumer, {name for _, name, *_ in spans})
            return spans
        spans = eventually(whole, 40)
        by_name = {(node, name): (own, parent) for node, name, own, parent, _ in spans}
        root, send = by_name["node1", "websocket CreateMessage"], by_name["node1", "send events"]
        self.assertEqual((root[1], send[1]), (None, root[0]))
        for node in ("node1", "node2", "node3"):
            self.assertEqual(by_name[node, "process events"][1], send[0])
        self.assertEqual(by_name["node2", "fan out"][1], by_name["node2", "process events"][0])
        known = {own for _, _, own, _, _ in spans}
        for _, name, _, parent, tags in spans:
            self.assertTrue(parent is None or parent in known, name)
            self.assertNotIn(SENTENCE, json.dumps(tags))
            if name == "persist":
                self.assertEqual(parent, send[0])
        calls = [parent for _, name, _, parent, _ in spans if name == "cassandra"]
        persist, = [own for _, name, own, _, _ in spans if name == "persist"]
        self.assertIn(persist, calls)

    def test_a_join_shows_its_stores(self):
        ada, bob = (User.register(node) for node in self.cluster.nodes[:2])
        channel = ada.create()
        bob.join(channel)

        def whole():
            for spans in self.found(**{"http.route": "/api/channel/join"}):
                if "postgresql" in {name for _, name, *_ in spans}:
                    return
            self.fail("no trace of a join")
        eventually(whole, 20)


if __name__ == "__main__":
    tap.main()
