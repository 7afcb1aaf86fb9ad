"""Catching up after a cut: nothing missing, nothing twice, nothing silently."""
import threading
import time
import uuid

from parley_e2e import tap
from parley_e2e.chat import ServerCase


POSTS = ("Message", "Reply", "Ack")


class Resuming(ServerCase):
    def hear(self, session, count, timeout=10):
        """The positions of the next messages and replies."""
        heard = []
        while len(heard) < count:
            frame = session.recv(timeout)
            if frame["action"] in POSTS:
                heard.append(frame["data"]["seq"])
        return heard

    def recovered(self, session, channel):
        row, = [c for c in session.hello["channels"] if c["id"] == channel]
        return row["recovered"]

    def test_what_was_missed_is_replayed(self):
        ada, bob, channel = self.pair()
        seen = ada.say(channel, "seen")["seq"]
        missed = [ada.say(channel, f"m{i}") for i in range(30)]
        missed.append(ada.done("/api/reply", {"channel_id": channel, "content": "r",
                                              "message_id": missed[0]["message_id"]}))
        session = self.keep(bob.session(resume={channel: seen}))
        self.assertIs(self.recovered(session, channel), True)
        frames = [session.recv() for _ in missed]
        self.assertEqual([f["data"]["seq"] for f in frames], [m["seq"] for m in missed])
        self.assertTrue(all(f["replay"] is True for f in frames))
        self.assertEqual([f["action"] for f in frames], ["Message"] * 30 + ["Reply"])
        self.assertEqual(frames[0]["data"], {**missed[0]})
        live = ada.say(channel, "live")
        frame = session.recv()
        self.assertEqual((frame["data"]["seq"], frame["data"]["prev_seq"]),
                         (live["seq"], missed[-1]["seq"]))
        self.assertNotIn("replay", frame)

    def test_from_the_beginning(self):
        ada, bob, channel = self.pair()
        sent = [ada.say(channel, f"m{i}")["seq"] for i in range(5)]
        session = self.keep(bob.session(resume={channel: 0}))
        self.assertEqual(self.hear(session, 5), sent)

    def test_after_a_restart_from_the_store(self):
        ada, bob, channel = self.pair()
        sent = [ada.say(channel, f"m{i}")["seq"] for i in range(250)]
        self.server.restart()
        session = self.keep(bob.session(resume={channel: sent[9]}))
        self.assertEqual(self.hear(session, 240), sent[10:])

    def test_nothing_was_missed(self):
        ada, bob, channel = self.pair()
        head = ada.say(channel, "x")["seq"]
        session = self.keep(bob.session(resume={channel: head}))
        self.assertIs(self.recovered(session, channel), True)
        self.assertIsNone(session.maybe(0.3))

    def test_one_s_own_messages_too(self):
        ada, _, channel = self.pair()
        sent = ada.say(channel, "mine")["seq"]
        session = self.keep(ada.session(resume={channel: 0}))
        frame = session.recv()
        self.assertEqual((frame["action"], frame["data"]["seq"]), ("Message", sent))

    def test_more_than_a_thousand(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session())
        for i in range(1001):
            hers.send("CreateMessage", {"channel_id": channel, "content": f"m{i}"})
        sent = self.hear(hers, 1001, 60)
        exactly = self.keep(bob.session(resume={channel: sent[0]}))
        self.assertIs(self.recovered(exactly, channel), True)
        self.assertEqual(self.hear(exactly, 1000, 30), sent[1:])
        over = self.keep(bob.session(resume={channel: 0}))
        self.assertIs(self.recovered(over, channel), False)
        self.assertIsNone(over.maybe(0.5))
        live = ada.say(channel, "live")["seq"]
        self.assertEqual(over.recv()["data"]["seq"], live)

    def test_above_the_head(self):
        ada, bob, channel = self.pair()
        ada.say(channel, "x")
        session = self.keep(bob.session(resume={channel: 2**52}))
        self.assertIs(self.recovered(session, channel), False)
        self.assertIsNone(session.maybe(0.3))

    def test_a_channel_one_is_not_in(self):
        ada, _, channel = self.pair()
        ada.say(channel, "secret")
        session = self.keep(self.user().session(resume={channel: 0, str(uuid.uuid4()): 0}))
        self.assertEqual(session.hello["channels"], [])
        self.assertIsNone(session.maybe(0.5))
        session.send("Resume", {"channels": {channel: 0}}, ref=1)
        answer = session.recv()
        self.assertEqual(answer["action"], "Resumed")
        self.assertIs(answer["data"]["channels"][channel]["recovered"], False)
        self.assertIsNone(session.maybe(0.3))

    def test_without_resume_only_what_follows(self):
        ada, bob, channel = self.pair()
        ada.say(channel, "before")
        session = self.keep(bob.session())
        live = ada.say(channel, "after")
        self.assertEqual(session.recv()["data"]["seq"], live["seq"])

    def test_resume_later_fills_a_hole(self):
        ada, bob, channel = self.pair()
        sent = [ada.say(channel, f"m{i}")["seq"] for i in range(20)]
        session = self.keep(bob.session())
        session.send("Resume", {"channels": {channel: sent[4]}}, ref="r")
        answer = session.action("Resumed")
        self.assertEqual((answer["ref"], answer["data"]["channels"]),
                         ("r", {channel: {"recovered": True, "head_seq": sent[-1]}}))
        self.assertEqual(self.hear(session, 15), sent[5:])

    def test_membership_that_began_while_away(self):
        ada, bob = self.user(), self.user()
        first = ada.create()
        bob.join(first)
        session = bob.session()
        session.close()
        second = ada.create()
        bob.join(second)
        sent = ada.say(second, "welcome")["seq"]
        session = self.keep(bob.session(resume={first: 0, second: 0}))
        self.assertEqual({c["id"] for c in session.hello["channels"]}, {first, second})
        self.assertEqual(self.hear(session, 1), [sent])


