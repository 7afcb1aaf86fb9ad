"""The command line: help, exit statuses, accounts, backups, verify."""
import pathlib
import tempfile
import time
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase, User
from parley_e2e.server import Server, run

COMMANDS = ("serve", "migrate", "user", "backup", "restore", "verify", "bench", "version")


class Help(unittest.TestCase):
    def test_every_command_has_help(self):
        for command in COMMANDS:
            status, out, err = run(command, "--help")
            self.assertEqual((status, err), (0, ""), command)
            self.assertIn(f"parley {command}", out)

    def test_the_program_itself(self):
        for flag in ("--help", "-h", "help"):
            status, out, err = run(flag)
            self.assertEqual((status, err), (0, ""))
            for command in COMMANDS:
                self.assertIn(command, out)

    def test_version(self):
        status, out, _ = run("version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^parley \d+\.\d+\.\d+\n")
        self.assertEqual(run("--version")[1], out)

    def test_misuse(self):
        for arguments in ([], ["nope"], *([command, "--nope"] for command in COMMANDS
                                          if command != "version"),
                          ["user"], ["user", "nope"], ["migrate", "nope"], ["backup"],
                          ["restore"], ["backup", "a", "b"]):
            status, out, err = run(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err)


class Accounts(ServerCase):
    def user_command(self, *arguments, given=""):
        return run("user", *arguments, "--data", self.server.data, given=given)

    def test_add_list_passwd_while_it_runs(self):
        status, _, err = self.user_command("add", "ada@example.org", "--name", "Ada Lovelace",
                                           given="first password\n")
        self.assertEqual(status, 0, err)
        token = User.login(self.server, "ada@example.org", "first password").data["token"]
        status, out, err = self.user_command("list")
        self.assertEqual(status, 0, err)
        self.assertIn("ada@example.org", out)
        self.assertIn("Ada Lovelace", out)
        self.assertNotIn("argon2", out)
        status, _, err = self.user_command("passwd", "ada@example.org", given="second password\n")
        self.assertEqual(status, 0, err)
        User.login(self.server, "ada@example.org", "second password")
        old = self.server.request("POST", "/api/login", {"email": "ada@example.org",
                                                         "password": "first password"})
        self.assertEqual(old.status, 401)
        self.voided(token)

    def voided(self, token):
        """Sessions from before the new password end within 5 s, without a restart."""
        deadline = time.monotonic() + 7
        while time.monotonic() < deadline:
            if self.server.request("GET", "/api/me", token=token).status == 401:
                return
            time.sleep(0.2)
        self.fail("the old session goes on")

    def test_what_is_wrong_is_said(self):
        ada = self.user()
        for arguments, given in ((("add", ada.email, "--name", "x"), "some password\n"),
                                 (("add", "x@example.org", "--name", "x"), "short\n"),
                                 (("add", "x@example.org", "--name", "x"), ""),
                                 (("passwd", "nobody@example.org"), "some password\n")):
            status, out, err = self.user_command(*arguments, given=given)
            self.assertEqual((status, out), (1, ""), arguments)
            self.assertTrue(err)
            self.assertNotIn("some password", err)


class Backups(ServerCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="parley-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_while_it_runs_then_restored_and_verified(self):
        ada, bob, channel = self.pair()
        before = [ada.say(channel, f"m{i}") for i in range(50)]
        file = self.folder / "parley.backup"
        status, _, err = run("backup", file, "--data", self.server.data)
        self.assertEqual(status, 0, err)
        self.assertEqual(file.stat().st_mode & 0o077, 0)
        after = ada.say(channel, "after the backup")
        other = Server(data=self.folder)
        self.addCleanup(other.close)
        status, _, err = run("restore", file, "--data", other.data)
        self.assertEqual(status, 0, err)
        status, _, err = run("verify", "--data", other.data)
        self.assertEqual(status, 0, err)
        other.start()
        token = User.login(other, ada.email, ada.password).data["token"]
        again = User(other, {"id": ada.id, "name": ada.name, "email": ada.email, "token": token},
                     ada.password)
        self.assertEqual([m["content"] for m in again.history(channel)],
                         [m["content"] for m in before])
        new = again.say(channel, "a new history")
        self.assertGreater(new["seq"], after["seq"])
        self.assertGreater(new["message_id"], after["message_id"])
        session = self.keep(again.session(resume={channel: after["seq"]}))
        row, = session.hello["channels"]
        self.assertEqual(row["id"], channel)

    def test_a_restore_does_not_overwrite(self):
        ada, _, channel = self.pair()
        ada.say(channel, "x")
        file = self.folder / "parley.backup"
        self.assertEqual(run("backup", file, "--data", self.server.data)[0], 0)
        status, _, err = run("restore", file, "--data", self.server.data)
        self.assertEqual(status, 1)
        self.assertTrue(err)
        self.assertEqual(len(ada.history(channel)), 1)
        status, _, err = run("backup", file, "--data", self.server.data)
        self.assertEqual(status, 1, "a file that is there is not overwritten")

    def test_what_is_no_backup(self):
        file = self.folder / "nonsense"
        file.write_bytes(b"no database at all" * 1000)
        data = self.folder / "data"
        status, _, err = run("restore", file, "--data", data)
        self.assertEqual(status, 1)
        self.assertIn(str(file), err)
        self.assertFalse(data.exists() and any(data.iterdir()))
        self.assertEqual(run("restore", self.folder / "none", "--data", data)[0], 1)
        self.assertEqual(run("verify", "--data", self.folder / "nowhere")[0], 1)

    def test_verify_finds_damage(self):
        server = Server()
        self.addCleanup(server.close)
        server.start()
        ada = server.register()
        channel = ada.create()
        for i in range(200):
            ada.say(channel, "a text that is long enough to fill pages " * 20)
        server.term()
        self.assertEqual(run("verify", "--data", server.data)[0], 0)
        database, = [p for p in server.data.iterdir() if p.read_bytes()[:15] == b"SQLite format 3"]
        size = database.stat().st_size
        with open(database, "r+b") as file:
            file.seek(size // 2)
            file.write(b"\xff" * 8192)
        status, _, err = run("verify", "--data", server.data)
        self.assertEqual(status, 1, err)
        self.assertTrue(err)


class Migrate(unittest.TestCase):
    def test_status_and_up_on_new_and_old_data(self):
        with tempfile.TemporaryDirectory(prefix="parley-e2e-") as folder:
            data = pathlib.Path(folder) / "data"
            self.assertEqual(run("migrate", "up", "--data", data)[0], 0)
            status, out, err = run("migrate", "status", "--data", data)
            self.assertEqual(status, 0, err)
            self.assertTrue(out)
            self.assertEqual(run("migrate", "up", "--data", data)[0], 0)
            server = Server(data=folder).start()
            ada = server.register()
            server.term()
            self.assertEqual(run("migrate", "up", "--data", data)[0], 0)
            server.start()
            self.assertEqual(ada.get("/api/me").status, 200)
            server.close()


if __name__ == "__main__":
    tap.main()
