import { expect, it } from "vitest";
import { commandOf } from "./keymap";

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

it("knows its keys", () => {
  expect(commandOf(press("k", { ctrlKey: true }), true)).toBe("switcher");
  expect(commandOf(press("K", { metaKey: true }), false)).toBe("switcher");
  expect(commandOf(press("ArrowDown", { altKey: true }), true)).toBe("next");
  expect(commandOf(press("ArrowUp", { altKey: true, shiftKey: true }), true)).toBe("previousUnread");
  expect(commandOf(press("F6", { shiftKey: true }), false)).toBe("regionsBack");
});

it("leaves typing alone", () => {
  expect(commandOf(press("?", { shiftKey: true }), true)).toBeNull();
  expect(commandOf(press("?", { shiftKey: true }), false)).toBe("help");
  expect(commandOf(press("k"), true)).toBeNull();
});
