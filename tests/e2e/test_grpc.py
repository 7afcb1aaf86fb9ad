"""parley.v1.Chat and message.MessageService, spoken by clients that were made from the proto."""
import os
import socket
import time
import uuid

from parley_e2e import tap
from parley_e2e.rpc import PATIENCE_S, SECRET, RpcCase, bearer, details, grpc, pb, settings
from parley_e2e.server import free_port, run

import message_pb2  # noqa: I001  made by parley_e2e.rpc
import message_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

Code = grpc.StatusCode
TEXTS = ["plain", 'quotes " and \\ backslash', "new\nline\ttab", "nul \0 inside", "emoji 🎈 漢字"]


class Send(RpcCase):
    def test_what_is_sent_is_read_by_http_and_grpc(self):
        owner, other, channel = self.pair()
        sent = [self.send(owner, channel, text).post for text in TEXTS]
        self.assertEqual([m["content"] for m in other.history(channel)], TEXTS)
        page = self.read(other, channel_id=channel, limit=100)
        self.assertEqual(list(page.posts), sent[::-1])
        self.assertEqual(page.next_id, 0)
        for before, post in zip(sent, sent[1:]):
            self.assertEqual(post.prev_seq, before.seq)
            self.assertGreater(post.message_id, before.message_id)
        self.assertEqual((sent[0].username, sent[0].user_id), (owner.name, owner.id))
        self.assertLess(abs(sent[0].created_at.seconds - time.time()), 60)

    def test_a_websocket_hears_it(self):
        owner, other, channel = self.pair()
        session = self.keep(other.session())
        post = self.send(owner, channel, "by gRPC", client_msg_id="one").post
        heard = session.recv()
        self.assertEqual(heard["action"], "Message")
        self.assertEqual(heard["data"]["message_id"], post.message_id)
        self.assertEqual(heard["data"]["seq"], post.seq)

    def test_replies(self):
        owner, other, channel = self.pair()
        root = self.send(owner, channel, "root").post
        answers = [self.send(other, channel, f"{i}", message_id=root.message_id).post
                   for i in range(15)]
        self.assertEqual({a.message_id for a in answers}, {root.message_id})
        first = self.read(owner, message_id=root.message_id)
        self.assertEqual([p.content for p in first.posts], [str(i) for i in range(14, 4, -1)])
        rest = self.read(owner, message_id=root.message_id, from_id=first.next_id)
        self.assertEqual([p.content for p in rest.posts], [str(i) for i in range(4, -1, -1)])
        self.assertEqual(rest.next_id, 0)
        self.assertEqual(self.read(owner, channel_id=channel).posts[0].reply_count, 15)

    def test_a_retry_is_harmless(self):
        owner, _, channel = self.pair()
        first = self.send(owner, channel, "once", client_msg_id="a-1")
        again = self.send(owner, channel, "once", client_msg_id="a-1")
        self.assertEqual((first.duplicate, again.duplicate), (False, True))
        self.assertEqual(first.post, again.post)
        self.assertEqual(len(owner.history(channel)), 1)
        self.refused(Code.ALREADY_EXISTS,
                     lambda: self.send(owner, channel, "another", client_msg_id="a-1"), "conflict")

    def test_refusals(self):
        owner, _, channel = self.pair()
        stranger = self.user()
        cases = [
            (Code.PERMISSION_DENIED, "forbidden", lambda: self.send(stranger, channel, "x")),
            (Code.NOT_FOUND, "not_found", lambda: self.send(owner, str(uuid.uuid4()), "x")),
            (Code.INVALID_ARGUMENT, "bad_request", lambda: self.send(owner, "general", "x")),
            (Code.INVALID_ARGUMENT, "bad_request", lambda: self.send(owner, "", "x")),
            (Code.INVALID_ARGUMENT, "bad_request", lambda: self.send(owner, channel, "")),
            (Code.INVALID_ARGUMENT, "too_large", lambda: self.send(owner, channel, "x" * 8193)),
            (Code.INVALID_ARGUMENT, "bad_request",
             lambda: self.send(owner, channel, "x", client_msg_id="no blanks")),
            (Code.INVALID_ARGUMENT, "bad_request",
             lambda: self.send(owner, channel, "x", client_msg_id="x" * 65)),
            (Code.NOT_FOUND, "not_found", lambda: self.send(owner, channel, "x", message_id=4711)),
            (Code.INVALID_ARGUMENT, "bad_request",
             lambda: self.send(owner, channel, "x", message_id=2**63)),
            (Code.RESOURCE_EXHAUSTED, None, lambda: self.send(owner, channel, "x" * 70000)),
        ]
        for number, (code, word, call) in enumerate(cases):
            with self.subTest(number=number):
                self.refused(code, call, word)
        self.send(owner, channel, "x" * 8192)
        self.assertEqual(len(owner.history(channel)), 1)


