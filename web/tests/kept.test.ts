import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const full = () => { throw new DOMException("full", "QuotaExceededError"); };

describe("what the browser keeps", () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ["full", { getItem: () => null, setItem: full, removeItem: () => undefined }],
    ["switched off", { getItem: full, setItem: full, removeItem: full }],
  ])("is remembered by the page when the store is %s", async (_how, store) => {
    vi.stubGlobal("localStorage", store);
    const { forgetKept, keep, readKept } = await import("../app/ui/kept");
    keep("a.1", "x");
    keep("b", "y");
    expect(readKept("a.1")).toBe("x");
    keep("b", null);
    expect(readKept("b")).toBeNull();
    forgetKept("a.");
    expect(readKept("a.1")).toBeNull();
  });
});
