"""What the clients of chat-app ask over HTTP, and the exact answers they know."""
import base64
import json
import re
import urllib.parse
import uuid

from parley_e2e import http, tap
from parley_e2e.chat import ServerCase

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


def email():
    return f"{uuid.uuid4().hex[:12]}@example.org"


class Accounts(ServerCase):
    def post(self, path, body, **more):
        return self.server.request("POST", path, body, **more)

    def test_register_and_log_in(self):
        mail = email()
        made = self.post("/api/register", {"username": "ada", "email": mail, "password": "abcd12"})
        self.assertEqual((made.status, made.json()["status"], made.message),
                         (200, "success", "register successfully"))
        answer = self.post("/api/login", {"email": mail, "password": "abcd12"})
        self.assertEqual((answer.status, answer.json()["status"], answer.message),
                         (200, "success", "login successfully"))
        self.assertEqual(answer.header("Content-Type"), "application/json; charset=utf-8")
        data = answer.data
        self.assertEqual(set(data), {"id", "name", "email", "token", "created_at"})
        self.assertEqual((data["name"], data["email"]), ("ada", mail))
        self.assertEqual(str(uuid.UUID(data["id"])), data["id"])
        self.assertRegex(data["created_at"], TIME)

    def test_the_token_has_the_claims_of_chat_app(self):
        token = self.user("ada").token
        head, body, _ = (json.loads(base64.urlsafe_b64decode(part + "==")) if i < 2 else None
                         for i, part in enumerate(token.split(".")))
        self.assertEqual(head["alg"], "HS256")
        self.assertLessEqual({"Username", "Email", "UserID", "iss", "exp", "iat"}, set(body))
        self.assertEqual(body["Username"], "ada")
        self.assertEqual(body["exp"] - body["iat"], 86400)

    def test_a_body_is_json_whatever_its_type_says(self):
        body = json.dumps({"username": "ada", "email": email(), "password": "abcd12", "more": [1]})
        for kind in ("text/plain;charset=UTF-8", "application/x-www-form-urlencoded", None):
            body = json.dumps({**json.loads(body), "email": email()})
            fields = {"Content-Type": kind} if kind else {}
            self.assertEqual(self.post("/api/register", body, headers=fields).status, 200)

    def test_missing_fields_are_named_in_order(self):
        for body, names in (({}, "email, username, password"),
                            ({"email": ""}, "email, username, password"),
                            ({"password": "abcd12", "username": None}, "email, username"),
                            ({"email": email(), "username": "a"}, "password")):
            self.fails(self.post("/api/register", body), 400,
                       f"The Field: {names} is required", "bad_request")
        self.fails(self.post("/api/login", {}), 400, "The Field: email, password is required")

    def test_wrong_types_are_named(self):
        self.fails(self.post("/api/login", {"email": 5, "password": "abcd12"}), 400,
                   "The Field: email should be string")

    def test_a_wrong_password(self):
        self.fails(self.post("/api/login", {"email": self.user().email, "password": "nope nope"}),
                   401, "Password is wrong", "unauthorized")

    def test_an_unknown_account_looks_the_same(self):
        self.fails(self.post("/api/login", {"email": email(), "password": "nope nope"}),
                   401, "Password is wrong", "unauthorized")

    def test_an_address_is_used_once(self):
        self.fails(self.post("/api/register", {"username": "bob", "password": "abcd12",
                                               "email": self.user().email}),
                   409, "This Field users_email_key is used", "conflict")

    def test_bad_input_is_the_clients_fault(self):
        good = {"username": "ada", "email": email(), "password": "abcd12"}
        for change in ({"username": "a" * 51}, {"password": "a" * 129}, {"password": "abc"},
                       {"email": "nobody"}, {"email": "a@" + "b" * 300}):
            self.fails(self.post("/api/register", {**good, **change}), 400, code="bad_request")
        for text in ("{", "", "[]", "null", '"x"', '{"email":"\\ud800"}', "{}x", "\xff\xfe",
                     '{"email":1e999}'):
            self.fails(self.post("/api/register", text), 400, code="bad_request")

    def test_names_and_passwords_up_to_the_limit(self):
        good = {"username": "ä" * 50, "email": email(), "password": "p" * 128}
        self.assertEqual(self.post("/api/register", good).status, 200)
        self.assertEqual(self.post("/api/login", good).status, 200)
        self.assertEqual(self.post("/api/login", {**good, "password": "p" * 127}).status, 401)


