"""Our HTTP parser beside Node's (llhttp, strict) on the same bytes: what Node refuses we refuse,
and what both accept is the same requests with the same bodies. Request smuggling lives on such
differences. Where we are stricter the table says why; without Node there is nothing to compare."""
import base64
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import unittest

from parley_e2e import tap

HERE = pathlib.Path(__file__).parent
GET = "GET / HTTP/1.1\r\nHost: a\r\n"
POST = "POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n"
NEXT = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
MUTATIONS = 4000

# (name, bytes as latin-1, why we are stricter than Node or None)
CASES = [
    ("a request", GET + "\r\n" + NEXT, None),
    ("an empty line before", "\r\n" + NEXT, None),
    ("two empty lines before", "\r\n\r\n" + NEXT, "RFC 9112 section 2.2 speaks of one"),
    ("LF before", "\n" + NEXT, "lines end with CRLF"),
    ("LF for CRLF", "GET / HTTP/1.1\nHost: a\n\n", None),
    ("LF behind a field", GET + "X: y\n\r\n" + NEXT, None),
    ("LF as the last line", GET + "\n" + NEXT, None),
    ("CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("CR in a value", GET + "X: a\rb\r\n\r\n", None),
    ("CR CR LF", GET + "X: a\r\r\n\r\n", None),
    ("a field hidden behind CR", GET + "X: a\rContent-Length: 34\r\n\r\n" + NEXT, None),
    ("NUL in a value", GET + "X: a\0b\r\n\r\n", None),
    ("BEL in a value", GET + "X: a\ab\r\n\r\n", None),
    ("DEL in a value", GET + "X: a\x7fb\r\n\r\n", None),
    ("bytes above ASCII in a value", GET + "X: \xe9\xff\r\n\r\n", None),
    ("bytes above ASCII in a name", GET + "X\xe9: y\r\n\r\n", None),
    ("a space before the colon", GET + "X : y\r\n\r\n", None),
    ("a space before the colon of a length", POST + "Content-Length : 5\r\n\r\nhello", None),
    ("Transfer-Encoding with a tab before the colon",
     POST + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" + NEXT, None),
    ("no colon", GET + "X\r\n\r\n", None),
    ("no name", GET + ": y\r\n\r\n", None),
    ("a folded value", GET + "X: a\r\n b\r\n\r\n", None),
    ("a folded Transfer-Encoding", POST + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + NEXT,
     None),
    ("a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", None),
    # request lines
    ("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "one space, says the grammar"),
    ("a space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", None),
    ("a tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("no version", "GET /\r\nHost: a\r\n\r\n", "HTTP/0.9 has no fields and is not spoken"),
    ("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", None),
    ("HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + NEXT, None),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", None),
    ("HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "1.0 and 1.1 only"),
    ("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "1.0 and 1.1 only"),
    ("HTTP/1.11", "GET / HTTP/1.11\r\nHost: a\r\n\r\n", None),
    ("http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", None),
    ("an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("a lower case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("a method of WebDAV", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", "RFC 9110 and PATCH"),
    ("no slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "we are no proxy"),
    ("authority form", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "we are no proxy"),
    ("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("asterisk form of others", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "for OPTIONS only"),
    ("what browsers leave unencoded", "GET /a?b=[c]{d}|^`= HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "not part of a target"),
    ("a backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", "not part of a target"),
    ("bytes above ASCII in the target", "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", None),
    ("a bad percent", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "not part of a target"),
    # Host
    ("no Host", "GET / HTTP/1.1\r\n\r\n", "RFC 9112 section 3.2 (Node: later)"),
    ("two Hosts", GET + "Host: b\r\n\r\n", "RFC 9112 section 3.2"),
    ("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "RFC 9110 section 4.2.1"),
    ("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "RFC 9112 section 3.2"),
    ("a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "RFC 9112 section 3.2"),
    # lengths
    ("a length", POST + "Content-Length: 5\r\n\r\nhello" + NEXT, None),
    ("a length of zero", POST + "Content-Length: 0\r\n\r\n" + NEXT, None),
    ("a body of GET", GET + "Content-Length: 5\r\n\r\nhello" + NEXT, None),
    ("a body that is a request", POST + f"Content-Length: {len(NEXT)}\r\n\r\n" + NEXT + NEXT, None),
    ("an unfinished body", POST + "Content-Length: 6\r\n\r\nhello", None),
    ("two lengths", POST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", None),
    ("the same length twice", POST + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", None),
    ("a list of lengths", POST + "Content-Length: 5, 5\r\n\r\nhello", None),
    ("an empty length", POST + "Content-Length:\r\n\r\n" + NEXT, None),
    ("a tab behind", POST + "Content-Length: 5\t\r\n\r\nhello", None),
    ("plus", POST + "Content-Length: +5\r\n\r\nhello", None),
    ("minus", POST + "Content-Length: -5\r\n\r\nhello", None),
    ("hexadecimal", POST + "Content-Length: 0x5\r\n\r\nhello", None),
    ("a space in a length", POST + "Content-Length: 1 1\r\n\r\nhello world", None),
    ("an overflow", POST + "Content-Length: 18446744073709551621\r\n\r\nhello", None),
    ("a length of HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", None),
    ("a length above the limit", POST + "Content-Length: 65537\r\n\r\n" + "x" * 65537, "64 KiB"),
    # codings
    ("chunked", CHUNKED + "5\r\nhello\r\n0\r\n\r\n" + NEXT, None),
    ("Chunked", POST + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + NEXT, None),
    ("a length, then chunked",
     POST + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", None),
    ("chunked, then a length",
     POST + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n", None),
    ("chunked, then an unknown coding",
     POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", None),
    ("an unknown coding, then chunked",
     POST + "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "one coding, chunked"),
    ("chunked twice", POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", None),
    ("chunked in two fields",
     POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     None),
    ("gzip, chunked", POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     "one coding, chunked"),
    ("chunked, gzip", POST + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", None),
    ("identity", POST + "Transfer-Encoding: identity\r\n\r\n" + NEXT, None),
    ("xchunked", POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", None),
    ("chunked in quotes", POST + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", None),
    ("VT chunked", POST + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", None),
    ("chunked with a parameter", POST + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", None),
    ("chunked of HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "RFC 9112 section 6.1: faulty framing"),
    # chunks
    ("several chunks", CHUNKED + "3\r\nabc\r\n00A\r\n0123456789\r\n000\r\n\r\n" + NEXT, None),
    ("an unfinished chunk", CHUNKED + "5\r\nhel", None),
    ("no size", CHUNKED + "\r\nhello\r\n", None),
    ("a size with a sign", CHUNKED + "+5\r\nhello\r\n0\r\n\r\n", None),
    ("a size with 0x", CHUNKED + "0x5\r\nhello\r\n0\r\n\r\n", None),
    ("a space before the size", CHUNKED + " 5\r\nhello\r\n0\r\n\r\n", None),
    ("a space behind the size", CHUNKED + "5 \r\nhello\r\n0\r\n\r\n", None),
    ("a size that overflows", CHUNKED + "10000000000000005\r\nhello\r\n0\r\n\r\n", None),
    ("many zeros", CHUNKED + "0" * 40 + "5\r\nhello\r\n0\r\n\r\n", "16 digits"),
    ("LF behind the size", CHUNKED + "5\nhello\r\n0\r\n\r\n", None),
    ("CR behind the size", CHUNKED + "5\rhello\r\n0\r\n\r\n", None),
    ("LF behind the data", CHUNKED + "5\r\nhello\n0\r\n\r\n", None),
    ("a chunk too short", CHUNKED + "6\r\nhello\r\n0\r\n\r\n", None),
    ("a chunk too long", CHUNKED + "4\r\nhello\r\n0\r\n\r\n", None),
    ("an extension", CHUNKED + "5;a=b;c;d=\"e\"\r\nhello\r\n0\r\n\r\n" + NEXT, None),
    ("an extension without a name", CHUNKED + "5;\r\nhello\r\n0\r\n\r\n", None),
    ("an extension with LF", CHUNKED + "5;a\nhello\r\n0\r\n\r\n", None),
    ("an extension with CR", CHUNKED + "5;a\rb\r\nhello\r\n0\r\n\r\n", None),
    ("an extension with a space", CHUNKED + "5; a\r\nhello\r\n0\r\n\r\n", None),
    ("a string that does not end", CHUNKED + "5;a=\"b\r\nhello\r\n0\r\n\r\n", None),
    ("trailers", CHUNKED + "0\r\nX: y\r\n\r\n" + NEXT, None),
    ("a length as a trailer", CHUNKED + f"0\r\nContent-Length: {len(NEXT)}\r\n\r\n" + NEXT, None),
    ("a malformed trailer", CHUNKED + "0\r\nX y\r\n\r\n" + NEXT, None),
    ("LF as the end of trailers", CHUNKED + "0\r\nX: y\r\n\n" + NEXT, None),
    ("LF as the end", CHUNKED + "0\r\n\n" + NEXT, None),
    # the connection
    ("close", GET + "Connection: close\r\n\r\n", None),
    ("close, and more", GET + "Connection: close\r\n\r\n" + NEXT, None),
    ("close with a tab behind", GET + "Connection: close\t\r\n\r\n" + NEXT, "Node hears no close"),
    ("100-continue", POST + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello" + NEXT, None),
    ("another expectation", POST + "Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", "417"),
    ("an upgrade",
     GET + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", None),
    ("a head above the limit", GET + "X: " + "y" * 20000 + "\r\n\r\n", None),
    ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", None),
]


def node_verdicts(streams):
    texts = json.dumps([base64.b64encode(s).decode() for s in streams])
    done = subprocess.run(["node", HERE / "http_oracle.mjs"], input=texts, capture_output=True,
                          text=True, timeout=120, check=True)
    return [([tuple(r) for r in v["requests"]], v["end"]) for v in json.loads(done.stdout)]


def our_verdicts(streams):
    framed = b"".join(struct.pack(">I", len(s)) + s for s in streams)
    done = subprocess.run([os.environ["HTTP_VERDICT"]], input=framed, capture_output=True,
                          timeout=60, check=True)
    verdicts, requests = [], []
    for line in done.stdout.decode().splitlines():
        if line.startswith("R "):
            requests.append(tuple(line.split(" ")[1:]))
        else:
            verdicts.append((requests, line))
            requests = []
    return verdicts


def mutations():
    """Good streams of the table, in a row, with bytes changed, dropped, added and swapped."""
    rng = random.Random(20)
    streams = [text.encode("latin-1") for _, text, _ in CASES if len(text) < 1000]
    good = [s for s, (_, end) in zip(streams, our_verdicts(streams), strict=True)
            if end == "." and b"Upgrade" not in s] # Node stops at an upgrade to anything
    alphabet = b"\r\n\t :;,=\"\\\0\x0b\x7f0159aFxG/%?#+-"
    for _ in range(MUTATIONS):
        stream = bytearray(b"".join(rng.choice(good) for _ in range(rng.randint(1, 2))))
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(len(stream))
            kind = rng.randrange(4)
            if kind == 0:
                stream[at] = rng.choice(alphabet)
            elif kind == 1:
                del stream[at]
            elif kind == 2:
                stream.insert(at, rng.choice(alphabet))
            else:
                other = rng.randrange(len(stream))
                stream[at], stream[other] = stream[other], stream[at]
        yield bytes(stream)


def node_is_recent():
    """The table is of Node 20's parser; older ones let more pass."""
    if not shutil.which("node"):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    return int(version.lstrip("v").split(".")[0]) >= 20


@unittest.skipUnless(node_is_recent(), "needs Node 20 or newer")
class HttpOracle(unittest.TestCase):
    def assert_agree(self, stream, ours, node):
        """Node's refusals are ours too, and what both accept is the same."""
        (our_requests, our_end), (node_requests, node_end) = ours, node
        if our_end == "?" and node_end.startswith("!"):
            # We look at a line when it is whole: then it must be refused.
            our_end = our_verdicts([stream + b"\r\n\r\n"])[0][1]
            self.assertEqual(our_end[0], "!", stream)
        if our_end.startswith("!"):
            # Where we stop earlier, all before it must still be the same.
            self.assertEqual(our_requests, node_requests[:len(our_requests)], stream)
        else:
            self.assertEqual((our_requests, our_end), (node_requests, node_end), stream)

    def test_table(self):
        streams = [text.encode("latin-1") for _, text, _ in CASES]
        verdicts = zip(our_verdicts(streams), node_verdicts(streams), strict=True)
        for (name, _, stricter), stream, (ours, node) in zip(CASES, streams, verdicts, strict=True):
            with self.subTest(name):
                self.assert_agree(stream, ours, node)
                is_stricter = ours[1].startswith("!") and not node[1].startswith("!")
                self.assertEqual(is_stricter, stricter is not None, (name, ours, node))

    def test_mutations(self):
        streams = list(mutations())
        refused = 0
        for stream, ours, node in zip(streams, our_verdicts(streams), node_verdicts(streams),
                                      strict=True):
            self.assert_agree(stream, ours, node)
            refused += node[1].startswith("!")
        self.assertTrue(MUTATIONS / 5 < refused < MUTATIONS * 4 / 5, refused)


tap.main()
