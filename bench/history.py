#!/usr/bin/env python3
"""How fast history is read from a channel with very many messages.

    bench/history.py [--messages N] [--parley BINARY]

Starts a server on an empty folder, makes a user and a channel, stops it, writes N messages (ten
million; every tenth with a reply) straight into the store, starts it again, lets `verify` prove what
was written, and times pages by HTTP: the newest, from the middle, the oldest, what followed a
position, a thread. One JSON object on stdout, progress on stderr. Needs some 300 bytes of disk a
message for as long as it runs. Python's sqlite3 and nothing else.
"""
import argparse
import base64
import json
import os
import pathlib
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

EPOCH_MS = 1288834974657
READS = 200


def note(text):
    print(text, file=sys.stderr, flush=True)


class Server:
    def __init__(self, parley, data):
        env = dict(os.environ, PARLEY_LIMITS_MESSAGES_PER_S="0")
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [parley, "serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn"],
            stdout=subprocess.PIPE, text=True, env=env)
        self.url = self.process.stdout.readline().split()[-1]
        self.ready_s = time.monotonic() - begin
        self.token = None

    def call(self, path, body=None):
        request = urllib.request.Request(
            self.url + path, None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"})
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def rss_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(30) != 0:
            raise SystemExit("the server did not stop well")


def fill(path, messages):
    """Event rows as the journal's writer makes them: positions and stamps that grow by one."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA cache_size=-262144")
    channel, user = db.execute("SELECT id, owner FROM channel").fetchone()
    last, stamp = db.execute("SELECT seq, id FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    stamp = max(stamp, (int(time.time() * 1000) - messages - EPOCH_MS) << 12)
    prev, made = 0, 0
    while made < messages:
        rows = []
        for i in range(made, min(made + 100000, messages)):
            last, stamp = last + 1, stamp + 4096
            rows.append((last, stamp, 1, channel, user, prev, None, f"message {i} " + "x" * 80))
            prev = last
            if i % 10 == 0:
                last, stamp = last + 1, stamp + 1
                rows.append((last, stamp, 2, channel, user, prev, stamp - 1, f"reply to {i}"))
                prev = last
        db.execute("BEGIN")
        db.executemany("INSERT INTO event(seq, id, kind, channel, user, prev, parent, content) "
                       "VALUES(?,?,?,?,?,?,?,?)", rows)
        db.execute("COMMIT")
        made = min(made + 100000, messages)
        if made % 1000000 == 0:
            note(f"{made} messages")
    first = db.execute("SELECT min(seq) FROM event WHERE kind=1").fetchone()[0]
    middle = db.execute("SELECT seq, id FROM event WHERE seq>=? AND kind=1 LIMIT 1",
                        ((first + last) // 2,)).fetchone()
    parent = db.execute("SELECT parent FROM event WHERE seq>=? AND kind=2 LIMIT 1",
                        ((first + last) // 2,)).fetchone()[0]
    oldest = db.execute("SELECT id FROM event WHERE seq>=? AND kind=1 LIMIT 1",
                        (first + 60,)).fetchone()[0]
    db.close()
    return {"first": first, "last": last, "middle": middle, "parent": parent, "oldest": oldest}


def cursor(message_id):
    text = base64.b64encode(f"{{'message_id': {message_id}}}".encode()).decode()
    return urllib.request.quote(text)


def timed(server, path):
    took = []
    for _ in range(READS):
        begin = time.monotonic()
        page = server.call(path)
        took.append((time.monotonic() - begin) * 1000)
    rows = page.get("messages") or page.get("replies")
    return {"rows": len(rows), "p50_ms": round(statistics.median(took), 3),
            "p99_ms": round(sorted(took)[READS * 99 // 100], 3)}


def measure(parley, messages, data):
    server = Server(parley, data)
    account = {"email": "a@example.org", "username": "reader", "password": "secret1"}
    server.call("/api/register", account)
    server.token = server.call("/api/login", account)["token"]
    channel = server.call("/api/channel", {"name": "long"})["id"]
    token = server.token
    server.stop()
    note("writing")
    marks = fill(os.path.join(data, "parley.db"), messages)
    note("verify")
    begin = time.monotonic()
    subprocess.run([parley, "verify", "--data", data], check=True, stdout=sys.stderr)
    verify_s = time.monotonic() - begin
    Server(parley, data).stop()  # takes note of what was written past it
    server = Server(parley, data)
    server.token = token
    of = f"/api/message?channel_id={channel}&limit=50"
    result = {
        "messages": messages, "events": marks["last"],
        "file_mib": round(os.path.getsize(os.path.join(data, "parley.db")) / 2**20),
        "verify_s": round(verify_s, 1), "ready_ms": round(server.ready_s * 1000),
        "rss_at_rest_mib": round(server.rss_mib(), 1),
        "newest": timed(server, of),
        "middle": timed(server, f"{of}&cursor={cursor(marks['middle'][1])}"),
        "oldest": timed(server, f"{of}&cursor={cursor(marks['oldest'])}"),
        "after_the_middle": timed(server, f"{of}&after={marks['middle'][0]}"),
        "thread": timed(server, f"/api/reply?message_id={marks['parent']}&limit=50"),
        "own_channels_with_unread": None,
    }
    took = time.monotonic()
    server.call("/api/user/channel")
    result["own_channels_with_unread"] = round((time.monotonic() - took) * 1000, 3)
    server.stop()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--parley", default="build/parley")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parley-history-") as data:
        json.dump(measure(options.parley, options.messages, data), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