class UnderLoad(ServerCase):
    def test_two_send_while_a_third_comes_and_goes(self):
        ada, bob, channel = self.pair()
        eve = self.user()
        eve.join(channel)
        stop = threading.Event()
        acked = []

        def talk(user):
            with user.session() as session:
                number = 0
                while not stop.is_set():
                    session.send("CreateMessage", {"channel_id": channel,
                                                   "content": f"{user.name} {number}"}, ref=number)
                    ack = session.until(lambda f: f.get("ref") == number)[-1]
                    assert ack["action"] == "Ack", ack
                    acked.append(ack["data"]["seq"])
                    number += 1

        talkers = [threading.Thread(target=talk, args=(user,)) for user in (ada, bob)]
        for talker in talkers:
            talker.start()
        heard, position = [], 0
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            with eve.session(resume={channel: position}) as session:
                row, = session.hello["channels"]
                self.assertIs(row["recovered"], True)
                until = time.monotonic() + 0.2
                while time.monotonic() < until and (frame := session.maybe(0.2)):
                    if frame["action"] == "Message":
                        self.assertEqual(frame["data"]["prev_seq"], position)
                        position = frame["data"]["seq"]
                        heard.append(position)
        stop.set()
        for talker in talkers:
            talker.join()
        history = [m["seq"] for m in eve.after(channel)]
        rest = len(history) - len(heard)
        with eve.session(resume={channel: position}) as session:
            heard += [session.recv()["data"]["seq"] for _ in range(rest)]
            self.assertIsNone(session.maybe(0.3))
        self.assertEqual(heard, history)
        self.assertEqual(sorted(acked), history)
        self.assertGreater(len(history), 100)

    def test_resuming_again_and_again_in_one_session(self):
        ada, bob, channel = self.pair()
        session = self.keep(bob.session())
        hers = self.keep(ada.session())
        for i in range(300):
            hers.send("CreateMessage", {"channel_id": channel, "content": f"m{i}"})
        for number in range(5):
            session.send("Resume", {"channels": {channel: 0}}, ref=number)
        history = None
        seen, answers = set(), 0
        deadline = time.monotonic() + 20
        while (answers < 5 or history is None or seen != history) and time.monotonic() < deadline:
            frame = session.maybe(1)
            if frame and frame["action"] == "Message":
                seen.add(frame["data"]["seq"])
            elif frame:
                self.assertIn((frame["action"], frame.get("code")),
                              (("Resumed", None), ("Fail", "rate_limited")))
                answers += 1
            if len(seen) == 300:
                history = {m["seq"] for m in ada.after(channel)}
        self.assertEqual((answers, seen), (5, history))


if __name__ == "__main__":
    tap.main()
