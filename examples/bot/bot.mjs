/* A bot that echoes and reminds, in the thread of whoever asked. */
import { createClient, logIn } from "@parley/client";
import WebSocket from "ws";
import { HELP, parseCommand } from "./command.mjs";

const REMINDERS_MAX = 1_000;

const { PARLEY_URL = "http://127.0.0.1:9000", PARLEY_EMAIL, PARLEY_PASSWORD } = process.env;
const channels = (process.env.PARLEY_CHANNELS ?? "").split(",").filter((id) => id !== "");

if (PARLEY_EMAIL === undefined || PARLEY_PASSWORD === undefined) {
  console.error("PARLEY_EMAIL and PARLEY_PASSWORD are needed; see README.md");
  process.exit(2);
}

async function join(token, channel_id) {
  const response = await fetch(`${PARLEY_URL}/api/channel/join`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ channel_id }),
  });
  const answer = await response.json();
  /* A conflict: it is in already. */
  if (answer.status !== "success" && answer.code !== "conflict") {
    throw new Error(`cannot join ${channel_id}: ${answer.message}`);
  }
}

const session = await logIn(PARLEY_URL, PARLEY_EMAIL, PARLEY_PASSWORD);
for (const id of channels) await join(session.token, id);
const client = createClient({ origin: PARLEY_URL, ...session, WebSocket });
let reminders = 0;

function remind(answer, { ms, text }) {
  if (reminders >= REMINDERS_MAX) {
    answer("I have too much to remember already");
    return;
  }
  reminders += 1;
  answer(`I will remind you in ${ms / 1000} s`);
  setTimeout(() => {
    reminders -= 1;
    answer(`Reminder: ${text}`);
  }, ms);
}

client.onPost((post) => {
  if (post.authorId === session.user.id) return;
  const command = parseCommand(post.text);
  if (command === null) return;
  const parentId = post.kind === "reply" ? post.parentId : post.id;
  const answer = (text) => client.send(post.channelId, text, { parentId });
  if (command.kind === "echo") answer(command.text);
  else if (command.kind === "remind") remind(answer, command);
  else answer(HELP);
});

let status = "";
client.subscribe(() => {
  const { connection, outbox } = client.getSnapshot();
  if (connection.status !== status) console.error(`${connection.status}, ${outbox.length} to send`);
  status = connection.status;
  /* The token has expired: whoever runs the bot starts it again, which logs in anew. */
  if (connection.stopReason === "signed_out") process.exit(1);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    client.stop();
    process.exit(0);
  });
}
client.start();
