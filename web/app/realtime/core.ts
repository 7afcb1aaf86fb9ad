/* What the parts of a client share: the state, and the ways to change it and to speak. */
import type { Env } from "./env.js";
import type { ChatEvent } from "./events.js";
import type { Api } from "./http.js";
import type { ClientFrame } from "./protocol.js";
import type { Channel, State } from "./types.js";

export interface Core {
  readonly env: Env;
  readonly api: Api;
  state(): State;
  dispatch(event: ChatEvent): void;
  /** False: not online. */
  send(frame: ClientFrame): boolean;
  isOnline(): boolean;
}

export function openChannels(state: State): readonly Channel[] {
  return Object.values(state.channels).filter((c) => c.opened > 0);
}

/** A function that runs `run` at its first call only. */
export function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
}

/** Runs `run` once, `ms` after the first of several calls. */
export class Gather {
  private cancelTimer: (() => void) | null = null;

  constructor(
    private readonly env: Env,
    private readonly ms: number,
    private readonly run: () => void,
  ) {}

  call(): void {
    this.cancelTimer ??= this.env.after(this.ms, () => {
      this.cancelTimer = null;
      this.run();
    });
  }

  /** At once, if it was called. */
  flush(): void {
    if (this.cancelTimer === null) return;
    this.cancel();
    this.run();
  }

  cancel(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}

/** One timer at a time: the next one replaces it. */
export class Slot {
  private cancel: () => void = () => undefined;

  constructor(private readonly env: Env) {}

  set(ms: number, run: () => void): void {
    this.cancel();
    this.cancel = this.env.after(ms, run);
  }

  clear(): void {
    this.cancel();
  }
}
