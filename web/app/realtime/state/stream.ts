/* The stream of a channel: what was heard, each post once, and where a hole is.
 *
 * `heard` unites the links (prev_seq, seq] of the posts that were pushed, replayed, acknowledged or
 * caught up with. One range: nothing is missing. Two: between them is a hole, to be filled by a
 * Resume from the end of the first or, where that is refused, by pages. */
import { addRange, covers, lastOf } from "../ranges.js";
import type { Channel, Post, Range, State } from "../types.js";
import { addPost } from "./posts.js";
import { hearOther, moveRead } from "./unread.js";

/** The end of what was heard without a hole; null: nothing yet. */
export function heardTo(channel: Channel): number | null {
  return channel.heard[0]?.to ?? null;
}

/** From where the server is to replay, by channel. */
export function resumePoints(state: State): Record<string, number> {
  const points: Record<string, number> = {};
  for (const channel of Object.values(state.channels)) {
    const at = heardTo(channel);
    if (channel.joined && at !== null) points[channel.id] = at;
  }
  return points;
}

export function hasHole(channel: Channel): boolean {
  return channel.heard.length > 1;
}

/** Was it heard before, or does it lie below where this session began to listen? */
export function isHeard(channel: Channel, seq: number): boolean {
  const first = channel.heard[0];
  return first !== undefined && (seq <= first.to || covers(channel.heard, seq));
}

export function withHeard(channel: Channel, heard: readonly Range[]): Channel {
  if (heard === channel.heard) return channel;
  const refused = channel.refused && heard.length > 1;
  return { ...channel, heard, refused };
}

/** Takes a post of the stream: into the view, the count of the unread, and the chain. */
export function hear(channel: Channel, post: Post, myId: string): Channel {
  let next = addPost(channel, post);
  if (!isHeard(channel, post.seq)) {
    next = withHeard(next, addRange(next.heard, post.prevSeq, post.seq));
    next = post.authorId === myId ? moveRead(next, post.seq) : hearOther(next, post.seq);
  }
  return post.seq > next.headSeq ? { ...next, headSeq: post.seq } : next;
}

/** Live events go on after `headSeq`; whether what lies before was heard shows in `heard`. */
export function attachAt(channel: Channel, headSeq: number): Channel {
  const heard = addRange(channel.heard, headSeq, headSeq);
  const headed = channel.headSeq >= headSeq ? channel : { ...channel, headSeq };
  return withHeard(headed, heard);
}

/** The hole is given up: the stream goes on above it, the view shows a gap. */
export function abandonHole(channel: Channel): Channel {
  const last = lastOf(channel.heard);
  return last === undefined ? channel : withHeard(channel, [last]);
}
