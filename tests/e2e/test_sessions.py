"""Extended sessions: Hello, refs, acks, duplicates, reading, presence, typing, membership."""
import time
import uuid

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.cluster import Cluster
from parley_e2e.ws import Ws

POST = {"channel_id", "message_id", "content", "user_id", "username", "created_at", "seq",
        "prev_seq"}


class Hello(ServerCase):
    def test_the_answer(self):
        ada, bob, channel = self.pair()
        head = ada.say(channel, "x")["seq"]
        hello = self.keep(bob.session()).hello
        self.assertEqual(set(hello), {"user_id", "session_id", "node", "heartbeat_s", "channels"})
        self.assertEqual((hello["user_id"], hello["heartbeat_s"]), (bob.id, 25))
        row, = hello["channels"]
        self.assertEqual((row["id"], row["head_seq"]), (channel, head))
        self.assertLess(row["read_seq"], head)  # what was there when he joined is read
        self.assertNotIn("recovered", row)

    def test_sessions_have_ids_of_their_own(self):
        ada = self.user()
        ids = {self.keep(ada.session()).hello["session_id"] for _ in range(3)}
        self.assertEqual(len(ids), 3)

    def test_only_once(self):
        session = self.keep(self.user().session())
        session.send("Hello", {"protocol": 1}, ref="again")
        answer = session.recv()
        self.assertEqual((answer["action"], answer["status"], answer["code"], answer["ref"]),
                         ("Fail", "fail", "bad_request", "again"))

    def test_bad_ones(self):
        ada = self.user()
        for data in ({"protocol": "x"}, {"resume": []}, {"resume": {"x": 1}},
                     {"resume": {str(uuid.uuid4()): -1}}, {"watch": {}}, {"watch": ["x"]},
                     {"watch": [str(uuid.uuid4()) for _ in range(51)]}):
            session = self.keep(Ws(self.server)).auth(ada.token)
            session.send("Hello", {"protocol": 1, **data})
            self.assertEqual(session.recv()["code"], "bad_request", data)
            session.send("Hello", {"protocol": 1})
            self.assertEqual(session.recv()["action"], "Hello")

    def test_every_frame_has_the_four_fields(self):
        ada, bob, channel = self.pair()
        session = self.keep(ada.session(watch=[channel]))
        bob.say(channel, "x")
        session.send("Ping")
        session.send("Nonsense")
        session.send("CreateMessage", {"channel_id": channel, "content": "y"})
        session.send("Watch", {"channels": []})
        self.user().join(channel)
        frames = session.until(lambda f: f["action"] == "Joined")
        for frame in frames:
            self.assertLessEqual({"action", "status", "message", "data"}, set(frame))
            self.assertIsInstance(frame["data"], dict)


