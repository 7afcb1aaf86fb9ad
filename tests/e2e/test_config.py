"""Configuration: its layers, its errors with file, line and key, --check, reloading."""
import os
import pathlib
import signal
import socket
import tempfile
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.server import Server, run


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="parley-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "parley.yaml"

    def check(self, text, settings=(), *flags):
        self.file.write_text(text)
        return run("serve", "--config", self.file, "--check", *flags, settings=settings,
                   cwd=self.folder)

    def accepted(self, text, settings=(), *flags):
        status, out, err = self.check(text, settings, *flags)
        self.assertEqual(status, 0, err)
        return out, err

    def refused(self, text, *said, settings=()):
        status, _, err = self.check(text, settings)
        self.assertEqual(status, 1, err)
        for piece in said:
            self.assertIn(piece, err)
        return err

    def test_nothing_at_all_is_a_configuration(self):
        self.assertEqual(run("serve", "--check", cwd=self.folder)[0], 0)
        self.assertEqual(list(self.folder.iterdir()), [], "--check makes nothing")

    def test_unknown_keys_have_file_line_and_key(self):
        self.refused("server:\n  workers: 4\n  wrokers: 5\n", "parley.yaml:3", "server.wrokers")
        self.refused("servre:\n  workers: 4\n", "parley.yaml:1", "servre")

    def test_values_out_of_range(self):
        self.refused("server:\n  workers: 0\n", "parley.yaml:2", "server.workers")
        self.refused("server:\n  workers: 999999\n", "parley.yaml:2", "server.workers")
        self.refused("limits:\n\n  message_bytes: many\n", "parley.yaml:3", "limits.message_bytes")
        self.refused("server:\n  engine: magic\n", "parley.yaml:2", "server.engine")
        self.refused("server:\n  listen: nowhere\n", "parley.yaml:2", "server.listen")
        self.refused("trace:\n  ratio: 1.5\n", "parley.yaml:2", "trace.ratio")

    def test_all_errors_at_once(self):
        said = self.refused("server:\n  workers: 0\n  loops: x\nlimits:\n  what: 1\n")
        for place in ("parley.yaml:2", "parley.yaml:3", "parley.yaml:5"):
            self.assertIn(place, said)

    def test_broken_yaml(self):
        self.refused("server:\n  workers: [1\n", "parley.yaml:")
        self.refused("server:\n\tworkers: 1\n", "parley.yaml:2")
        self.refused("- a\n- b\n", "parley.yaml:1")
        self.refused("server:\n  workers: 1\n  workers: 2\n", "parley.yaml:3")

    def test_a_missing_file(self):
        status, _, err = run("serve", "--config", self.folder / "none.yaml", "--check")
        self.assertEqual(status, 1)
        self.assertIn("none.yaml", err)

    def test_the_environment_in_errors(self):
        _, _, err = self.check("", {"PARLEY_SERVER_WORKERS": "lots"})
        self.assertIn("PARLEY_SERVER_WORKERS", err)

    def test_unknown_variables_are_told(self):
        _, _, err = self.check("", {"PARLEY_SERVER_WROKERS": "4"})
        self.assertIn("PARLEY_SERVER_WROKERS", err)

    def test_flags_over_environment_over_file(self):
        text = "server:\n  listen: 127.0.0.1:1111\n"
        self.assertIn("127.0.0.1:1111", self.accepted(text)[0])
        env = {"PARLEY_SERVER_LISTEN": "127.0.0.1:2222"}
        out, _ = self.accepted(text, env)
        self.assertIn("127.0.0.1:2222", out)
        self.assertNotIn("127.0.0.1:1111", out)
        out, _ = self.accepted(text, env, "--listen", "127.0.0.1:3333")
        self.assertIn("127.0.0.1:3333", out)
        self.assertNotIn("127.0.0.1:2222", out)

    def test_variables_in_values(self):
        env = {"WHERE": "127.0.0.1:4444", "EMPTY": ""}
        for value in ("${WHERE}", "${NONE:-127.0.0.1:4444}", "127.0.0.1:${PORT:-4444}",
                      "${EMPTY:-127.0.0.1:4444}"):
            out, _ = self.accepted(f"server:\n  listen: {value}\n", env)
            self.assertIn("127.0.0.1:4444", out, value)

    def test_a_secret_may_hold_any_character(self):
        env = {"SECRET": "x: y #z\n- ${NOT} \"'{}" + "s" * 30}
        out, err = self.accepted("server:\n  accessJwtSecret: ${SECRET}\n", env)
        self.assertNotIn("ssssss", out + err)

    def test_an_unset_variable_is_an_error(self):
        self.refused("server:\n  accessJwtSecret: ${NOT_THERE}\n", "parley.yaml:2", "NOT_THERE")

    def test_the_configuration_of_chat_app_is_accepted(self):
        text = """server:
  host: 127.0.0.1
  port: 9000
  grpcHost: 127.0.0.1
  debug: true
  readTimeout: 5
  writeTimeout: 5
  contextTimeout: 5
  rateLimitPerSec: 10
  timezone: UTC
  accessJwtSecret: a secret of some thirty-two bytes
  accessJwtExpireTime: 86400
kafka:
  producer:
    idepotence: true
  consumer:
    autoOffset: true
database:
  adapter: postgres
  port: 5432
  maxLiftimeConns: 5
jaeger:
  logSpans: true
"""
        out, err = self.accepted(text)
        self.assertIn("contextTimeout", err)
        self.assertIn("maxLiftimeConns", err)
        self.assertIn("127.0.0.1:9000", out)

    def test_a_cluster_needs_its_secrets(self):
        self.refused("server:\n  engine: cluster\n", "server.accessJwtSecret")

    def test_misuse(self):
        for arguments in (["--nope"], ["extra"], ["--listen"]):
            status, out, err = run("serve", *arguments)
            self.assertEqual((status, out), (2, ""))
            self.assertTrue(err)


