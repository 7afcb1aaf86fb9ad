"""Every service with TLS and a password: all of it works, and each thing that can be wrong (whom we
trust, whom we meant, who we are) ends the start with a sentence that says what to do, and never with
a secret in it."""
import unittest

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Node, addresses, eventually
from parley_e2e.secure import PASSWORD, Elsewhere, Secure
from parley_e2e.server import run

WRONG = "not the one you want"


class SecureServices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        addresses()  # without the services of the other tests there are none here
        cls.secure = Secure()
        cls.addClassCleanup(cls.secure.close)
        cls.secure.start()
        cls.settings = cls.secure.settings()
        status, _, said = run("migrate", "up", settings=cls.settings, timeout=120)
        assert status == 0, said

    def refused(self, words, **changes):
        """The start ends, and so does a migration where the service has something to migrate."""
        settings = {**self.settings, **{f"PARLEY_{k}": v for k, v in changes.items()}}
        commands = [("serve", "--listen", "127.0.0.1:0")]
        if not any(key.startswith("REDIS") for key in changes):
            commands.append(("migrate", "status"))
        for command in commands:
            with self.subTest(command=command, **changes):
                status, _, said = run(*command, settings=settings, timeout=30)
                self.assertEqual(status, 1, said)
                self.assertIn(words, said)
                self.assertNotIn(PASSWORD, said)
                self.assertNotIn(WRONG, said)

    def test_a_node_does_everything(self):
        node = Node("node1", self.settings)
        self.addCleanup(node.close)
        node.start()
        ada, bob = User.register(node), User.register(node)
        channel = ada.create()
        bob.join(channel)
        sent = [ada.say(channel, f"{i}")["message_id"] for i in range(20)]
        eventually(lambda: self.assertEqual([m["message_id"] for m in bob.history(channel)], sent))
        eventually(lambda: self.assertEqual(node.metric("parley_persist_lag_records"), 0), 20)
        eventually(lambda: self.assertEqual(node.request("GET", "/readyz").status, 200), 20)
        self.assertEqual(node.metric("parley_service_down"), 0)
        self.assertNotIn(PASSWORD, node.stderr())

    def test_every_mechanism(self):
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            with self.subTest(mechanism):
                status, _, said = run("migrate", "status", timeout=60, settings={
                    **self.settings, "PARLEY_KAFKA_SASL_MECHANISM": mechanism,
                    "PARLEY_KAFKA_TLS_CERT": self.secure.file("client.crt"),
                    "PARLEY_KAFKA_TLS_KEY": self.secure.file("client.key")})
                self.assertEqual(status, 0, said)
                self.refused("kafka.sasl.password", KAFKA_SASL_MECHANISM=mechanism,
                             KAFKA_SASL_PASSWORD=WRONG)

    def test_kafka(self):
        port = self.secure.kafka_port
        self.refused("is kafka.tlsCa the file", KAFKA_TLS_CA=self.secure.file("other.crt"))
        self.refused("for another host than kafka.producer.broker says",
                     KAFKA_PRODUCER_BROKER=f"localhost:{port}")
        self.refused("kafka.sasl.password", KAFKA_SASL_PASSWORD=WRONG)
        self.refused("nowhere.crt", KAFKA_TLS_CA=self.secure.file("nowhere.crt"))

    def test_cassandra(self):
        elsewhere = Elsewhere(self.secure.base + 20)
        self.addCleanup(elsewhere.close)
        self.refused("did those of cassandra.tlsCa sign",
                     CASSANDRA_TLS_CA=self.secure.file("other.crt"))
        self.refused("does that name this very address", CASSANDRA_HOSTS=elsewhere.address)
        self.refused("look at cassandra.username and cassandra.password", CASSANDRA_PASSWORD=WRONG)

    def test_postgres(self):
        self.refused("is database.tlsCa the file", DATABASE_TLS_CA=self.secure.file("other.crt"))
        self.refused("for another host than database.host says", DATABASE_HOST="localhost")
        self.refused("look at database.username and database.password", DATABASE_PASSWORD=WRONG)
        self.refused("has no such database", DATABASE_DB="nobody_made_it")

    def test_redis(self):
        self.refused("did those of redis.tlsCa sign", REDIS_TLS_CA=self.secure.file("other.crt"))
        self.refused("hostname mismatch", REDIS_HOST=f"localhost:{self.secure.redis_port}")
        self.refused("look at redis.username and redis.password", REDIS_PASSWORD=WRONG)
        self.refused("redis.tlsCert", REDIS_TLS_CERT="", REDIS_TLS_KEY="")


if __name__ == "__main__":
    tap.main()
