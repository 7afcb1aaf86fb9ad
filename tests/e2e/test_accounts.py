"""Sessions of people: me, cookies, the same-origin rule, logging out, throttles."""
import time

from parley_e2e import tap
from parley_e2e.chat import ServerCase, User
from parley_e2e.ws import Refused, Ws


def cookie_of(answer):
    """(value, attributes in lower case) of parley_session."""
    field, = [f for f in answer.all("Set-Cookie") if f.startswith("parley_session=")]
    value, *attributes = field.split(";")
    return value.split("=", 1)[1], [a.strip().lower() for a in attributes]


class Me(ServerCase):
    def test_register_tells_the_account(self):
        answer = self.server.request("POST", "/api/register", {
            "username": "ada", "email": "ada@example.org", "password": "abcd12"})
        self.assertEqual(set(answer.data), {"id", "name", "email", "created_at"})
        self.assertEqual((answer.data["name"], answer.data["email"]), ("ada", "ada@example.org"))

    def test_me(self):
        user = self.user("bob")
        data = user.get("/api/me").data
        self.assertEqual((data["id"], data["name"], data["email"]),
                         (user.id, "bob", user.email))
        self.assertEqual(set(data), {"id", "name", "email", "created_at"})

    def test_openapi(self):
        document = self.server.request("GET", "/api/openapi.json").json()
        self.assertTrue(document["openapi"].startswith("3.1"))
        paths = document["paths"]
        for path in ("/api/register", "/api/login", "/api/logout", "/api/me", "/api/channel",
                     "/api/channel/join", "/api/channel/leave", "/api/channel/member",
                     "/api/channel/read", "/api/user/channel", "/api/message", "/api/reply",
                     "/healthz", "/readyz"):
            self.assertIn(path, paths)

    def test_ready(self):
        answer = self.server.request("GET", "/readyz")
        self.assertEqual(answer.status, 200)
        self.assertIsInstance(answer.json(), dict)


class Cookies(ServerCase):
    def logged_in(self):
        user = self.user()
        value, attributes = cookie_of(User.login(self.server, user.email, user.password))
        return user, f"parley_session={value}", attributes

    @classmethod
    def setUpClass(cls):
        """Several nodes are one site: the pages are of the first, whoever answers."""
        super().setUpClass()
        cls.host = f"127.0.0.1:{cls.server.port}"

    def ours(self):
        return f"http://{self.host}"

    def ask(self, method, path, cookie, body=None, **headers):
        fields = {"Host": self.host, "Cookie": cookie}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.server.request(method, path, body, headers=fields)

    def test_its_attributes(self):
        _, _, attributes = self.logged_in()
        self.assertIn("httponly", attributes)
        self.assertIn("samesite=lax", attributes)
        self.assertNotIn("secure", attributes)
        self.assertIn("path=/", attributes)

    def test_it_stands_for_the_header(self):
        user, cookie, _ = self.logged_in()
        self.assertEqual(self.ask("GET", "/api/me", "a=b; " + cookie).data["id"], user.id)

    def test_what_changes_something_must_come_from_our_pages(self):
        _, cookie, _ = self.logged_in()
        body = {"name": "x"}
        for allowed in ({"Origin": self.ours()}, {"Sec_Fetch_Site": "same-origin"}):
            self.assertEqual(self.ask("POST", "/api/channel", cookie, body, **allowed).status, 200)
        for foreign in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"},
                        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
                        {"Origin": self.ours() + ".evil.example"},
                        {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}):
            answer = self.ask("POST", "/api/channel", cookie, body, **foreign)
            self.fails(answer, 403, code="forbidden")

    def test_a_token_in_the_header_needs_no_origin(self):
        user = self.user()
        answer = user.post("/api/channel", {"name": "x"},
                           headers={"Origin": "https://evil.example"})
        self.assertEqual(answer.status, 200)

    def test_a_websocket_by_cookie(self):
        user, cookie, _ = self.logged_in()
        session = self.keep(Ws(self.server, {"Host": self.host, "Cookie": cookie,
                                             "Origin": self.ours()}))
        session.send("Hello", {"protocol": 1})
        self.assertEqual(session.recv()["data"]["user_id"], user.id)

    def test_a_cookie_from_a_foreign_page_is_ignored(self):
        user, cookie, _ = self.logged_in()
        for origin in ("https://evil.example", "null"):
            session = self.keep(Ws(self.server, {"Host": self.host, "Cookie": cookie,
                                                 "Origin": origin}))
            session.send("Hello", {"protocol": 1})
            self.assertEqual(session.recv()["status"], "fail")
            self.assertEqual(session.ended()[0], 4001)
            other = self.keep(Ws(self.server, {"Host": self.host, "Cookie": cookie,
                                               "Origin": origin}))
            other.auth(user.token)
            other.send("Hello", {"protocol": 1})
            self.assertEqual(other.recv()["status"], "success")

    def test_logging_out_takes_it_back(self):
        _, cookie, _ = self.logged_in()
        answer = self.ask("POST", "/api/logout", cookie, {}, Origin=self.ours())
        self.assertEqual(answer.status, 200)
        value, attributes = cookie_of(answer)
        self.assertEqual(value, "")
        self.assertIn("max-age=0", attributes)


class ListedOrigin(ServerCase):
    settings = {"PARLEY_SERVER_ORIGINS": "https://chat.example"}

    def test_a_websocket_from_a_listed_page(self):
        user = self.user()
        value, _ = cookie_of(User.login(self.server, user.email, user.password))
        session = self.keep(Ws(self.server, {"Cookie": f"parley_session={value}",
                                             "Origin": "https://chat.example"}))
        session.send("Hello", {"protocol": 1})
        self.assertEqual(session.recv()["data"]["user_id"], user.id)


