/* Watching a channel: presence and typing for the members who asked for it. Once a second, those
 * who came or went since are told to the watchers in one frame, as they are by then; a newcomer is
 * first told who is online, for which the store is asked who the members are: one
 * question at a time a channel, however many newcomers wait for it.
 *
 * Whoever comes or goes names the channels as its own shard knows them. Another shard, or node, may
 * be ahead and watch a channel that the user has just joined, which is then not among them: so one
 * who joined is looked at again every second for a while. */
#ifndef PARLEY_FANOUT_WATCH_H
#define PARLEY_FANOUT_WATCH_H

#include "fanout/shard.h"

/* Replaces the list of what the session watches; at most LIMIT_WATCHED_CHANNELS. */
void watch_set(struct session *s, const struct uuid *channels, size_t n);
/* A watcher leaves the audience. */
void watch_remove(struct audience *a);
#define WATCH_JOINED_TICKS 60

/* A member of the watched channel came online or went, or may do so within `ticks` unnoted. */
void watch_note(struct audience *a, const struct uuid *user, struct str name, unsigned ticks);
/* It is a member no more. */
void watch_forget(struct audience *a, const struct uuid *user);
void watch_tick(struct shard *sh);

#endif
