"""An embedded installation is moved into a cluster: what people hold in their hands (tokens, ids,
positions, unsent messages) is worth the same there."""
import os
import signal
import subprocess
import tempfile
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import User
from parley_e2e.cluster import Cluster, psql
from parley_e2e.server import BIN, Server, environment, run


class Growing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="parley-growing-")
        self.addCleanup(folder.cleanup)
        self.old = Server(data=folder.name)
        self.addCleanup(self.old.close)
        self.old.start()

    def cluster(self, nodes=2):
        """Its stores, empty; it signs as the old installation did."""
        secret = (self.old.data / "secret").read_text()
        cluster = Cluster({"PARLEY_SERVER_ACCESS_JWT_SECRET": secret}, nodes=nodes)
        psql(cluster.postgres, f'create database "{cluster.space}"')
        self.addCleanup(cluster.close)
        cluster.migrate()
        return cluster

    def grow(self, cluster, *more, timeout=300):
        return run("migrate", "--from-embedded", self.old.data, *more, settings=cluster.settings,
                   timeout=timeout)

    def moved(self, cluster, *more):
        status, out, said = self.grow(cluster, *more)
        self.assertEqual(status, 0, said)
        return out, said

    def serve(self, cluster):
        for node in cluster.nodes:
            node.spawn()
        for node in cluster.nodes:
            node.await_ready()
        cluster.settle()

    def at(self, server, user):
        """The same person at another server."""
        there = User.__new__(User)
        there.__dict__.update(user.__dict__, server=server)
        return there

    def view(self, user, channels):
        """All that this person can read."""
        pages, cursor = [], ""
        seen = {"me": user.get("/api/me").data, "mine": user.get("/api/user/channel").data,
                "all": user.get("/api/channel").data}
        for channel in channels:
            while True:
                page = user.get(f"/api/message?channel_id={channel}&limit=7&cursor={cursor}")
                self.assertEqual(page.status, 200, page)
                pages.append(page.data)
                cursor = page.data["next_cursor"]
                if not cursor:
                    break
            seen[f"after {channel}"] = user.after(channel, limit=11)
            seen[f"members {channel}"] = [
                (m["id"], m["name"]) for m in user.get(f"/api/channel/member?channel_id={channel}").data]
        for mine in seen["mine"]:
            # a cluster counts from the join, the embedded engine from the last post before it
            mine["read_seq"] = max([p["seq"] for p in seen.get(f"after {mine['id']}", [])
                                    if p["seq"] <= mine["read_seq"]], default=0)
        seen["replies"] = [user.get(f"/api/reply?message_id={m['message_id']}&limit=3").data
                           for page in pages for m in page["messages"] if m["reply_count"]]
        seen["pages"] = pages
        return seen

    def test_everything_is_there_and_worth_the_same(self):
        ada, bob, eve = (self.old.register(name) for name in ("Ada", "Bob", "Eve"))
        general, quiet = ada.create("general"), bob.create("quiet")
        for user in (bob, eve):
            user.join(general)
        sent = [ada.say(general, f"message {i} \"'\t\n\0 ü 漢字 🎉", client_msg_id=f"id-{i}")
                for i in range(60)]
        for i in range(9):
            bob.done("/api/reply", {"channel_id": general, "content": f"reply {i}",
                                    "message_id": sent[i % 2 * 30]["message_id"],
                                    "client_msg_id": f"r-{i}"})
        eve.done("/api/channel/read", {"channel_id": general, "seq": sent[40]["seq"]})
        eve.done("/api/channel/leave", {"channel_id": general})
        eve.join(general)
        last = [ada.say(general, f"at the end {i}") for i in range(5)]
        out_session = self.at(self.old, bob)
        out_session.token = User.login(self.old, bob.email, bob.password).data["token"]
        out_session.done("/api/logout")
        people = [(ada, [general]), (bob, [general, quiet]), (eve, [general])]
        before = [self.view(user, channels) for user, channels in people]
        self.assertEqual(next(c for c in before[2]["mine"] if c["id"] == general)["unread"], 5)
        self.assertEqual(self.old.term(), 0)

        cluster = self.cluster()
        out, said = self.moved(cluster)
        self.assertIn("accounts 3\n", out)
        self.assertIn("channels 2\n", out)
        self.assertIn("posts 74\n", out)
        self.assertIn("Sessions go on", said)
        self.serve(cluster)

        for (user, channels), was in zip(people, before):
            self.assertEqual(self.view(self.at(cluster, user), channels), was)
            User.login(cluster, user.email, user.password)
        self.assertEqual(self.at(cluster, out_session).get("/api/me").status, 401)
        self.a_retry_is_known(self.at(cluster, ada), general, sent)
        self.the_old_position_is_known(cluster, ada, bob, general, last)
        self.people_come_and_go(cluster, ada, eve, general)

    def a_retry_is_known(self, ada, general, sent):
        again = ada.post("/api/message", {"channel_id": general, "content": sent[7]["content"],
                                          "client_msg_id": "id-7"})
        self.assertEqual(again.status, 200, again)
        self.assertIs(again.json()["duplicate"], True)
        self.assertEqual(again.data["message_id"], sent[7]["message_id"])
        other = ada.post("/api/message", {"channel_id": general, "content": "another",
                                          "client_msg_id": "id-7"})
        self.assertEqual(other.status, 409, other)

    def the_old_position_is_known(self, cluster, ada, bob, general, last):
        """Who comes back resumes where the old server left him; the first new message follows the
        last old one."""
        session = self.at(cluster, bob).session(resume={general: last[1]["seq"]})
        self.addCleanup(session.close)
        row, = [c for c in session.hello["channels"] if c["id"] == general]
        self.assertIs(row["recovered"], True)
        for wanted in last[2:]:
            self.assertEqual(session.action("Message")["data"], wanted)
        new = self.at(cluster, ada).say(general, "the first of the cluster")
        self.assertEqual(new["prev_seq"], last[-1]["seq"])
        self.assertGreater(new["message_id"], last[-1]["message_id"])
        self.assertGreater(new["seq"], last[-1]["seq"])
        self.assertEqual(session.action("Message")["data"], new)
        reply = self.at(cluster, bob).done(
            "/api/reply", {"channel_id": general, "content": "to an old one",
                           "message_id": last[0]["message_id"]})
        self.assertEqual(reply["prev_seq"], new["seq"])

    def people_come_and_go(self, cluster, ada, eve, general):
        eve = self.at(cluster, eve)
        eve.done("/api/channel/leave", {"channel_id": general})
        self.assertEqual(eve.get(f"/api/message?channel_id={general}").status, 403)
        eve.join(general)
        names = [m["name"] for m in self.at(cluster, ada).get(
            f"/api/channel/member?channel_id={general}").data]
        self.assertEqual(names, ["Ada", "Bob", "Eve"])

    def test_where_something_else_is_it_does_not_go(self):
        ada = self.old.register("Ada")
        ada.say(ada.create(), "one")
        status, _, said = self.grow(self.cluster(nodes=1))
        self.assertEqual(status, 1)
        self.assertIn("in use by another process", said)
        self.assertEqual(self.old.term(), 0)

        lived = self.cluster(nodes=1)
        self.serve(lived)
        status, _, said = self.grow(lived)
        self.assertEqual(status, 1)
        self.assertIn("a node has run on this database", said)

        cluster = self.cluster(nodes=1)
        status, identity, said = run("user", "add", "bob@example.org", settings=cluster.settings,
                                     given="a long one 1\n")
        self.assertEqual(status, 0, said)
        status, _, said = self.grow(cluster)
        self.assertEqual(status, 1)
        self.assertIn("accounts of something else", said)
        psql(cluster.postgres, f"delete from users where id='{identity.strip()}'", cluster.space)
        self.moved(cluster)
        _, said = self.moved(cluster)
        self.assertIn("moved before", said)

    def test_what_differs_is_told_and_copied_again(self):
        ada = self.old.register("Ada")
        channel = ada.create()
        for i in range(30):
            ada.say(channel, f"m{i}")
        posts = ada.history(channel)
        self.assertEqual(self.old.term(), 0)
        cluster = self.cluster(nodes=1)
        seqs = [m["seq"] for m in posts]
        # as if what was noted as copied had been lost
        psql(cluster.postgres, "insert into parley_import(source, stage, cursor) values"
                               f"('{ada.id}', 1, {seqs[12]})", cluster.space)
        status, _, said = self.grow(cluster)
        self.assertEqual(status, 1)
        self.assertIn(f"channel {channel} has 17 posts of 30", said)
        self.assertIn(f"the first that is not the same has the position {seqs[0]}", said)
        self.assertIn("run it again", said)
        self.moved(cluster)
        self.serve(cluster)
        self.assertEqual(self.at(cluster, ada).history(channel), posts)

    def test_killed_five_times(self):
        """Whenever it is killed it goes on where it was; until it is done no node starts."""
        ada, bob = self.old.register("Ada"), self.old.register("Bob")
        channels = [ada.create(f"c{i}") for i in range(3)]
        for channel in channels:
            bob.join(channel)
        for i in range(1200):
            (ada, bob)[i % 2].say(channels[i % 3], f"m{i}", client_msg_id=f"id-{i}")
        before = [ada.after(channel) for channel in channels]
        unread = {c["id"]: c["unread"] for c in bob.get("/api/user/channel").data}
        self.assertEqual(sorted(unread.values()), [0, 0, 1])
        self.assertEqual(self.old.term(), 0)
        cluster = self.cluster()
        seen = 0
        for _ in range(5):
            seen = self.kill_behind(cluster, seen + 100)
        impatient = cluster.nodes[0]
        impatient.spawn()
        time.sleep(2)
        self.assertIsNone(impatient.process.poll())
        self.assertTrue(any("being moved here" in line for line in impatient.err), impatient.stderr())
        out, _ = self.moved(cluster, "--batch", "64")
        self.assertIn("posts 1200\n", out)
        impatient.await_ready()
        cluster.nodes[1].start()
        cluster.settle()
        there = self.at(cluster, ada)
        self.assertEqual([there.after(channel) for channel in channels], before)
        there = self.at(cluster, bob).get("/api/user/channel").data
        self.assertEqual({c["id"]: c["unread"] for c in there}, unread)

    def kill_behind(self, cluster, cursor):
        """Kills it when it has noted a position above `cursor`; returns the one it was at."""
        process = subprocess.Popen(
            [BIN, "migrate", "--from-embedded", self.old.data, "--batch", "64", "--writers", "2"],
            env=environment(cluster.settings), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        at, end = 0, time.monotonic() + 60
        while at <= cursor and time.monotonic() < end and process.poll() is None:
            at = int(psql(cluster.postgres, "select coalesce(max(cursor),0) from parley_import",
                          cluster.space))
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        self.assertEqual(process.returncode, -signal.SIGKILL, said)
        self.assertGreater(at, cursor)
        return at


class ChatApp(unittest.TestCase):
    """Accounts that chat-app made are taken over where they are."""

    def test_a_password_of_chat_apps_is_accepted_and_renewed(self):
        cluster = Cluster(nodes=1)
        psql(cluster.postgres, f'create database "{cluster.space}"')
        self.addCleanup(cluster.close)
        cluster.migrate()
        # as Go's bcrypt wrote it, of "allmine"
        stored = "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"
        people = ("ada@example.org", "Ada@example.org")  # two accounts, as chat-app has it
        for email in people:
            psql(cluster.postgres, "insert into users(username, email, password) values"
                                   f"('Ada', '{email}', '{stored}')", cluster.space)
        node = cluster.nodes[0].start()
        cluster.settle()
        wrong = node.request("POST", "/api/login", {"email": people[0], "password": "allmind"})
        self.assertEqual(wrong.status, 401, wrong)
        self.assertEqual(self.stored(cluster), [stored, stored])
        token = User.login(node, people[0], "allmine").data["token"]
        self.assertEqual(node.request("GET", "/api/me", token=token).status, 200)
        renewed, other = sorted(self.stored(cluster), reverse=True)
        self.assertTrue(renewed.startswith("$argon2id$"), renewed)
        self.assertEqual(other, stored)
        User.login(node, people[0], "allmine")
        self.assertEqual(node.request("GET", "/api/me", token=token).status, 200)

    @staticmethod
    def stored(cluster):
        return psql(cluster.postgres, "select password from users", cluster.space).split()


if __name__ == "__main__":
    assert os.environ.get("PARLEY_BIN")
    tap.main()
