"""People who talk and listen through cuts, as a good client does it; and the proof over what they
saw: every acknowledged message is there exactly once, in one order for everyone."""
import contextlib
import random
import threading
import time

from parley_e2e import http
from parley_e2e.ws import Closed, Refused

RESUME_MAX = 1000  # events that a session replays
ANSWER_S = 40  # an outcome that is not known is told after 15 s; a node takes a while to stop
CUTS = (OSError, Closed, Refused, http.Broken, TimeoutError)


class Talker(threading.Thread):
    """Sends one message after the other; one that was not acknowledged is sent again with the same
    client_msg_id until it is."""

    def __init__(self, user, channel):
        super().__init__(daemon=True)
        self.user, self.channel = user, channel
        self.acked = {}  # client_msg_id -> (message_id, seq)
        self.stopping = threading.Event()
        self.number = 0
        self.duplicates = 0
        self.refused = []

    def run(self):
        while not self.stopping.is_set():
            try:
                with self.user.session() as session:
                    self.talk(session)
            except CUTS:
                time.sleep(random.uniform(0.01, 0.05))

    def talk(self, session):
        while not self.stopping.is_set():
            name = f"{self.user.name}-{self.number}"
            session.send("CreateMessage", {"channel_id": self.channel, "client_msg_id": name,
                                           "content": f"text of {name}"}, ref=name)
            answer = session.until(lambda f: f.get("ref") == name, ANSWER_S)[-1]
            if answer["status"] == "success":
                self.acked[name] = answer["data"]["message_id"], answer["data"]["seq"]
                self.duplicates += bool(answer.get("duplicate"))
                self.number += 1
            else:
                assert answer["code"] in ("unavailable", "unknown", "rate_limited"), answer
                self.refused.append(answer)
                time.sleep(0.02)

    def stop(self):
        self.stopping.set()
        self.join(30)


class Listener(threading.Thread):
    """Hears a channel, resumes after each cut where it was, checks the chain."""

    def __init__(self, user, channel):
        super().__init__(daemon=True)
        self.user, self.channel = user, channel
        self.position = 0
        self.heard = []  # (client_msg_id, message_id, seq)
        self.faults = []
        self.resumes = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                with self.user.session(resume={self.channel: self.position}) as session:
                    self.resumes += 1
                    row, = session.hello["channels"]
                    if row["recovered"] is not True:
                        self.page(row)
                    self.listen(session)
            except CUTS:
                time.sleep(random.uniform(0.01, 0.05))

    def page(self, row):
        """What a client does that missed more than a session replays; the live events wait."""
        if row["head_seq"] - self.position <= RESUME_MAX:
            self.faults.append(f"not recovered from {self.position}: {row}")
        while self.position < row["head_seq"]:
            answer = self.user.get(f"/api/message?channel_id={row['id']}&limit=100"
                                   f"&after={self.position}")
            if answer.status != 200:
                raise ConnectionError(answer)
            for post in answer.data["messages"]:
                if post["seq"] <= row["head_seq"]:
                    self.take(post)

    def listen(self, session):
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                frame = session.recv(0.2)
                if frame["action"] in ("Message", "Reply", "Ack"):
                    self.take(frame["data"])

    def take(self, data):
        if data["prev_seq"] != self.position:
            self.faults.append(f"{data['prev_seq']} before {data['seq']}, heard {self.position}")
        self.position = data["seq"]
        self.heard.append((data.get("client_msg_id"), data["message_id"], data["seq"]))

    def reach(self, seq, timeout=20):
        deadline = time.monotonic() + timeout
        while self.position < seq and time.monotonic() < deadline:
            time.sleep(0.02)

    def stop(self):
        self.stopping.set()
        self.join(30)


def prove(case, reader, channel, talkers, listeners):
    """What must hold at the end, whatever happened on the way."""
    rows = reader.after(channel)
    stored = [(m.get("client_msg_id"), m["message_id"], m["seq"]) for m in rows]
    names = [name for name, _, _ in stored]
    case.assertEqual(len(names), len(set(names)), "a message is there twice")
    places = {name: (message, seq) for name, message, seq in stored}
    for talker in talkers:
        for name, place in talker.acked.items():
            case.assertEqual(places.get(name), place, f"{name} was acknowledged so")
    case.assertEqual([m for _, m, _ in stored], sorted(m for _, m, _ in stored))
    case.assertEqual([s for _, _, s in stored], sorted(s for _, _, s in stored))
    case.assertEqual([0] + [m["seq"] for m in rows[:-1]], [m["prev_seq"] for m in rows])
    case.assertEqual([m["message_id"] for m in reader.history(channel)], [m for _, m, _ in stored])
    for listener in listeners:
        listener.reach(stored[-1][2])
        listener.stop()
        case.assertEqual(listener.faults, [])
        case.assertEqual(listener.heard, stored)
    return rows