class Start(unittest.TestCase):
    def server(self, *arguments, **how):
        server = Server(*arguments, **how)
        self.addCleanup(server.close)
        return server

    def test_it_says_where_it_listens(self):
        server = self.server().start()
        ready = [line for line in server.out + server.err if str(server.port) in line]
        self.assertTrue(any(f"http://127.0.0.1:{server.port}" in line for line in ready))
        self.assertEqual(len(server.out), 1)

    def test_only_its_port_is_open(self):
        server = self.server().start()
        inodes = set()
        for entry in os.listdir(f"/proc/{server.process.pid}/fd"):
            try:
                inodes.add(os.readlink(f"/proc/{server.process.pid}/fd/{entry}"))
            except OSError:
                pass
        ports = set()
        for table in ("tcp", "tcp6"):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                    ports.add((fields[1].split(":")[0], int(fields[1].split(":")[1], 16)))
        self.assertEqual(ports, {("0100007F", server.port)})

    def test_the_data_is_private(self):
        server = self.server().start()
        server.register().create()
        for path in [server.data, *server.data.rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_second_server_on_the_same_data_is_refused(self):
        first = self.server().start()
        second = self.server()
        second.data = first.data
        with self.assertRaises(RuntimeError) as failed:
            second.start()
        self.assertEqual(second.process.returncode, 1)
        self.assertIn(str(first.data), str(failed.exception))
        self.assertEqual(first.request("GET", "/healthz").status, 200)

    def test_data_that_is_no_database(self):
        server = self.server().start()
        server.register()
        server.term()
        for path in server.data.rglob("*"):
            if path.is_file() and path.stat().st_size > 4096:
                with open(path, "r+b") as file:
                    file.write(b"this is no database" * 200)
        with self.assertRaises(RuntimeError):
            server.start()
        self.assertEqual(server.process.returncode, 1)

    def test_a_folder_that_cannot_be_written(self):
        server = self.server()
        pathlib.Path(server.folder, "data").write_text("a file")
        with self.assertRaises(RuntimeError) as failed:
            server.start()
        self.assertEqual(server.process.returncode, 1)
        self.assertIn(str(server.data), str(failed.exception))

    def test_the_cluster_engine_is_not_started_half(self):
        server = self.server({"PARLEY_SERVER_ENGINE": "cluster",
                              "PARLEY_SERVER_ACCESS_JWT_SECRET": "s" * 32})
        with self.assertRaises(RuntimeError):
            server.start()
        self.assertEqual(server.process.returncode, 1)

    def test_port_nought_takes_any(self):
        server = self.server()
        server.arguments = ["--listen", "127.0.0.1:0"]
        server.spawn()
        deadline = time.monotonic() + 10
        while not server.out and time.monotonic() < deadline:
            time.sleep(0.02)
        server.port = int(server.out[0].rsplit(":", 1)[1].strip("/ "))
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            pass
        self.assertEqual(server.request("GET", "/healthz").status, 200)


class Reload(ServerCase):
    rates = True

    @classmethod
    def setUpClass(cls):
        cls.server = Server({"PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS": "0"}, rates=True)
        cls.file = pathlib.Path(cls.server.folder) / "parley.yaml"
        cls.file.write_text("limits:\n  messages_per_s: 1\n  messages_burst: 1\n")
        cls.server.arguments = ["--config", str(cls.file)]
        cls.server.start()

    def reload(self, text, event):
        before = len(self.server.log(event))
        self.file.write_text(text)
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while len(self.server.log(event)) == before and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertGreater(len(self.server.log(event)), before)

    def statuses(self, user, channel):
        return [user.post("/api/message", {"channel_id": channel, "content": "x"}).status
                for _ in range(5)]

    def test_rates_while_it_runs(self):
        ada, bob, channel = self.pair()
        session = self.keep(bob.session())
        self.assertIn(429, self.statuses(ada, channel))
        self.reload("limits:\n  messages_per_s: 1000\n  messages_burst: 1000\n",
                    "configuration reloaded")
        time.sleep(0.1)
        self.assertEqual(self.statuses(ada, channel), [200] * 5)
        self.reload("limits:\n  messages_per_s: often\n",
                    "configuration not reloaded: it has errors; the old one stays")
        self.assertEqual(self.statuses(ada, channel), [200] * 5)
        session.send("Ping")
        session.action("Pong")


if __name__ == "__main__":
    tap.main()
