import { describe, expect, it } from "vitest";
import { readLogin, readRegistration, safeNext } from "./checks";

const form = (values: Record<string, string>) => {
  const data = new FormData();
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return data;
};

describe("what a person enters", () => {
  it("is refused beside its field", () => {
    expect(readLogin(form({})).errors).toEqual({ email: "error.emailMissing", password: "error.passwordMissing" });
    expect(readRegistration(form({ username: "x".repeat(51), email: "a@b", password: "1234567" })).errors)
      .toEqual({ username: "error.nameLong", password: "error.passwordShort" });
  });
  it("counts characters, not units", () => {
    expect(readRegistration(form({ username: "😀".repeat(50), email: "a@b", password: "😀".repeat(8) })).errors).toEqual({});
  });
  it("keeps a password as it is, and trims an address", () => {
    expect(readLogin(form({ email: " a@b ", password: " p " })).values).toEqual({ email: "a@b", password: " p " });
  });
});

describe("where to go after logging in", () => {
  it("is a path of ours", () => expect(safeNext("/c/1?m=2")).toBe("/c/1?m=2"));
  it.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "", null, "/\n/evil"])(
    "is never %j", (next) => expect(safeNext(next)).toBe("/"));
});
