"""A collector: takes OTLP/HTTP JSON as Jaeger does, checks its form, keeps the spans."""
import http.server
import json
import re
import threading
import time

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


class Span:
    def __init__(self, told, resource):
        self.trace, self.id, self.parent = told["traceId"], told["spanId"], told.get("parentSpanId")
        assert re.fullmatch("[0-9a-f]{32}", self.trace) and set(self.trace) != {"0"}, told
        assert re.fullmatch("[0-9a-f]{16}", self.id) and set(self.id) != {"0"}, told
        self.name, self.kind = told["name"], KINDS[told["kind"]]
        self.begun, self.ended = int(told["startTimeUnixNano"]), int(told["endTimeUnixNano"])
        assert isinstance(told["startTimeUnixNano"], str) and self.begun <= self.ended, told
        self.attributes = dict(map(attribute, told.get("attributes", ())))
        self.links = [(link["traceId"], link["spanId"]) for link in told.get("links", ())]
        self.failed = told.get("status", {}).get("code") == 2
        self.resource = resource

    def __repr__(self):
        return f"<{self.name} {self.kind} {self.trace[:6]}/{self.id} under {self.parent} " \
               f"{(self.ended - self.begun) / 1e6:.3f} ms {self.attributes}>"


def attribute(told):
    (kind, value), = told["value"].items()
    assert isinstance(value, str) and kind in ("stringValue", "intValue"), told
    return told["key"], int(value) if kind == "intValue" else value


class Collector:
    """`status`: what it answers."""

    def __init__(self):
        self.status, self.spans, self.bodies, self.posts = 200, [], [], 0
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = collector.take(self.path, self.headers["Content-Type"], body)
                self.send_response(answer)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.changed = threading.Condition()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, kind, body):
        with self.changed:
            self.posts += 1
            if self.status == 200:
                assert (path, kind) == ("/v1/traces", "application/json")
                self.bodies.append(body.decode())
                for resource in json.loads(body)["resourceSpans"]:
                    about = dict(map(attribute, resource["resource"]["attributes"]))
                    self.spans += [Span(told, about) for scope in resource["scopeSpans"]
                                   for told in scope["spans"]]
            self.changed.notify_all()
            return self.status

    def wait(self, find, timeout=20):
        """What `find` makes of the spans, once that is something."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not (found := find(self.spans)):
                left = deadline - time.monotonic()
                assert left > 0, self.spans
                self.changed.wait(left)
            return found

    def trace(self, of, names, timeout=20):
        """The spans of the first trace with a span that `of` chooses, once it has all `names`."""
        def find(spans):
            for chosen in filter(of, spans):
                whole = [span for span in spans if span.trace == chosen.trace]
                if set(names) <= {span.name for span in whole}:
                    return whole
            return None
        return self.wait(find, timeout)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
