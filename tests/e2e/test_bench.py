"""parley bench: every scenario runs and is sound, and a server that loses, repeats, swaps or alters a
delivery is found out."""
import contextlib
import json
import os
import socket
import struct
import tempfile
import threading
import unittest

from parley_e2e import server as parley
from parley_e2e import tap
from parley_e2e.chat import ServerCase

QUICK = ("--duration", "0.5", "--ramp", "0.2", "--grace", "5")


class Meddler:
    """Stands between the generator and the server; of the pushes on its `victim`-th websocket it
    treats the 20th as `fault` says."""

    def __init__(self, port, fault, victim=3):
        self.port, self.fault, self.victim = port, fault, victim
        self.websockets = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                upstream = socket.create_connection(("127.0.0.1", self.port))
                for work in (self.copy_up, self.copy_down):
                    threading.Thread(target=work, args=(client, upstream), daemon=True).start()

    @staticmethod
    def copy_up(client, upstream):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)

    def copy_down(self, client, upstream):
        with contextlib.suppress(OSError), client, upstream, upstream.makefile("rb") as lines:
            head = lines.readline()
            while not head.endswith(b"\r\n\r\n"):
                head += lines.readline()
            client.sendall(head)
            if b" 101 " in head.split(b"\r\n")[0]:
                with self.lock:
                    self.websockets += 1
                    chosen = self.websockets == self.victim
                self.frames(client, lines, chosen)
            while data := lines.read1(65536):
                client.sendall(data)

    def frames(self, client, lines, chosen):
        pushes, held = 0, b""
        while True:
            head = lines.read(2)
            if len(head) < 2:
                return
            size = head[1]
            if size == 126:
                head += lines.read(2)
                size, = struct.unpack(">H", head[2:])
            elif size == 127:
                head += lines.read(8)
                size, = struct.unpack(">Q", head[2:])
            frame = head + lines.read(size)
            if chosen and b"send message" in frame:
                pushes += 1
                if pushes == 20:
                    frame, held = self.treat(frame)
                elif pushes == 21:
                    frame += held
            client.sendall(frame)

    def treat(self, frame):
        """(what goes out now, what follows the next one)"""
        if self.fault == "lose":
            return b"", b""
        if self.fault == "repeat":
            return frame * 2, b""
        if self.fault == "swap":
            return b"", frame
        return frame.replace(b"lazy", b"1azy"), b""

    def close(self):
        self.listener.close()


