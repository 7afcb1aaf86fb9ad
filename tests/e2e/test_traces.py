"""Traces: what one request did, as a collector is told of it."""
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.cluster import eventually
from parley_e2e.otlp import Collector
from parley_e2e.server import Server, run

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SENTENCE = "nobody but the channel may read this"
PASSWORD = "correct horse 1"


def named(name):
    return lambda span: span.name == name


def one(spans, name):
    found, = [span for span in spans if span.name == name]
    return found


class Collected(ServerCase):
    more = {}

    @classmethod
    def setUpClass(cls):
        cls.collector = Collector()
        cls.settings = {"PARLEY_TRACE_ENDPOINT": cls.collector.endpoint, **cls.more}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.collector.close()


class All(Collected):
    more = {"PARLEY_TRACE_RATIO": "1", "PARLEY_LOGGER_LEVEL": "debug",
            "PARLEY_CLUSTER_NODE": "node \"a\"", "PARLEY_TRACE_SERVICE_NAME": "chat"}

    def test_a_message_from_its_frame_to_its_readers(self):
        owner, other, channel = self.pair()
        speaker, listener = self.keep(owner.session()), self.keep(other.session())
        speaker.send("CreateMessage", {"channel_id": channel, "content": SENTENCE})
        seq = speaker.action("Ack")["data"]["seq"]
        listener.action("Message")
        spans = self.collector.trace(lambda span: span.attributes.get("parley.seq") == seq,
                                     ["websocket CreateMessage", "journal append", "COMMIT",
                                      "fan out"])
        root, append = one(spans, "websocket CreateMessage"), one(spans, "journal append")
        commit = one(spans, "COMMIT")
        fans = [span for span in spans if span.name == "fan out"]
        self.assertEqual((root.parent, root.kind), (None, "server"))
        self.assertEqual(root.attributes["parley.kept_for"], "ratio")
        self.assertEqual((append.parent, commit.parent), (root.id, append.id))
        self.assertEqual(commit.attributes["db.system.name"], "sqlite")
        self.assertTrue(all(fan.parent == root.id for fan in fans))
        self.assertEqual(sum(fan.attributes["parley.deliveries"] for fan in fans), 2)
        self.assertTrue(root.begun <= append.begun <= commit.begun <= commit.ended <= root.ended)
        self.assertLess(abs(time.time_ns() - root.begun), 60e9)
        self.assertEqual(root.resource["service.name"], "chat")
        self.assertEqual(root.resource["service.instance.id"], "node \"a\"")

    def test_a_request_and_what_it_asked_the_store(self):
        user = self.user()
        channel = user.create()
        user.history(channel)
        spans = self.collector.trace(named("GET /api/message"), ["GET /api/message", "SELECT"])
        root, read = one(spans, "GET /api/message"), [s for s in spans if s.name == "SELECT"][0]
        self.assertEqual(read.parent, root.id)
        self.assertEqual(root.attributes["http.response.status_code"], 200)
        self.assertEqual(root.attributes["http.request.method"], "GET")
        self.assertEqual(root.attributes["http.route"], "/api/message")
        self.assertIn("wait for a worker", {span.name for span in spans})

    def test_logging_in_shows_the_hash(self):
        self.user()
        spans = self.collector.trace(named("POST /api/login"), ["POST /api/login",
                                                                "verify password"])
        check = one(spans, "verify password")
        self.assertEqual(check.parent, one(spans, "POST /api/login").id)
        self.assertGreater(check.ended - check.begun, 1e6)

    def test_a_message_by_http_is_under_its_request(self):
        owner, other, channel = self.pair()
        self.keep(other.session())
        owner.say(channel, SENTENCE)
        spans = self.collector.trace(named("POST /api/message"),
                                     ["POST /api/message", "journal append", "fan out"])
        self.assertEqual(one(spans, "journal append").parent, one(spans, "POST /api/message").id)

    def test_a_refused_send_says_why(self):
        user = self.user()
        session = self.keep(user.session())
        stranger = self.user().create()
        session.send("CreateMessage", {"channel_id": stranger, "content": "x"})
        session.action("Fail")
        spans = self.collector.trace(
            lambda span: span.attributes.get("parley.refused") == "forbidden",
            ["websocket CreateMessage"])
        self.assertFalse(spans[0].failed)

    def test_a_client_is_linked_to_and_decides_nothing(self):
        header = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
        self.user().get("/api/me", headers=header)
        span = self.collector.wait(
            lambda spans: [s for s in spans if (TRACE, CALLER) in s.links])[0]
        self.assertNotEqual(span.trace, TRACE)
        self.assertIsNone(span.parent)

    def test_probes_are_nobodys_requests(self):
        for path in ("/healthz", "/readyz", "/metrics"):
            self.server.request("GET", path)
        self.user().get("/api/me")
        self.collector.wait(lambda spans: [s for s in spans if s.name == "GET /api/me"])
        self.assertFalse([s for s in self.collector.spans if "/metrics" in s.name])

    def test_logs_of_a_traced_request_name_its_trace(self):
        self.user().get("/api/me")
        traces = {span.trace for span in self.collector.wait(
            lambda spans: [s for s in spans if s.name == "GET /api/me"])}
        lines = [line for line in self.server.log("request") if line["path"] == "/api/me"]
        self.assertTrue(traces & {line.get("trace_id") for line in lines})

    def test_nothing_that_people_wrote_gets_out(self):
        owner, other, channel = self.pair()
        session = self.keep(owner.session())
        session.send("CreateMessage", {"channel_id": channel, "content": SENTENCE})
        seq = session.action("Ack")["data"]["seq"]
        self.collector.trace(lambda span: span.attributes.get("parley.seq") == seq, ["fan out"])
        told = "".join(self.collector.bodies)
        for secret in (SENTENCE, PASSWORD, owner.token, owner.email, other.name, channel):
            self.assertNotIn(secret, told)


