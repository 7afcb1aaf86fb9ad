import { describe, expect, it } from "vitest";
import { actOf, type ComposerPress } from "./keys";
import { bytesLeft, MESSAGE_BYTES_MAX } from "./limits";

const press = (key: string, more: Partial<ComposerPress> = {}): ComposerPress => ({
  key, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, isComposing: false, keyCode: 0, ...more,
});

describe("keys of the composer", () => {
  it("sends by Enter, not by Shift+Enter", () => {
    expect(actOf(press("Enter"), false)).toBe("send");
    expect(actOf(press("Enter", { shiftKey: true }), false)).toBeNull();
  });
  it("leaves the keys of an input method alone, also Safari's last one", () => {
    expect(actOf(press("Enter", { isComposing: true }), false)).toBeNull();
    expect(actOf(press("Enter", { keyCode: 229 }), false)).toBeNull();
  });
  it("recalls only into an empty field", () => {
    expect(actOf(press("ArrowUp"), true)).toBe("recall");
    expect(actOf(press("ArrowUp"), false)).toBeNull();
    expect(actOf(press("ArrowUp", { altKey: true }), true)).toBeNull();
  });
});

describe("the limit", () => {
  it("says nothing far from it, and counts bytes near it", () => {
    expect(bytesLeft("hello")).toBeNull();
    expect(bytesLeft("a".repeat(MESSAGE_BYTES_MAX - 10))).toBe(10);
    expect(bytesLeft("字".repeat(2731))).toBe(MESSAGE_BYTES_MAX - 2731 * 3);
    expect(bytesLeft("😀".repeat(2048))).toBe(0);
  });
});