class Bench(ServerCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def bench(self, *arguments, url=None):
        """(exit status, the JSON or None, stderr)"""
        path = os.path.join(self.folder.name, "out.json")
        status, _, err = parley.run(
            "bench", "--url", url or f"http://127.0.0.1:{self.server.port}", "--json", path,
            "--user-prefix", "e2e", *arguments, timeout=120)
        with contextlib.suppress(FileNotFoundError), open(path) as f:
            return status, json.load(f), err
        return status, None, err

    def sound(self, *arguments):
        status, out, err = self.bench(*QUICK, *arguments)
        self.assertEqual(status, 0, (out, err))
        self.assertTrue(out["ok"])
        self.assertEqual(sum(out["faults"].values()), 0)
        return out["result"]

    def test_fanout(self):
        result = self.sound("--scenario", "fanout", "--connections", "20", "--users", "4",
                            "--outstanding", "4", "--bystanders", "1", "--server-pid",
                            self.server.process.pid)
        self.assertGreater(result["messages_per_s"], 1)
        self.assertGreater(result["deliveries_per_s"], 15 * result["messages_per_s"])
        for key in ("ack_p50_ms", "delivery_p99.9_ms", "delivery_max_ms", "bystander_ack_max_ms",
                    "server_cpu_s_per_million", "connection_kib"):
            self.assertIn(key, result)

    def test_fanout_extended(self):
        self.sound("--scenario", "fanout", "--connections", "20", "--users", "4", "--extended",
                   "--client-ids")

    def test_rooms_in_the_closed_and_the_open_loop(self):
        rooms = ("--scenario", "rooms", "--rooms", "4", "--room-size", "5", "--users", "4")
        self.sound(*rooms, "--outstanding", "3", "--extended")
        result = self.sound(*rooms, "--rate", "200")
        self.assertAlmostEqual(result["messages_per_s"], 200, delta=20)
        self.assertAlmostEqual(result["deliveries_per_s"], 1000, delta=200)

    def test_nodes_of_one_server(self):
        """Connections take turns among the addresses, and the processes' usage is summed."""
        meddlers = [Meddler(self.server.port, "nothing", victim=0) for _ in range(2)]
        self.addCleanup(lambda: [m.close() for m in meddlers])
        status, out, err = self.bench(
            *QUICK, "--scenario", "fanout", "--connections", "6", "--users", "2", "--rate", "50",
            "--server-pid", f"{self.server.process.pid},{os.getpid()}",
            url=",".join(m.url for m in meddlers))
        self.assertEqual(status, 0, (out, err))
        self.assertGreaterEqual(min(m.websockets for m in meddlers), 3)
        self.assertGreater(out["result"]["server_cpu_us_per_message"], 0)

    def test_ack(self):
        result = self.sound("--scenario", "ack", "--fsync-dir", self.folder.name)
        self.assertGreater(result["ack_to_fdatasync"], 0)

    def test_idle(self):
        result = self.sound("--scenario", "idle", "--connections", "50", "--users", "2",
                            "--server-pid", self.server.process.pid)
        self.assertIn("idle_cpu_percent", result)

    def test_reconnect(self):
        result = self.sound("--scenario", "reconnect", "--connections", "30", "--users", "3",
                            "--messages", "50")
        self.assertGreater(result["caught_up_s"], 0)

    def test_faults_are_found(self):
        for fault, name in (("lose", "lost"), ("repeat", "duplicates"), ("swap", "inversions"),
                            ("alter", "altered")):
            with self.subTest(fault), contextlib.closing(
                    Meddler(self.server.port, fault)) as meddler:
                status, out, _ = self.bench(
                    *QUICK, "--scenario", "fanout", "--connections", "6", "--users", "2",
                    "--outstanding", "2", "--rate", "100", "--grace", "1", url=meddler.url)
                self.assertEqual(status, 1)
                self.assertFalse(out["ok"])
                self.assertGreater(out["faults"][name], 0, out["faults"])
                self.assertTrue(out["first_fault"])

    def test_tokens_are_kept(self):
        path = os.path.join(self.folder.name, "tokens")
        for _ in range(2):
            self.sound("--scenario", "idle", "--connections", "4", "--users", "2", "--tokens", path)
        self.assertEqual(os.stat(path).st_mode & 0o077, 0)
        with open(path) as f:
            self.assertEqual(len(f.readlines()), 2)


class Refused(ServerCase):
    rates = True
    settings = {"PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS": "0",
                "PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS": "0"}

    def test_limits_are_named(self):
        status, out, _ = parley.run("bench", "--url", f"http://127.0.0.1:{self.server.port}", *QUICK,
                                    "--scenario", "ack", timeout=60)
        self.assertEqual(status, 1)
        self.assertIn("the server refused", out)


class Misuse(unittest.TestCase):
    def test_exit_statuses(self):
        self.assertEqual(parley.run("bench", "--help")[0], 0)
        for wrong in ([], ["--scenario", "nonsense"], ["--scenario", "ack", "--duration", "x"],
                      ["--scenario", "ack", "--url", "ftp://x"], ["--nonsense"], ["ack"],
                      ["--scenario", "ack", "--url", "http://a:1,"],
                      ["--scenario", "ack", "--url", ",".join(["http://a:1"] * 17)],
                      ["--scenario", "ack", "--server-pid", "1,0"],
                      ["--scenario", "idle", "--connections", "2", "--users", "3"]):
            status, _, err = parley.run("bench", *wrong)
            self.assertEqual(status, 2, wrong)
            self.assertIn("parley bench: ", err)

    def test_nobody_there(self):
        status, _, err = parley.run("bench", "--scenario", "ack", "--url",
                                    f"http://127.0.0.1:{parley.free_port()}")
        self.assertEqual(status, 1)
        self.assertIn("no answer", err)


if __name__ == "__main__":
    tap.main()
