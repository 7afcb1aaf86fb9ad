"""Every text arrives as it was written, on every way: live, acked, replayed, paged, by HTTP."""
import json

from parley_e2e import tap
from parley_e2e.chat import ServerCase

TEXTS = {
    "quotes": 'say "hello" and \\ and / and \'',
    "lines": "one\ntwo\r\nthree\ttab\u2028\u2029",
    "nul": "before\0after",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "emoji": "\U0001F469\u200D\U0001F4BB \U0001F1E9\U0001F1EA e\u0301 \uFE0F",
    "planes": "\u0800\uFFFD\uFFFE\uFFFF\U00010000\U0010FFFF\uE000",
    "right to left": "\u202Eabc\u202C \u05D0\u05D1 \u0627\u0644",
    "json": '","channel_id":"00000000-0000-0000-0000-000000000000","reply_id":5,"x":"',
    "html": "<script>alert(1)</script>&amp;</textarea>",
    "formats": "%s%n%d {} {0} ${HOME} %00",
    "spaces": "  both ends  ",
    "one": "x",
    "byte order mark": "\uFEFFx",
}


class Texts(ServerCase):
    def test_all_ways(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session())
        his, packed, old = (self.keep(bob.session()), self.keep(bob.session(deflate=True)),
                            self.keep(bob.legacy()))
        for name, text in TEXTS.items():
            with self.subTest(name):
                hers.send("CreateMessage", {"channel_id": channel, "content": text})
                ack = hers.recv()
                self.assertEqual((ack["status"], ack["data"]["content"]), ("success", text))
                for session in (his, packed, old):
                    self.assertEqual(session.recv()["data"]["content"], text)
        texts = list(TEXTS.values())
        self.assertEqual([m["content"] for m in ada.history(channel)], texts)
        self.assertEqual([m["content"] for m in ada.after(channel)], texts)
        replay = self.keep(bob.session(resume={channel: 0}))
        self.assertEqual([replay.recv()["data"]["content"] for _ in texts], texts)
        self.server.restart()
        self.assertEqual([m["content"] for m in ada.history(channel)], texts)

    def test_however_the_json_is_written(self):
        ada, bob, channel = self.pair()
        hers = self.keep(ada.session())
        for name, text in TEXTS.items():
            for ascii_only in (True, False):
                with self.subTest(name, ascii_only=ascii_only):
                    hers.text(json.dumps({"action": "CreateMessage", "data": {
                        "channel_id": channel, "content": text}}, ensure_ascii=ascii_only))
                    self.assertEqual(hers.recv()["data"]["content"], text)

    def test_replies_and_http(self):
        ada, bob, channel = self.pair()
        message = ada.say(channel, "x")["message_id"]
        for name, text in TEXTS.items():
            with self.subTest(name):
                sent = ada.done("/api/reply", {"channel_id": channel, "message_id": message,
                                               "content": text})
                self.assertEqual(sent["content"], text)
        replies = []
        cursor = ""
        while cursor is not None:
            page = bob.get(f"/api/reply?message_id={message}&cursor={cursor}").data
            replies += page["replies"]
            cursor = page["next_cursor"] or None
        self.assertEqual([r["content"] for r in reversed(replies)], list(TEXTS.values()))

    def test_names(self):
        name = 'Zoë "the \\ one" \U0001F600'
        ada = self.user(name)
        self.assertEqual(ada.name, name)
        channel = ada.done("/api/channel", {"name": name + " room"})
        self.assertEqual(channel["name"], name + " room")
        self.assertEqual(ada.say(channel["id"], "x")["username"], name)
        members = ada.get(f"/api/channel/member?channel_id={channel['id']}").data
        self.assertEqual(members[0]["name"], name)

    def test_what_is_no_text_is_refused(self):
        ada, _, channel = self.pair()
        frame = '{"action":"CreateMessage","data":{"channel_id":"%s","content":"%s"}}'
        hers = self.keep(ada.session())
        for bad in ("\\ud800", "\\udc00x", "\\ud800\\u0041", "\\x41", "\t", "\\"):
            hers.text(frame % (channel, bad))
            self.assertEqual(hers.recv()["code"], "bad_request", bad)
            answer = ada.post("/api/message", frame % (channel, bad))
            self.fails(answer, 400)


if __name__ == "__main__":
    tap.main()
