/* The state, who listens to it, and what follows from every change.
 *
 * Snapshots are published at most once a frame of the screen, so that a thousand replayed messages
 * are one rendering; what the reader does herself is published at once. */
import { Gather } from "./core.js";
import type { Env } from "./env.js";
import type { ChatEvent } from "./events.js";
import { PUBLISH_MS } from "./limits.js";
import { emptyState, reduce } from "./reducer.js";
import { isHeard } from "./state/stream.js";
import type { Person, Post, State } from "./types.js";

export type PostListener = (post: Post, how: { replay: boolean }) => void;

export class Hub {
  current: State;
  private published: State;
  private readonly listeners = new Set<() => void>();
  private readonly postListeners = new Set<PostListener>();
  private readonly publishing: Gather;
  /** What follows from a change; set by the client that owns this. */
  follow: (before: State, after: State) => void = () => undefined;

  constructor(env: Env, me: Person) {
    this.current = emptyState(me);
    this.published = this.current;
    this.publishing = new Gather(env, PUBLISH_MS, () => this.publish());
  }

  readonly getSnapshot = (): State => this.published;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly onPost = (listener: PostListener): (() => void) => {
    this.postListeners.add(listener);
    return () => void this.postListeners.delete(listener);
  };

  dispatch(event: ChatEvent, isReplay = false): void {
    const before = this.current;
    this.current = reduce(before, event);
    if (this.current === before) return;
    this.publishing.call();
    this.follow(before, this.current);
    if (this.postListeners.size > 0) this.tellPosts(before, event, isReplay);
  }

  publish(): void {
    this.publishing.cancel();
    if (this.published === this.current) return;
    this.published = this.current;
    for (const listener of this.listeners) listener();
  }

  /** Each post of the stream once, in the order in which it was heard. */
  private tellPosts(before: State, event: ChatEvent, isReplay: boolean): void {
    let posts: readonly Post[] = [];
    if (event.type === "post") posts = [event.post];
    else if (event.type === "after_page" && event.isStream) posts = event.posts;
    for (const post of posts) {
      const channel = before.channels[post.channelId];
      if (channel !== undefined && isHeard(channel, post.seq)) continue;
      const replay = isReplay || event.type === "after_page";
      for (const listener of this.postListeners) listener(post, { replay });
    }
  }
}
