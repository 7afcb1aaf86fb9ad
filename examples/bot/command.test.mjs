import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "./command.mjs";

const cases = [
  ["hello", null],
  ["say !echo x", null],
  ["!echoes", null],
  ["!echo a\nb", { kind: "echo", text: "a\nb" }],
  ["!echo", { kind: "help" }],
  ["!help", { kind: "help" }],
  ["!remind 10s tea", { kind: "remind", ms: 10_000, text: "tea" }],
  ["!remind 24h sleep", { kind: "remind", ms: 86_400_000, text: "sleep" }],
  ["!remind 25h sleep", { kind: "help" }],
  ["!remind 0s now", { kind: "help" }],
  ["!remind soon tea", { kind: "help" }],
];

for (const [text, command] of cases) {
  test(JSON.stringify(text), () => assert.deepEqual(parseCommand(text), command));
}