class LoggingOut(ServerCase):
    def test_the_token_is_refused_at_once_where_it_was_told(self):
        user = User.register(self.server.next())
        answer = user.post("/api/logout")
        self.assertEqual((answer.status, answer.json()["status"]), (200, "success"))
        self.fails(user.get("/api/me"), 401, "Invalid JWT claims", "unauthorized")
        session = self.keep(Ws(user.server)).auth(user.token)
        self.assertEqual(session.recv()["status"], "fail")
        self.assertEqual(session.ended()[0], 4001)

    def test_its_sockets_close(self):
        user = self.user()
        sessions = [self.keep(user.session()), self.keep(user.legacy())]
        user.done("/api/logout")
        for session in sessions:
            self.assertEqual(session.ended(6)[0], 4001)

    def test_other_sessions_go_on(self):
        user = self.user()
        other = User.login(self.server, user.email, user.password).data["token"]
        session = self.keep(Ws(self.server)).auth(other)
        user.done("/api/logout")
        session.send("Ping")
        session.send("Hello", {"protocol": 1})
        session.action("Hello")
        user.token = other
        self.assertEqual(user.get("/api/me").status, 200)

    def test_it_outlives_a_restart(self):
        user = self.user()
        user.done("/api/logout")
        self.server.restart()
        self.fails(user.get("/api/me"), 401, "Invalid JWT claims")

    def test_sessions_outlive_a_restart(self):
        user = self.user()
        self.server.restart()
        self.assertEqual(user.get("/api/me").status, 200)


class Throttles(ServerCase):
    rates = True

    def test_an_account_is_tried_ten_times_a_minute(self):
        user = self.user()
        answers = [self.server.request("POST", "/api/login",
                                       {"email": user.email, "password": "wrong wrong"})
                   for _ in range(14)]
        statuses = [a.status for a in answers]
        self.assertEqual(set(statuses[:9]), {401})
        self.assertEqual(set(statuses[10:]), {429}, statuses)
        body = self.fails(answers[-1], 429, code="rate_limited")
        self.assertGreater(body["retry_after_ms"], 0)
        self.assertGreater(int(answers[-1].header("Retry-After")), 0)
        right = self.server.request("POST", "/api/login",
                                    {"email": user.email, "password": user.password})
        self.assertEqual(right.status, 429)


class AddressThrottle(ServerCase):
    rates = True
    settings = {"PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS": "5",
                "PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS": "5"}

    def test_an_address_is_bounded_over_all_accounts(self):
        statuses = [self.server.request("POST", "/api/login", {
            "email": f"u{i}@example.org", "password": "wrong wrong"}).status for i in range(8)]
        self.assertEqual(statuses, [401] * 5 + [429] * 3)

    def test_registrations_too(self):
        statuses = [self.server.request("POST", "/api/register", {
            "username": "x", "email": f"r{i}@example.org", "password": "abcd12"},
            headers={"X-Forwarded-For": f"10.0.0.{i}"}).status for i in range(8)]
        self.assertEqual(statuses, [200] * 5 + [429] * 3)


class TrustedProxy(ServerCase):
    rates = True
    settings = {"PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS": "2",
                "PARLEY_SERVER_TRUSTED_PROXIES": "127.0.0.1"}

    def register(self, number, forwarded):
        return self.server.request("POST", "/api/register", {
            "username": "x", "email": f"p{number}@example.org", "password": "abcd12"},
            headers={"X-Forwarded-For": forwarded}).status

    def test_the_address_that_a_trusted_proxy_names_counts(self):
        self.assertEqual([self.register(i, "198.51.100.1") for i in range(3)], [200, 200, 429])
        self.assertEqual(self.register(3, "198.51.100.2"), 200)
        self.assertEqual(self.register(4, "6.6.6.6, 198.51.100.1"), 429)

    def test_a_cookie_over_tls_at_the_proxy_is_secure(self):
        made = self.server.request("POST", "/api/register", {
            "username": "x", "email": "tls@example.org", "password": "abcd12"},
            headers={"X-Forwarded-For": "198.51.100.9"})
        self.assertEqual(made.status, 200)
        answer = self.server.request("POST", "/api/login", {
            "email": "tls@example.org", "password": "abcd12"},
            headers={"X-Forwarded-Proto": "https"})
        self.assertIn("secure", cookie_of(answer)[1])


class Concurrency(ServerCase):
    def test_many_log_ins_at_once_are_served_or_refused_at_once(self):
        import concurrent.futures
        user = self.user()

        def log_in(_):
            started = time.monotonic()
            answer = self.server.request("POST", "/api/login", {
                "email": user.email, "password": user.password}, timeout=30)
            return answer.status, time.monotonic() - started

        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            results = list(pool.map(log_in, range(64)))
        self.assertLessEqual({status for status, _ in results}, {200, 503})
        self.assertIn(200, {status for status, _ in results})
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)


class Upgrades(ServerCase):
    def test_bad_handshakes(self):
        for change, status in (({"Sec-WebSocket-Version": "12"}, 426),
                               ({"Sec-WebSocket-Key": "short"}, 400)):
            with self.assertRaises(Refused) as refused:
                Ws(self.server, change)
            self.assertEqual(refused.exception.response.status, status)
        plain = self.server.request("GET", "/api/message/ws")
        self.assertIn(plain.status, (400, 426))


if __name__ == "__main__":
    tap.main()
