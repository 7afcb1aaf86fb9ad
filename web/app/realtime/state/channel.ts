/* A channel's own facts, apart from its posts. */
import { TYPING_SHOWN_MS } from "../limits.js";
import type { Channel, ChannelInfo, Member, Person, State } from "../types.js";

export function emptyChannel(id: string): Channel {
  return {
    id,
    name: "",
    ownerId: "",
    createdAt: "",
    joined: false,
    opened: 0,
    headSeq: 0,
    readSeq: 0,
    unread: 0,
    messages: [],
    earlyReplies: {},
    ranges: [],
    heard: [],
    refused: false,
    hasOlder: true,
    mode: "latest",
    loading: { older: false, latest: false, gap: false },
    loadError: null,
    members: null,
    typing: [],
    unreadBasis: { count: 0, seq: 0, others: [], stale: false },
  };
}

/** The state with one channel changed; one not known yet begins empty. */
export function changeChannel(
  state: State,
  id: string,
  change: (channel: Channel) => Channel,
): State {
  const before = state.channels[id] ?? emptyChannel(id);
  const after = change(before);
  if (after === state.channels[id]) return state;
  return { ...state, channels: { ...state.channels, [id]: after } };
}

export function describe(channel: Channel, info: ChannelInfo): Channel {
  const { id, name, ownerId, createdAt } = info;
  return { ...channel, id, name, ownerId, createdAt };
}

/** Nothing of its history may be shown any longer. */
export function forgetPosts(channel: Channel): Channel {
  return { ...channel, messages: [], ranges: [], heard: [], earlyReplies: {}, refused: false, hasOlder: true };
}

export function addMember(channel: Channel, user: Person): Channel {
  if (channel.members === null || channel.members.some((m) => m.id === user.id)) return channel;
  const member: Member = { id: user.id, name: user.name, online: true };
  return { ...channel, members: [...channel.members, member] };
}

export function removeMember(channel: Channel, userId: string): Channel {
  if (channel.members === null || !channel.members.some((m) => m.id === userId)) return channel;
  return { ...channel, members: channel.members.filter((m) => m.id !== userId) };
}

export function applyPresence(
  channel: Channel,
  online: readonly Person[],
  offline: readonly Person[],
): Channel {
  if (channel.members === null) return channel;
  const now = new Map<string, boolean>();
  for (const p of offline) now.set(p.id, false);
  for (const p of online) now.set(p.id, true);
  const members = channel.members.map((m) => {
    const is = now.get(m.id);
    return is === undefined || is === m.online ? m : { ...m, online: is };
  });
  return { ...channel, members };
}

export function startTyping(channel: Channel, user: Person, now: number): Channel {
  const others = channel.typing.filter((t) => t.id !== user.id);
  const typist = { id: user.id, name: user.name, until: now + TYPING_SHOWN_MS };
  return { ...channel, typing: [...others, typist] };
}

export function stopTyping(channel: Channel, userId: string): Channel {
  if (!channel.typing.some((t) => t.id === userId)) return channel;
  return { ...channel, typing: channel.typing.filter((t) => t.id !== userId) };
}

export function expireTyping(channel: Channel, now: number): Channel {
  if (!channel.typing.some((t) => t.until <= now)) return channel;
  return { ...channel, typing: channel.typing.filter((t) => t.until > now) };
}
