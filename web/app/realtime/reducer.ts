/* (state, event) -> state. Pure: no clock, no network, no store; the same events in any order that
 * can happen end in the same lists. */
import type { ChatEvent } from "./events.js";
import * as channels from "./state/channel.js";
import { changeChannel } from "./state/channel.js";
import * as membership from "./state/membership.js";
import * as outbox from "./state/outbox.js";
import { applyAfterPage, applyPage, failLoading, setLoading } from "./state/pages.js";
import { trim } from "./state/posts.js";
import { abandonHole, hear } from "./state/stream.js";
import * as threads from "./state/threads.js";
import { moveRead } from "./state/unread.js";
import { IDLE, type Channel, type Person, type Post, type State } from "./types.js";

export function emptyState(me: Person): State {
  return { me, connection: IDLE, channels: {}, threads: {}, outbox: [] };
}

function takePost(state: State, post: Post): State {
  const heard = changeChannel(state, post.channelId, (c) => {
    return channels.stopTyping(hear(c, post, state.me.id), post.authorId);
  });
  return takeAside([post], heard);
}

/** What posts mean to threads and the outbox, whatever way they came. */
function takeAside(posts: readonly Post[], state: State): State {
  let next = outbox.settle(state, posts);
  for (const post of posts) if (post.kind === "reply") next = threads.addReply(next, post);
  return next;
}

function reduceView(state: State, event: ChatEvent): State {
  switch (event.type) {
    case "channel_opened":
      return changeChannel(state, event.channelId, (c) => ({ ...c, opened: c.opened + 1 }));
    case "channel_closed":
      return changeChannel(state, event.channelId, (c): Channel => {
        const closed: Channel = { ...c, opened: Math.max(0, c.opened - 1) };
        return closed.opened > 0 ? closed : trim({ ...closed, mode: "latest" });
      });
    case "latest_wanted":
      return changeChannel(state, event.channelId, (c) => trim({ ...c, mode: "latest" }));
    case "thread_opened":
      return threads.openThread(state, event.channelId, event.messageId);
    case "thread_closed":
      return threads.closeThread(state, event.messageId);
    case "thread_loading":
      return threads.setThreadLoading(state, event.messageId, null);
    case "thread_failed":
      return threads.setThreadLoading(state, event.messageId, event.message);
    case "thread_page":
      return outbox.settle(threads.applyThreadPage(state, event), event.replies);
    case "entry":
      return outbox.putEntry(state, event.entry);
    case "entry_gone":
      return outbox.removeEntry(state, event.clientMsgId);
    default:
      return state;
  }
}

function reducePage(state: State, event: ChatEvent): State {
  switch (event.type) {
    case "loading":
      return changeChannel(state, event.channelId, (c) => setLoading(c, event.kind, true));
    case "loaded":
      return changeChannel(state, event.channelId, (c) => setLoading(c, event.kind, false));
    case "load_failed":
      return changeChannel(state, event.channelId, (c) =>
        failLoading(c, event.kind, event.message),
      );
    case "page":
      return outbox.settle(
        changeChannel(state, event.channelId, (c) => applyPage(c, event)),
        event.messages,
      );
    case "after_page": {
      const paged = changeChannel(state, event.channelId, (c) => {
        return applyAfterPage(c, event, state.me.id);
      });
      return takeAside(event.posts, paged);
    }
    case "hole_abandoned":
      return threads.doubtThreads(
        changeChannel(state, event.channelId, abandonHole),
        event.channelId,
      );
    case "members":
      return changeChannel(state, event.channelId, (c) => ({ ...c, members: event.members }));
    case "stored":
      return event.channels.reduce(membership.takeCached, state);
    default:
      return reduceView(state, event);
  }
}

export function reduce(state: State, event: ChatEvent): State {
  switch (event.type) {
    case "connection":
      return { ...state, connection: event.connection };
    case "listed":
      return membership.takeList(state, event.channels);
    case "hello":
      return membership.takeHello(state, event.channels);
    case "resumed":
      return Object.entries(event.channels).reduce(
        (s, [id, head]) => membership.takeHead(s, id, head.headSeq, head.recovered),
        state,
      );
    case "post":
      return takePost(state, event.post);
    case "joined":
      return membership.takeJoined(state, event);
    case "left":
      return membership.takeLeft(state, event.channelId, event.user);
    case "created":
      return changeChannel(state, event.channel.id, (c) => channels.describe(c, event.channel));
    case "read":
      return changeChannel(state, event.channelId, (c) => moveRead(c, event.seq));
    case "presence":
      return changeChannel(state, event.channelId, (c) =>
        channels.applyPresence(c, event.online, event.offline),
      );
    case "typing":
      if (event.user.id === state.me.id) return state;
      return changeChannel(state, event.channelId, (c) =>
        channels.startTyping(c, event.user, event.now),
      );
    case "tick":
      return Object.values(state.channels).reduce(
        (s, c) => changeChannel(s, c.id, (x) => channels.expireTyping(x, event.now)),
        state,
      );
    default:
      return reducePage(state, event);
  }
}