class Sending(ServerCase):
    def test_ack_and_push(self):
        ada, bob, channel = self.pair()
        hers, his = self.keep(ada.session()), self.keep(bob.session())
        hers.send("CreateMessage", {"channel_id": channel, "content": "x",
                                    "client_msg_id": "id-1"}, ref="r1")
        ack, push = hers.recv(), his.recv()
        self.assertEqual((ack["action"], ack["message"], ack["ref"]),
                         ("Ack", "create message successfully", "r1"))
        self.assertEqual((push["action"], push["message"]),
                         ("Message", "send message successfully"))
        self.assertNotIn("ref", push)
        self.assertEqual(ack["data"], push["data"])
        self.assertEqual(set(ack["data"]), POST | {"client_msg_id"})
        his.send("CreateReply", {"channel_id": channel, "content": "y",
                                 "message_id": ack["data"]["message_id"]})
        ack, push = his.recv(), hers.recv()
        self.assertEqual((ack["action"], push["action"]), ("Ack", "Reply"))
        self.assertEqual(set(push["data"]) - {"client_msg_id"}, POST | {"reply_id"})

    def test_refs_come_back_as_they_were(self):
        session = self.keep(self.user().session())
        for ref in ("a", "", "ü\"\\\n", 5, 0, -1, 1.5, 123456789012345678, "x" * 64):
            session.send("Ping", ref=ref)
            self.assertEqual(session.recv()["ref"], ref)
            session.send("Nonsense", ref=ref)
            answer = session.recv()
            self.assertEqual((answer["ref"], answer["code"]), (ref, "bad_request"))

    def test_bad_refs(self):
        session = self.keep(self.user().session())
        for ref in ("x" * 65, [], {}, True):
            session.send("Ping", ref=ref)
            answer = session.recv()
            self.assertEqual(answer["code"], "bad_request", ref)

    def test_a_retry(self):
        ada, bob, channel = self.pair()
        hers, his = self.keep(ada.session()), self.keep(bob.session())
        data = {"channel_id": channel, "content": "once", "client_msg_id": "id-1"}
        hers.send("CreateMessage", data)
        first = hers.recv()
        hers.send("CreateMessage", data, ref=2)
        second = hers.recv()
        self.assertIs(second["duplicate"], True)
        self.assertEqual((second["action"], second["ref"], second["data"]),
                         ("Ack", 2, first["data"]))
        hers.send("CreateMessage", {**data, "content": "other"}, ref=3)
        third = hers.recv()
        self.assertEqual((third["action"], third["code"], third["ref"]), ("Fail", "conflict", 3))
        self.assertEqual(his.recv()["data"], first["data"])
        self.assertIsNone(his.maybe(0.3))
        self.assertEqual(len(ada.history(channel)), 1)

    def test_acks_take_their_place_among_the_pushes(self):
        ada, bob, channel = self.pair()
        hers, his = self.keep(ada.session()), self.keep(bob.session())
        for i in range(100):
            hers.send("CreateMessage", {"channel_id": channel, "content": f"a{i}"})
            his.send("CreateMessage", {"channel_id": channel, "content": f"b{i}"})
        for session in (hers, his):
            frames = [session.recv() for _ in range(200)]
            seqs = [f["data"]["seq"] for f in frames]
            self.assertEqual(seqs, sorted(set(seqs)))
            self.assertEqual([f["data"]["prev_seq"] for f in frames[1:]], seqs[:-1])
            self.assertEqual(sum(f["action"] == "Ack" for f in frames), 100)

    def test_ping(self):
        session = self.keep(self.user().session())
        session.send("Ping", ref="p")
        self.assertEqual({k: v for k, v in session.recv().items() if k != "message"},
                         {"action": "Pong", "status": "success", "ref": "p", "data": {}})
        session.send_frame(9, b"protocol")
        session.send("Ping")
        session.recv()
        self.assertEqual(session.pongs, [b"protocol"])

    def test_compression(self):
        ada, bob, channel = self.pair()
        packed, plain = self.keep(ada.session(deflate=True)), self.keep(bob.session())
        self.assertTrue(packed.deflate)
        text = "the same again and " * 200
        packed.send_deflated({"action": "CreateMessage",
                              "data": {"channel_id": channel, "content": text}})
        self.assertEqual(packed.recv()["data"]["content"], text)
        self.assertEqual(plain.recv()["data"]["content"], text)
        plain.send("CreateMessage", {"channel_id": channel, "content": text[::-1]})
        self.assertEqual(packed.recv()["data"]["content"], text[::-1])