class History(RpcCase):
    def test_pages(self):
        owner, other, channel = self.pair()
        sent = [self.send(owner, channel, str(i)).post for i in range(25)]
        found, start = [], 0
        while True:
            page = self.read(other, channel_id=channel, from_id=start)
            self.assertLessEqual(len(page.posts), 10)
            found += page.posts
            start = page.next_id
            if not start:
                break
        self.assertEqual(found, sent[::-1])

    def test_after_a_position(self):
        owner, other, channel = self.pair()
        root = self.send(owner, channel, "root").post
        sent = [self.send(owner, channel, str(i), message_id=root.message_id if i % 3 == 0 else 0)
                .post for i in range(25)]
        found, after = [], root.seq
        while after:
            page = self.read(other, channel_id=channel, after_seq=after, limit=7)
            found += page.posts
            after = page.next_after
        self.assertEqual([p.seq for p in found], [p.seq for p in sent])
        everything = self.read(other, channel_id=channel, after_seq=0, limit=100)
        self.assertEqual(len(everything.posts), 26)

    def test_refusals(self):
        owner, _, channel = self.pair()
        stranger = self.user()
        root = self.send(owner, channel, "root").post
        for code, who, what in [
                (Code.PERMISSION_DENIED, stranger, {"channel_id": channel}),
                (Code.PERMISSION_DENIED, stranger, {"channel_id": channel, "after_seq": 0}),
                (Code.PERMISSION_DENIED, stranger, {"message_id": root.message_id}),
                (Code.NOT_FOUND, owner, {"message_id": 4711}),
                (Code.NOT_FOUND, owner, {"channel_id": str(uuid.uuid4())}),
                (Code.INVALID_ARGUMENT, owner, {}),
                (Code.INVALID_ARGUMENT, owner, {"channel_id": "x"}),
                (Code.INVALID_ARGUMENT, owner, {"channel_id": channel, "limit": 101}),
                (Code.INVALID_ARGUMENT, owner, {"channel_id": channel, "from_id": 2**53}),
                (Code.INVALID_ARGUMENT, owner,
                 {"channel_id": channel, "from_id": 1, "after_seq": 1})]:
            with self.subTest(what=what):
                self.refused(code, lambda: self.read(who, **what))


