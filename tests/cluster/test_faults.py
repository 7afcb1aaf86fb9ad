"""Under a steady load of people who retry, everything that can be killed is killed and comes back:
a node, Kafka's only broker, Cassandra, Redis, PostgreSQL. Nothing acknowledged is lost, nothing is
doubled, and everybody ends with the same list. Recovery needs nobody."""
import os
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import SERVICES, Cluster, stack
from parley_e2e.load import Listener, Talker, prove

AWAY_S = float(os.environ.get("PARLEY_E2E_AWAY_S", "3"))


class Load:
    """Two talkers and three listeners in one channel, spread over the nodes."""

    def __init__(self, cluster):
        self.users = [User.register(cluster.nodes[i % 3]) for i in range(5)]
        self.channel = self.users[0].create()
        for user in self.users[1:]:
            user.join(self.channel)
        self.talkers = [Talker(user, self.channel) for user in self.users[:2]]
        self.listeners = [Listener(user, self.channel) for user in self.users[2:]]
        for thread in (*self.talkers, *self.listeners):
            thread.start()

    def acked(self):
        return sum(len(talker.acked) for talker in self.talkers)

    def await_more(self, case, messages=20, timeout=60):
        """It goes on: so many more are acknowledged."""
        wanted, end = self.acked() + messages, time.monotonic() + timeout
        while self.acked() < wanted:
            case.assertLess(time.monotonic(), end, "nothing is acknowledged any more")
            time.sleep(0.05)

    def prove(self, case):
        for talker in self.talkers:
            talker.stop()
        rows = prove(case, self.users[0], self.channel, self.talkers, self.listeners)
        # Later, when everything has settled, the history is the same on each node.
        for user in self.users[1:3]:
            case.assertEqual([m["message_id"] for m in user.after(self.channel)],
                             [m["message_id"] for m in rows])
        return rows


class Faults(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster().start()
        self.addCleanup(self.cluster.close)
        self.load = Load(self.cluster)
        self.load.await_more(self)

    def service(self, name, verb="kill"):
        """Takes a service away for a while and brings it back."""
        stack(verb, name)
        try:
            time.sleep(AWAY_S)
        finally:
            stack("resume" if verb == "pause" else "start", name)
        self.cluster.settle()
        self.load.await_more(self)

    def node(self, i):
        self.cluster.nodes[i].kill()
        time.sleep(AWAY_S / 3)
        self.cluster.nodes[i].start()
        self.load.await_more(self)

    def test_a_node_each(self):
        for i in range(3):
            self.node(i)
        self.load.prove(self)

    @unittest.skipUnless("kafka" in SERVICES, "it stands on no Kafka")
    def test_kafka(self):
        self.service("kafka")
        self.load.prove(self)

    @unittest.skipUnless("cassandra" in SERVICES, "it stands on no Cassandra")
    def test_cassandra(self):
        self.service("cassandra")
        self.load.prove(self)

    def test_redis_and_postgres(self):
        self.service("redis")
        self.service("postgres")
        self.load.prove(self)

    def test_everything_in_turn(self):
        self.node(0)
        for name in SERVICES:
            self.service(name)
        self.node(1)
        self.load.prove(self)

    def test_paused_services(self):
        for name in SERVICES:
            self.service(name, "pause")
        self.load.prove(self)


if __name__ == "__main__":
    tap.main()
