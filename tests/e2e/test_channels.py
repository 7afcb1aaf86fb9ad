"""Channels over HTTP: leaving, members, read positions, sending without a websocket, pages by
position."""
import uuid

from parley_e2e import tap
from parley_e2e.chat import ServerCase


class Membership(ServerCase):
    def test_create_tells_the_channel(self):
        owner = self.user()
        data = owner.done("/api/channel", {"name": "general"})
        self.assertEqual(set(data), {"id", "name", "user_id", "created_at"})
        self.assertEqual((data["name"], data["user_id"]), ("general", owner.id))

    def test_leaving(self):
        owner, other, channel = self.pair()
        self.assertEqual(other.post("/api/channel/leave", {"channel_id": channel}).status, 200)
        self.assertEqual(other.get("/api/user/channel").data, [])
        self.fails(other.post("/api/channel/leave", {"channel_id": channel}), 404,
                   code="not_found")
        self.fails(other.post("/api/message", {"channel_id": channel, "content": "x"}), 403,
                   "Not a member of this channel", "forbidden")
        other.join(channel)
        other.say(channel, "back")

    def test_members_in_order_of_joining(self):
        owner, other, channel = self.pair()
        session = self.keep(owner.session())
        session.send("Ping")
        session.action("Pong")
        members = owner.get(f"/api/channel/member?channel_id={channel}").data
        self.assertEqual([(m["id"], m["name"], m["online"]) for m in members],
                         [(owner.id, owner.name, True), (other.id, other.name, False)])

    def test_only_members_see_and_speak(self):
        owner, _, channel = self.pair()
        message = owner.say(channel, "inside")
        stranger = self.user()
        for answer in (stranger.get(f"/api/message?channel_id={channel}"),
                       stranger.get(f"/api/message?channel_id={channel}&after=0"),
                       stranger.get(f"/api/reply?message_id={message['message_id']}"),
                       stranger.get(f"/api/channel/member?channel_id={channel}"),
                       stranger.post("/api/message", {"channel_id": channel, "content": "x"}),
                       stranger.post("/api/reply", {"channel_id": channel, "content": "x",
                                                    "message_id": message["message_id"]})):
            self.fails(answer, 403, "Not a member of this channel", "forbidden")


class Reading(ServerCase):
    def state(self, user, channel):
        row, = [c for c in user.get("/api/user/channel").data if c["id"] == channel]
        return row["head_seq"], row["read_seq"], row["unread"]

    def read(self, user, channel, seq):
        return user.post("/api/channel/read", {"channel_id": channel, "seq": seq})

    def test_unread_counts_what_others_said(self):
        owner, other, channel = self.pair()
        sent = [owner.say(channel, f"m{i}") for i in range(3)]
        owner.done("/api/reply", {"channel_id": channel, "content": "r",
                                  "message_id": sent[0]["message_id"]})
        self.assertEqual(self.state(other, channel)[2], 4)
        head, read, unread = self.state(owner, channel)
        self.assertEqual((read, unread), (head, 0))
        self.assertEqual(self.read(other, channel, sent[1]["seq"]).status, 200)
        self.assertEqual(self.state(other, channel)[1:], (sent[1]["seq"], 2))

    def test_it_moves_forward_only(self):
        owner, other, channel = self.pair()
        sent = [owner.say(channel, f"m{i}") for i in range(3)]
        self.read(other, channel, sent[2]["seq"])
        self.assertEqual(self.read(other, channel, sent[0]["seq"]).status, 200)
        self.assertEqual(self.state(other, channel)[1:], (sent[2]["seq"], 0))

    def test_never_past_the_head(self):
        owner, other, channel = self.pair()
        head = owner.say(channel, "m")["seq"]
        self.read(other, channel, 2**52)
        self.assertEqual(self.state(other, channel), (head, head, 0))
        owner.say(channel, "n")
        self.assertEqual(self.state(other, channel)[2], 1)

    def test_sending_reads(self):
        owner, other, channel = self.pair()
        owner.say(channel, "question")
        answer = other.say(channel, "answer")
        self.assertEqual(self.state(other, channel)[1:], (answer["seq"], 0))

    def test_it_is_counted_to_a_hundred(self):
        owner, other, channel = self.pair()
        for i in range(105):
            owner.say(channel, f"m{i}")
        self.assertEqual(self.state(other, channel)[2], 100)

    def test_what_is_wrong_is_said(self):
        owner, _, channel = self.pair()
        self.fails(self.read(self.user(), channel, 1), 403, code="forbidden")
        self.fails(self.read(owner, channel, "x"), 400, code="bad_request")
        self.fails(self.read(owner, channel, -1), 400, code="bad_request")
        self.fails(owner.post("/api/channel/read", {"seq": 1}), 400,
                   "The Field: channelid is required")


