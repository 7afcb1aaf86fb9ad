// Passes requests and websockets below /api on to the chat server, as they are: the Host stays, so
// that the server sees the page's own origin, and the cookie with it.
import { request } from "node:http";
import { connect } from "node:net";

export function createProxy(target) {
  const { hostname, port } = new URL(target);

  function pass(req, res) {
    const headers = { ...req.headers, "x-forwarded-for": req.socket.remoteAddress ?? "" };
    const up = request({ hostname, port, method: req.method, path: req.url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    up.on("error", () => {
      if (res.headersSent) return res.destroy();
      res.writeHead(502, { "Content-Type": "application/json" });
      res.end('{"status":"fail","message":"the chat server cannot be reached","code":"unavailable"}');
    });
    res.on("close", () => up.destroy());
    req.pipe(up);
  }

  function upgrade(req, socket, head) {
    const up = connect(Number(port || 80), hostname, () => {
      const lines = [`${req.method} ${req.url} HTTP/1.1`];
      for (let i = 0; i < req.rawHeaders.length; i += 2) {
        lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
      }
      up.write(`${lines.join("\r\n")}\r\n\r\n`);
      up.write(head);
      socket.pipe(up).pipe(socket);
    });
    up.on("error", () => socket.destroy());
    socket.on("error", () => up.destroy());
    up.on("close", () => socket.destroy());
    socket.on("close", () => up.destroy());
  }

  return { pass, upgrade };
}
