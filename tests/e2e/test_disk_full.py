"""A full disk: what cannot be made durable is refused with a word, nothing that was acknowledged is
lost, and it goes on by itself when there is room again."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.server import NO_RATES, Server


class DiskFull(ServerCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root to mount a small disk")
        cls.disk = tempfile.mkdtemp(prefix="parley-e2e-disk-")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", cls.disk],
                                 capture_output=True)
        if mounted.returncode != 0:
            os.rmdir(cls.disk)
            raise unittest.SkipTest("may not mount here")
        settings = {**NO_RATES, "PARLEY_DATA_WAL_BYTES": "1048576"}
        cls.server = Server(settings, data=cls.disk).start()

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            subprocess.run(["umount", cls.disk], check=True)
            os.rmdir(cls.disk)

    def test_sends_are_refused_and_go_on_when_there_is_room(self):
        ada, bob, channel = self.pair()
        listener = self.keep(bob.session())
        acked = [ada.say(channel, "before")["message_id"]]
        stuffing = pathlib.Path(self.disk) / "stuffing"
        with open(stuffing, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        refused = 0
        for i in range(4000):
            answer = ada.post("/api/message", {"channel_id": channel, "content": "x" * 4000})
            if answer.status == 200:
                acked.append(answer.data["message_id"])
            else:
                self.fails(answer, 503, code="unavailable")
                self.assertIsNotNone(answer.header("Retry-After"))
                refused += 1
                if refused == 5:
                    break
        self.assertEqual(refused, 5, "the disk never filled")
        self.assertEqual(ada.get("/api/me").status, 200)
        stuffing.unlink()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            answer = ada.post("/api/message", {"channel_id": channel, "content": "after"})
            if answer.status == 200:
                break
            time.sleep(0.2)
        acked.append(answer.data["message_id"])
        self.assertEqual([m["message_id"] for m in ada.history(channel)], acked)
        self.assertEqual([listener.recv()["data"]["message_id"] for _ in acked], acked)
        self.assertIsNone(listener.maybe(0.3))
        self.server.kill()
        self.server.start()
        self.assertEqual([m["message_id"] for m in ada.history(channel)], acked)


if __name__ == "__main__":
    tap.main()