class Sending(ServerCase):
    def test_the_answer_is_the_ack(self):
        owner, _, channel = self.pair()
        first = owner.post("/api/message", {"channel_id": channel, "content": "x",
                                            "client_msg_id": "a.B_c:1-2"})
        self.assertEqual((first.status, first.message), (200, "create message successfully"))
        self.assertEqual(set(first.data), {"channel_id", "message_id", "content", "user_id",
                                           "username", "created_at", "seq", "prev_seq",
                                           "client_msg_id"})
        self.assertNotIn("duplicate", first.json())
        self.assertEqual(first.data["prev_seq"], 0)
        reply = owner.post("/api/reply", {"channel_id": channel, "content": "y",
                                          "message_id": first.data["message_id"]})
        self.assertEqual((reply.status, reply.message), (200, "create reply successfully"))
        self.assertEqual(reply.data["prev_seq"], first.data["seq"])
        self.assertGreater(reply.data["reply_id"], first.data["message_id"])

    def test_a_retry_is_answered_with_the_first(self):
        owner, other, channel = self.pair()
        body = {"channel_id": channel, "content": "once", "client_msg_id": "id-1"}
        first, second = owner.post("/api/message", body), owner.post("/api/message", body)
        self.assertEqual(second.status, 200)
        self.assertIs(second.json()["duplicate"], True)
        self.assertEqual(second.data, first.data)
        self.fails(owner.post("/api/message", {**body, "content": "another"}), 409,
                   code="conflict")
        self.assertEqual(len(owner.history(channel)), 1)
        self.assertNotIn("duplicate", other.post("/api/message", body).json())
        self.assertNotIn("duplicate", owner.post("/api/message", {
            **body, "channel_id": self.twin(owner)}).json())

    @staticmethod
    def twin(owner):
        return owner.create("another")

    def test_a_retry_after_a_restart(self):
        owner, _, channel = self.pair()
        body = {"channel_id": channel, "content": "once", "client_msg_id": "id-2"}
        first = owner.done("/api/message", body)
        self.server.restart()
        again = owner.post("/api/message", body)
        self.assertIs(again.json()["duplicate"], True)
        self.assertEqual(again.data["message_id"], first["message_id"])

    def test_what_is_wrong_is_said(self):
        owner, _, channel = self.pair()
        send = "/api/message"
        self.fails(owner.post(send, {"content": "x"}), 400, "The Field: channelid is required")
        self.fails(owner.post(send, {"channel_id": channel}), 400, code="bad_request")
        self.fails(owner.post(send, {"channel_id": channel, "content": ""}), 400)
        self.fails(owner.post(send, {"channel_id": channel, "content": 5}), 400)
        self.fails(owner.post(send, {"channel_id": str(uuid.uuid4()), "content": "x"}), 404)
        for bad in ("", "a" * 65, "sp ace", "ä", 5):
            self.fails(owner.post(send, {"channel_id": channel, "content": "x",
                                         "client_msg_id": bad}), 400, code="bad_request")
        self.assertEqual(owner.post(send, {"channel_id": channel, "content": "x",
                                           "client_msg_id": "a" * 64}).status, 200)
        reply = {"channel_id": channel, "content": "x"}
        self.fails(owner.post("/api/reply", reply), 400, "The Field: messageid is required")
        self.fails(owner.post("/api/reply", {**reply, "message_id": 5}), 404, code="not_found")

    def test_a_reply_stays_in_its_channel(self):
        owner, _, channel = self.pair()
        message = owner.say(channel, "x")["message_id"]
        elsewhere = owner.create("elsewhere")
        self.fails(owner.post("/api/reply", {"channel_id": elsewhere, "message_id": message,
                                             "content": "x"}), 404, code="not_found")

    def test_a_reply_to_a_reply(self):
        owner, _, channel = self.pair()
        message = owner.say(channel, "x")["message_id"]
        reply = owner.done("/api/reply", {"channel_id": channel, "message_id": message,
                                          "content": "y"})
        self.fails(owner.post("/api/reply", {"channel_id": channel, "content": "z",
                                             "message_id": reply["reply_id"]}), 404)


