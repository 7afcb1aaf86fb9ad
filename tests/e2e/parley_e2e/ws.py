"""A websocket client by hand (RFC 6455, RFC 7692), which can also break every rule of them."""
import base64
import hashlib
import json
import os
import struct
import time
import zlib

from parley_e2e import http

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The server ended it; `code` is None when it sent no close frame."""

    def __init__(self, code, reason):
        super().__init__(f"closed with {code} {reason!r}")
        self.code, self.reason = code, reason


class Refused(Exception):
    """The handshake was answered with something else than 101."""

    def __init__(self, response):
        super().__init__(repr(response))
        self.response = response


def mask(payload, key):
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(
        len(payload), "big")


def frame(opcode, payload, fin=True, rsv=0, masked=True, claim=None):
    """A frame; `claim` states another length than the payload has."""
    length = len(payload) if claim is None else claim
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + mask(payload, key)


class Ws:
    def __init__(self, server, headers=(), deflate=False, receive_buffer=None, timeout=10):
        self.sock = server.connect(timeout, receive_buffer)
        self.reader = http.Reader(self.sock)
        self.pongs = []
        self.closed_with = None
        self.shake_hands(headers, deflate)

    def shake_hands(self, headers, deflate):
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": key}
        if deflate:
            fields["Sec-WebSocket-Extensions"] = "permessage-deflate; client_max_window_bits"
        self.sock.sendall(http.request_bytes("GET", "/api/message/ws", None,
                                             {**fields, **dict(headers)}))
        answer = http.read_head(self.reader)
        if answer.status != 101:
            length = int(answer.header("Content-Length") or 0)
            answer.body = self.reader.exactly(length)
            raise Refused(answer)
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert answer.header("Sec-WebSocket-Accept") == accept, answer.headers
        self.response = answer
        self.deflate = "permessage-deflate" in (answer.header("Sec-WebSocket-Extensions") or "")

    # ---- Saying ----

    def raw(self, data):
        self.sock.sendall(data)

    def send_frame(self, opcode, payload, **how):
        self.raw(frame(opcode, payload, **how))

    def text(self, text):
        self.send_frame(TEXT, text.encode() if isinstance(text, str) else text)

    def send(self, action, data=None, **more):
        """{"action":..., "data":..., ...}"""
        self.text(json.dumps({"action": action, **more, "data": data or {}}))

    def send_deflated(self, value):
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(json.dumps(value).encode()) + packer.flush(zlib.Z_SYNC_FLUSH)
        self.send_frame(TEXT, packed[:-4], rsv=4)

    def auth(self, token):
        self.text(f"Authorization: Bearer {token}")
        return self

    # ---- Hearing ----

    def frame(self):
        """(opcode, payload, fin) of the next frame, inflated."""
        first, second = self.reader.exactly(2)
        length = second & 0x7F
        assert not second & 0x80, "a server must not mask"
        if length == 126:
            length, = struct.unpack(">H", self.reader.exactly(2))
        elif length == 127:
            length, = struct.unpack(">Q", self.reader.exactly(8))
        payload = self.reader.exactly(length)
        if first & 0x40:
            assert self.deflate, "compressed without having been asked"
            payload = zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")
        return first & 0x0F, payload, bool(first & 0x80)

    def item(self):
        """The next message; answers pings, raises Closed at the end."""
        while True:
            try:
                opcode, payload, fin = self.frame()
            except (http.Broken, ConnectionResetError, BrokenPipeError):
                raise Closed(*(self.closed_with or (None, ""))) from None
            assert fin, "the server does not fragment"
            if opcode == PING:
                self.send_frame(PONG, payload)
            elif opcode == PONG:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                self.closed_with = code, payload[2:].decode()
                raise Closed(*self.closed_with)
            else:
                return payload

    def recv(self, timeout=10):
        """The next message as JSON."""
        self.sock.settimeout(timeout)
        return json.loads(self.item())

    def maybe(self, timeout):
        """The next message as JSON, None when none comes."""
        try:
            return self.recv(timeout)
        except TimeoutError:
            return None

    def until(self, wanted, timeout=10):
        """Everything up to and with the first frame for which `wanted` is true."""
        seen = []
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                seen.append(self.recv(left))
            except TimeoutError:
                raise AssertionError(f"did not come; came: {seen[-20:]}") from None
            if wanted(seen[-1]):
                return seen

    def action(self, name, timeout=10):
        """The next frame with that action; others are passed over."""
        return self.until(lambda f: f.get("action") == name, timeout)[-1]

    def ended(self, timeout=10):
        """(code, reason) with which the server ends it; messages before that are passed over."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.sock.settimeout(max(0.05, deadline - time.monotonic()))
                self.item()
        except Closed as end:
            return end.code, end.reason
        except TimeoutError:
            raise AssertionError(f"still open after {timeout} s") from None

    def tcp_ended(self, timeout=5):
        """Is the TCP connection closed within the time?"""
        self.sock.settimeout(timeout)
        try:
            self.reader.to_the_end()
        except TimeoutError:
            return False
        return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
