/* The rows of a channel and of a thread. */
import type { Message, OutboxEntry, Reply } from "./types.js";

export type TimelineItem =
  | { readonly kind: "message"; readonly key: string; readonly message: Message }
  | {
      readonly kind: "gap";
      readonly key: string;
      readonly afterSeq: number;
      readonly beforeSeq: number;
    }
  | { readonly kind: "outgoing"; readonly key: string; readonly entry: OutboxEntry };

export type ThreadItem =
  | { readonly kind: "reply"; readonly key: string; readonly reply: Reply }
  | { readonly kind: "outgoing"; readonly key: string; readonly entry: OutboxEntry };
