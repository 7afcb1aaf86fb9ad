"""HTTP/1.1 by hand: nothing is corrected, so that hostile requests can be sent too."""
import json
import socket


def dial(port, timeout=10, receive_buffer=None):
    """A socket; with a small `receive_buffer` the kernel soon stops taking what is not read."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout)
    sock.connect(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Broken(Exception):
    """The peer closed, or sent what is no answer."""


class Response:
    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    def header(self, name):
        """The value of the first field of that name, None when there is none."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json()["data"]

    @property
    def message(self):
        return self.json()["message"]

    @property
    def code(self):
        return self.json().get("code")

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def request_bytes(method, path, body=None, headers=(), token=None):
    """A dict or list becomes JSON; bytes and text go as they are."""
    fields = {"Host": "127.0.0.1", **dict(headers)}
    if token:
        fields["Authorization"] = f"Bearer {token}"
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        fields.setdefault("Content-Type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    if body is not None:
        fields.setdefault("Content-Length", str(len(body)))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + (body or b"")


class Reader:
    """What came in on a socket, by line and by length."""

    def __init__(self, sock, begun=b""):
        self.sock, self.held = sock, begun

    def fill(self):
        more = self.sock.recv(65536)
        if not more:
            raise Broken(f"closed by the peer after {self.held[:200]!r}")
        self.held += more

    def line(self):
        while b"\r\n" not in self.held:
            self.fill()
        line, self.held = self.held.split(b"\r\n", 1)
        return line.decode("latin-1")

    def exactly(self, count):
        while len(self.held) < count:
            self.fill()
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def to_the_end(self):
        try:
            while True:
                self.fill()
        except (Broken, ConnectionResetError):
            taken, self.held = self.held, b""
            return taken


def read_head(reader):
    version, _, rest = reader.line().partition(" ")
    if not version.startswith("HTTP/1."):
        raise Broken(f"no status line: {version!r}")
    status, _, reason = rest.partition(" ")
    headers = []
    while line := reader.line():
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return Response(int(status), reason, headers, b"")


def read_response(reader, method="GET"):
    """The next final answer; interim ones are passed over."""
    answer = read_head(reader)
    while answer.status == 100:
        answer = read_head(reader)
    if method == "HEAD" or answer.status in (101, 204, 304):
        return answer
    length = answer.header("Content-Length")
    if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
        while size := int(reader.line().split(";")[0], 16):
            answer.body += reader.exactly(size)
            reader.line()
        while reader.line():
            pass
    elif length is not None:
        answer.body = reader.exactly(int(length))
    else:
        answer.body = reader.to_the_end()
    return answer


def exchange(sock, method, path, body=None, headers=(), token=None):
    """One request and its answer on a socket that holds nothing else."""
    sock.sendall(request_bytes(method, path, body, headers, token))
    return read_response(Reader(sock), method)
