"""Hostile peers: limits of HTTP, smuggling, slow heads, garbage, floods of connections."""
import contextlib
import random
import resource
import socket
import time
import uuid

from parley_e2e import http, tap
from parley_e2e.chat import ServerCase


class Case(ServerCase):
    def raw(self, data, timeout=10):
        """Sends bytes; the answer, and whether the connection was closed after it."""
        with contextlib.closing(self.server.connect(timeout)) as sock:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(data)
            reader = http.Reader(sock)
            answer = http.read_response(reader)
            try:
                closed = reader.to_the_end() == b""
            except TimeoutError:
                closed = False
            return answer, closed

    def refused(self, data, *statuses):
        answer, closed = self.raw(data)
        self.assertIn(answer.status, statuses, data[:120])
        self.assertTrue(closed)
        self.assertEqual(answer.json()["status"], "fail")
        self.alive()

    def alive(self):
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)


def get(*fields, path="/healthz", version="1.1", host=True):
    lines = [f"GET {path} HTTP/{version}", *(["Host: x"] if host else []), *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(fields, body=b""):
    return b"POST /api/login HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\n" + body


class Limits(Case):
    def test_a_body_of_64_kib(self):
        body = b'{"email":"' + b"x" * (65536 - 12) + b'"}'
        self.assertEqual(len(body), 65536)
        self.assertEqual(self.server.request("POST", "/api/login", body).status, 400)

    def test_a_larger_body(self):
        self.refused(post(b"Content-Length: 65537", b"x" * 65537), 413)
        self.refused(post(b"Content-Length: 65537"), 413)
        self.refused(post(b"Content-Length: 99999999999999999999999"), 400, 413)
        chunk = b"4000\r\n" + b"x" * 16384 + b"\r\n"
        self.refused(post(b"Transfer-Encoding: chunked", chunk * 5), 413)

    def test_the_refusal_can_be_read_by_who_is_still_sending(self):
        """A client that sends all of it first must still find the answer."""
        with contextlib.closing(self.server.connect()) as sock:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                sock.sendall(post(b"Content-Length: 400000"))
                for _ in range(100):
                    sock.sendall(b"x" * 4000)
                    time.sleep(0.002)
            self.assertEqual(http.read_response(http.Reader(sock)).status, 413)

    def test_a_head_of_16_kib(self):
        self.assertEqual(self.raw(get("X: " + "y" * 15000, "Connection: close"))[0].status, 200)
        self.refused(get("X: " + "y" * 17000), 431)
        self.refused(get(path="/" + "y" * 17000), 414, 431)

    def test_a_hundred_fields(self):
        fields = [f"X-{i}: y" for i in range(98)]
        self.assertEqual(self.raw(get(*fields, "Connection: close"))[0].status, 200)
        self.refused(get(*fields, "A: a", "B: b", "Connection: close"), 431)


class Smuggling(Case):
    def test_lengths(self):
        for fields in (b"Content-Length: 2\r\nContent-Length: 2",
                       b"Content-Length: 2\r\nContent-Length: 3", b"Content-Length: +2",
                       b"Content-Length: -2", b"Content-Length: 0x2", b"Content-Length: 2, 2",
                       b"Content-Length: ", b"Content-Length: 2 2",
                       b"Content-Length: 2\r\nTransfer-Encoding: chunked"):
            self.refused(post(fields, b"{}"), 400)

    def test_codings(self):
        for coding in (b"gzip, chunked", b"chunked, chunked", b"chunked, gzip", b"xchunked",
                       b"chunked\x0b", b"identity"):
            self.refused(post(b"Transfer-Encoding: " + coding, b"2\r\n{}\r\n0\r\n\r\n"), 400, 501)

    def test_chunks(self):
        for body in (b"x\r\n", b"-1\r\n", b"2;\n{}\r\n0\r\n\r\n", b"2\n{}\r\n", b"2\r\n{}x\r\n",
                     b"fffffffffffffffff\r\n", b" 2\r\n{}\r\n0\r\n\r\n", b"\r\n"):
            self.refused(post(b"Transfer-Encoding: chunked", body), 400, 413)

    def test_chunked_bodies_are_read(self):
        body = b"2\r\n{\"\r\n6;x=y\r\nemail\"\r\n5\r\n:\"x\"}\r\n0\r\nT: x\r\n\r\n"
        answer, _ = self.raw(post(b"Transfer-Encoding: chunked\r\nConnection: close", body))
        self.assertEqual(answer.json()["message"], "The Field: password is required")

    def test_lines(self):
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # of TLS
        for data in (b"GET /healthz HTTP/1.1\nHost: x\n\n", get("X : y"), get(" X: y"),
                     get("X: y\r\n z"), get("X: a\x00b"), get("X: a\rb"), get("X\x01: y"),
                     get(": y"), get("nocolon"), b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET /healthz\r\n\r\n", hello + b"\r\n\r\n",
                     b"GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n"):
            self.refused(data, 400, 501)

    def test_hosts(self):
        self.refused(get(host=False), 400)
        self.refused(get("Host: y"), 400)

    def test_versions_and_expectations(self):
        self.refused(get(version="2.0"), 400, 505)
        self.refused(get(version="1.2"), 400, 505)
        self.refused(post(b"Expect: miracles\r\nContent-Length: 2", b"{}"), 417)

    def test_targets(self):
        self.refused(get(path="http://evil.example/"), 400)
        self.refused(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400, 405)

    def test_one_hundred_continue(self):
        with contextlib.closing(self.server.connect()) as sock:
            body = b'{"email":"a@b"}'
            sock.sendall(post(b"Expect: 100-continue\r\nContent-Length: %d" % len(body)))
            reader = http.Reader(sock)
            self.assertEqual(http.read_head(reader).status, 100)
            sock.sendall(body)
            self.assertEqual(http.read_response(reader).status, 400)

    def test_http_1_0_closes(self):
        answer, closed = self.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertEqual((answer.status, closed), (200, True))


class Slow(Case):
    def test_a_head_has_five_seconds(self):
        """However steadily it drips."""
        with contextlib.closing(self.server.connect(10)) as sock:
            started = time.monotonic()
            sock.settimeout(0.1)
            answer = None
            while answer is None and time.monotonic() - started < 12:
                with contextlib.suppress(BrokenPipeError):
                    sock.sendall(b"G" if time.monotonic() - started < 0.1 else b"E")
                try:
                    answer = sock.recv(1000)
                except TimeoutError:
                    pass
                except ConnectionResetError:
                    answer = b""
            took = time.monotonic() - started
            self.assertTrue(3.5 < took < 8, took)
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), answer)

    def test_a_body_has_five_seconds(self):
        with contextlib.closing(self.server.connect(12)) as sock:
            sock.sendall(post(b"Content-Length: 10", b"{"))
            started = time.monotonic()
            http.Reader(sock).to_the_end()
            self.assertTrue(3.5 < time.monotonic() - started < 9)

    def test_many_slow_ones_hurt_nobody(self):
        slow = [self.server.connect() for _ in range(300)]
        for sock in slow:
            sock.sendall(b"GET / HTTP/1.1\r\nHost:")
        started = time.monotonic()
        for _ in range(20):
            self.alive()
        self.assertLess(time.monotonic() - started, 2)
        for sock in slow:
            sock.close()


