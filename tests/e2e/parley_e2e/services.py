"""What the tests ask of the services themselves: to make a place for a cluster, and to remove all
of it again. Kafka and Cassandra have no small client, so the one request that each is sent is
written here by hand."""
import os
import pathlib
import socket
import struct
import subprocess

ANSWER_S = 30
TOPICS = ("events", "retry", "dead")
NOT_CONTROLLER, NO_SUCH_TOPIC = 41, 3


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


def dial(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), ANSWER_S)


def exactly(sock, count):
    held = b""
    while len(held) < count:
        more = sock.recv(count - len(held))
        if not more:
            raise ConnectionError("closed by the service")
        held += more
    return held


# ---- Cassandra: native protocol 4 ----

CQL_STARTUP, CQL_QUERY, CQL_ERROR = 1, 7, 0
CQL_CONSISTENCY_ALL = 5


def cql_ask(sock, opcode, body):
    sock.sendall(struct.pack(">BBhBI", 4, 0, 0, opcode, len(body)) + body)
    _, _, _, answer, size = struct.unpack(">BBhBI", exactly(sock, 9))
    text = exactly(sock, size)
    if answer == CQL_ERROR:
        raise RuntimeError(f"Cassandra: {text[6:].decode(errors='replace')}")


def cql(address, statement):
    """Runs one statement on one node."""
    def word(text):
        return struct.pack(">H", len(text)) + text

    query = statement.encode()
    with dial(address) as sock:
        cql_ask(sock, CQL_STARTUP, struct.pack(">H", 1) + word(b"CQL_VERSION") + word(b"3.0.0"))
        cql_ask(sock, CQL_QUERY, struct.pack(">I", len(query)) + query +
                struct.pack(">HB", CQL_CONSISTENCY_ALL, 0))


# ---- Kafka: DeleteTopics, version 1 ----

def delete_topics_at(broker, names):
    """The error codes, one a topic."""
    body = struct.pack(">I", len(names))
    body += b"".join(struct.pack(">h", len(name)) + name.encode() for name in names)
    body += struct.pack(">i", ANSWER_S * 1000)
    request = struct.pack(">hhih", 20, 1, 1, 3) + b"e2e" + body
    with dial(broker) as sock:
        sock.sendall(struct.pack(">i", len(request)) + request)
        answer = exactly(sock, *struct.unpack(">i", exactly(sock, 4)))
    count, = struct.unpack_from(">i", answer, 8)
    at, codes = 12, []
    for _ in range(count):
        size, = struct.unpack_from(">h", answer, at)
        code, = struct.unpack_from(">h", answer, at + 2 + size)
        codes.append(code)
        at += 4 + size
    return codes


def delete_topics(brokers, names):
    """Only the controller does it, and any of the brokers may be that one."""
    for broker in brokers.split(","):
        codes = delete_topics_at(broker, names)
        if NOT_CONTROLLER not in codes:
            wrong = set(codes) - {0, NO_SUCH_TOPIC}
            assert not wrong, f"Kafka does not delete {names}: error {wrong}"
            return
    raise AssertionError(f"none of {brokers} is Kafka's controller")


# ---- Redis ----

def redis_forget(address, prefix):
    """Removes every key that begins so."""
    host, _, port = address.rpartition(":")
    ask = ["redis-cli", "-h", host, "-p", port]
    keys = subprocess.run([*ask, "--scan", "--pattern", f"{prefix}*"], check=True, timeout=60,
                          capture_output=True).stdout
    subprocess.run([*ask, "-x", "eval", "for k in ARGV[1]:gmatch('[^\\n]+') do "
                    "redis.call('unlink', k) end", "0"], check=True, timeout=60, input=keys,
                   capture_output=True)


class Space:
    """A place of its own on the services: a database, a keyspace, topics, keys."""

    def __init__(self, name, addresses):
        self.name, self.addresses = name, addresses
        self.postgres = conninfo(addresses["PARLEY_TEST_POSTGRES"])

    def make(self):
        """The database, empty; the rest is `parley migrate`'s."""
        psql(self.postgres, f'create database "{self.name}"')

    def remove(self):
        """All of it, whatever of it there is; says what would not go."""
        faults = []
        steps = [self.remove_database, self.remove_keys]
        if "PARLEY_TEST_CASSANDRA" in self.addresses:
            steps.append(self.remove_keyspace)
        if "PARLEY_TEST_KAFKA" in self.addresses:
            steps.append(self.remove_topics)
        for step in steps:
            try:
                step()
            except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as fault:
                faults.append(f"{step.__name__}: {fault}")
        assert not faults, "\n".join(faults)

    def remove_database(self):
        psql(self.postgres, f'drop database if exists "{self.name}" with (force)')

    def remove_keyspace(self):
        cql(self.addresses["PARLEY_TEST_CASSANDRA"].split(",")[0],
            f"drop keyspace if exists {self.name}")

    def remove_topics(self):
        delete_topics(self.addresses["PARLEY_TEST_KAFKA"],
                      [f"{self.name}.{topic}" for topic in TOPICS])

    def remove_keys(self):
        redis_forget(self.addresses["PARLEY_TEST_REDIS"], self.name)
