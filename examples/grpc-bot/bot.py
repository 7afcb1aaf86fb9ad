"""A bot over gRPC; see README.md."""
import json
import os
import pathlib
import random
import sys
import time
import urllib.error
import urllib.request

import grpc
from parley.v1 import chat_pb2, chat_pb2_grpc

HTTP = os.environ.get("PARLEY_HTTP", "http://127.0.0.1:9000")
GRPC = os.environ.get("PARLEY_GRPC", "127.0.0.1:9001")
KEPT = pathlib.Path(os.environ.get("BOT_POSITIONS", "bot.json"))
AGAIN_S = 5


def post(path, body, token=None):
    """One request of the HTTP API; (status, data)."""
    request = urllib.request.Request(HTTP + path, json.dumps(body).encode(),
                                     {"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer).get("data")
    except urllib.error.HTTPError as refusal:
        return refusal.code, None


def log_in():
    account = {"email": os.environ["BOT_EMAIL"], "password": os.environ["BOT_PASSWORD"]}
    post("/api/register", {"username": os.environ.get("BOT_NAME", "bot"), **account})
    status, data = post("/api/login", account)
    if status != 200:
        sys.exit(f"cannot log in: {status}")
    return data["token"]


def answer_to(text):
    """What the bot says to a message, None for nothing."""
    if text == "!time":
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if text.startswith("!echo "):
        return text.removeprefix("!echo ")
    return None


class Bot:
    def __init__(self):
        self.chat = chat_pb2_grpc.ChatStub(grpc.insecure_channel(GRPC))
        self.seen = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        self.user = None
        self.token = log_in()

    def metadata(self):
        return (("authorization", f"Bearer {self.token}"),)

    def hear(self, post_heard):
        """A message or reply, once, in order."""
        said = answer_to(post_heard.content)
        if said and post_heard.user_id != self.user:
            number = post_heard.reply_id or post_heard.message_id
            self.chat.Send(chat_pb2.SendRequest(
                channel_id=post_heard.channel_id, message_id=post_heard.message_id, content=said,
                client_msg_id=f"answer-{number}"), metadata=self.metadata(), timeout=10)
        self.seen[post_heard.channel_id] = post_heard.seq
        KEPT.write_text(json.dumps(self.seen))

    def catch_up(self, channel, head):
        """Reads what a subscription could not replay."""
        after = self.seen.get(channel, head)
        while after:
            page = self.chat.History(chat_pb2.HistoryRequest(
                channel_id=channel, after_seq=after, limit=100), metadata=self.metadata(), timeout=10)
            for one in page.posts:
                if one.seq <= head:
                    self.hear(one)
            after = page.next_after if page.next_after < head else 0

    def follow(self):
        request = chat_pb2.SubscribeRequest(resume=self.seen)
        for response in self.chat.Subscribe(request, metadata=self.metadata()):
            for event in response.events:
                kind = event.WhichOneof("event")
                if kind == "hello":
                    self.user = event.hello.user_id
                    for channel in event.hello.channels:
                        if channel.resumed and not channel.recovered:
                            self.catch_up(channel.channel_id, channel.head_seq)
                elif kind == "gap":
                    self.catch_up(event.gap.channel_id, event.gap.head_seq)
                elif kind == "post" and event.post.seq > self.seen.get(event.post.channel_id, 0):
                    self.hear(event.post)

    def run(self):
        while True:
            try:
                self.follow()
            except grpc.RpcError as end:
                print(f"{end.code().name}: {end.details()}", file=sys.stderr)
                if end.code() == grpc.StatusCode.UNAUTHENTICATED:
                    self.token = log_in()
            time.sleep(random.uniform(0, AGAIN_S))


def main():
    bot = Bot()
    for channel in sys.argv[1:]:
        post("/api/channel/join", {"channel_id": channel}, bot.token)
    bot.run()


if __name__ == "__main__":
    main()
