"""Nodes of the cluster engine over the real services of tools/stack.sh. A Cluster stands in for a
Server: each connection and each request goes to the next node, so that every test of the wire runs
across nodes. Each cluster has a database, a keyspace, topics and a prefix of its own."""
import itertools
import os
import pathlib
import subprocess
import time
import unittest
import uuid

from parley_e2e import http
from parley_e2e.server import NO_RATES, Server, run

ROOT = pathlib.Path(__file__).parents[3]
# "kafka", or "direct": PostgreSQL and Redis alone.
DELIVERY = os.environ.get("PARLEY_E2E_DELIVERY", "kafka")
NEEDED = (("PARLEY_TEST_POSTGRES", "PARLEY_TEST_REDIS") if DELIVERY == "direct" else
          ("PARLEY_TEST_KAFKA", "PARLEY_TEST_POSTGRES", "PARLEY_TEST_REDIS", "PARLEY_TEST_CASSANDRA"))
SERVICES = (*(() if DELIVERY == "direct" else ("kafka", "cassandra")), "redis", "postgres")
SECRET = "a secret that only these tests know, 32 bytes"
NODES = 3
FOLLOW_S = 0.05


def stack(verb, *services):
    """tools/stack.sh: stop, kill, pause, resume, start."""
    subprocess.run([ROOT / "tools/stack.sh", verb, *services], check=True, timeout=300,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def addresses():
    """Where the services are; without them a test is skipped, not failed."""
    found = {name: os.environ.get(name) for name in NEEDED}
    missing = [name for name, value in found.items() if not value]
    if missing:
        raise unittest.SkipTest(f"{', '.join(missing)}: see tools/stack.sh env")
    return found


def conninfo(text):
    """{"host": ..., "port": ...} of a connection string of libpq's, which here holds no quotes."""
    return dict(pair.split("=", 1) for pair in text.split())


def psql(postgres, statement, database="postgres"):
    """Runs one statement as the tests' own account; returns what it printed."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))
    return subprocess.run(
        [programs[-1], "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", postgres["host"], "-p",
         postgres["port"], "-U", postgres["user"], "-d", database, "-c", statement],
        env={**os.environ, "PGPASSWORD": postgres["password"]}, check=True, timeout=60,
        capture_output=True, text=True).stdout


def delivery_settings(space, found):
    """What carries the events, and what keeps the history."""
    if DELIVERY == "direct":
        return {"PARLEY_CLUSTER_DELIVERY": "direct", "PARLEY_CLUSTER_SECRET": SECRET}
    return {
        "PARLEY_KAFKA_PRODUCER_BROKER": found["PARLEY_TEST_KAFKA"],
        "PARLEY_KAFKA_REPLICATION": "1",
        "PARLEY_KAFKA_MIN_INSYNC": "1",
        "PARLEY_CASSANDRA_HOSTS": found["PARLEY_TEST_CASSANDRA"],
        "PARLEY_CASSANDRA_KEYSPACE": space,
        "PARLEY_CASSANDRA_REPLICATION": "1",
    }


def eventually(check, timeout=5):
    """Another node follows within milliseconds, not at once: tries again until `check` holds."""
    end = time.monotonic() + timeout
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        time.sleep(0.02)


class Node(Server):
    """One node; `settings` name the cluster."""

    def __init__(self, name, settings):
        super().__init__(settings={**settings, "PARLEY_CLUSTER_NODE": name}, rates=True)
        self.name = name


class Cluster:
    """`roles` gives each node its own ("gateway,persist"); none: `nodes` with all roles."""

    def __init__(self, settings=(), rates=False, nodes=NODES, roles=None):
        found = addresses()
        self.space = f"e2e{uuid.uuid4().hex[:10]}"
        self.postgres = conninfo(found["PARLEY_TEST_POSTGRES"])
        self.settings = {
            **({} if rates else NO_RATES),
            "PARLEY_SERVER_ENGINE": "cluster",
            "PARLEY_SERVER_ACCESS_JWT_SECRET": SECRET,
            "PARLEY_SERVER_LOOPS": "2",
            **delivery_settings(self.space, found),
            "PARLEY_KAFKA_TOPIC": f"{self.space}.events",
            "PARLEY_KAFKA_CONSUMER_GROUP_ID": self.space,
            "PARLEY_KAFKA_PARTITIONS": "4",
            "PARLEY_DATABASE_HOST": self.postgres["host"],
            "PARLEY_DATABASE_PORT": self.postgres["port"],
            "PARLEY_DATABASE_USERNAME": self.postgres["user"],
            "PARLEY_DATABASE_PASSWORD": self.postgres["password"],
            "PARLEY_DATABASE_DB": self.space,
            "PARLEY_REDIS_HOST": found["PARLEY_TEST_REDIS"],
            "PARLEY_REDIS_PREFIX": self.space,
            **dict(settings),
        }
        self.nodes = [Node(f"node{i + 1}", {**self.settings,
                                            **({"PARLEY_SERVER_ROLES": roles[i]} if roles else {})})
                      for i in range(len(roles) if roles else nodes)]
        self.turn = itertools.cycle(self.gateways())

    def gateways(self):
        return [node for node in self.nodes
                if "gateway" in node.settings.get("PARLEY_SERVER_ROLES", "gateway")]

    def migrate(self, verb="up"):
        status, out, said = run("migrate", verb, settings=self.settings)
        assert status == 0, said
        return out

    def start(self):
        psql(self.postgres, f'create database "{self.space}"')
        self.migrate()
        for node in self.nodes:
            node.spawn()
        for node in self.nodes:
            node.await_ready()
        return self

    def close(self):
        faults = []
        for node in self.nodes:
            try:
                node.close()
            except AssertionError as fault:
                faults.append(f"{node.name}: {fault}")
        psql(self.postgres, f'drop database if exists "{self.space}" with (force)')
        assert not faults, "\n".join(faults)

    # ---- What a Server is asked ----

    def next(self):
        """The next node whose process runs."""
        for _ in self.nodes:
            node = next(self.turn)
            if node.process.poll() is None:
                return node
        raise RuntimeError("no node runs")

    @property
    def port(self):
        return self.next().port

    def connect(self, timeout=10, receive_buffer=None):
        return http.dial(self.port, timeout, receive_buffer)

    def request(self, method, *arguments, **more):
        """What was changed is given a moment to be known on the other nodes."""
        answer = self.next().request(method, *arguments, **more)
        if method != "GET" and answer.status == 200:
            time.sleep(FOLLOW_S)
        return answer

    def metric(self, name):
        """The sum over the nodes."""
        return sum(node.metric(name) for node in self.nodes if node.process.poll() is None)

    def register(self, name=None, password="correct horse 1"):
        from parley_e2e.chat import User
        return User.register(self, name, password)

    def log(self, event=None):
        return [line for node in self.nodes for line in node.log(event)]

    def stderr(self):
        return "\n".join(node.stderr() for node in self.nodes)

    # ---- What is behind it ----

    def unready(self, node=None):
        """The names of the services that a node says are not ready."""
        answer = (node or self.nodes[0]).request("GET", "/readyz").json()
        return sorted(name for name, state in answer["services"].items() if not state["ready"])

    def settle(self, timeout=60):
        """Waits until every node that runs says that it is ready."""
        def all_are():
            for node in self.nodes:
                if node.process.poll() is None:
                    assert self.is_ready(node), f"{node.name}: {node.stderr()[-3000:]}"
        eventually(all_are, timeout)

    @staticmethod
    def is_ready(node):
        try:
            return node.request("GET", "/readyz").status == 200
        except OSError:
            return False
