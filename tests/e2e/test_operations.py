"""What an operator looks at: logs, metrics, readiness; and TLS."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from parley_e2e import http, tap
from parley_e2e.chat import ServerCase, User
from parley_e2e.server import Server

PROMTOOL = shutil.which("promtool") or shutil.which(
    "promtool", path=pathlib.Path(__file__).parents[2] / "build/tools")


class Logs(ServerCase):
    settings = {"PARLEY_LOGGER_LEVEL": "debug"}

    def test_lines_are_json_and_tell_no_secrets(self):
        secret_text, password = "a message that no log may hold", "pass-word that no log may hold"
        ada = self.server.register("ada", password)
        channel = ada.create()
        session = self.keep(ada.session())
        session.send("CreateMessage", {"channel_id": channel, "content": secret_text})
        session.recv()
        session.text('{"action":"CreateMessage","data":{"content":"' + secret_text + '"}}')
        session.until(lambda f: f["status"] == "fail")
        ada.say(channel, secret_text)
        ada.post("/api/message", {"channel_id": "x", "content": secret_text})
        self.server.request("POST", "/api/login", {"email": ada.email, "password": password + "x"})
        self.server.request("GET", f"/api/me?token={ada.token}")
        ada.get("/api/message?channel_id=" + channel)
        ada.done("/api/logout")
        self.server.request("GET", "/\x1b[31mred\n\"{}\"")
        time.sleep(0.2)
        lines = list(self.server.err)
        self.assertGreater(len(lines), 5)
        for line in lines:
            entry = json.loads(line)
            self.assertLessEqual({"time", "level", "event"}, set(entry))
            self.assertIn(entry["level"], ("debug", "info", "warn", "error"))
            self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            for secret in (secret_text, password, ada.token, ada.token.split(".")[2]):
                self.assertNotIn(secret, line)
        self.assertEqual(len(self.server.out), 1)

    def test_a_person_gets_text(self):
        server = Server()
        self.addCleanup(server.close)
        server.settings["PARLEY_LOGGER_ENCODING"] = "console"
        server.start()
        self.assertFalse(any(line.startswith("{") for line in server.err))
        self.assertTrue(server.err)


class Metrics(ServerCase):
    def page(self, accept=None):
        headers = {"Accept": accept} if accept else {}
        return self.server.request("GET", "/metrics", headers=headers)

    @unittest.skipUnless(PROMTOOL, "promtool is not here")
    def test_promtool_finds_nothing(self):
        ada, bob, channel = self.pair()
        self.keep(bob.session())
        ada.say(channel, "x")
        judged = subprocess.run([PROMTOOL, "check", "metrics"], input=self.page().body,
                                capture_output=True)
        self.assertEqual((judged.returncode, judged.stdout + judged.stderr), (0, b""))

    def test_types(self):
        self.assertTrue(self.page().header("Content-Type").startswith("text/plain; version=0.0.4"))
        answer = self.page("application/openmetrics-text; version=1.0.0")
        self.assertTrue(answer.header("Content-Type").startswith("application/openmetrics-text"))
        self.assertTrue(answer.body.endswith(b"# EOF\n"))

    def test_they_count(self):
        names = ("parley_messages_received_total", "parley_deliveries_total",
                 "parley_messages_duplicate_total", "parley_registrations_total")
        before = {name: self.server.metric(name) for name in names}
        ada, bob, channel = self.pair()
        hers, his = self.keep(ada.session()), self.keep(bob.session())
        for _ in range(2):
            hers.send("CreateMessage", {"channel_id": channel, "content": "x",
                                        "client_msg_id": "m"})
            hers.recv()
        his.recv()
        change = {name: self.server.metric(name) - before[name] for name in names}
        self.assertEqual(change, {"parley_messages_received_total": 2,
                                  "parley_deliveries_total": 2,
                                  "parley_messages_duplicate_total": 1,
                                  "parley_registrations_total": 2})
        self.assertGreaterEqual(self.server.metric("parley_sessions"), 2)
        self.assertGreater(self.server.metric("parley_ack_seconds_count"), 0)
        self.assertGreater(self.server.metric("parley_journal_commit_seconds_count"), 0)

    def test_the_process(self):
        page = self.page().body.decode()
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes",
                     "process_open_fds", "process_start_time_seconds"):
            self.assertIn(f"\n{name} ", page)

    def test_idle_costs_nothing(self):
        self.keep(self.user().session())
        time.sleep(0.5)

        def ticks():
            with open(f"/proc/{self.server.process.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        time.sleep(4)
        spent = (ticks() - before) / os.sysconf("SC_CLK_TCK")
        self.assertLess(spent, 0.12, "seconds of CPU in four idle ones")


class Ready(ServerCase):
    def test_it_names_the_services(self):
        answer = self.server.request("GET", "/readyz")
        self.assertEqual(answer.status, 200)
        self.assertFalse(answer.json()["draining"])
        self.assertTrue(answer.json()["services"])


class Tls(unittest.TestCase):
    @classmethod
    def certify(cls):
        """A new self-signed certificate in the files that the server reads."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", cls.key, "-out", cls.cert], check=True, capture_output=True)

    @classmethod
    def setUpClass(cls):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("openssl is not here")
        cls.folder = tempfile.mkdtemp(prefix="parley-e2e-tls-")
        cls.cert, cls.key = f"{cls.folder}/cert.pem", f"{cls.folder}/key.pem"
        cls.certify()
        cls.server = TlsServer({"PARLEY_TLS_CERT": cls.cert, "PARLEY_TLS_KEY": cls.key})
        cls.server.context = ssl.create_default_context(cafile=cls.cert)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.folder)

    def test_requests_and_a_secure_cookie(self):
        user = self.server.register()
        self.assertEqual(user.get("/api/me").data["id"], user.id)
        answer = User.login(self.server, user.email, user.password)
        self.assertIn("secure", answer.header("Set-Cookie").lower())
        self.assertTrue(any("https://" in line for line in self.server.out))

    def test_a_renewed_certificate_is_taken_over_without_a_restart(self):
        user = self.server.register()
        session = self.keep_open(user.session())
        self.certify()
        self.server.process.send_signal(signal.SIGHUP)
        renewed = ssl.create_default_context(cafile=self.cert)
        deadline = time.monotonic() + 5
        while True:
            try:
                self.server.context = renewed
                self.assertEqual(user.get("/api/me").status, 200)
                break
            except ssl.SSLError:
                self.assertLess(time.monotonic(), deadline, "the old certificate goes on")
                time.sleep(0.05)
        session.send("Ping")
        session.action("Pong")

    def keep_open(self, session):
        self.addCleanup(session.close)
        return session

    def test_old_versions_are_refused(self):
        for version in ("-tls1", "-tls1_1"):
            asked = subprocess.run(
                ["openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-connect",
                 f"127.0.0.1:{self.server.port}"], input=b"", capture_output=True, timeout=20)
            self.assertNotEqual(asked.returncode, 0)
        asked = subprocess.run(
            ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{self.server.port}"],
            input=b"", capture_output=True, timeout=20)
        self.assertEqual(asked.returncode, 0)

    def test_plain_text_on_the_tls_port(self):
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.server.port), 5)) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertNotIn(b"200 OK", http.Reader(s).to_the_end())
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)

    def test_who_never_finishes_the_handshake_is_closed(self):
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.server.port), 15)) as s:
            started = time.monotonic()
            s.sendall(b"\x16\x03\x01")
            self.assertEqual(http.Reader(s).to_the_end(), b"")
            self.assertLess(time.monotonic() - started, 9)


class TlsServer(Server):
    def connect(self, timeout=10, receive_buffer=None):
        plain = super().connect(timeout, receive_buffer)
        return self.context.wrap_socket(plain, server_hostname="127.0.0.1")


if __name__ == "__main__":
    tap.main()
