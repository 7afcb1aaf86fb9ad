"""How websockets end: the close codes, the deadlines, and that the TCP connection ends too."""
import socket
import time
import zlib

from parley_e2e import tap
from parley_e2e.chat import ServerCase, User
from parley_e2e.ws import BINARY, CLOSE, PING, TEXT, Ws, frame


class Breaches(ServerCase):
    """Each breach of RFC 6455 gets its code, and the connection is gone within a second."""

    def breach(self, code, *chunks):
        session = self.keep(self.user_session())
        for chunk in chunks:
            session.raw(chunk)
        self.assertEqual(session.ended(3)[0], code)
        started = time.monotonic()
        self.assertTrue(session.tcp_ended(3))
        self.assertLess(time.monotonic() - started, 1.6)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls.server.register()

    def user_session(self):
        return self.ada.session()

    def test_unmasked(self):
        self.breach(1002, frame(TEXT, b"{}", masked=False))

    def test_reserved_bits(self):
        for rsv in (1, 2, 4):
            self.breach(1002, frame(TEXT, b"{}", rsv=rsv))

    def test_reserved_opcodes(self):
        for opcode in (3, 7, 11, 15):
            self.breach(1002, frame(opcode, b""))

    def test_control_frames(self):
        self.breach(1002, frame(PING, b"x" * 126))
        self.breach(1002, frame(PING, b"", fin=False))

    def test_fragments_out_of_turn(self):
        self.breach(1002, frame(0, b"x"))
        self.breach(1002, frame(TEXT, b"{", fin=False), frame(TEXT, b"}"))

    def test_bad_utf8(self):
        self.breach(1007, frame(TEXT, b"\xff"))
        self.breach(1007, frame(TEXT, b"\xed\xa0\x80"))
        self.breach(1007, frame(TEXT, b"\xc3", fin=False), frame(0, b"x"))

    def test_bad_close_frames(self):
        self.breach(1002, frame(CLOSE, b"x"))
        self.breach(1002, frame(CLOSE, b"\x03\xed"))
        self.breach(1007, frame(CLOSE, b"\x03\xe8\xff"))

    def test_too_big(self):
        self.breach(1009, frame(TEXT, b"", claim=65537))
        self.breach(1009, frame(TEXT, b"", claim=2**40))
        half = b"x" * 40000
        self.breach(1009, frame(TEXT, half, fin=False), frame(0, half))

    def test_sixty_four_kibibytes_are_allowed(self):
        session = self.keep(self.user_session())
        session.text("x" * 65536)
        self.assertEqual(session.recv()["code"], "bad_request")

    def test_sixteen_fragments(self):
        def pieces(count):
            chunks = [frame(TEXT, b" ", fin=False)]
            chunks += [frame(0, b" ", fin=False) for _ in range(count - 2)]
            return [*chunks, frame(0, b'{"action":"Ping"}')]
        session = self.keep(self.user_session())
        for chunk in pieces(16):
            session.raw(chunk)
        self.assertEqual(session.recv()["action"], "Pong")
        self.breach(1009, *pieces(17))

    def test_a_bomb(self):
        session = self.keep(self.ada.session(deflate=True))
        packer = zlib.compressobj(wbits=-15)
        bomb = packer.compress(b" " * 20_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)
        self.assertLess(len(bomb), 65536)
        session.send_frame(TEXT, bomb[:-4], rsv=4)
        self.assertEqual(session.ended(3)[0], 1009)

    def test_broken_compression(self):
        session = self.keep(self.ada.session(deflate=True))
        session.send_frame(TEXT, b"\xff\xff\xff\xff", rsv=4)
        self.assertIn(session.ended(3)[0], (1002, 1007))

    def test_a_close_is_answered(self):
        for payload, code in ((b"\x03\xe8bye", 1000), (b"\x0f\xa1", 4001), (b"", 1005)):
            session = self.keep(self.user_session())
            session.send_frame(CLOSE, payload)
            self.assertEqual(session.ended(3)[0], code)
            self.assertTrue(session.tcp_ended(2))

    def test_the_tcp_connection_ends_whatever_the_peer_does(self):
        session = self.keep(self.user_session())
        session.raw(frame(TEXT, b"{}", masked=False))
        started = time.monotonic()
        ended = False
        while time.monotonic() - started < 4 and not ended:
            try:
                session.raw(frame(BINARY, b"x" * 1000))
                time.sleep(0.02)
            except OSError:
                ended = True
        self.assertTrue(ended)
        self.assertLess(time.monotonic() - started, 2)


class Deadlines(ServerCase):
    def test_five_seconds_to_say_who_one_is(self):
        silent, pinging = self.keep(Ws(self.server)), self.keep(Ws(self.server))
        started = time.monotonic()
        pinging.send_frame(PING, b"")
        self.assertEqual(silent.ended(10)[0], 4001)
        took = time.monotonic() - started
        self.assertEqual(pinging.ended(3)[0], 4001)
        self.assertTrue(4 < took < 7.5, took)

    def test_a_socket_that_was_let_in_stays(self):
        session = self.keep(self.user().legacy())
        self.assertIsNone(session.maybe(6))
        session.text("{}")
        self.assertEqual(session.recv()["status"], "fail")


