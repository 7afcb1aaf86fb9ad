/* Reading JSON that nobody has checked yet. A field of another type than wanted throws Malformed. */

export class Malformed extends Error {}

export type Json = Readonly<Record<string, unknown>>;

export function parseObject(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed("not JSON");
  }
  return object(value);
}

export function object(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Malformed("not an object");
  }
  return value as Json;
}

export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed("not a list");
  return value;
}

export function text(from: Json, key: string): string {
  const value = from[key];
  if (typeof value !== "string") throw new Malformed(`${key} is not a text`);
  return value;
}

export function optionalText(from: Json, key: string): string | null {
  const value = from[key];
  return typeof value === "string" ? value : null;
}

/** A whole number from 0 to 2^53-1. */
export function count(from: Json, key: string): number {
  const value = from[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new Malformed(`${key} is not a position`);
  }
  return value;
}

export function optionalCount(from: Json, key: string): number | null {
  return from[key] === undefined ? null : count(from, key);
}

export function optionalFlag(from: Json, key: string): boolean | null {
  const value = from[key];
  return typeof value === "boolean" ? value : null;
}