class Membership(ServerCase):
    def test_joins_and_leaves_are_told(self):
        ada, bob, channel = self.pair()
        hers, his = self.keep(ada.session()), self.keep(bob.session())
        eve = self.user("eve")
        new = self.keep(eve.session())
        eve.join(channel)
        frame = hers.recv()
        self.assertEqual(frame["action"], "Joined")
        self.assertEqual(set(frame["data"]), {"channel_id", "seq", "prev_seq", "user_id",
                                              "username"})
        self.assertEqual((frame["data"]["user_id"], frame["data"]["username"]), (eve.id, "eve"))
        own = new.recv()
        self.assertEqual(own["action"], "Joined")
        self.assertEqual(own["data"]["channel"]["id"], channel)
        self.assertEqual(set(own["data"]["channel"]), {"id", "name", "user_id", "created_at"})
        self.assertEqual(own["data"]["seq"], frame["data"]["seq"])
        said = ada.say(channel, "hello eve")
        self.assertEqual(new.recv()["data"]["seq"], said["seq"])
        eve.done("/api/channel/leave", {"channel_id": channel})
        own = new.recv()
        self.assertEqual((own["action"], own["data"]["channel"]["id"]), ("Left", channel))
        ada.say(channel, "she is gone")
        self.assertIsNone(new.maybe(0.3))
        self.assertEqual([his.recv()["action"] for _ in range(4)],
                         ["Joined", "Message", "Left", "Message"])

    def test_they_are_no_links_of_the_chain(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session())
        first = bob.say(channel, "1")
        self.user().join(channel)
        second = bob.say(channel, "2")
        self.assertEqual(second["prev_seq"], first["seq"])
        frames = [hers.recv() for _ in range(3)]
        self.assertEqual([f["action"] for f in frames], ["Message", "Joined", "Message"])
        self.assertEqual(frames[1]["data"]["prev_seq"], first["seq"])
        self.assertLess(first["seq"], frames[1]["data"]["seq"])
        self.assertLess(frames[1]["data"]["seq"], second["seq"])

    def test_who_left_may_not_speak(self):
        ada, bob, channel = self.pair()
        his = self.keep(bob.session())
        bob.done("/api/channel/leave", {"channel_id": channel})
        his.action("Left")
        his.send("CreateMessage", {"channel_id": channel, "content": "x"})
        self.assertEqual(his.recv()["code"], "forbidden")

    def test_new_channels_are_told_to_everyone(self):
        ada, bob = self.user(), self.user()
        his = self.keep(bob.session())
        made = ada.done("/api/channel", {"name": "news"})
        frame = his.action("ChannelCreated")
        self.assertEqual(frame["data"], made)
        self.assertIsNone(his.maybe(0.2))

    def test_the_creator_hears_her_own_channel(self):
        ada = self.user()
        hers = self.keep(ada.session())
        made = ada.done("/api/channel", {"name": "mine"})
        hers.action("ChannelCreated")
        hers.send("CreateMessage", {"channel_id": made["id"], "content": "first"})
        self.assertEqual(hers.action("Ack")["data"]["prev_seq"], 0)


class Reading(ServerCase):
    def test_other_sessions_of_the_user_are_told(self):
        ada, bob, channel = self.pair()
        seq = ada.say(channel, "x")["seq"]
        first, second = self.keep(bob.session()), self.keep(bob.session())
        hers = self.keep(ada.session())
        first.send("Read", {"channel_id": channel, "seq": seq})
        frame = second.recv()
        self.assertEqual((frame["action"], frame["data"]),
                         ("Read", {"channel_id": channel, "read_seq": seq}))
        first.send("Ping")
        self.assertEqual(first.action("Pong")["action"], "Pong")
        self.assertIsNone(hers.maybe(0.3))
        row, = bob.get("/api/user/channel").data
        self.assertEqual((row["read_seq"], row["unread"]), (seq, 0))

    def test_over_http_all_of_them(self):
        ada, bob, channel = self.pair()
        seq = ada.say(channel, "x")["seq"]
        sessions = [self.keep(bob.session()) for _ in range(2)]
        bob.done("/api/channel/read", {"channel_id": channel, "seq": seq})
        for session in sessions:
            self.assertEqual(session.recv()["data"]["read_seq"], seq)

    def test_what_is_wrong_is_said(self):
        ada, _, channel = self.pair()
        session = self.keep(ada.session())
        stranger = self.keep(self.user().session())
        stranger.send("Read", {"channel_id": channel, "seq": 1})
        self.assertEqual(stranger.recv()["code"], "forbidden")
        for data in ({"channel_id": channel}, {"seq": 1}, {"channel_id": channel, "seq": "x"}):
            session.send("Read", data)
            self.assertEqual(session.recv()["code"], "bad_request")


