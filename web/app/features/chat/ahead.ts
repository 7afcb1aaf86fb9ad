import type { Me } from "~/api/types";
import type { Ahead } from "~/realtime/options";

declare global {
  interface Window {
    /** Made by aheadScript. */
    parleyAhead?: Ahead & { me: Promise<string> };
  }
}

async function readMe(asked: Promise<string>): Promise<Me | null> {
  try {
    const { data } = JSON.parse(await asked) as { data?: Me };
    return typeof data?.id === "string" ? data : null;
  } catch {
    return null;
  }
}

export interface AskedAhead {
  /** Null: it has to be asked. */
  me: Promise<Me | null>;
  /** What is to be shown, if it is of this person. */
  of: (id: string) => Promise<Ahead | null>;
}

/** What the head of the page asked for, once. */
export function takeAhead(): AskedAhead {
  const ahead = window.parleyAhead;
  delete window.parleyAhead;
  const me = ahead ? readMe(ahead.me) : Promise.resolve(null);
  return { me, of: async (id) => (ahead && (await me)?.id === id ? ahead : null) };
}
