"""Stopping: SIGTERM and SIGINT drain, tell everyone, lose nothing, and end with 0."""
import contextlib
import json
import signal
import time

from parley_e2e import http, tap
from parley_e2e.chat import ServerCase
from parley_e2e.load import Listener, Talker, prove
from parley_e2e.server import Server


class Drain(ServerCase):
    def test_sockets_are_told_to_come_back(self):
        user = self.user()
        sessions = [self.keep(user.session()), self.keep(user.legacy())]
        started = time.monotonic()
        self.server.process.send_signal(signal.SIGTERM)
        for session in sessions:
            code, reason = session.ended(10)
            self.assertEqual(code, 1012)
            self.assertEqual(set(json.loads(reason)), {"retry_after_ms"})
            self.assertGreater(json.loads(reason)["retry_after_ms"], 0)
        self.assertEqual(self.server.wait(30), 0)
        self.assertLess(time.monotonic() - started, 30)
        self.server.start()

    def test_who_does_not_listen_does_not_hold_it_up(self):
        user = self.user()
        sessions = [self.keep(user.session()) for _ in range(5)]
        half = [self.server.connect() for _ in range(5)]
        for sock in half:
            sock.sendall(b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        started = time.monotonic()
        self.assertEqual(self.server.term(30), 0)
        self.assertLess(time.monotonic() - started, 30)
        for one in (*half, *sessions):
            one.close()
        self.server.start()

    def test_idle_it_stops_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            started = time.monotonic()
            self.server.process.send_signal(number)
            self.assertEqual(self.server.wait(10), 0)
            self.assertLess(time.monotonic() - started, 5)
            self.server.start()

    def test_a_second_signal_is_no_harm(self):
        self.keep(self.user().session())
        for _ in range(3):
            self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(30), 0)
        self.server.start()

    def test_requests_under_way_are_answered(self):
        user = self.user()
        socks = [self.server.connect() for _ in range(8)]
        for sock in socks:
            self.addCleanup(sock.close)
            sock.sendall(http.request_bytes("POST", "/api/login", {
                "email": user.email, "password": user.password}))
        time.sleep(0.02)
        self.server.process.send_signal(signal.SIGTERM)
        answers = [http.read_response(http.Reader(sock)) for sock in socks]
        self.assertLessEqual({a.status for a in answers}, {200, 503})
        self.assertIn(200, {a.status for a in answers})
        self.assertEqual(self.server.wait(30), 0)
        self.server.start()

    def test_under_load_nothing_is_lost(self):
        users = [self.user() for _ in range(4)]
        channel = users[0].create()
        for user in users[1:]:
            user.join(channel)
        talkers = [Talker(user, channel) for user in users[:3]]
        listeners = [Listener(user, channel) for user in users[2:]]
        for thread in (*talkers, *listeners):
            thread.start()
        for _ in range(3):
            time.sleep(0.7)
            self.assertEqual(self.server.term(30), 0)
            self.server.start()
        time.sleep(0.3)
        for talker in talkers:
            talker.stop()
        prove(self, users[0], channel, talkers, listeners)

    def test_new_connections_are_refused_while_it_stops(self):
        sessions = [self.keep(self.user().session()) for _ in range(3)]
        self.server.process.send_signal(signal.SIGTERM)
        for session in sessions:
            session.ended(10)
        with contextlib.suppress(OSError, http.Broken):
            self.assertEqual(self.server.request("GET", "/readyz", timeout=3).status, 503)
        self.assertEqual(self.server.wait(30), 0)
        self.server.start()


class Port(ServerCase):
    def test_a_taken_port_is_said(self):
        other = Server()
        other.port = self.server.port
        self.addCleanup(other.close)
        other.spawn()
        self.assertEqual(other.wait(10), 1)
        self.assertIn(str(self.server.port), other.stderr())


if __name__ == "__main__":
    tap.main()
