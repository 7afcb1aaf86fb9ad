/* Watching a channel: presence and typing for the members who asked for it. Once a second, what
 * has changed since goes to the watchers as one frame (who came and went again is not in it); a
 * newcomer is first told who is online, for which the store is asked who the members are: one
 * question at a time a channel, however many newcomers wait for it. */
#ifndef PARLEY_FANOUT_WATCH_H
#define PARLEY_FANOUT_WATCH_H

#include "fanout/shard.h"

/* Replaces the list of what the session watches; at most LIMIT_WATCHED_CHANNELS. */
void watch_set(struct session *s, const struct uuid *channels, size_t n);
/* A watcher leaves the audience. */
void watch_remove(struct audience *a);
/* A member of the watched channel came online or went. */
void watch_note(struct audience *a, const struct uuid *user, struct str name, bool is_online);
void watch_tick(struct shard *sh);

#endif