class Access(RpcCase):
    def test_tokens(self):
        owner, _, channel = self.pair()
        request = pb.HistoryRequest(channel_id=channel)
        for metadata in [(), (("authorization", "Basic YTpi"),), bearer("nonsense"),
                         bearer(owner.token[:-4] + "AAAA"), (("authorization", ""),)]:
            with self.subTest(metadata=metadata):
                call = lambda: self.chat.History(request, metadata=metadata, timeout=PATIENCE_S)
                self.refused(Code.UNAUTHENTICATED, call, "unauthorized")
                self.refused(Code.UNAUTHENTICATED,
                             lambda: next(self.chat.Subscribe(pb.SubscribeRequest(),
                                                              metadata=metadata,
                                                              timeout=PATIENCE_S)))

    def test_who_logged_out_is_nobody(self):
        owner, _, channel = self.pair()
        stream = self.subscribe(owner)
        owner.done("/api/logout")
        self.refused(Code.UNAUTHENTICATED, lambda: self.read(owner, channel_id=channel))
        self.refused(Code.UNAUTHENTICATED, stream.event)

    def test_what_is_no_message_of_ours(self):
        owner, _, channel = self.pair()
        send = self.channel_to.unary_unary("/parley.v1.Chat/Send")
        for junk in [b"\xff" * 40, b"\x0a\x05abc", b"\x12\x02\xff\xfe", os.urandom(500)]:
            with self.subTest(junk=junk[:8]):
                self.refused(Code.INVALID_ARGUMENT,
                             lambda: send(junk, metadata=bearer(owner.token), timeout=PATIENCE_S))
        nothing = self.channel_to.unary_unary("/parley.v1.Chat/Nothing")
        self.refused(Code.UNIMPLEMENTED, lambda: nothing(b"", timeout=PATIENCE_S))
        self.assertEqual(owner.history(channel), [])

    def test_what_is_no_http2(self):
        owner, _, channel = self.pair()
        for junk in [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(4096),
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(4096),
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\xff\xff\x04\x00\x00\x00\x00\x00", b""]:
            with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
                sock.sendall(junk)
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(10)
                try:
                    while sock.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
        self.send(owner, channel, "still there")

    def test_a_deadline_that_has_passed(self):
        owner, _, channel = self.pair()
        self.refused(Code.DEADLINE_EXCEEDED, lambda: self.send(owner, channel, "late", timeout=-1))
        time.sleep(0.2)
        self.assertEqual(owner.history(channel), [])
        # Of one that passes under way nobody knows the outcome; there is one, and it is said in time.
        self.refused(Code.DEADLINE_EXCEEDED,
                     lambda: self.send(owner, channel, "soon", timeout=0.000001))
        time.sleep(0.2)
        self.assertLessEqual(len(owner.history(channel)), 1)

    def test_a_subscription_ends_with_its_deadline(self):
        owner, _, _ = self.pair()
        stream = self.chat.Subscribe(pb.SubscribeRequest(), metadata=bearer(owner.token), timeout=1)
        self.assertTrue(next(stream).events[0].hello.session_id)
        self.refused(Code.DEADLINE_EXCEEDED, lambda: next(stream))

    def test_metrics(self):
        owner, _, channel = self.pair()
        self.send(owner, channel, "one")
        page = self.server.request("GET", "/metrics").body.decode()
        series = 'grpc_server_handled_total{grpc_service="parley.v1.Chat",grpc_method="Send",' \
                 'grpc_code="OK"} '
        line = next(line for line in page.splitlines() if line.startswith(series))
        self.assertGreaterEqual(int(line.removeprefix(series)), 1)


class Rates(RpcCase):
    rates = True

    def test_the_limits_of_http(self):
        owner, _, channel = self.pair()
        error = None
        for i in range(200):
            try:
                self.send(owner, channel, str(i))
            except grpc.RpcError as caught:
                error = caught
                break
        self.assertEqual(error.code(), Code.RESOURCE_EXHAUSTED)
        word, wait, _ = details(error)
        self.assertEqual(word, "rate_limited")
        self.assertGreater(wait, 0)
        self.assertLess(wait, 2)
        time.sleep(wait)
        self.send(owner, channel, "again")
        answer = owner.server.request("POST", "/api/message", {"channel_id": channel, "content": "x"},
                                      token=owner.token)
        self.assertIn(answer.status, (200, 429))


class Messages(RpcCase):
    """chat-app's service."""

    def tell(self, secret=SECRET, **fields):
        stub = message_pb2_grpc.MessageServiceStub(self.channel_to)
        metadata = (("cluster-secret", secret),) if secret is not None else ()
        if "reply_id" in fields:
            request = message_pb2.ReceiveReplyRequest(reply=message_pb2.Reply(**fields))
            return stub.ReplyReceived(request, metadata=metadata, timeout=PATIENCE_S)
        request = message_pb2.ReceiveMessageRequest(message=message_pb2.Message(**fields))
        return stub.MessageReceived(request, metadata=metadata, timeout=PATIENCE_S)

    def test_it_needs_the_secret(self):
        _, _, channel = self.pair()
        for secret in [None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "x" * len(SECRET)]:
            with self.subTest(secret=secret):
                self.refused(Code.UNAUTHENTICATED,
                             lambda: self.tell(secret, channel_id=channel, message_id=1))

    def test_a_hint_changes_nothing(self):
        owner, _, channel = self.pair()
        stream = self.subscribe(owner)
        root = self.send(owner, channel, "root").post
        reply = self.send(owner, channel, "reply", message_id=root.message_id).post
        known = self.server.metric("parley_grpc_hints_total")
        self.tell(channel_id=channel, message_id=root.message_id, content="forged",
                  user_id=str(uuid.uuid4()), username="mallory")
        self.tell(channel_id=channel, message_id=root.message_id, reply_id=reply.reply_id,
                  content="forged")
        self.tell(channel_id=channel, message_id=root.message_id + 64, content="forged")
        self.tell(channel_id=channel, message_id=root.message_id, reply_id=reply.reply_id + 64)
        self.tell(channel_id=str(uuid.uuid4()), message_id=root.message_id)
        self.assertEqual(self.server.metric("parley_grpc_hints_total") - known, 5)
        last = self.send(owner, channel, "last").post
        self.assertEqual([stream.post().seq for _ in range(3)], [root.seq, reply.seq, last.seq])
        self.assertEqual([m["content"] for m in owner.history(channel)], ["root", "last"])

    def test_what_is_wrong_is_said(self):
        _, _, channel = self.pair()
        for fields in [{}, {"channel_id": channel}, {"channel_id": "x", "message_id": 1},
                       {"channel_id": channel, "message_id": -1},
                       {"channel_id": channel, "message_id": 2**53},
                       {"channel_id": channel, "message_id": 1, "reply_id": -5}]:
            with self.subTest(fields=fields):
                self.refused(Code.INVALID_ARGUMENT, lambda: self.tell(**fields), "bad_request")


class Services(RpcCase):
    def serving(self, name=""):
        stub = health_pb2_grpc.HealthStub(self.channel_to)
        return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE_S).status

    def test_health_follows_readiness(self):
        end = time.monotonic() + 5
        while self.serving() != health_pb2.HealthCheckResponse.SERVING:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        for name in ("parley.v1.Chat", "message.MessageService"):
            self.assertEqual(self.serving(name), health_pb2.HealthCheckResponse.SERVING)
        self.refused(Code.NOT_FOUND, lambda: self.serving("no.such.Service"))

    def test_reflection(self):
        stub = reflection_pb2_grpc.ServerReflectionStub(self.channel_to)
        ask = reflection_pb2.ServerReflectionRequest
        answers = list(stub.ServerReflectionInfo(iter([
            ask(list_services=""), ask(file_containing_symbol="parley.v1.Chat")]),
            timeout=PATIENCE_S))
        names = {one.name for one in answers[0].list_services_response.service}
        self.assertLessEqual({"parley.v1.Chat", "message.MessageService", "grpc.health.v1.Health"},
                             names)
        self.assertTrue(answers[1].file_descriptor_response.file_descriptor_proto)


class Configuration(RpcCase):
    def test_a_taken_port_is_said(self):
        status, _, said = run("serve", "--data", self.server.data / "other", "--listen",
                              "127.0.0.1:0", settings=settings(self.port))
        self.assertEqual(status, 1)
        self.assertIn(f"gRPC cannot listen on 127.0.0.1:{self.port}", said)

    def test_a_build_without_it_says_so(self):
        status, _, said = run("serve", "--data", self.server.data / "other", "--listen",
                              "127.0.0.1:0", settings=settings(
                                  free_port(), PARLEY_MODULES="/nowhere"))
        self.assertEqual(status, 1)
        self.assertIn("no driver for grpc", said)

    def test_it_needs_a_secret(self):
        status, _, said = run("serve", "--data", self.server.data / "other",
                              settings={"PARLEY_SERVER_GRPC_PORT": str(free_port())})
        self.assertEqual(status, 1)
        self.assertIn("cluster.secret", said)


if __name__ == "__main__":
    tap.main()
