"""People who use the server: accounts, channels, sessions."""
import itertools
import os
import unittest
import uuid

from parley_e2e.cluster import Cluster, shared_space
from parley_e2e.server import Server
from parley_e2e.ws import Ws

counter = itertools.count(1)


class User:
    def __init__(self, server, data, password):
        self.server, self.password = server, password
        self.id, self.name, self.email = data["id"], data["name"], data["email"]
        self.token = data["token"]

    @staticmethod
    def register(server, name=None, password="correct horse 1"):
        name = name or f"user{next(counter)}"
        email = f"{uuid.uuid4().hex[:12]}@example.org"
        made = server.request("POST", "/api/register",
                              {"username": name, "email": email, "password": password})
        assert made.status == 200, made
        return User(server, User.login(server, email, password).data, password)

    @staticmethod
    def login(server, email, password):
        answer = server.request("POST", "/api/login", {"email": email, "password": password})
        assert answer.status == 200, answer
        return answer

    # ---- HTTP ----

    def get(self, path, **more):
        return self.server.request("GET", path, token=self.token, **more)

    def post(self, path, body=None, **more):
        return self.server.request("POST", path, body or {}, token=self.token, **more)

    def done(self, path, body=None):
        """A post that must succeed; its data, if any."""
        answer = self.post(path, body)
        assert answer.status == 200, answer
        return answer.json().get("data")

    def create(self, name="general"):
        return self.done("/api/channel", {"name": name})["id"]

    def join(self, channel):
        self.done("/api/channel/join", {"channel_id": channel})

    def say(self, channel, content, **more):
        return self.done("/api/message", {"channel_id": channel, "content": content, **more})

    def history(self, channel, limit=100):
        """Every message of a channel, oldest first, by the pages."""
        found, cursor = [], ""
        while True:
            page = self.get(f"/api/message?channel_id={channel}&limit={limit}&cursor={cursor}")
            assert page.status == 200, page
            found += page.data["messages"]
            cursor = page.data["next_cursor"]
            if not cursor:
                return found[::-1]

    def after(self, channel, seq=0, limit=100):
        """Every message and reply after a position, oldest first, by the pages."""
        found = []
        while seq is not None:
            page = self.get(f"/api/message?channel_id={channel}&limit={limit}&after={seq}")
            assert page.status == 200, page
            found += page.data["messages"]
            seq = page.data.get("next_after")
        return found

    # ---- Websockets ----

    def legacy(self, **how):
        """A session as chat-app's page opens it. Sending is possible at once; a round trip makes
        sure that it hears what happens from here on."""
        session = Ws(self.server, **how).auth(self.token)
        session.text('{"action":"Nothing"}')
        assert session.recv()["status"] == "fail"
        return session

    def session(self, resume=None, watch=None, **how):
        """An extended session; `hello` is the answer's data."""
        session = Ws(self.server, **how).auth(self.token)
        session.send("Hello", {"protocol": 1, **({"resume": resume} if resume is not None else {}),
                               **({"watch": watch} if watch else {})})
        answer = session.recv()
        assert answer["action"] == "Hello" and answer["status"] == "success", answer
        session.hello = answer["data"]
        return session


class ServerCase(unittest.TestCase):
    """Tests that share one server; with PARLEY_E2E_ENGINE=cluster, one cluster of three nodes."""

    settings = {}
    rates = False

    @classmethod
    def setUpClass(cls):
        if os.environ.get("PARLEY_E2E_ENGINE") == "cluster":
            cls.server = Cluster(cls.settings, rates=cls.rates, space=shared_space())
        else:
            cls.server = Server(cls.settings, rates=cls.rates)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def user(self, name=None):
        return self.server.register(name)

    def pair(self):
        """Two members of one new channel: (owner, other, channel)."""
        owner, other = self.user(), self.user()
        channel = owner.create()
        other.join(channel)
        return owner, other, channel

    def keep(self, session):
        """Closes the session at the end of the test; returns it."""
        self.addCleanup(session.close)
        return session

    def fails(self, response, status, message=None, code=None):
        self.assertEqual(response.status, status, response)
        body = response.json()
        self.assertEqual(body["status"], "fail")
        self.assertNotIn("data", body)
        self.assertTrue(body["message"])
        self.assertIn("code", body)
        if message is not None:
            self.assertEqual(body["message"], message)
        if code is not None:
            self.assertEqual(body["code"], code)
        return body
