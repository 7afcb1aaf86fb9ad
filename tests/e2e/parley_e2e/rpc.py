"""gRPC's clients, made from the published proto (tools/rpc_clients.sh fetches what they need)."""
import os
import pathlib
import subprocess
import sys

from parley_e2e.chat import ServerCase
from parley_e2e.server import free_port

ROOT = pathlib.Path(__file__).parents[3]
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # the tests start processes of their own
subprocess.run([ROOT / "tools/rpc_clients.sh"], check=True, timeout=600, stdin=subprocess.DEVNULL)
sys.path[:0] = [str(ROOT / "build/rpc/made"), str(ROOT / "build/rpc/packages")]

import grpc  # noqa: E402
from google.rpc import error_details_pb2  # noqa: E402
from grpc_status import rpc_status  # noqa: E402
from parley.v1 import chat_pb2 as pb  # noqa: E402
from parley.v1 import chat_pb2_grpc as chat_grpc  # noqa: E402

SECRET = "what the nodes of these tests know, 32 bytes"
PATIENCE_S = 20


def settings(port, **more):
    return {"PARLEY_SERVER_GRPC_PORT": str(port), "PARLEY_CLUSTER_SECRET": SECRET, **more}


def bearer(token):
    return (("authorization", f"Bearer {token}"),)


def details(error):
    """(code word, seconds to wait or None, resume positions or None) of a refusal."""
    word = wait = resume = None
    for one in rpc_status.from_call(error).details:
        info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
        positions = pb.ResumePositions()
        if one.Unpack(info):
            assert info.domain == "parley"
            word = info.reason
        elif one.Unpack(retry):
            wait = retry.retry_delay.ToTimedelta().total_seconds()
        elif one.Unpack(positions):
            resume = dict(positions.resume)
    return word, wait, resume


class Subscription:
    """An open stream; `hello` is its first event."""

    def __init__(self, stub, token, resume=None):
        self.call = stub.Subscribe(pb.SubscribeRequest(resume=resume or {}), metadata=bearer(token))
        self.held = []
        self.hello = self.event().hello

    def event(self):
        """The next one, with `replay` as the response says it."""
        while not self.held:
            response = next(self.call)
            assert response.events
            for event in response.events:
                self.held.append((event, response.replay))
        event, self.replayed = self.held.pop(0)
        return event

    def post(self):
        """The next message or reply; what else happens is passed over."""
        while True:
            event = self.event()
            if event.WhichOneof("event") == "post":
                return event.post

    def close(self):
        self.call.cancel()


class RpcCase(ServerCase):
    """A server with a gRPC door, a channel to it, and the stub of parley.v1.Chat."""

    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.settings = settings(cls.port, **cls.settings)
        super().setUpClass()
        cls.channel_to = grpc.insecure_channel(f"127.0.0.1:{cls.port}")
        cls.chat = chat_grpc.ChatStub(cls.channel_to)

    @classmethod
    def tearDownClass(cls):
        cls.channel_to.close()
        super().tearDownClass()

    def send(self, user, channel, content, timeout=PATIENCE_S, **more):
        request = pb.SendRequest(channel_id=channel, content=content, **more)
        return self.chat.Send(request, metadata=bearer(user.token), timeout=timeout)

    def read(self, user, timeout=PATIENCE_S, **what):
        return self.chat.History(pb.HistoryRequest(**what), metadata=bearer(user.token),
                                 timeout=timeout)

    def subscribe(self, user, resume=None):
        return self.keep(Subscription(self.chat, user.token, resume))

    def refused(self, code, call, word=None):
        """`call` must fail with a status of gRPC; its error."""
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code(), code, caught.exception)
        if word:
            self.assertEqual(details(caught.exception)[0], word)
        return caught.exception
