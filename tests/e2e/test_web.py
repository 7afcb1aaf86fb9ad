"""The web client's files, as the server hands them out from a folder."""
import pathlib
import tempfile
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase
from parley_e2e.server import Server

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SHELL = "<!doctype html><title>shell</title><script>let x = 1</script>"


class Pages(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="parley-e2e-")
        root = pathlib.Path(cls.folder.name) / "pages"
        (root / "assets").mkdir(parents=True)
        (root / "index.html").write_text(SHELL)
        (root / "assets/app-abc123.js").write_text("export const x = 1;\n")
        (root.parent / "secret.txt").write_text("not for you")
        cls.server = Server(arguments=["--web", str(root)]).start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def get(self, path, headers=HTML):
        return self.server.request("GET", path, headers=headers)

    def test_the_client_s_own_paths_get_the_shell(self):
        for path in ("/", "/login", "/channel/5?x=y", "/index.html"):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.body.decode()), (200, SHELL), path)
            self.assertEqual(answer.header("Content-Type"), "text/html; charset=utf-8")

    def test_others_get_not_found(self):
        for path, headers in (("/login", {}), ("/login", {"Accept": "application/json"}),
                              ("/api/nope", HTML)):
            answer = self.get(path, headers)
            self.assertEqual((answer.status, answer.json()), (404, f"not found GET {path}"))
        self.assertIn(self.server.request("POST", "/login", {}, headers=HTML).status, (404, 405))

    def test_a_policy_without_unsafe_inline_scripts(self):
        answer = self.get("/")
        policy = answer.header("Content-Security-Policy")
        self.assertIn("default-src 'none'", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        scripts, = [part for part in policy.split(";") if part.strip().startswith("script-src")]
        self.assertNotIn("unsafe", scripts)
        self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")

    def test_files_with_a_fingerprint_are_kept_for_ever(self):
        answer = self.get("/assets/app-abc123.js")
        self.assertEqual((answer.status, answer.body), (200, b"export const x = 1;\n"))
        self.assertIn("immutable", answer.header("Cache-Control"))
        self.assertTrue(answer.header("Content-Type").startswith("text/javascript"))
        self.assertNotIn("immutable", self.get("/").header("Cache-Control"))

    def test_what_did_not_change_is_not_sent_again(self):
        mark = self.get("/").header("ETag")
        again = self.get("/", {**HTML, "If-None-Match": mark})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_nothing_outside_the_folder(self):
        for path in ("/../secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt",
                     "/%2e%2e/secret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt"):
            self.assertNotIn(b"not for you", self.get(path).body)


class Folders(unittest.TestCase):
    def test_one_that_is_no_client_is_said_at_the_start(self):
        with tempfile.TemporaryDirectory(prefix="parley-e2e-") as folder:
            for wrong in (folder, folder + "/none"):
                server = Server(arguments=["--web", wrong])
                self.addCleanup(server.close)
                server.spawn()
                self.assertEqual(server.wait(10), 1)
                self.assertIn(wrong, server.stderr())


if __name__ == "__main__":
    tap.main()
