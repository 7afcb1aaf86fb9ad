"""Nodes of the cluster engine over the real services of tools/stack.sh. A Cluster stands in for a
Server: each connection and each request goes to the next node, so that every test of the wire runs
across nodes. A cluster has a database, a keyspace and topics of its own, or shares them with the
others of its file that come before and after it; nothing of them is left when the file is through."""
import functools
import itertools
import os
import pathlib
import signal
import subprocess
import time
import unittest
import uuid

from parley_e2e import http
from parley_e2e.server import NO_RATES, Server, run
from parley_e2e.services import Space, psql  # noqa: F401 (tests ask psql of this file)

ROOT = pathlib.Path(__file__).parents[3]
# "kafka", or "direct": PostgreSQL and Redis alone.
DELIVERY = os.environ.get("PARLEY_E2E_DELIVERY", "kafka")
NEEDED = (("PARLEY_TEST_POSTGRES", "PARLEY_TEST_REDIS") if DELIVERY == "direct" else
          ("PARLEY_TEST_KAFKA", "PARLEY_TEST_POSTGRES", "PARLEY_TEST_REDIS", "PARLEY_TEST_CASSANDRA"))
SERVICES = (*(() if DELIVERY == "direct" else ("kafka", "cassandra")), "redis", "postgres")
SECRET = "a secret that only these tests know, 32 bytes"
NODES = 3
FOLLOW_S = 1
MIGRATE_S = 120

count = itertools.count(1)


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


def delivery_settings(space, found):
    """What carries the events, and what keeps the history."""
    if DELIVERY == "direct":
        return {"PARLEY_CLUSTER_DELIVERY": "direct", "PARLEY_CLUSTER_SECRET": SECRET}
    brokers, hosts = (len(found[name].split(",")) for name in
                      ("PARLEY_TEST_KAFKA", "PARLEY_TEST_CASSANDRA"))
    return {
        "PARLEY_KAFKA_PRODUCER_BROKER": found["PARLEY_TEST_KAFKA"],
        "PARLEY_KAFKA_REPLICATION": str(brokers),
        "PARLEY_KAFKA_MIN_INSYNC": str(min(brokers, 2)),
        "PARLEY_CASSANDRA_HOSTS": found["PARLEY_TEST_CASSANDRA"],
        "PARLEY_CASSANDRA_KEYSPACE": space,
        "PARLEY_CASSANDRA_REPLICATION": str(hosts),
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


def new_space():
    return Space(f"e2e{uuid.uuid4().hex[:10]}", addresses())


@functools.cache
def shared_space():
    """One for the whole file: making tables takes longer than starting nodes."""
    space = new_space()
    unittest.addModuleCleanup(space.remove)
    cluster = Cluster(space=space)
    space.make()
    cluster.migrate()
    return space


class Node(Server):
    """One node; `settings` name the cluster. It begins when its services let it."""

    ready_s = 60

    def __init__(self, name, settings):
        super().__init__(settings={**settings, "PARLEY_CLUSTER_NODE": name}, rates=True)
        self.name = name
        self.began = None  # (process, records judged) when all nodes knew the same

    def begin(self):
        self.began = self.process, self.metric("parley_records_judged_total")

    def followed(self):
        """The records that it has judged since; None of one that was started again."""
        if self.began is None or self.began[0] is not self.process or self.process.poll() is not None:
            return None
        return self.metric("parley_records_judged_total") - self.began[1]


class Cluster:
    """`roles` gives each node its own ("gateway,persist"); none: `nodes` with all roles. A `space`
    that is given is there and stays; none: the cluster makes one, and removes it."""

    def __init__(self, settings=(), rates=False, nodes=NODES, roles=None, space=None):
        self.place, self.owned = space or new_space(), space is None
        self.space, self.postgres, found = self.place.name, self.place.postgres, addresses()
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
            "PARLEY_REDIS_PREFIX": f"{self.space}.{next(count)}",
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
        status, out, said = run("migrate", verb, settings=self.settings, timeout=MIGRATE_S)
        assert status == 0, said
        return out

    def start(self):
        try:
            if self.owned:
                self.place.make()
                self.migrate()
            return self.run()
        except BaseException:
            self.end()
            raise

    def run(self):
        for node in self.nodes:
            node.spawn()
        for node in self.nodes:
            node.await_ready()
        self.begin()
        return self

    def restart(self):
        """All nodes end before the first one is there again."""
        running = [node for node in self.nodes if node.process.poll() is None]
        for node in running:
            node.process.send_signal(signal.SIGTERM)
        for node in running:
            status = node.wait()
            assert status == 0, f"{node.name}: exit status {status}: {node.stderr()[-4000:]}"
        return self.run()

    def close(self):
        faults = self.end()
        assert not faults, "\n".join(faults)

    def end(self):
        """Ends the nodes and removes what is the cluster's alone; returns what went wrong."""
        faults = []
        for node in self.nodes:
            try:
                node.close()
            except AssertionError as fault:
                faults.append(f"{node.name}: {fault}")
        try:
            if self.owned:
                self.place.remove()
        except AssertionError as fault:
            faults.append(str(fault))
        return faults

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
        """What was changed on one node is known on all of them when this returns."""
        node = self.next()
        answer = node.request(method, *arguments, **more)
        if method == "POST" and answer.status == 200:
            self.follow(node)
        return answer

    def follow(self, node):
        """Waits until the other nodes have read as much of the journal as this one has. Where the
        counts began while something was still on its way, time decides, and they begin anew."""
        goal, end = node.followed(), time.monotonic() + FOLLOW_S
        for other in self.gateways() if goal is not None else ():
            while other is not node and other.followed() is not None and other.followed() < goal:
                if time.monotonic() > end:
                    return self.begin()
                time.sleep(0.005)
        return None

    def begin(self):
        for node in self.gateways():
            if node.process.poll() is None:
                node.begin()

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
