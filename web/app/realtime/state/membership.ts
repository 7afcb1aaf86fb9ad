/* Which channels the user is in, and where each one's stream begins.
 *
 * The Hello answer and the Joined and Left frames that follow it decide; a list that was asked for
 * over HTTP may be older than they are, so while online it only adds names and counts. */
import type { ChatEvent, HelloChannel, ListedChannel } from "../events.js";
import { lastOf } from "../ranges.js";
import type { CachedChannel } from "../store.js";
import type { Channel, Person, State } from "../types.js";
import { addMember, changeChannel, describe, forgetPosts, removeMember } from "./channel.js";
import { addSpan } from "./posts.js";
import { attachAt, withHeard } from "./stream.js";
import { doubtThreads, dropThreads } from "./threads.js";
import { moveRead, setUnread } from "./unread.js";

type Joined = Extract<ChatEvent, { type: "joined" }>;

function leave(state: State, id: string): State {
  const channel = state.channels[id];
  if (channel === undefined || !channel.joined) return state;
  const left = changeChannel(state, id, (c) => ({
    ...forgetPosts(c),
    joined: false,
    members: null,
    unread: 0,
    unreadBasis: { count: 0, seq: 0, others: [], stale: false },
  }));
  return dropThreads(left, id);
}

function leaveOthers(state: State, stay: readonly { readonly id: string }[]): State {
  const ids = new Set(stay.map((c) => c.id));
  const gone = Object.keys(state.channels).filter((id) => !ids.has(id));
  return gone.reduce(leave, state);
}

export function takeList(state: State, listed: readonly ListedChannel[]): State {
  const isDeciding = state.connection.status !== "online";
  const start = isDeciding ? leaveOthers(state, listed) : state;
  return listed.reduce((s, info) => {
    return changeChannel(s, info.id, (c) => {
      const joined = c.joined || isDeciding;
      const named: Channel = { ...describe(c, info), joined };
      const headed = { ...named, headSeq: Math.max(named.headSeq, info.headSeq) };
      return setUnread(headed, info.readSeq, info.unread, info.headSeq);
    });
  }, start);
}

/** Where the server stands in a channel, and whether it replays what we miss of it. */
export function takeHead(state: State, id: string, headSeq: number, recovered: boolean): State {
  const before = state.channels[id];
  const end = before && lastOf(before.heard);
  const isAhead = end !== undefined && headSeq < end.to;
  const attached = changeChannel(state, id, (c) => {
    /* We hold more than the server knows: it was restored from a back-up, or lags behind. What it
     * pushes from here on is new or was heard; what is shown has to be read again. */
    if (isAhead && !recovered) return { ...forgetPosts(c), heard: c.heard, headSeq };
    const at = attachAt(c, headSeq);
    const refused = !recovered && at.heard.length > 1;
    return refused === at.refused ? at : { ...at, refused };
  });
  return isAhead && !recovered ? doubtThreads(attached, id) : attached;
}

export function takeHello(state: State, hello: readonly HelloChannel[]): State {
  return hello.reduce((s, h) => {
    const joined = changeChannel(s, h.id, (c) => {
      return moveRead({ ...c, joined: true, headSeq: Math.max(c.headSeq, h.headSeq) }, h.readSeq);
    });
    if (h.recovered === true) return changeChannel(joined, h.id, (c) => ({ ...c, refused: false }));
    return takeHead(joined, h.id, h.headSeq, h.recovered ?? true);
  }, leaveOthers(state, hello));
}

export function takeJoined(state: State, event: Joined): State {
  const { channelId, seq, user, channel: info } = event;
  return changeChannel(state, channelId, (c) => {
    if (user.id !== state.me.id) return addMember(c, user);
    const named = info === null ? c : describe(c, info);
    /* The stream begins here, even if nobody says anything before the connection is cut. */
    const heard = named.heard.length > 0 ? named : withHeard(named, [{ after: seq, to: seq }]);
    return addMember({ ...heard, joined: true }, user);
  });
}

export function takeLeft(state: State, id: string, user: Person): State {
  if (user.id === state.me.id) return leave(state, id);
  return changeChannel(state, id, (c) => removeMember(c, user.id));
}

/** What was on disk, where nothing newer is known. */
export function takeCached(state: State, cached: CachedChannel): State {
  const known = state.channels[cached.id];
  if (known !== undefined && (known.heard.length > 0 || known.ranges.length > 0)) return state;
  return changeChannel(state, cached.id, (c) => {
    const isNew = known === undefined;
    const named = isNew ? { ...describe(c, cached), joined: true, headSeq: cached.headSeq } : c;
    const read = isNew ? setUnread(named, cached.readSeq, cached.unread, cached.headSeq) : named;
    const at = cached.heardSeq;
    const heard = at === null ? read : withHeard(read, [{ after: at, to: at }]);
    return addSpan(heard, cached.messages, cached.range.after, cached.range.to);
  });
}
