"""A web hook that fails until it is a dead letter, and `parley dlq` on it: listed, shown, put back,
delivered once, signed. Seven of its eight tries lie hours apart and are written down instead: the
envelope that the node made is taken out of the retry topic and put in again as one that was tried
seven times."""
import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import time
import unittest
import uuid

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Cluster, eventually
from parley_e2e.server import run

SECRET = "what the receiver knows as well"
TRIES_AT, NOT_BEFORE_AT, ID_AT = slice(2, 4), slice(4, 12), slice(20, 36)  # envelope.c


class Receiver(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Post)
        self.status, self.posts = 500, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def of(self, identity):
        return [post for post in list(self.posts) if post["id"] == identity]


class Post(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        wanted = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())
        self.server.posts.append({
            "id": self.headers["webhook-id"], "body": body, "status": self.server.status,
            "is_signed": self.headers["webhook-signature"] == "v1," + wanted.decode()})
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Says nothing: stdout is the tests'."""


class DeadLetters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.shutdown)
        cls.cluster = Cluster(nodes=1, settings={
            "PARLEY_NOTIFY_WEBHOOK_URL":
                f"http://127.0.0.1:{cls.receiver.server_address[1]}/hook",
            "PARLEY_NOTIFY_WEBHOOK_SECRET": SECRET})
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()

    def parley(self, *arguments):
        status, out, said = run("dlq", *arguments, settings=self.cluster.settings, timeout=60)
        self.assertEqual(status, 0, said)
        return out

    def kcat(self, *arguments, given=None):
        broker = self.cluster.settings["PARLEY_KAFKA_PRODUCER_BROKER"]
        return subprocess.run(["kcat", "-q", "-b", broker, "-t", f"{self.cluster.space}.retry",
                               *arguments], input=given, check=True, timeout=60,
                              capture_output=True).stdout

    def envelope(self):
        """The one that the node left in the retry topic."""
        def there():
            found = self.kcat("-C", "-o", "beginning", "-e", "-c", "1", "-D", "")
            self.assertGreater(len(found), ID_AT.stop)
            return found
        return eventually(there, 30)

    def test_dead_and_back(self):
        ada, bob = User.register(self.cluster), User.register(self.cluster)
        channel = ada.create()
        bob.join(channel)  # and has no session: he is offline
        ada.say(channel, "are you there?")
        letter = bytearray(self.envelope())
        identity = uuid.uuid4()
        letter[TRIES_AT] = (7).to_bytes(2, "big")
        letter[NOT_BEFORE_AT] = (0).to_bytes(8, "big")
        letter[ID_AT] = identity.bytes
        self.kcat("-P", "-D", "\x1e\x1e\x1e", given=bytes(letter))
        eventually(lambda: self.assertIn(str(identity), self.parley("list")), 30)
        self.assertEqual(len(self.receiver.of(str(identity))), 1)

        shown = json.loads(self.parley("show", str(identity), "--json"))
        self.assertEqual(shown["tries"], 8)
        self.assertIn("500", shown["reason"])
        self.assertEqual(len(self.parley("list", "--json").splitlines()), 1)
        self.assertEqual(self.cluster.log("given up")[0]["id"], str(identity))

        self.receiver.status = 204
        self.assertIn(str(identity), self.parley("replay", str(identity)))
        eventually(lambda: self.assertEqual(len(self.receiver.of(str(identity))), 2), 30)
        time.sleep(2)
        tried, delivered = self.receiver.of(str(identity))
        self.assertEqual((tried["status"], delivered["status"]), (500, 204))
        self.assertEqual(delivered["body"], tried["body"])
        self.assertTrue(tried["is_signed"] and delivered["is_signed"])
        self.assertEqual(self.parley("list"), "")


if __name__ == "__main__":
    tap.main()
