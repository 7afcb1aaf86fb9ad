// What Node's HTTP server (llhttp, strict) makes of streams of bytes: reads a JSON array of base64
// texts on stdin, sends each over a connection of its own to a server on loopback, and prints a
// JSON array of {requests: [[method, target, body], ...], end} in the same order. Targets and
// bodies are in hexadecimal; `end` is ".", "?" (a request is unfinished) or "! code".
import http from "node:http";
import net from "node:net";
import { text } from "node:stream/consumers";

const CONCURRENT = 16;
const PATIENCE_MS = 5000;
const verdicts = new Map(); // by the client's port

const verdictOf = (socket) => verdicts.get(socket.clientPort);

const hex = (latin1) => Buffer.from(latin1, "latin1").toString("hex");

function onRequest(request, response) {
  const verdict = verdictOf(request.socket);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("hex");
    verdict.requests.push([request.method, hex(request.url), body]);
    response.setHeader("Content-Length", 0); // or HTTP/1.0 would be closed
    response.end();
  });
}

const server = http.createServer({ insecureHTTPParser: false }, onRequest);
server.httpAllowHalfOpen = true; // what came before the end of the stream is still answered
server.on("checkContinue", (request, response) => {
  response.writeContinue();
  onRequest(request, response);
});
server.on("checkExpectation", onRequest);
server.on("connect", (request, socket) => {
  verdictOf(socket).requests.push(["CONNECT", hex(request.url), ""]);
  socket.destroy();
});
server.on("clientError", (error, socket) => {
  const verdict = verdictOf(socket);
  if (verdict.end === "." && error.code !== "HPE_CLOSED_CONNECTION")
    verdict.end = error.code === "HPE_INVALID_EOF_STATE" ? "?" : `! ${error.code}`;
  socket.destroy();
});
server.on("connection", (socket) => {
  socket.clientPort = socket.remotePort; // gone once it is closed
  socket.on("close", () => verdictOf(socket).closed());
});

function judge(stream) {
  return new Promise((resolve, reject) => {
    const client = net.connect(server.address().port, "127.0.0.1", () => {
      const verdict = { requests: [], end: "." };
      verdict.closed = () => {
        verdicts.delete(client.localPort);
        resolve({ requests: verdict.requests, end: verdict.end });
      };
      verdicts.set(client.localPort, verdict);
      client.end(stream);
      client.resume();
    });
    client.setTimeout(PATIENCE_MS, () => reject(new Error(`no end of ${stream}`)));
    client.on("error", () => client.destroy());
  });
}

const streams = JSON.parse(await text(process.stdin)).map((s) => Buffer.from(s, "base64"));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const results = new Array(streams.length);
let next = 0;
async function work() {
  while (next < streams.length) {
    const i = next++;
    results[i] = await judge(streams[i]);
  }
}
await Promise.all(Array.from({ length: CONCURRENT }, work));
process.stdout.write(JSON.stringify(results), () => process.exit(0));