class Tokens(ServerCase):
    PATHS = ("/api/channel", "/api/user/channel", "/api/message?channel_id=" + str(uuid.uuid4()),
             "/api/reply?message_id=5", "/api/me")

    def ask(self, path, value):
        headers = {} if value is None else {"Authorization": value}
        return self.server.request("GET", path, headers=headers)

    def test_none(self):
        token = self.user().token
        for path in self.PATHS:
            for value in (None, "", f"Basic {token}", token):
                self.fails(self.ask(path, value), 401, "Not Get JWT claims", "unauthorized")

    def test_a_forged_one(self):
        head, body, mark = self.user().token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["UserID"] = self.user().id
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        for token in (f"{head}.{forged}.{mark}", f"{none}.{body}.", f"{head}.{body}", "x", "a.b.c",
                      f"{head}.{body}.{mark[:-2]}"):
            self.fails(self.ask("/api/channel", f"Bearer {token}"), 401, "Invalid JWT claims",
                       "unauthorized")

    def test_the_scheme_in_any_case(self):
        token = self.user().token
        for scheme in ("Bearer", "bearer", "BEARER"):
            self.assertEqual(self.ask("/api/channel", f"{scheme} {token}").status, 200)


class ShortSessions(ServerCase):
    settings = {"PARLEY_SERVER_ACCESS_JWT_EXPIRE_TIME": "1"}

    def test_an_expired_one(self):
        import time
        user = self.user()
        time.sleep(2.1)
        self.fails(user.get("/api/channel"), 401, "JWT claims is expired", "expired")


class Channels(ServerCase):
    def test_create_list_join(self):
        owner, other = self.user(), self.user()
        made = owner.post("/api/channel", {"name": "general"})
        self.assertEqual((made.status, made.message), (200, "create channel successfully"))
        channel = made.data["id"]
        listed = owner.get("/api/channel")
        self.assertEqual(listed.message, "get channel successfully")
        mine, = [c for c in listed.data if c["id"] == channel]
        self.assertEqual(set(mine), {"id", "name", "user_id", "created_at"})
        self.assertEqual((mine["name"], mine["user_id"]), ("general", owner.id))
        self.assertRegex(mine["created_at"], TIME)
        self.assertEqual(other.get("/api/user/channel").data, [])
        joined = other.post("/api/channel/join", {"channel_id": channel})
        self.assertEqual((joined.status, joined.message), (200, "user join channel successfully"))
        his = other.get("/api/user/channel")
        self.assertEqual(his.message, "get user channels successfully")
        self.assertEqual([c["id"] for c in his.data], [channel])
        self.assertLessEqual({"id", "name", "user_id", "created_at"}, set(his.data[0]))

    def test_the_creator_is_a_member(self):
        owner = self.user()
        channel = owner.create()
        self.assertEqual([c["id"] for c in owner.get("/api/user/channel").data], [channel])

    def test_two_may_share_a_name(self):
        owner = self.user()
        self.assertNotEqual(owner.create("twin"), owner.create("twin"))

    def test_joining_twice(self):
        _, other, channel = self.pair()
        self.fails(other.post("/api/channel/join", {"channel_id": channel}), 409,
                   "This Field userid_channelid_pkey is used", "conflict")

    def test_what_is_wrong_is_said(self):
        user = self.user()
        join = "/api/channel/join"
        self.fails(user.post(join, {}), 400, "The Field: channelid is required", "bad_request")
        self.fails(user.post(join, {"channel_id": "no uuid"}), 400, code="bad_request")
        self.fails(user.post(join, {"channel_id": str(uuid.uuid4())}), 404, code="not_found")
        self.fails(user.post("/api/channel", {}), 400, "The Field: name is required")
        self.fails(user.post("/api/channel", {"name": "n" * 81}), 400, code="bad_request")
        self.assertEqual(user.post("/api/channel", {"name": "ü" * 80}).status, 200)


