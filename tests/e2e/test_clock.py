"""The wall clock steps back and forth while the server runs and between its runs: positions and
ids still only grow, sessions and sockets live on."""
import glob
import os
import pathlib
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.server import BIN

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


class Clock(ServerCase):
    @classmethod
    def setUpClass(cls):
        if LIBRARY is None:
            raise unittest.SkipTest("libfaketime is not installed")
        program = pathlib.Path(BIN).read_bytes()
        if b"__asan_init" in program or b"__tsan_init" in program:
            # It waits on conditions behind ThreadSanitizer's back, which then sees mutexes locked twice.
            raise unittest.SkipTest("a sanitizer does not go together with libfaketime")
        cls.file = f"/tmp/parley-e2e-clock-{os.getpid()}"
        cls.step("+0")
        cls.settings = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": cls.file,
                        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        os.unlink(cls.file)

    @classmethod
    def step(cls, offset):
        pathlib.Path(cls.file).write_text(offset + "\n")

    def say(self, user, channel):
        sent = user.say(channel, "x")
        return sent["seq"], sent["message_id"], sent["created_at"]

    def test_steps_while_it_runs(self):
        ada, bob, channel = self.pair()
        session = self.keep(bob.session())
        last = self.say(ada, channel)
        for offset in ("-3600", "+3600", "+7200", "-60", "+0", "-86000"):
            self.step(offset)
            for _ in range(3):
                now = self.say(ada, channel)
                self.assertGreater(now[0], last[0], offset)
                self.assertGreater(now[1], last[1], offset)
                self.assertGreaterEqual(now[2], last[2], offset)
                last = now
        self.step("+0")
        session.send("Ping")
        *heard, _ = session.until(lambda f: f["action"] == "Pong")
        seqs = [m["seq"] for m in ada.after(channel)]
        self.assertEqual(len(seqs), 19)
        self.assertEqual(seqs, sorted(seqs))
        self.assertEqual([f["data"]["seq"] for f in heard], seqs)

    def test_a_step_back_between_two_runs(self):
        ada, _, channel = self.pair()
        self.step("+7200")
        last = self.say(ada, channel)
        for offset in ("+0", "-3600"):
            self.server.term()
            self.step(offset)
            self.server.start()
            now = self.say(ada, channel)
            self.assertGreater(now[0], last[0])
            self.assertGreater(now[1], last[1])
            last = now
        self.step("+0")


if __name__ == "__main__":
    tap.main()
