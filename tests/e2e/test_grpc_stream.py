"""Chat.Subscribe: the same promises as the websocket's session."""
import threading
import time

from parley_e2e import tap
from parley_e2e.rpc import RpcCase, Subscription, chat_grpc, details, grpc

Code = grpc.StatusCode
CROWD = 1000


class Live(RpcCase):
    def test_hello_tells_the_channels(self):
        owner, other, channel = self.pair()
        last = self.send(owner, channel, "before").post
        hello = self.subscribe(other).hello
        self.assertEqual(hello.user_id, other.id)
        self.assertTrue(hello.node and hello.session_id)
        self.assertEqual([(c.channel_id, c.head_seq, c.resumed) for c in hello.channels],
                         [(channel, last.seq, False)])

    def test_everyone_hears_the_same_in_one_order(self):
        owner, other, channel = self.pair()
        streams = [self.subscribe(who) for who in (owner, owner, other)]
        session = self.keep(other.session())
        sent = [owner.say(channel, f"http {i}")["seq"] if i % 2
                else self.send(owner, channel, f"grpc {i}").post.seq for i in range(20)]
        for stream in streams:
            heard = [stream.post() for _ in sent]
            self.assertEqual([p.seq for p in heard], sent)
            self.assertEqual([p.prev_seq for p in heard[1:]], sent[:-1])
            self.assertFalse(stream.replayed)
        self.assertEqual([session.recv()["data"]["seq"] for _ in sent], sent)

    def test_what_a_websocket_sends(self):
        owner, other, channel = self.pair()
        stream = self.subscribe(other)
        session = self.keep(owner.session())
        session.send("CreateMessage", {"channel_id": channel, "content": "nul \0 \"quoted\" 🎈",
                                       "client_msg_id": "w-1"})
        ack = session.recv()["data"]
        post = stream.post()
        self.assertEqual((post.content, post.message_id, post.seq, post.client_msg_id),
                         (ack["content"], ack["message_id"], ack["seq"], "w-1"))

    def test_joins_and_leaves(self):
        owner, other = self.user(), self.user()
        stream, listener = self.subscribe(other), self.subscribe(owner)
        channel = owner.create("new")
        created = stream.event().created
        self.assertEqual((created.id, created.name, created.user_id), (channel, "new", owner.id))
        other.join(channel)
        joined = stream.event().joined
        self.assertEqual((joined.user_id, joined.channel.name), (other.id, "new"))
        self.send(owner, channel, "welcome")
        self.assertEqual(stream.post().content, "welcome")
        other.done("/api/channel/leave", {"channel_id": channel})
        self.assertEqual(stream.event().left.user_id, other.id)
        self.send(owner, channel, "gone")
        self.assertEqual([listener.post().content for _ in range(2)], ["welcome", "gone"])
        other.join(channel)
        self.assertEqual(stream.event().WhichOneof("event"), "joined")
        self.send(owner, channel, "back")
        self.assertEqual(stream.post().content, "back")

    def test_strangers_hear_nothing(self):
        owner, _, channel = self.pair()
        stranger = self.user()
        stream = self.subscribe(stranger)
        resumed = self.subscribe(stranger, {channel: 0})
        self.assertEqual(list(resumed.hello.channels), [])
        self.send(owner, channel, "secret")
        own = stranger.create("own")
        self.send(stranger, own, "mine")
        for one in (stream, resumed):
            self.assertEqual(one.post().content, "mine")