class Pages(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.server.register("ada")
        cls.channel = cls.owner.create()
        cls.sent = [cls.owner.say(cls.channel, f"m{i}") for i in range(23)]
        cls.replies = [cls.owner.done("/api/reply", {
            "channel_id": cls.channel, "message_id": cls.sent[0]["message_id"],
            "content": f"r{i}"}) for i in range(12)]

    def page(self, cursor="", path=None):
        path = path or f"/api/message?channel_id={self.channel}"
        answer = self.owner.get(f"{path}&cursor={cursor}")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def test_newest_first_ten_a_page(self):
        first = self.page()
        self.assertEqual(first.message, "get message successfully")
        self.assertEqual([m["content"] for m in first.data["messages"]],
                         [f"m{i}" for i in range(22, 12, -1)])
        message = first.data["messages"][0]
        self.assertLessEqual({"channel_id", "message_id", "content", "user_id", "username",
                              "created_at"}, set(message))
        self.assertEqual((message["channel_id"], message["user_id"], message["username"]),
                         (self.channel, self.owner.id, "ada"))
        self.assertIs(type(message["message_id"]), int)
        self.assertRegex(message["created_at"], TIME)

    def test_cursors_lead_to_the_end(self):
        seen, cursor = [], ""
        for size in (10, 10, 3):
            page = self.page(cursor).data
            self.assertEqual(len(page["messages"]), size)
            seen += page["messages"]
            cursor = page["next_cursor"]
        self.assertEqual(cursor, "")
        self.assertEqual([m["message_id"] for m in seen],
                         [m["message_id"] for m in reversed(self.sent)])

    def test_a_cursor_is_the_text_that_chat_app_made(self):
        cursor = self.page().data["next_cursor"]
        text = base64.b64decode(cursor, validate=True).decode()
        self.assertEqual(text, "{'message_id': %d}" % self.sent[12]["message_id"])

    def test_cursors_survive_any_way_of_sending(self):
        cursor = self.page().data["next_cursor"]
        expected = self.page(cursor).data
        for way in (urllib.parse.quote(cursor, safe=""), cursor.replace("=", "%3D"),
                    cursor.replace("+", " ").replace(" ", "%20"), cursor.rstrip("=")):
            self.assertEqual(self.page(way).data, expected)

    def test_bad_cursors(self):
        for cursor in ("x", "!!!!", base64.b64encode(b"{'message_id': x}").decode(),
                       base64.b64encode(b"{'reply_id': 5}").decode(),
                       base64.b64encode(b"{'message_id': -5}").decode(),
                       base64.b64encode(b"{'message_id': 99999999999999999999}").decode(), "%zz"):
            path = f"/api/message?channel_id={self.channel}&cursor={cursor}"
            self.fails(self.owner.get(path), 400, code="bad_request")

    def test_replies(self):
        message = self.sent[0]["message_id"]
        path = f"/api/reply?message_id={message}"
        first = self.page(path=path)
        self.assertEqual(first.message, "get reply successfully")
        reply = first.data["replies"][0]
        self.assertLessEqual({"channel_id", "message_id", "reply_id", "content", "user_id",
                              "username", "created_at"}, set(reply))
        self.assertIs(type(reply["reply_id"]), int)
        self.assertEqual(reply["message_id"], message)
        text = base64.b64decode(first.data["next_cursor"]).decode()
        self.assertEqual(text, "{'reply_id': %d}" % self.replies[1]["reply_id"])
        last = self.page(first.data["next_cursor"], path).data
        self.assertEqual([r["content"] for r in first.data["replies"] + last["replies"]],
                         [f"r{i}" for i in range(11, -1, -1)])
        self.assertEqual(last["next_cursor"], "")

    def test_replies_are_no_messages(self):
        contents = {m["content"] for m in self.owner.history(self.channel)}
        self.assertEqual(contents, {f"m{i}" for i in range(23)})

    def test_an_empty_channel(self):
        page = self.owner.get(f"/api/message?channel_id={self.owner.create()}").data
        self.assertEqual(page, {"messages": [], "next_cursor": ""})

    def test_what_is_wrong_is_said(self):
        get = self.owner.get
        self.fails(get("/api/message"), 400, "The Field: channelid is required")
        self.fails(get("/api/reply"), 400, "The Field: messageid is required")
        self.fails(get("/api/message?channel_id=x"), 400, code="bad_request")
        self.fails(get("/api/reply?message_id=x"), 400, code="bad_request")
        self.fails(get(f"/api/message?channel_id={uuid.uuid4()}"), 404, code="not_found")
        self.fails(get("/api/reply?message_id=5"), 404, code="not_found")


class Edges(ServerCase):
    def test_health(self):
        answer = self.server.request("GET", "/healthz")
        self.assertEqual((answer.status, answer.body), (200, b'"OK"'))

    def test_unknown_paths(self):
        for path in ("/nope", "/api/nope", "/api/channel/", "/api//channel", "/api/../x"):
            answer = self.server.request("GET", path)
            self.assertEqual(answer.status, 404, path)
            self.assertEqual(answer.json(), f"not found GET {path}")

    def test_wrong_methods(self):
        self.assertIn(self.server.request("DELETE", "/api/login").status, (404, 405))
        self.assertIn(self.server.request("GET", "/api/login").status, (404, 405))

    def test_preflight(self):
        for path in ("/api/message?channel_id=x", "/api/login", "/nope"):
            answer = self.server.request("OPTIONS", path, headers={
                "Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "authorization,content-type"})
            self.assertEqual((answer.status, answer.body), (204, b""))
            allowed = answer.header("Access-Control-Allow-Headers").lower()
            self.assertIn("authorization", allowed)
            self.assertIn("content-type", allowed)
            self.assertEqual(answer.header("Access-Control-Allow-Origin"), "*")
            self.assertIsNone(answer.header("Access-Control-Allow-Credentials"))

    def test_every_answer_allows_its_origin(self):
        for path in ("/api/channel", "/healthz", "/nope", "/metrics"):
            answer = self.server.request("GET", path, headers={"Origin": "http://localhost:3000"})
            self.assertEqual(answer.header("Access-Control-Allow-Origin"), "*", path)
            self.assertIsNone(answer.header("Access-Control-Allow-Credentials"))

    def test_deep_json(self):
        def nested(depth):
            return {"email": "x", "password": "y", "z": json.loads("[" * depth + "]" * depth)}
        self.fails(self.server.request("POST", "/api/login", nested(31)), 401)
        self.fails(self.server.request("POST", "/api/login", nested(32)), 400, code="bad_request")
        self.fails(self.server.request("POST", "/api/login", "[" * 60000), 400)

    def test_a_connection_is_used_again(self):
        sock = self.server.connect()
        self.addCleanup(sock.close)
        reader = http.Reader(sock)
        wanted = [("/healthz", 200), ("/nope", 404), ("/api/channel", 401), ("/healthz", 200)]
        for path, status in wanted:
            sock.sendall(http.request_bytes("GET", path))
            self.assertEqual(http.read_response(reader).status, status)
        sock.sendall(b"".join(http.request_bytes("GET", path) for path, _ in wanted))
        self.assertEqual([http.read_response(reader).status for _ in wanted],
                         [status for _, status in wanted])

    def test_head_is_get_without_a_body(self):
        got, headed = (self.server.request(m, "/healthz") for m in ("GET", "HEAD"))
        self.assertEqual((headed.status, headed.body), (200, b""))
        self.assertEqual(headed.header("Content-Length"), got.header("Content-Length"))

    def test_no_version_is_told(self):
        server = self.server.request("GET", "/healthz").header("Server")
        self.assertFalse(server and re.search(r"\d", server))


class Listed(ServerCase):
    settings = {"PARLEY_SERVER_ORIGINS": "https://chat.example,http://localhost:3000"}

    def test_only_listed_origins_are_allowed(self):
        for origin, allowed in (("http://localhost:3000", "http://localhost:3000"),
                                ("https://chat.example", "https://chat.example"),
                                ("https://evil.example", None)):
            answer = self.server.request("GET", "/healthz", headers={"Origin": origin})
            self.assertEqual(answer.header("Access-Control-Allow-Origin"), allowed)
            self.assertIn("Origin", answer.header("Vary") or "")


if __name__ == "__main__":
    tap.main()