class Garbage(Case):
    def test_random_bytes(self):
        chance = random.Random(7)
        for _ in range(200):
            with contextlib.closing(self.server.connect()) as sock:
                with contextlib.suppress(OSError):
                    sock.sendall(chance.randbytes(chance.randrange(1, 3000)))
                    if chance.random() < 0.5:
                        sock.shutdown(socket.SHUT_WR)
        self.alive()

    def test_random_frames(self):
        chance = random.Random(8)
        user = self.user()
        for _ in range(60):
            with contextlib.closing(user.session()) as session:
                with contextlib.suppress(OSError):
                    session.raw(chance.randbytes(chance.randrange(1, 3000)))
                    session.raw(chance.randbytes(100))
        self.alive()
        self.assertEqual(user.get("/api/me").status, 200)

    def test_mangled_commands(self):
        chance = random.Random(9)
        ada, bob, channel = self.pair()
        good = ('{"action":"CreateReply","ref":"x","data":{"channel_id":"%s","message_id":"12",'
                '"content":"\\u00e4\\n","client_msg_id":"a"}}' % channel).encode()
        session = self.keep(ada.session())
        for _ in range(500):
            text = bytearray(good)
            for _ in range(chance.randrange(1, 4)):
                text[chance.randrange(len(text))] = chance.randrange(0x20, 0x7F)
            session.text(bytes(text))
        session.send("Ping", ref="the end")
        frames = [session.recv() for _ in range(501)]  # verdicts of the journal may follow the Pong
        self.assertTrue(all(f["status"] == "fail" or f["action"] == "Pong" for f in frames))

    def test_odd_paths(self):
        for path in ("/%00", "/%", "/%zz", "/..%2f..%2fetc/passwd", "/../../etc/passwd",
                     "/api/message?channel_id=%00", "/?" + "&" * 5000, "/a?b#c", "//evil.example/",
                     "/\xc3\xa4", "/api/reply?message_id=%31%32"):
            with contextlib.closing(self.server.connect()) as sock:
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
                answer = http.read_response(http.Reader(sock))
                self.assertTrue(400 <= answer.status < 500, (path, answer))
                self.assertNotIn(b"root:", answer.body)


