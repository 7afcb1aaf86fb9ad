"""One slow reader hurts nobody: over its bound it is closed with 4008, and may resume."""
import threading
import time

from parley_e2e import tap
from parley_e2e.chat import ServerCase


class SlowReaders(ServerCase):
    settings = {"PARLEY_LIMITS_WRITE_QUEUE_BYTES": "65536"}

    def flood(self, user, channel, count):
        """Sends `count` large messages; the latency of each ack in seconds."""
        session = self.keep(user.session())
        took = []
        for i in range(count):
            started = time.monotonic()
            session.send("CreateMessage", {"channel_id": channel, "content": "x" * 8000}, ref=i)
            session.until(lambda f, i=i: f.get("ref") == i)
            took.append(time.monotonic() - started)
        return took

    def test_it_is_closed_and_others_are_not_hurt(self):
        ada, bob, channel = self.pair()
        eve = self.user()
        eve.join(channel)
        slow = self.keep(bob.session(receive_buffer=4096))
        legacy = self.keep(bob.legacy(receive_buffer=4096))
        quick = self.keep(eve.session())
        heard = []

        def listen():
            while len(heard) < 900:
                heard.append(quick.recv()["data"]["seq"])

        listener = threading.Thread(target=listen)
        listener.start()
        took = self.flood(ada, channel, 900)
        listener.join(20)
        self.assertEqual(len(heard), 900)
        self.assertLess(sorted(took)[int(len(took) * 0.99)], 0.5)
        self.assertEqual(self.server.metric("parley_closed_total"), 2)
        self.assertEqual(slow.ended(10)[0], 4008)
        self.assertEqual(legacy.ended(10)[0], 4008)
        last = ada.after(channel)[-5]["seq"]
        again = self.keep(bob.session(resume={channel: last}))
        self.assertEqual(len([again.recv() for _ in range(4)]), 4)

    def test_a_replay_waits_for_its_reader(self):
        """Far more than a write queue is missed; it is read at the reader's pace."""
        ada, bob, channel = self.pair()
        self.flood(ada, channel, 600)
        slow = self.keep(bob.session(resume={channel: 0}, receive_buffer=4096))
        time.sleep(2)
        seqs = [slow.recv()["data"]["seq"] for _ in range(600)]
        self.assertEqual(seqs, [m["seq"] for m in ada.after(channel)])
        live = ada.say(channel, "and then live")
        self.assertEqual(slow.recv()["data"]["seq"], live["seq"])

    def test_live_messages_during_a_slow_replay_wait(self):
        ada, bob, channel = self.pair()
        self.flood(ada, channel, 300)
        slow = self.keep(bob.session(resume={channel: 0}, receive_buffer=4096))
        self.flood(ada, channel, 30)
        seqs = [slow.recv()["data"]["seq"] for _ in range(330)]
        self.assertEqual(seqs, [m["seq"] for m in ada.after(channel)])


if __name__ == "__main__":
    tap.main()