class Trusted(Collected):
    more = {"PARLEY_SERVER_TRUSTED_PROXIES": "127.0.0.1", "PARLEY_TRACE_SLOW_MS": "0"}

    def test_a_proxys_decision_is_taken_over(self):
        user = self.user()
        user.get("/api/me", headers={"traceparent": f"00-{TRACE}-{CALLER}-00"})
        user.get("/api/me", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
        span = self.collector.wait(lambda spans: [s for s in spans if s.kind == "server"])
        self.assertEqual([(s.trace, s.parent) for s in span], [(TRACE, CALLER)])

    def test_a_malformed_one_is_none(self):
        user = self.user()
        before = len(self.collector.spans)
        for text in (f"00-{TRACE}-{CALLER}-1", f"ff-{TRACE}-{CALLER}-01", "x" * 2000,
                     f"00-{'0' * 32}-{CALLER}-01", f"00-{TRACE.upper()}-{CALLER}-01"):
            user.get("/api/me", headers={"traceparent": text})
        time.sleep(2.5)
        self.assertEqual(len(self.collector.spans), before)


class Slow(Collected):
    more = {"PARLEY_TRACE_RATIO": "0", "PARLEY_TRACE_SLOW_MS": "5"}

    def test_a_slow_request_is_kept_with_what_made_it_slow(self):
        self.user()
        spans = self.collector.trace(named("POST /api/login"),
                                     ["POST /api/login", "verify password"])
        root = one(spans, "POST /api/login")
        self.assertEqual(root.attributes["parley.kept_for"], "slowness")
        self.assertGreaterEqual(root.ended - root.begun, 5e6)
        self.assertEqual(one(spans, "verify password").parent, root.id)
        logged = self.server.log("slow request")
        self.assertIn(root.trace, {line["trace_id"] for line in logged})

    def test_a_quick_one_is_not(self):
        user = self.user()
        for _ in range(20):
            user.get("/api/me")
        time.sleep(2.5)
        for span in self.collector.spans:
            if span.name == "GET /api/me":
                self.assertGreaterEqual(span.ended - span.begun, 5e6)


class Collectors(unittest.TestCase):
    """Not as they should be."""

    def server(self, endpoint, **more):
        server = Server({"PARLEY_TRACE_ENDPOINT": endpoint, "PARLEY_TRACE_RATIO": "1", **more})
        self.addCleanup(server.close)
        return server.start()

    def collector(self):
        collector = Collector()
        self.addCleanup(collector.close)
        return collector

    def dropped(self, server, outcome):
        page = server.request("GET", "/metrics").body.decode()
        name = f'parley_trace_spans_total{{outcome="{outcome}"}} '
        return next(float(line[len(name):]) for line in page.splitlines()
                    if line.startswith(name))

    def test_what_is_there_at_the_end_is_sent(self):
        collector = self.collector()
        server = self.server(collector.endpoint)
        server.register()
        self.assertEqual(server.term(), 0)
        self.assertTrue([s for s in collector.spans if s.name == "POST /api/login"])

    def test_one_that_comes_back_gets_what_waited(self):
        collector = self.collector()
        collector.status = 503
        server = self.server(collector.endpoint)
        server.register()
        with collector.changed:
            collector.changed.wait_for(lambda: collector.posts >= 1, 10)
            collector.status = 200
        collector.wait(lambda spans: [s for s in spans if s.name == "POST /api/login"])
        self.assertEqual(len(server.log("traces cannot be exported")), 1)
        eventually(lambda: self.assertEqual(len(server.log("traces are exported again")), 1))

    def test_one_that_refuses_is_not_asked_again(self):
        collector = self.collector()
        collector.status = 400
        server = self.server(collector.endpoint)
        server.register()
        with collector.changed:
            collector.changed.wait_for(lambda: collector.posts >= 1, 10)
        time.sleep(2.5)
        self.assertEqual(collector.posts, 1)
        self.assertGreater(self.dropped(server, "refused"), 0)

    def test_without_one_the_server_lives_and_counts(self):
        server = self.server("http://127.0.0.1:9")
        user = server.register()
        for _ in range(40):
            for _ in range(100):
                user.get("/api/me")
            if self.dropped(server, "dropped") > 0:
                break
        self.assertGreater(self.dropped(server, "dropped"), 0)
        began = time.monotonic()
        self.assertEqual(server.term(), 0)
        self.assertLess(time.monotonic() - began, 8)

    def test_no_collector_is_the_default(self):
        server = Server().start()
        self.addCleanup(server.close)
        server.register().get("/api/me", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
        self.assertEqual(server.metric("parley_trace_spans_total"), 0)

    def test_what_is_no_address_is_refused(self):
        status, _, err = run("serve", "--check",
                             settings={"PARLEY_TRACE_ENDPOINT": "127.0.0.1:4318"})
        self.assertEqual(status, 1)
        self.assertIn("PARLEY_TRACE_ENDPOINT", err)


if __name__ == "__main__":
    tap.main()