class Limits(ServerCase):
    def test_eight_kibibytes_of_text(self):
        owner, _, channel = self.pair()
        for fits in ("x" * 8192, "ä" * 4096, "\U0001F600" * 2048):
            self.assertEqual(owner.say(channel, fits)["content"], fits)
        for over in ("x" * 8193, "ä" * 4096 + "x"):
            answer = owner.post("/api/message", {"channel_id": channel, "content": over})
            self.fails(answer, 413, code="too_large")


class PagesByPosition(ServerCase):
    def test_what_followed_oldest_first(self):
        owner, _, channel = self.pair()
        sent = []
        for i in range(12):
            sent.append(owner.say(channel, f"m{i}"))
            sent.append(owner.done("/api/reply", {"channel_id": channel, "content": f"r{i}",
                                                  "message_id": sent[0]["message_id"]}))
        path = f"/api/message?channel_id={channel}&limit=10&after="
        first = owner.get(path + "0").data
        self.assertEqual([m["content"] for m in first["messages"]],
                         [m["content"] for m in sent[:10]])
        self.assertEqual(first["next_after"], first["messages"][-1]["seq"])
        last = owner.get(path + str(sent[20]["seq"])).data
        self.assertEqual([m["content"] for m in last["messages"]],
                         [m["content"] for m in sent[21:]])
        self.assertNotIn("next_after", last)
        self.assertEqual([m["seq"] for m in owner.after(channel, limit=7)],
                         [m["seq"] for m in sent])

    def test_the_chain_has_no_hole(self):
        owner, other, channel = self.pair()
        for i in range(9):
            (owner, other)[i % 2].say(channel, f"m{i}")
            eve = self.user()
            eve.join(channel)
        rows = owner.after(channel)
        self.assertEqual([0] + [m["seq"] for m in rows[:-1]], [m["prev_seq"] for m in rows])

    def test_page_sizes(self):
        owner, _, channel = self.pair()
        for i in range(3):
            owner.say(channel, f"m{i}")
        path = f"/api/message?channel_id={channel}&limit="
        for size, count in ((1, 1), (2, 2), (100, 3)):
            self.assertEqual(len(owner.get(path + str(size)).data["messages"]), count)
        for bad in ("0", "101", "-1", "x", "", "1e1", "99999999999999999999"):
            self.fails(owner.get(path + bad), 400, code="bad_request")
        self.fails(owner.get(f"/api/message?channel_id={channel}&after=-1"), 400)

    def test_pages_tell_more(self):
        owner, _, channel = self.pair()
        message = owner.say(channel, "x", client_msg_id="id-9")
        for _ in range(3):
            owner.done("/api/reply", {"channel_id": channel, "content": "r",
                                      "message_id": message["message_id"]})
        row, = owner.history(channel)
        self.assertEqual((row["seq"], row["prev_seq"], row["reply_count"], row["client_msg_id"]),
                         (message["seq"], 0, 3, "id-9"))


if __name__ == "__main__":
    tap.main()