class Heartbeats(ServerCase):
    settings = {"PARLEY_LIMITS_PING_INTERVAL_S": "1", "PARLEY_LIMITS_DEAD_AFTER_S": "3"}

    def test_a_dead_peer_is_noticed(self):
        ada, bob, channel = self.pair()
        watcher = self.keep(ada.session(watch=[channel]))
        watcher.action("Presence", 4)
        self.assertEqual(watcher.hello["heartbeat_s"], 1)
        dead = self.keep(bob.session())
        watcher.until(lambda f: f["action"] == "Presence" and f["data"]["online"], 5)
        started = time.monotonic()
        gone = watcher.until(lambda f: f["action"] == "Presence" and f["data"]["offline"], 10)[-1]
        self.assertEqual(gone["data"]["offline"][0]["id"], bob.id)
        self.assertTrue(1.5 < time.monotonic() - started < 7)
        self.assertTrue(dead.tcp_ended(3))

    def test_who_answers_pings_stays(self):
        session = self.keep(self.user().session())
        opened = time.monotonic()
        pings = 0
        session.sock.settimeout(6)
        while time.monotonic() - opened < 5:
            opcode, payload, _ = session.frame()
            if opcode == PING:
                pings += 1
                session.send_frame(10, payload)
        self.assertGreaterEqual(pings, 3)
        session.send("Ping")
        session.action("Pong")

    def test_who_talks_without_answering_pings_stays(self):
        session = self.keep(self.user().session())
        for _ in range(8):
            session.send("Ping")
            time.sleep(0.6)
        session.sock.settimeout(5)
        kinds = [session.frame()[0] for _ in range(8)]
        self.assertIn(TEXT, kinds)


class TooFast(ServerCase):
    rates = True
    settings = {"PARLEY_LIMITS_MESSAGES_PER_S": "1", "PARLEY_LIMITS_MESSAGES_BURST": "10",
                "PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS": "0"}

    def alone(self):
        """Someone in a channel of her own whose requests all go to one node: each counts for itself."""
        ada = User.register(self.server.next())
        return ada, ada.create()

    def test_a_burst_is_allowed_then_refused_with_a_time(self):
        ada, _, channel = self.pair()
        session = self.keep(ada.session())
        for i in range(14):
            session.send("CreateMessage", {"channel_id": channel, "content": "x"}, ref=i)
        answers = {f["ref"]: f for f in (session.recv() for _ in range(14))}
        self.assertEqual({answers[i]["action"] for i in range(10)}, {"Ack"}, answers)
        last = answers[13]
        self.assertEqual((last["action"], last["code"]), ("Fail", "rate_limited"))
        self.assertTrue(0 < last["retry_after_ms"] <= 2000)
        time.sleep(last["retry_after_ms"] / 1000 + 0.1)
        session.send("CreateMessage", {"channel_id": channel, "content": "x"}, ref="later")
        self.assertEqual(session.until(lambda f: f["ref"] == "later")[-1]["action"], "Ack")

    def test_it_is_counted_by_user_not_by_socket(self):
        ada, channel = self.alone()
        statuses = [ada.post("/api/message", {"channel_id": channel, "content": "x"}).status
                    for _ in range(20)]
        self.assertEqual(statuses[0], 200)
        self.assertIn(429, statuses)
        session = self.keep(ada.session())
        session.send("CreateMessage", {"channel_id": channel, "content": "x"})
        session.send("CreateMessage", {"channel_id": channel, "content": "x"})
        self.assertIn("rate_limited", [session.recv().get("code") for _ in range(2)])

    def test_an_answer_over_http_says_when(self):
        ada, channel = self.alone()
        answers = [ada.post("/api/message", {"channel_id": channel, "content": "x"})
                   for _ in range(20)]
        refused = next(a for a in answers if a.status == 429)
        self.assertGreater(self.fails(refused, 429, code="rate_limited")["retry_after_ms"], 0)
        self.assertGreaterEqual(int(refused.header("Retry-After")), 1)

    def test_who_does_not_listen_is_closed(self):
        ada, bob, channel = self.pair()
        other = self.keep(bob.session())
        session = self.keep(ada.session())
        try:
            for i in range(5000):
                session.send("CreateMessage", {"channel_id": channel, "content": "x"})
        except OSError:
            pass
        self.assertEqual(session.ended(10)[0], 4029)
        other.send("Ping")
        other.action("Pong")


class Half(ServerCase):
    def test_half_closed_sockets_end(self):
        session = self.keep(self.user().session())
        session.sock.shutdown(socket.SHUT_WR)
        self.assertTrue(session.tcp_ended(5))

    def test_a_reset_is_no_harm(self):
        ada, bob, channel = self.pair()
        for _ in range(20):
            session = bob.session()
            session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    b"\x01\0\0\0\0\0\0\0")
            session.close()
            ada.say(channel, "x")
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)


if __name__ == "__main__":
    tap.main()