class Presence(ServerCase):
    def ids(self, frame, which):
        return sorted(who["id"] for who in frame["data"][which])

    def test_watchers_are_told(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session(watch=[channel]))
        first = hers.action("Presence", 4)
        self.assertEqual(set(first["data"]), {"channel_id", "online", "offline"})
        self.assertEqual(self.ids(first, "online"), [ada.id])
        his = bob.session()
        frame = hers.action("Presence", 4)
        self.assertEqual((self.ids(frame, "online"), self.ids(frame, "offline")), ([bob.id], []))
        self.assertEqual(frame["data"]["online"][0]["name"], bob.name)
        his.close()
        frame = hers.action("Presence", 4)
        self.assertEqual((self.ids(frame, "online"), self.ids(frame, "offline")), ([], [bob.id]))

    def test_a_second_session_changes_nothing(self):
        ada, bob, channel = self.pair()
        self.keep(bob.session())
        hers = self.keep(ada.session(watch=[channel]))
        hers.until(lambda f: f["action"] == "Presence" and bob.id in self.ids(f, "online"), 5)
        more = bob.session()
        more.close()
        # From another node it may be told again that he is online: what counts is where it ends.
        end = time.monotonic() + 2.5
        while frame := hers.maybe(max(0.01, end - time.monotonic())):
            self.assertIsInstance(self.server, Cluster, "one server has nothing to tell")
            self.assertEqual((frame["action"], self.ids(frame, "offline")), ("Presence", []))

    def test_one_frame_a_second(self):
        ada, bob, channel = self.pair()
        users = [self.user() for _ in range(12)]
        for user in users:
            user.join(channel)
        hers = self.keep(ada.session(watch=[channel]))
        hers.action("Presence", 4)
        for user in users:
            self.keep(user.session())
        told, frames = set(), 0
        while len(told) < len(users):
            frame = hers.action("Presence", 5)
            told.update(self.ids(frame, "online"))
            frames += 1
        self.assertLessEqual(frames, 5)

    def test_who_does_not_watch_is_not_told(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session())
        self.keep(bob.session())
        self.assertIsNone(hers.maybe(2))
        hers.send("Watch", {"channels": [channel]})
        hers.action("Presence", 4)
        hers.send("Watch", {"channels": []})
        hers.send("Ping")
        hers.action("Pong")
        self.keep(self.user().session())
        his = bob.session()
        his.close()
        self.assertIsNone(hers.maybe(2))

    def test_strangers_learn_nothing(self):
        ada, bob, channel = self.pair()
        stranger = self.keep(self.user().session(watch=[channel]))
        self.keep(bob.session())
        self.assertIsNone(stranger.maybe(2))


class Typing(ServerCase):
    def test_watchers_see_it_the_typist_not(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session(watch=[channel]))
        his, more = self.keep(bob.session(watch=[channel])), self.keep(bob.session(watch=[channel]))
        his.send("Typing", {"channel_id": channel})
        frame = hers.action("Typing", 3)
        self.assertEqual(frame["data"], {"channel_id": channel, "user_id": bob.id,
                                         "username": bob.name})
        for session in (his, more):
            while frame := session.maybe(1.2):
                self.assertNotEqual(frame["action"], "Typing")

    def test_only_of_members(self):
        ada, _, channel = self.pair()
        hers = self.keep(ada.session(watch=[channel]))
        stranger = self.keep(self.user().session())
        stranger.send("Typing", {"channel_id": channel})
        self.assertEqual(stranger.recv()["code"], "forbidden")
        while frame := hers.maybe(1.2):
            self.assertNotEqual(frame["action"], "Typing")

    def test_nothing_is_kept(self):
        ada, bob, channel = self.pair()
        his = self.keep(bob.session())
        his.send("Typing", {"channel_id": channel})
        his.send("Ping")
        his.action("Pong")
        self.assertEqual(ada.after(channel), [])


if __name__ == "__main__":
    tap.main()