class Floods(Case):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
        super().setUpClass()

    def test_two_thousand_connections_at_once(self):
        ada, bob, channel = self.pair()
        session = self.keep(bob.session())
        with contextlib.ExitStack() as stack:
            for _ in range(2000):
                stack.enter_context(contextlib.closing(self.server.connect()))
            started = time.monotonic()
            ada.say(channel, "through the crowd")
            self.assertEqual(session.recv()["data"]["content"], "through the crowd")
            self.assertLess(time.monotonic() - started, 3)
        self.alive()

    def test_three_thousand_connections_that_go_at_once(self):
        for i in range(3000):
            sock = self.server.connect()
            if i % 3 == 0:
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.close()
        self.alive()
        deadline = time.monotonic() + 10
        while self.server.metric("parley_connections") > 5 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertLessEqual(self.server.metric("parley_connections"), 5)

    def test_pipelining_without_reading(self):
        """Who asks and never reads is not answered without end."""
        with contextlib.closing(socket.socket()) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", self.server.port))
            sock.settimeout(2)
            sent = 0
            with contextlib.suppress(OSError):
                while sent < 64 * 2**20:
                    sent += sock.send(get() * 1000)
        self.assertLess(sent, 64 * 2**20)
        self.alive()

    def test_a_thousand_channels_are_the_most(self):
        from parley_e2e.server import Server
        server = Server({"PARLEY_LIMITS_CHANNELS_PER_CONNECTION": "5"}).start()
        self.addCleanup(server.close)
        user = server.register()
        channels = [user.create(f"c{i}") for i in range(5)]
        self.fails(user.post("/api/channel", {"name": "one more"}), 409, code="conflict")
        other = server.register()
        sixth = other.create()
        self.fails(user.post("/api/channel/join", {"channel_id": sixth}), 409, code="conflict")
        user.done("/api/channel/leave", {"channel_id": channels[0]})
        user.join(sixth)


class Identity(Case):
    def test_ids_are_never_believed(self):
        ada, bob, channel = self.pair()
        sent = ada.done("/api/message", {"channel_id": channel, "content": "x",
                                         "user_id": bob.id, "username": "bob",
                                         "message_id": 1, "seq": 1, "created_at": "x"})
        self.assertEqual((sent["user_id"], sent["username"]), (ada.id, ada.name))
        self.assertGreater(sent["message_id"], 1)

    def test_sql_is_text(self):
        ada, _, channel = self.pair()
        evil = "'); DROP TABLE event; --"
        name = ada.done("/api/channel", {"name": evil})["name"]
        self.assertEqual(name, evil)
        ada.say(channel, evil)
        self.assertEqual(ada.history(channel)[0]["content"], evil)
        answer = self.server.request("POST", "/api/login", {"email": "' OR 1=1 --",
                                                            "password": "' OR 1=1 --"})
        self.assertEqual(answer.status, 401)
        self.fails(ada.get(f"/api/message?channel_id={uuid.uuid4()}'"), 400)


if __name__ == "__main__":
    tap.main()
