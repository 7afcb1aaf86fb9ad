import { describe, expect, it } from "vitest";
import { delayAfter, delayOfSend, type Ending } from "../backoff.js";
import { BACKOFF_MAX_MS } from "../limits.js";

const cut: Ending = { code: 1006, reason: "", attempt: 0, wasStable: true };
const most = (ending: Partial<Ending>): number | null => {
  return delayAfter({ ...cut, ...ending }, () => 1);
};
const least = (ending: Partial<Ending>): number | null => {
  return delayAfter({ ...cut, ...ending }, () => 0);
};

describe("the delay before the next connection", () => {
  it("is drawn from nothing up to a bound that doubles and is capped at 30 s", () => {
    expect(least({})).toBe(0);
    expect([0, 1, 2, 3].map((attempt) => most({ attempt }))).toEqual([500, 1000, 2000, 4000]);
    expect(most({ attempt: 9 })).toBe(30_000);
    expect(most({ attempt: 9_999 })).toBe(30_000);
  });

  it("follows the hint of a restarting server", () => {
    expect(most({ code: 1012, reason: '{"retry_after_ms":5000}' })).toBe(5000);
    expect(least({ code: 1012, reason: '{"retry_after_ms":5000}' })).toBe(0);
  });

  it("grows again where the hint was too hopeful", () => {
    expect(most({ code: 1012, reason: '{"retry_after_ms":10}', attempt: 5 })).toBe(16_000);
  });

  it.each(["", "soon", "null", '{"retry_after_ms":"1"}', '{"retry_after_ms":-1}'])(
    "does not trip over the reason %j",
    (reason) => expect(most({ code: 1012, reason })).toBe(500),
  );

  it("believes no hint of hours", () => {
    expect(most({ code: 1012, reason: '{"retry_after_ms":1e12}' })).toBe(10 * BACKOFF_MAX_MS);
  });

  it("is nothing for a reader who was too slow, but no loop", () => {
    expect(most({ code: 4008 })).toBe(0);
    expect(most({ code: 4008, wasStable: false, attempt: 3 })).toBe(4000);
  });

  it("is long for a sender who was too fast", () => {
    expect(least({ code: 4029 })).toBe(15_000);
    expect(most({ code: 4029 })).toBe(30_000);
  });

  it("does not end where the log-in is void", () => expect(most({ code: 4001 })).toBeNull());
});

describe("the delay before a refused send goes again", () => {
  it("is never shorter than the server's hint", () => {
    expect(delayOfSend(1, 700, () => 0)).toBe(700);
    expect(delayOfSend(1, null, () => 1)).toBe(1000);
    expect(delayOfSend(99, null, () => 1)).toBe(30_000);
  });
});
