"""One running parley: its process, its data directory, its port, what it logged."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from parley_e2e import http

BIN = os.environ.get("PARLEY_BIN", "build/parley")
# The rates that would only make tests slow; those that are about them switch them on again.
NO_RATES = {
    "PARLEY_LIMITS_LOGINS_PER_MIN_ACCOUNT": "0",
    "PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS": "0",
    "PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS": "0",
    "PARLEY_LIMITS_MESSAGES_PER_S": "0",
}
READY_S = 20
FAULTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "Assertion")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(settings=()):
    """A clean one: nothing of the caller's configures the server."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PARLEY_", "LD_PRELOAD"))}
    return {**clean, **dict(settings)}


def run(*arguments, settings=(), given="", timeout=60, cwd=None):
    """Runs one command of the program to its end; returns (status, stdout, stderr)."""
    done = subprocess.run([BIN, *map(str, arguments)], input=given, capture_output=True, text=True,
                          env=environment(settings), timeout=timeout, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


class Server:
    """`settings` are environment variables; `data` keeps its directory when given."""

    ready_s = READY_S

    def __init__(self, settings=(), data=None, arguments=(), rates=False):
        self.settings = {**({} if rates else NO_RATES), **dict(settings)}
        self.folder = None if data else tempfile.mkdtemp(prefix="parley-e2e-")
        self.data = pathlib.Path(data or self.folder) / "data"
        self.port = free_port()
        self.arguments = list(arguments)
        self.process = None
        self.out, self.err = [], []

    def start(self):
        """Returns when it answers."""
        self.spawn()
        return self.await_ready()

    def await_ready(self):
        deadline = time.monotonic() + self.ready_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.join()
                raise RuntimeError(f"ended with {self.process.returncode}: {self.stderr()}")
            with contextlib.suppress(OSError, http.Broken):
                if self.request("GET", "/healthz").status == 200:
                    return self
            time.sleep(0.02)
        raise RuntimeError(f"not ready after {self.ready_s} s: {self.stderr()}")

    def spawn(self):
        command = [BIN, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}",
                   *self.arguments]
        self.out, self.err = [], []
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(self.settings))
        self.threads = [threading.Thread(target=self.collect, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out),
                                     (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def collect(stream, lines):
        for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))
        stream.close()

    def join(self):
        for thread in self.threads:
            thread.join(10)

    def stderr(self):
        return "\n".join(self.err)

    def log(self, event=None):
        """The log lines as dicts, those of one event if given."""
        lines = [json.loads(line) for line in list(self.err) if line.startswith("{")]
        return [line for line in lines if event in (None, line.get("event"))]

    def wait(self, timeout=40):
        """Its exit status. No sanitizer and no assertion may have had anything to say."""
        status = self.process.wait(timeout)
        self.join()
        for fault in FAULTS:
            assert fault not in self.stderr(), self.stderr()[-8000:]
        return status

    def kill(self):
        """As a power cut does it, as far as a process can tell."""
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def term(self, timeout=40):
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def restart(self):
        status = self.term()
        assert status == 0, f"exit status {status} after SIGTERM: {self.stderr()[-4000:]}"
        return self.start()

    def close(self):
        """Stops it and removes its data. It must have gone well."""
        try:
            if self.process and self.process.poll() is None:
                try:
                    status = self.term()
                except subprocess.TimeoutExpired:
                    self.kill()
                    raise AssertionError("still there 40 s after SIGTERM") from None
                assert status == 0, f"exit status {status} after SIGTERM: {self.stderr()[-4000:]}"
        finally:
            if self.folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    # ---- What one asks it ----

    def next(self):
        """A test that needs the same node for several things asks for one (see Cluster)."""
        return self

    def connect(self, timeout=10, receive_buffer=None):
        return http.dial(self.port, timeout, receive_buffer)

    def request(self, method, path, body=None, headers=(), token=None, timeout=20):
        """One request on a connection of its own."""
        with contextlib.closing(self.connect(timeout)) as sock:
            return http.exchange(sock, method, path, body, headers, token)

    def metric(self, name):
        """The sum over a metric's series, 0 when there is none."""
        page = self.request("GET", "/metrics").body.decode()
        total = 0.0
        for line in page.splitlines():
            if line.split("{")[0].split(" ")[0] == name:
                total += float(line.rsplit(" ", 1)[1])
        return total

    def register(self, name=None, password="correct horse 1"):
        from parley_e2e.chat import User
        return User.register(self, name, password)
