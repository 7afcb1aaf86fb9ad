"""What the page of chat-app says over its websocket, and the frames it knows."""
import json
import uuid

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.ws import BINARY, Ws

OLD = {"channel_id", "message_id", "content", "user_id", "username", "created_at"}


def old_client_sees(frame):
    """What chat-app's page takes a frame for."""
    if frame["status"] != "success":
        return "alert"
    data = frame.get("data", {})
    if isinstance(data.get("reply_id"), (int, float)):
        return "reply"
    return "message" if isinstance(data.get("channel_id"), str) else None


class OldClients(ServerCase):
    def message(self, session, user, channel, content, **change):
        """As the page sends it, user_id and username included."""
        session.send("CreateMessage", {"channel_id": channel, "user_id": user.id,
                                       "username": user.name, "content": content, **change})

    def reply(self, session, user, channel, message, content):
        session.send("CreateReply", {"channel_id": channel, "message_id": message,
                                     "user_id": user.id, "username": user.name,
                                     "content": content})

    def both(self):
        ada, bob, channel = self.pair()
        return ada, bob, channel, self.keep(ada.legacy()), self.keep(bob.legacy())

    def test_a_message(self):
        ada, bob, channel, hers, his = self.both()
        self.message(hers, ada, channel, "hello")
        ack, push = hers.recv(), his.recv()
        self.assertEqual((ack["status"], ack["message"]),
                         ("success", "create message successfully"))
        self.assertEqual((push["status"], push["message"]),
                         ("success", "send message successfully"))
        self.assertEqual(ack["data"], push["data"])
        data = ack["data"]
        self.assertLessEqual(OLD, set(data))
        self.assertNotIn("reply_id", data)
        self.assertEqual((data["channel_id"], data["content"], data["user_id"], data["username"]),
                         (channel, "hello", ada.id, ada.name))
        self.assertIs(type(data["message_id"]), int)
        self.assertLess(data["message_id"], 2**53)
        self.assertEqual((old_client_sees(ack), old_client_sees(push)), ("message", "message"))

    def test_a_reply(self):
        ada, bob, channel, hers, his = self.both()
        self.message(hers, ada, channel, "question")
        message = hers.recv()["data"]["message_id"]
        his.recv()
        for given in (message, str(message)):
            self.reply(his, bob, channel, given, "answer")
            ack, push = his.recv(), hers.recv()
            self.assertEqual((ack["status"], ack["message"]),
                             ("success", "create reply successfully"))
            self.assertEqual((push["status"], push["message"]),
                             ("success", "send message successfully"))
            self.assertEqual(ack["data"], push["data"])
            self.assertLessEqual(OLD | {"reply_id"}, set(ack["data"]))
            self.assertIs(type(ack["data"]["reply_id"]), int)
            self.assertEqual(ack["data"]["message_id"], message)
            self.assertEqual((old_client_sees(ack), old_client_sees(push)), ("reply", "reply"))

    def test_every_other_session_of_every_member_hears_it(self):
        ada, bob, channel, hers, his = self.both()
        more = [self.keep(user.legacy()) for user in (ada, ada, bob)]
        self.message(hers, ada, channel, "to all")
        self.assertEqual(hers.recv()["message"], "create message successfully")
        for session in (his, *more):
            self.assertEqual(session.recv()["message"], "send message successfully")
        for session in (hers, his, *more):
            self.assertIsNone(session.maybe(0.2))

    def test_the_first_message_of_a_new_channel_reaches_all(self):
        ada, bob = self.user(), self.user()
        hers, his = self.keep(ada.legacy()), self.keep(bob.legacy())
        channel = ada.create()
        bob.join(channel)
        self.message(hers, ada, channel, "first")
        self.assertEqual(hers.recv()["data"]["content"], "first")
        self.assertEqual(his.recv()["data"]["content"], "first")

    def test_the_token_says_who_speaks(self):
        ada, bob, channel, hers, his = self.both()
        self.message(hers, bob, channel, "as somebody else")
        for frame in (hers.recv(), his.recv()):
            self.assertEqual((frame["data"]["user_id"], frame["data"]["username"]),
                             (ada.id, ada.name))
        hers.send("CreateMessage", {"channel_id": channel, "content": "without"})
        self.assertEqual(hers.recv()["data"]["user_id"], ada.id)

    def test_channel_stands_for_channel_id(self):
        ada, _, channel, hers, _ = self.both()
        hers.send("CreateMessage", {"channel": channel, "content": "x"})
        self.assertEqual(hers.recv()["data"]["channel_id"], channel)

    def test_binary_frames(self):
        ada, _, channel = self.pair()
        session = self.keep(Ws(self.server))
        session.send_frame(BINARY, f"Authorization: Bearer {ada.token}".encode())
        session.send_frame(BINARY, json.dumps({"action": "CreateMessage", "data": {
            "channel_id": channel, "content": "x"}}).encode())
        self.assertEqual(session.recv()["message"], "create message successfully")

    def test_nothing_answers_the_authentication(self):
        session = self.keep(Ws(self.server)).auth(self.user().token)
        self.assertIsNone(session.maybe(0.5))

    def test_a_message_straight_after_the_authentication(self):
        ada, _, channel = self.pair()
        session = self.keep(Ws(self.server))
        session.auth(ada.token)
        self.message(session, ada, channel, "at once")
        self.assertEqual(session.recv()["data"]["content"], "at once")

    def test_what_is_wrong_fails_and_the_socket_stays(self):
        ada, _, channel, hers, his = self.both()
        stranger = self.keep(self.user().legacy())
        wrong = ["", "{", "[]", "5", "x" * 1000, '{"action":5}', '{"action":"CreateMessage"}',
                 '{"action":"CreateMessage","data":[]}', '{"action":"Delete","data":{}}',
                 json.dumps({"action": "CreateMessage", "data": {"channel_id": channel}}),
                 json.dumps({"action": "CreateMessage", "data": {"channel_id": channel,
                                                                 "content": ""}}),
                 json.dumps({"action": "CreateMessage", "data": {"channel_id": channel,
                                                                 "content": 5}}),
                 json.dumps({"action": "CreateMessage", "data": {"channel_id": "x",
                                                                 "content": "x"}}),
                 json.dumps({"action": "CreateReply", "data": {"channel_id": channel,
                                                               "content": "x"}}),
                 json.dumps({"action": "CreateReply", "data": {
                     "channel_id": channel, "message_id": 5, "content": "x"}}),
                 json.dumps({"action": "CreateMessage", "data": {
                     "channel_id": str(uuid.uuid4()), "content": "x"}})]
        for text in wrong:
            hers.text(text)
            answer = hers.recv()
            self.assertEqual(answer["status"], "fail", text)
            self.assertTrue(answer["message"])
            self.assertEqual(old_client_sees(answer), "alert")
        self.message(stranger, ada, channel, "from outside")
        answer = stranger.recv()
        self.assertEqual((answer["status"], answer["message"], answer["code"]),
                         ("fail", "Not a member of this channel", "forbidden"))
        self.assertIsNone(his.maybe(0.2))
        self.message(hers, ada, channel, "still here")
        self.assertEqual(hers.recv()["status"], "success")

    def test_a_failed_authentication(self):
        head, body, mark = self.user().token.split(".")
        for text in ("Authorization: Bearer nonsense", "Authorization: Basic x", "hello", "{}", "",
                     f"Authorization: Bearer {head}.{body}.{mark[::-1]}"):
            session = self.keep(Ws(self.server))
            session.text(text)
            answer = session.recv()
            self.assertEqual(answer["status"], "fail", text)
            self.assertEqual(session.ended()[0], 4001)

    def test_no_other_frame_reaches_a_session_that_did_not_say_hello(self):
        ada, bob, channel, hers, his = self.both()
        new = self.keep(ada.session(watch=[channel]))
        new.send("Typing", {"channel_id": channel})
        sent = ada.say(channel, "over http")
        for session in (hers, his):
            frame = session.recv()
            self.assertEqual(old_client_sees(frame), "message")
            self.assertEqual(frame["data"]["message_id"], sent["message_id"])
        eve = self.user()
        eve.join(channel)
        eve.done("/api/channel/leave", {"channel_id": channel})
        bob.done("/api/channel/read", {"channel_id": channel, "seq": sent["seq"]})
        ada.create("another")
        self.keep(bob.legacy())
        for session in (hers, his):
            self.assertIsNone(session.maybe(1.5))


if __name__ == "__main__":
    tap.main()
