"""The web client's files: from a folder, with their codings, ETags, caching and policy."""
import gzip
import json
import pathlib
import shutil
import tempfile
import unittest

from parley_e2e import tap
from parley_e2e.server import Server

PAGE = b"<!doctype html><script>1</script><p>parley</p>"
LOGIN = b"<!doctype html><p>log in</p>"
SCRIPT = b"console.log('hello');" * 40


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="parley-web-"))
        client = cls.folder / "client"
        (client / "assets").mkdir(parents=True)
        (client / "index.html").write_bytes(PAGE)
        (client / "login").mkdir()
        (client / "login" / "index.html").write_bytes(LOGIN)
        (client / "assets" / "app-1a2b.js").write_bytes(SCRIPT)
        (client / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
        (client / "assets" / "app-1a2b.js.br").write_bytes(b"not really brotli")
        (client / ".hidden").write_bytes(b"secret")
        (client / "link").symlink_to("/etc/hostname")
        (cls.folder / "csp.json").write_text(json.dumps(
            {"pages": {"index.html": {"script": ["'sha256-abc='"], "style": ["'sha256-def='"]}}}))
        cls.server = Server(arguments=("--web", str(client))).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.folder)

    def get(self, path, method="GET", **fields):
        headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
        return self.server.request(method, path, headers=headers)

    def test_a_file(self):
        answer = self.get("/assets/app-1a2b.js")
        self.assertEqual((answer.status, answer.body), (200, SCRIPT))
        self.assertEqual(answer.header("content-type"), "text/javascript; charset=utf-8")
        self.assertIn("immutable", answer.header("cache-control"))
        self.assertIsNone(answer.header("content-encoding"))
        self.assertIn("Accept-Encoding", answer.header("vary"))

    def test_codings(self):
        br = self.get("/assets/app-1a2b.js", Accept_Encoding="gzip, br")
        self.assertEqual((br.header("content-encoding"), br.body), ("br", b"not really brotli"))
        zipped = self.get("/assets/app-1a2b.js", Accept_Encoding="br;q=0, gzip")
        self.assertEqual(zipped.header("content-encoding"), "gzip")
        self.assertEqual(gzip.decompress(zipped.body), SCRIPT)
        self.assertNotEqual(br.header("etag"), zipped.header("etag"))

    def test_not_modified(self):
        etag = self.get("/assets/app-1a2b.js").header("etag")
        for sent in (etag, f'"x", {etag}', "*"):
            answer = self.get("/assets/app-1a2b.js", If_None_Match=sent)
            self.assertEqual((answer.status, answer.body), (304, b""))
            self.assertEqual(answer.header("etag"), etag)
        self.assertEqual(self.get("/assets/app-1a2b.js", If_None_Match='"other"').status, 200)

    def test_the_clients_own_paths_get_the_shell(self):
        for path in ("/", "/register", "/c/some/where", "/x" * 200):
            answer = self.get(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
            self.assertEqual((answer.status, answer.body), (200, PAGE))
            self.assertEqual(answer.header("cache-control"), "no-cache")
            policy = answer.header("content-security-policy")
            self.assertIn("script-src 'self' 'sha256-abc='", policy)
            self.assertIn("style-src 'self' 'sha256-def='", policy)
            self.assertNotIn("unsafe", policy)

    def test_a_page_made_at_build_time(self):
        for path in ("/login", "/login/", "/login/index.html"):
            answer = self.get(path, Accept="text/html")
            self.assertEqual((answer.status, answer.body), (200, LOGIN))
            self.assertEqual(answer.header("referrer-policy"), "same-origin")

    def test_what_is_no_page(self):
        for path in ("/nope", "/.hidden", "/link", "/assets/", "/assets/../index.html2"):
            self.assertEqual(self.get(path).status, 404, path)
        self.assertEqual(self.get("/api/nope", Accept="text/html").status, 404)
        self.assertEqual(self.get("/login", method="POST", Accept="text/html").status, 404)

    def test_nothing_outside_the_folder(self):
        for path in ("/../csp.json", "/..%2fcsp.json", "/assets/../../csp.json",
                     "/%2e%2e/csp.json", "/assets/%2e%2e%2f%2e%2e%2fcsp.json", "//csp.json"):
            answer = self.get(path)
            self.assertTrue(400 <= answer.status < 500, path)
            self.assertNotIn(b"sha256", answer.body)

    def test_head(self):
        answer = self.get("/assets/app-1a2b.js", method="HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.header("content-length"), str(len(SCRIPT)))


class Refused(unittest.TestCase):
    def test_a_folder_without_a_client(self):
        for folder in ("/nonexistent", tempfile.gettempdir() + "/parley-empty"):
            pathlib.Path(tempfile.gettempdir(), "parley-empty").mkdir(exist_ok=True)
            server = Server(arguments=("--web", folder))
            self.addCleanup(server.close)
            with self.assertRaises(RuntimeError) as failed:
                server.start()
            self.assertIn(folder, str(failed.exception))


if __name__ == "__main__":
    tap.main()
