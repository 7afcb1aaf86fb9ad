"""kill -9 at any moment: what was acknowledged is there, once, in one order; and retries are
harmless however many come at once."""
import os
import random
import threading
import time

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.load import Listener, Talker, prove
from parley_e2e.server import run

ROUNDS = int(os.environ.get("PARLEY_E2E_ROUNDS", "6"))


class Kills(ServerCase):
    def test_under_load(self):
        chance = random.Random(int(os.environ.get("PARLEY_E2E_SEED", time.time_ns())))
        users = [self.user() for _ in range(5)]
        channel = users[0].create()
        for user in users[1:]:
            user.join(channel)
        talkers = [Talker(user, channel) for user in users[:3]]
        listeners = [Listener(user, channel) for user in users[2:]]
        for thread in (*talkers, *listeners):
            thread.start()
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 1.0))
            self.server.kill()
            self.server.start()
        time.sleep(0.5)
        for talker in talkers:
            talker.stop()
        rows = prove(self, users[0], channel, talkers, listeners)
        self.assertGreater(len(rows), 50)
        for listener in listeners:
            self.assertGreater(listener.resumes, ROUNDS // 2)
        self.server.term()
        status, _, said = run("verify", "--data", self.server.data)
        self.assertEqual(status, 0, said)
        self.server.start()

    def test_positions_and_ids_never_go_back(self):
        ada, _, channel = self.pair()
        last = (0, 0)
        for i in range(4):
            now = [ada.say(channel, f"{i}-{j}") for j in range(3)]
            for message in now:
                place = message["seq"], message["message_id"]
                self.assertGreater(place[0], last[0])
                self.assertGreater(place[1], last[1])
                last = place
            self.server.kill()
            self.server.start()

    def test_accounts_and_channels_too(self):
        ada = self.user()
        channel = ada.create("kept")
        bob = self.user()
        bob.join(channel)
        self.server.kill()
        self.server.start()
        self.assertEqual(bob.get("/api/me").data["id"], bob.id)
        self.assertEqual([c["name"] for c in bob.get("/api/user/channel").data], ["kept"])
        bob.done("/api/channel/leave", {"channel_id": channel})
        self.server.kill()
        self.server.start()
        self.assertEqual(bob.get("/api/user/channel").data, [])


class Storms(ServerCase):
    def test_one_id_over_many_connections(self):
        ada, bob, channel = self.pair()
        listener = self.keep(bob.session())
        sessions = [self.keep(ada.session()) for _ in range(8)]
        data = {"channel_id": channel, "content": "once", "client_msg_id": "storm"}
        gate = threading.Barrier(len(sessions))
        answers = []

        def storm(session):
            gate.wait()
            for i in range(20):
                session.send("CreateMessage", data, ref=i)
            for i in range(20):
                answers.append(session.until(lambda f, i=i: f.get("ref") == i)[-1])

        threads = [threading.Thread(target=storm, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 160)
        self.assertEqual({a["data"]["message_id"] for a in answers},
                         {answers[0]["data"]["message_id"]})
        self.assertEqual(sum(not a.get("duplicate") for a in answers), 1)
        self.assertEqual(listener.recv()["data"]["content"], "once")
        self.assertIsNone(listener.maybe(0.5))
        self.assertEqual(len(ada.after(channel)), 1)

    def test_two_contents_under_one_id(self):
        ada, _, channel = self.pair()
        sessions = [self.keep(ada.session()) for _ in range(6)]
        for number, session in enumerate(sessions):
            session.send("CreateMessage", {"channel_id": channel, "client_msg_id": "c",
                                           "content": f"version {number}"}, ref="r")
        answers = [s.until(lambda f: f.get("ref") == "r")[-1] for s in sessions]
        self.assertEqual(sum(a["status"] == "success" for a in answers), 1)
        self.assertEqual({a.get("code") for a in answers}, {None, "conflict"})
        self.assertEqual(len(ada.after(channel)), 1)

    def test_two_members_at_once_are_heard_in_one_order(self):
        users = [self.user() for _ in range(4)]
        channel = users[0].create()
        for user in users[1:]:
            user.join(channel)
        talkers = [Talker(user, channel) for user in users[:2]]
        listeners = [Listener(user, channel) for user in users]
        for thread in (*listeners, *talkers):
            thread.start()
        time.sleep(3)
        for talker in talkers:
            talker.stop()
        rows = prove(self, users[0], channel, talkers, listeners)
        self.assertEqual(len(rows), sum(len(t.acked) for t in talkers))
        self.assertEqual(sum(len(t.refused) for t in talkers), 0)


if __name__ == "__main__":
    tap.main()
