"""The four services with TLS and passwords, and the authority that signs for them: a stack of its
own (tools/stack.sh with STACK_EXTRA), and a Redis, on ports beside that of the other tests."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from parley_e2e.cluster import ROOT
from parley_e2e.server import free_port

USER, PASSWORD = "parley", "open sesame and more"

KAFKA = """
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secure}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.crt
ssl.client.auth={client_auth}
"""
CASSANDRA = """
authenticator: PasswordAuthenticator
authorizer: AllowAllAuthorizer
role_manager: CassandraRoleManager
client_encryption_options:
  enabled: true
  optional: false
  keystore: {folder}/server.p12
  keystore_password: parley
  store_type: PKCS12
  require_client_auth: false
"""
CERTIFICATES = """
set -e
for n in ca other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$n \
        -keyout $n.key -out $n.crt -days 2
done
for n in server client; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$n \
        -keyout $n.key -out $n.csr
    printf 'subjectAltName=IP:127.0.0.1' >ext
    openssl x509 -req -in $n.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext \
        -out $n.crt
done
cat server.key server.crt >server.pem
openssl pkcs12 -export -in server.crt -inkey server.key -out server.p12 -passout pass:parley
cp server.key postgres.key
chmod 600 postgres.key
"""


class Secure:
    """The services; `settings` are those of a node that does everything right."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="parley-secure-"))
        self.folder.chmod(0o755)
        self.base = self.find_base()
        self.kafka_port, self.redis_port = free_port(), free_port()
        self.redis = None

    @staticmethod
    def find_base():
        """Ports that nobody has: the stack takes fifty from there on."""
        for base in range(21000, 29000, 500):
            with socket.socket() as probe:
                if all(probe.connect_ex(("127.0.0.1", base + i)) != 0 for i in (1, 2, 10, 20, 21)):
                    return base
        raise RuntimeError("no ports for a stack")

    def file(self, name):
        return str(self.folder / name)

    def stack(self, verb, *services):
        subprocess.run([ROOT / "tools/stack.sh", verb, *services], check=True, timeout=300,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       env={**os.environ, "STACK_DIR": self.file("stack"),
                            "STACK_EXTRA": str(self.folder), "STACK_PORT_BASE": str(self.base)})

    def write_extras(self):
        values = {"folder": self.folder, "plain": self.base + 10, "secure": self.kafka_port,
                  "user": USER, "password": PASSWORD, "client_auth": "requested"}
        pathlib.Path(self.file("kafka.properties")).write_text(KAFKA.format(**values))
        pathlib.Path(self.file("cassandra.yaml")).write_text(CASSANDRA.format(**values))
        pathlib.Path(self.file("cassandra.args")).write_text(
            "-Dcassandra.superuser_setup_delay_ms=0\n")
        pathlib.Path(self.file("postgres.args")).write_text(
            f"-c\nssl=on\n-c\nssl_cert_file={self.file('server.crt')}\n"
            f"-c\nssl_key_file={self.file('postgres.key')}\n")
        if os.geteuid() == 0:
            shutil.chown(self.file("postgres.key"), "postgres", "postgres")

    def add_scram_users(self):
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
        jars = sorted((cache / "parley").glob("kafka-*"), key=lambda p: p.stat().st_mtime)[-1]
        subprocess.run(
            ["java", "-Xmx128m", "-cp", f"{jars}/*", "kafka.admin.ConfigCommand",
             "--bootstrap-server", f"127.0.0.1:{self.base + 10}", "--alter", "--entity-type",
             "users", "--entity-name", USER, "--add-config",
             f"SCRAM-SHA-256=[password={PASSWORD}],SCRAM-SHA-512=[password={PASSWORD}]"],
            check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start_redis(self):
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        link = self.folder / "redis-server"  # it is what it is called
        link.symlink_to(program)
        self.redis = subprocess.Popen(
            [link, "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(self.redis_port),
             "--tls-cert-file", self.file("server.crt"), "--tls-key-file", self.file("server.key"),
             "--tls-ca-cert-file", self.file("ca.crt"), "--requirepass", PASSWORD, "--save", ""],
            stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self):
        subprocess.run(["bash", "-c", CERTIFICATES], check=True, cwd=self.folder, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.write_extras()
        self.stack("up", "postgres", "kafka", "cassandra")
        self.start_redis()
        self.add_scram_users()
        return self

    def close(self):
        if self.redis:
            self.redis.terminate()
            self.redis.wait(10)
        self.stack("wipe")
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self):
        return {
            "PARLEY_SERVER_ENGINE": "cluster",
            "PARLEY_SERVER_ACCESS_JWT_SECRET": "a secret that only these tests know, 32 bytes",
            "PARLEY_SERVER_LOOPS": "2",
            "PARLEY_KAFKA_PRODUCER_BROKER": f"127.0.0.1:{self.kafka_port}",
            "PARLEY_KAFKA_PARTITIONS": "4",
            "PARLEY_KAFKA_REPLICATION": "1",
            "PARLEY_KAFKA_MIN_INSYNC": "1",
            "PARLEY_KAFKA_TLS": "true",
            "PARLEY_KAFKA_TLS_CA": self.file("ca.crt"),
            "PARLEY_KAFKA_SASL_MECHANISM": "PLAIN",
            "PARLEY_KAFKA_SASL_USERNAME": USER,
            "PARLEY_KAFKA_SASL_PASSWORD": PASSWORD,
            "PARLEY_CASSANDRA_HOSTS": f"127.0.0.1:{self.base + 20}",
            "PARLEY_CASSANDRA_KEYSPACE": "secure",
            "PARLEY_CASSANDRA_REPLICATION": "1",
            "PARLEY_CASSANDRA_USERNAME": "cassandra",
            "PARLEY_CASSANDRA_PASSWORD": "cassandra",
            "PARLEY_CASSANDRA_TLS": "true",
            "PARLEY_CASSANDRA_TLS_CA": self.file("ca.crt"),
            "PARLEY_DATABASE_HOST": "127.0.0.1",
            "PARLEY_DATABASE_PORT": str(self.base + 1),
            "PARLEY_DATABASE_USERNAME": "parley",
            "PARLEY_DATABASE_PASSWORD": "parley",
            "PARLEY_DATABASE_DB": "parley",
            "PARLEY_DATABASE_SSLMODE": "verify-full",
            "PARLEY_DATABASE_TLS_CA": self.file("ca.crt"),
            "PARLEY_REDIS_HOST": f"127.0.0.1:{self.redis_port}",
            "PARLEY_REDIS_PASSWORD": PASSWORD,
            "PARLEY_REDIS_TLS": "true",
            "PARLEY_REDIS_TLS_CA": self.file("ca.crt"),
            "PARLEY_REDIS_TLS_CERT": self.file("client.crt"),
            "PARLEY_REDIS_TLS_KEY": self.file("client.key"),
        }


class Elsewhere:
    """The same service at another address: what its certificate does not name."""

    def __init__(self, port, host="127.0.0.2"):
        self.target = ("127.0.0.1", port)
        self.door = socket.create_server((host, 0))
        self.address = f"{host}:{self.door.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=pair, daemon=True).start()

    @staticmethod
    def carry(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            time.sleep(0)

    def close(self):
        self.door.close()