class Resume(RpcCase):
    settings = {"PARLEY_LIMITS_MESSAGES_PER_S": "0"}

    def test_what_was_missed_comes_before_what_is_new(self):
        owner, other, channel = self.pair()
        first = self.send(owner, channel, "seen").post
        missed = [self.send(owner, channel, str(i)).post.seq for i in range(250)]
        stream = self.subscribe(other, {channel: first.seq})
        (told,) = stream.hello.channels
        self.assertEqual((told.resumed, told.recovered, told.head_seq), (True, True, missed[-1]))
        new = self.send(owner, channel, "new").post
        heard, flags = [], []
        for _ in range(251):
            heard.append(stream.post().seq)
            flags.append(stream.replayed)
        self.assertEqual(heard, missed + [new.seq])
        self.assertEqual(flags, [True] * 250 + [False])

    def test_too_much_was_missed(self):
        owner, other, channel = self.pair()
        session = self.keep(owner.session())
        for i in range(1001):
            session.send("CreateMessage", {"channel_id": channel, "content": str(i)})
        head = [session.recv() for _ in range(1001)][-1]["data"]["seq"]
        stream = self.subscribe(other, {channel: 1})
        (told,) = stream.hello.channels
        self.assertEqual((told.resumed, told.recovered, told.head_seq), (True, False, head))
        last = self.send(owner, channel, "last").post
        self.assertEqual(stream.post().seq, last.seq)

    def test_a_position_that_nobody_has(self):
        _, other, channel = self.pair()
        stream = self.subscribe(other, {channel: 2**53 - 1})
        self.assertFalse(stream.hello.channels[0].recovered)

    def test_refusals(self):
        _, other, channel = self.pair()
        for resume in [{"x": 1}, {channel: 2**53}, {channel: 2**64 - 1},
                       {f"{i:08x}-0000-4000-8000-000000000000": 1 for i in range(1001)}]:
            with self.subTest(n=len(resume)):
                self.refused(Code.INVALID_ARGUMENT, lambda: self.subscribe(other, resume),
                             "bad_request")

    def test_over_restarts_nothing_is_lost_and_nothing_comes_twice(self):
        owner, other, channel = self.pair()
        follower = Follower(self, other, channel)
        follower.start()
        sent = []
        for round_number in range(3):
            for i in range(40):
                sent.append(self.persist(owner, channel, f"{round_number}/{i}"))
                if i == 20:
                    restart = threading.Thread(target=self.server.restart)
                    restart.start()
            restart.join()
        follower.until(sent[-1])
        self.assertEqual(follower.seqs, sent)
        self.assertEqual([m["seq"] for m in owner.history(channel)], sent)

    def persist(self, user, channel, text):
        """Sends until it is acknowledged; its position."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.send(user, channel, text, client_msg_id=text.replace("/", ".")).post.seq
            except grpc.RpcError as error:
                if error.code() not in (Code.UNAVAILABLE, Code.UNKNOWN):
                    raise
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)


class Follower(threading.Thread):
    """A bot: subscribes, and resumes whenever it is cut off."""

    def __init__(self, case, user, channel):
        super().__init__(daemon=True)
        self.case, self.user, self.channel = case, user, channel
        self.seqs, self.last = [], None
        self.fault = None

    def run(self):
        resume = {self.channel: 0}
        while self.fault is None:
            try:
                stream = Subscription(self.case.chat, self.user.token, resume)
                (told,) = stream.hello.channels
                if not told.recovered:
                    self.fault = "not recovered"
                while True:
                    seq = stream.post().seq
                    self.seqs.append(seq)
                    resume = {self.channel: seq}
            except (grpc.RpcError, StopIteration) as error:
                if isinstance(error, grpc.RpcError) and error.code() != Code.UNAVAILABLE:
                    self.fault = error
                time.sleep(0.05)

    def until(self, seq):
        end = time.monotonic() + 30
        while self.seqs[-1:] != [seq]:
            assert time.monotonic() < end and self.fault is None, (self.fault, self.seqs[-1:], seq)
            time.sleep(0.05)


class Ends(RpcCase):
    settings = {"PARLEY_LIMITS_WRITE_QUEUE_BYTES": "65536"}

    def test_a_drain_is_told(self):
        owner, _, _ = self.pair()
        streams = [self.subscribe(owner) for _ in range(3)]
        started = time.monotonic()
        self.server.process.terminate()
        for stream in streams:
            error = self.refused(Code.UNAVAILABLE, stream.event, "unavailable")
            wait = details(error)[1]
            self.assertTrue(0 < wait <= 5)
        self.assertEqual(self.server.wait(), 0)
        self.assertLess(time.monotonic() - started, 10)
        self.server.start()

    def narrow(self, user):
        """A subscription whose library takes no more than 64 KiB ahead of its reader."""
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", 65535)])
        self.addCleanup(channel.close)
        return self.keep(Subscription(chat_grpc.ChatStub(channel), user.token))

    def test_a_slow_reader_is_told_where_to_resume(self):
        owner, other, channel = self.pair()
        slow = self.narrow(other)
        quick = self.subscribe(owner)
        session = self.keep(owner.session())
        text, sent = "x" * 8000, []
        for _ in range(60):
            session.send("CreateMessage", {"channel_id": channel, "content": text})
            sent.append(session.recv()["data"]["seq"])
            self.assertEqual(quick.post().seq, sent[-1])
        heard = []
        with self.assertRaises(grpc.RpcError) as caught:
            while True:
                heard.append(slow.post().seq)
        self.assertEqual(heard, sent[:len(heard)])
        self.assertLess(len(heard), len(sent))
        self.assertEqual(caught.exception.code(), Code.RESOURCE_EXHAUSTED, caught.exception)
        resume = details(caught.exception)[2]
        self.assertLessEqual(resume[channel], heard[-1])
        again = self.subscribe(other, {channel: heard[-1]})
        self.assertEqual([again.post().seq for _ in range(len(sent) - len(heard))],
                         sent[len(heard):])

    def test_who_does_not_read_at_all_is_cut_off(self):
        owner, other, channel = self.pair()
        self.narrow(other)
        session = self.keep(owner.session())
        for _ in range(200):
            session.send("CreateMessage", {"channel_id": channel, "content": "x" * 8000})
            session.recv()
        end = time.monotonic() + 20
        while self.server.metric("parley_grpc_subscriptions") > 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)

    def test_who_goes_leaves_nothing_behind(self):
        owner, _, channel = self.pair()
        for stream in [self.subscribe(owner) for _ in range(50)]:
            stream.close()
        end = time.monotonic() + 10
        while self.server.metric("parley_grpc_subscriptions") > 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.assertEqual(owner.get(f"/api/channel/member?channel_id={channel}").data[0]["online"],
                         False)


class Expiry(RpcCase):
    settings = {"PARLEY_SERVER_ACCESS_JWT_EXPIRE_TIME": "3"}

    def test_a_subscription_ends_with_its_token(self):
        stream = self.subscribe(self.user())
        self.refused(Code.UNAUTHENTICATED, stream.event, "expired")


class Crowd(RpcCase):
    def test_a_thousand_subscriptions(self):
        owner, other, channel = self.pair()
        channels = [grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[
            ("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
        self.addCleanup(lambda: [one.close() for one in channels])
        stubs = [chat_grpc.ChatStub(one) for one in channels]
        streams = [self.keep(Subscription(stubs[i % 4], other.token)) for i in range(CROWD)]
        sent = [self.send(owner, channel, str(i)).post.seq for i in range(5)]
        for stream in streams:
            self.assertEqual([stream.post().seq for _ in sent], sent)
        self.assertEqual(self.server.metric("parley_grpc_subscriptions"), CROWD)


if __name__ == "__main__":
    tap.main()
