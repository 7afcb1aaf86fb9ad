"""RFC 6455 and RFC 7692 against ws-echo (the server's codec and network, and nothing else), in the
groups of the Autobahn suite, whose numbers the tests bear. Strict: a wrong order, a wrong close code
or a connection that lingers is a failure, never "non-strict"."""
import functools
import os
import random
import signal
import struct
import subprocess
import time
import types
import unittest
import zlib

from parley_e2e import http, tap
from parley_e2e.ws import BINARY, CLOSE, PING, PONG, TEXT, Closed, Ws, frame

CONTINUATION = 0
NO_STATUS = 1005
HELLO = "Hello-µ@ßöäüàá-UTF-8!!".encode()


def close_frame(code, reason=b""):
    return frame(CLOSE, struct.pack(">H", code) + reason)


def deflated(payload, level=6, window=15, blocks=1):
    """The message as RFC 7692 compresses it; more `blocks` means more flushes inside."""
    packer = zlib.compressobj(level, wbits=-window)
    step = max(1, -(-len(payload) // blocks))
    packed = b"".join(packer.compress(payload[i:i + step]) + packer.flush(zlib.Z_SYNC_FLUSH)
                      for i in range(0, max(1, len(payload)), step))
    return packed[:-4] if packed.endswith(b"\0\0\xff\xff") else packed


class EchoCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen([os.environ["WS_ECHO_BIN"], "--listen", "127.0.0.1:0"],
                                       stdout=subprocess.PIPE, text=True)
        port = int(cls.process.stdout.readline().rsplit(":", 1)[1])
        cls.server = types.SimpleNamespace(connect=functools.partial(http.dial, port))

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        status = cls.process.wait(10)
        cls.process.stdout.close()
        assert status == 0, status

    def talk(self, *chunks, echoes=(), code=None, pause=0, deflate=False, headers=()):
        """Sends the chunks; expects exactly those frames, then the close code and the end of the
        TCP connection within a second. Without a code the client closes, with 1000."""
        with Ws(self.server, deflate=deflate, headers=headers, timeout=20) as ws:
            for chunk in chunks:
                ws.raw(chunk)
                if pause:
                    time.sleep(pause)
            for opcode, payload in echoes:
                got = ws.frame()
                self.assertEqual(got[0], opcode)
                self.assertTrue(got[1] == payload, f"{got[1][:80]!r} is not {payload[:80]!r}")
            if code is None:
                ws.raw(close_frame(1000))
            self.assertEqual(ws.ended(5)[0], code or 1000)
            started = time.monotonic()
            self.assertTrue(ws.tcp_ended(3))
            self.assertLess(time.monotonic() - started, 1.1)

    def echo(self, opcode, payload, **how):
        self.talk(frame(opcode, payload), echoes=[(opcode, payload)], **how)


def chopped(data, step=1):
    return [data[i:i + step] for i in range(0, len(data), step)]


def fragments(opcode, payload, step, fin=True):
    """The frames of one message, `step` bytes each."""
    parts = chopped(payload, step) or [b""]
    return [frame(opcode if i == 0 else CONTINUATION, part, fin=fin and i == len(parts) - 1)
            for i, part in enumerate(parts)]


class Framing(EchoCase):
    SIZES = (0, 1, 125, 126, 127, 128, 65535, 65536)

    def test_1_messages_of_every_length_form(self):
        for size in self.SIZES:
            self.echo(TEXT, b"*" * size)
            self.echo(BINARY, b"\xfe" * size)

    def test_1_messages_in_pieces_of_the_network(self):
        for opcode in (TEXT, BINARY):
            data = frame(opcode, b"*" * 65536)
            self.talk(*chopped(data, 997), echoes=[(opcode, b"*" * 65536)])
            data = frame(opcode, b"*" * 130)
            self.talk(*chopped(data), echoes=[(opcode, b"*" * 130)])

    def test_1_lengths_need_not_be_short(self):
        """RFC 6455 5.2 wants the shortest form; ours refuses the others."""
        for head in (b"\x81\xfe\x00\x05", b"\x81\xff" + struct.pack(">Q", 5)):
            self.talk(head + b"\0\0\0\0hello", code=1002)

    def test_1_a_length_above_63_bits(self):
        self.talk(b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", code=1002)

    def test_2_pings(self):
        for payload in (b"", b"Hello, world!", bytes(range(125)), b"\xfe" * 125):
            self.talk(frame(PING, payload), echoes=[(PONG, payload)])
        self.talk(*chopped(frame(PING, b"\xfe" * 125)), echoes=[(PONG, b"\xfe" * 125)])

    def test_2_a_ping_that_is_too_long(self):
        self.talk(frame(PING, b"\xfe" * 126), code=1002)

    def test_2_pongs_nobody_asked_for(self):
        self.talk(frame(PONG, b""), frame(PONG, b"unsolicited"), frame(PING, b"after"),
                  echoes=[(PONG, b"after")])

    def test_2_ten_pings_keep_their_order(self):
        pings = b"".join(frame(PING, b"payload-%d" % i) for i in range(10))
        echoes = [(PONG, b"payload-%d" % i) for i in range(10)]
        self.talk(pings, echoes=echoes)
        self.talk(*chopped(pings), echoes=echoes)

    def test_3_reserved_bits(self):
        good = frame(TEXT, b"Hello, world!")
        for rsv in range(1, 8):
            bad = frame(TEXT, b"Hello, world!", rsv=rsv)
            self.talk(bad, code=1002)
            self.talk(good + bad + frame(PING, b""), echoes=[(TEXT, b"Hello, world!")], code=1002)
            self.talk(*chopped(good + bad), echoes=[(TEXT, b"Hello, world!")], code=1002)
            for opcode in (BINARY, PING, CLOSE):
                self.talk(frame(opcode, b"", rsv=rsv), code=1002)

    def test_4_reserved_opcodes(self):
        good = frame(TEXT, b"Hello, world!")
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            for payload in (b"", b"reserved"):
                self.talk(good + frame(opcode, payload) + frame(PING, b""),
                          echoes=[(TEXT, b"Hello, world!")], code=1002)

    def test_masks(self):
        self.talk(frame(TEXT, b"bare", masked=False), code=1002)
        self.talk(frame(PING, b"", masked=False), code=1002)


class Fragments(EchoCase):
    def test_5_control_frames_are_whole(self):
        for opcode in (PING, PONG, CLOSE):
            self.talk(frame(opcode, b"fragment1", fin=False), frame(CONTINUATION, b"fragment2"),
                      code=1002)

    def test_5_messages_are_joined(self):
        data = frame(TEXT, b"fragment1", fin=False) + frame(CONTINUATION, b"fragment2")
        for chunks in ([data], chopped(data), chopped(data, 12)):
            self.talk(*chunks, echoes=[(TEXT, b"fragment1fragment2")])

    def test_5_pings_come_between(self):
        data = (frame(TEXT, b"fragment1", fin=False) + frame(PING, b"ping payload") +
                frame(CONTINUATION, b"fragment2"))
        for chunks in ([data], chopped(data)):
            self.talk(*chunks, echoes=[(PONG, b"ping payload"), (TEXT, b"fragment1fragment2")])

    def test_5_a_continuation_of_nothing(self):
        for fin in (True, False):
            lost = frame(CONTINUATION, b"non-continuation payload", fin=fin)
            hello = frame(TEXT, b"Hello, world!")
            self.talk(lost + hello, code=1002)
            self.talk(*chopped(lost + hello), code=1002)
            self.talk(hello + lost, echoes=[(TEXT, b"Hello, world!")], code=1002)

    def test_5_a_message_inside_a_message(self):
        data = frame(TEXT, b"fragment1", fin=False) + frame(TEXT, b"fragment2")
        self.talk(data, code=1002)
        self.talk(*chopped(data), code=1002)

    def test_5_many_fragments_with_pings(self):
        parts = [b"fragment%d" % i for i in range(1, 6)]
        frames = [frame(TEXT if i == 0 else CONTINUATION, p, fin=i == 4)
                  for i, p in enumerate(parts)]
        data = b"".join(f + (frame(PING, b"pongme %d" % i) if i < 4 else b"")
                        for i, f in enumerate(frames))
        echoes = [(PONG, b"pongme %d" % i) for i in range(4)] + [(TEXT, b"".join(parts))]
        self.talk(data, echoes=echoes)
        self.talk(*chopped(data, 5), echoes=echoes)

    def test_5_empty_fragments(self):
        self.talk(*fragments(TEXT, b"", 1), echoes=[(TEXT, b"")])
        self.talk(frame(TEXT, b"", fin=False), frame(CONTINUATION, b"middle", fin=False),
                  frame(CONTINUATION, b""), echoes=[(TEXT, b"middle")])

    def test_10_a_message_in_many_frames(self):
        self.talk(*fragments(TEXT, b"*" * 65536, 1300), echoes=[(TEXT, b"*" * 65536)])


class Utf8(EchoCase):
    VALID = ["", "κόσμε", "\0", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000",
             "\U0010ffff", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\U0001fffe", "\U0010fffe"]
    INVALID = [b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xf7\xbf\xbf\xbf",
               b"\xf4\x90\x80\x80", b"\x80", b"\xbf", b"\x80\xbf\x80\xbf\x80\xbf\x80", b"\xc0 ",
               b"\xe0\x80 ", b"\xf0\x80\x80 ", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf",
               b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xad\xbf",
               b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xfe", b"\xff", b"\xc3\x28",
               b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"]
    CUT = [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xce\xba\xe1"]  # fine so far, then the end

    def test_6_valid_texts(self):
        for text in self.VALID:
            self.echo(TEXT, text.encode())
        for text in (HELLO, "κόσμε".encode()):
            self.talk(*fragments(TEXT, text, 1), echoes=[(TEXT, text)])
            self.talk(*chopped(frame(TEXT, text)), echoes=[(TEXT, text)])

    def test_6_invalid_texts(self):
        for text in self.INVALID + self.CUT:
            self.talk(frame(TEXT, text), code=1007)
            self.talk(frame(TEXT, b"good start: " + text + b" good end"), code=1007)
            self.talk(*fragments(TEXT, text, 1), code=1007)

    def test_6_what_is_invalid_fails_at_once(self):
        """At the first bad byte: neither the rest of the frame nor of the message has come."""
        for bad in (b"\xce\xba\xed\xa0", b"\xce\xba\xf4\x90", b"good\xff", b"good\xc0"):
            head = frame(TEXT, bad + b"x" * 100)[:6 + len(bad)]
            self.talk(head, code=1007)
            self.talk(frame(TEXT, bad, fin=False), code=1007)
            self.talk(frame(TEXT, "κόσμε".encode(), fin=False),
                      frame(CONTINUATION, bad, fin=False), code=1007)

    def test_6_binary_is_not_looked_at(self):
        for payload in self.INVALID + self.CUT:
            self.echo(BINARY, payload)


class Closing(EchoCase):
    def closes(self, data, code, reason=None):
        with Ws(self.server) as ws:
            ws.raw(data)
            got = ws.ended(5)
            self.assertEqual(got[0], code)
            if reason is not None:
                self.assertEqual(got[1], reason)
            self.assertTrue(ws.tcp_ended(2))

    def test_7_a_close_is_answered(self):
        self.closes(frame(CLOSE, b""), NO_STATUS)
        self.closes(close_frame(1000), 1000)
        self.closes(close_frame(1000, b"Hello, world!"), 1000)
        self.closes(close_frame(1000, b"*" * 123), 1000)

    def test_7_after_a_close_nothing_counts(self):
        for after in (frame(TEXT, b"late"), frame(PING, b"late"), close_frame(1001),
                      frame(3, b"nonsense"), b"\0" * 300):
            with Ws(self.server) as ws:
                ws.raw(close_frame(1000) + after)
                with self.assertRaises(Closed) as end:
                    ws.item()
                self.assertEqual(end.exception.code, 1000)
                self.assertEqual(ws.pongs, [])
                self.assertTrue(ws.tcp_ended(2))

    def test_7_a_close_inside_a_message(self):
        self.talk(frame(TEXT, b"fragment1", fin=False), close_frame(1000), code=1000)
        self.talk(frame(TEXT, b"x" * 65536) + close_frame(1000),
                  echoes=[(TEXT, b"x" * 65536)], code=1000)

    def test_7_malformed_closes(self):
        self.closes(frame(CLOSE, b"\x03"), 1002)
        self.closes(frame(CLOSE, struct.pack(">H", 1000) + b"*" * 124), 1002)
        self.closes(close_frame(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), 1007)

    def test_7_codes(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
                     3999, 4000, 4999):
            self.closes(close_frame(code, b"reason"), code)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            self.closes(close_frame(code), 1002)

    def test_7_a_peer_that_vanishes_or_stays(self):
        with Ws(self.server) as ws:
            ws.raw(frame(TEXT, b"half of a frame")[:9])
        with Ws(self.server) as ws:  # after an error the server does not wait for the client
            ws.raw(frame(3, b""))
            self.assertEqual(ws.ended(2)[0], 1002)
            self.assertTrue(ws.tcp_ended(1.1))


class Large(EchoCase):
    def test_9_whole(self):
        for size in (1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 23, 1 << 24):
            self.echo(TEXT, b"*" * size)
            self.echo(BINARY, b"\xfe" * size)

    def test_9_in_fragments(self):
        for step in (256, 1 << 12, 1 << 16, 1 << 20, 1 << 22):
            payload = b"\xfe" * (1 << 20 if step < 1 << 12 else 1 << 22)
            self.talk(b"".join(fragments(BINARY, payload, step)), echoes=[(BINARY, payload)])

    def test_9_in_pieces_of_the_network(self):
        data = frame(TEXT, b"*" * (1 << 20))
        for step in (64, 512, 2048):
            self.talk(*chopped(data, step), echoes=[(TEXT, b"*" * (1 << 20))])

    def test_9_many_small_ones(self):
        for size in (0, 16, 1024, 4096):
            one = frame(BINARY, b"\xfe" * size)
            self.talk(one * 250, echoes=[(BINARY, b"\xfe" * size)] * 250)

    def test_9_over_the_limit(self):
        head = b"\x82\xff" + struct.pack(">Q", (64 << 20) + 1) + b"\0\0\0\0"
        self.talk(head, code=1009)


class Deflate(EchoCase):
    def setUp(self):
        seeded = random.Random(12)
        words = ["parley", "message", "channel", "κόσμε", "reply", "ünïcode", "0123456789"]
        self.text = " ".join(seeded.choice(words) for _ in range(40000)).encode()
        self.noise = seeded.randbytes(200000)

    def inflates(self, payload, packed, opcode=TEXT):
        self.talk(frame(opcode, packed, rsv=4), echoes=[(opcode, payload)], deflate=True)

    def test_12_sizes(self):
        for size in (0, 1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072):
            text = self.text[:size].decode(errors="ignore").encode()
            self.inflates(text, deflated(text))
            self.inflates(self.noise[:size], deflated(self.noise[:size]), BINARY)

    def test_12_levels_windows_and_blocks(self):
        text = self.text[:100000].decode(errors="ignore").encode()
        for level in (0, 1, 9):
            self.inflates(text, deflated(text, level=level))
        for window in range(9, 16):
            self.inflates(text, deflated(text, window=window))
        for blocks in (2, 7, 100):
            self.inflates(text, deflated(text, blocks=blocks))

    def test_12_a_final_block(self):
        """RFC 7692 7.2.3.4: BFINAL may be set."""
        packer = zlib.compressobj(wbits=-15)
        self.inflates(HELLO, packer.compress(HELLO) + packer.flush(zlib.Z_FINISH) + b"\0")

    def test_12_one_after_the_other(self):
        messages = [self.text[i * 100:(i + 3) * 100].decode(errors="ignore").encode()
                    for i in range(200)]
        data = b"".join(frame(TEXT, deflated(m), rsv=4) if i % 3 else frame(TEXT, m)
                        for i, m in enumerate(messages))
        self.talk(data, echoes=[(TEXT, m) for m in messages], deflate=True)

    def test_13_fragments_of_a_compressed_message(self):
        text = self.text[:65536].decode(errors="ignore").encode()
        parts = chopped(deflated(text), 500)
        frames = [frame(TEXT if i == 0 else CONTINUATION, part, fin=i == len(parts) - 1,
                        rsv=4 if i == 0 else 0) for i, part in enumerate(parts)]
        frames.insert(2, frame(PING, b"between"))
        self.talk(b"".join(frames), echoes=[(PONG, b"between"), (TEXT, text)], deflate=True)

    def test_13_breaches(self):
        packed = deflated(HELLO)
        half = frame(TEXT, packed[:5], fin=False, rsv=4)
        self.talk(half, frame(CONTINUATION, packed[5:], rsv=4), code=1002, deflate=True)
        self.talk(frame(PING, b"", rsv=4), code=1002, deflate=True)
        self.talk(frame(TEXT, packed, rsv=6), code=1002, deflate=True)
        self.talk(frame(TEXT, packed, rsv=4), code=1002)  # not negotiated
        self.talk(frame(TEXT, b"\xff" * 20, rsv=4), code=1007, deflate=True)
        self.talk(frame(TEXT, packed[:-3], rsv=4), code=1007, deflate=True)
        self.talk(frame(TEXT, deflated(b"bad \xff utf-8"), rsv=4), code=1007, deflate=True)

    def test_13_a_bomb_is_too_big(self):
        packer = zlib.compressobj(9, wbits=-15)
        packed = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(65))
        packed += packer.flush(zlib.Z_SYNC_FLUSH)
        self.talk(frame(BINARY, packed, rsv=4), code=1009, deflate=True)

    def test_13_offers(self):
        def answer(offer):
            with Ws(self.server, headers=[("Sec-WebSocket-Extensions", offer)]) as ws:
                return ws.response.header("Sec-WebSocket-Extensions") or ""
        for offer in ("permessage-deflate", "permessage-deflate; client_max_window_bits",
                      "permessage-deflate; client_no_context_takeover",
                      "x-unknown; a=1, permessage-deflate; server_no_context_takeover",
                      'permessage-deflate; client_max_window_bits="10"'):
            got = answer(offer)
            self.assertTrue(got.startswith("permessage-deflate"), (offer, got))
            self.assertIn("server_no_context_takeover", got)
        for offer in ("", "x-webkit-deflate-frame", "permessage-deflate; unknown_parameter",
                      "permessage-deflate; server_max_window_bits=16",
                      "permessage-deflate; client_max_window_bits=7",
                      "permessage-deflate; server_no_context_takeover=1"):
            self.assertEqual(answer(offer), "", offer)


if __name__ == "__main__":
    tap.main()
