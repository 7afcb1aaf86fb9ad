/* Who has a session open: on this node, a count a user, behind one mutex; on the others, what they
 * told (peers.h). The first session of a user to attach here and the last to go are announced to
 * the shards that have watchers, and to the other nodes. */
#ifndef PARLEY_FANOUT_PRESENCE_H
#define PARLEY_FANOUT_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"

struct hub;
struct peers;
struct presence;
struct session;

/* `peers` NULL: this node is alone. */
struct presence *presence_new(struct peers *peers);
void presence_free(struct presence *p);
/* `s`, whose channels are known, has attached; is about to detach. */
void presence_enter(struct session *s);
void presence_leave(struct session *s);
/* Any thread, all of it. Here or elsewhere: */
void presence_online(struct presence *p, const struct uuid *users, size_t n, bool *online);
bool presence_is_here(struct presence *p, const struct uuid *user);
bool presence_is_elsewhere(struct presence *p, const struct uuid *user);
/* The users of one slice (peers.h) that are online here, to be freed with mem_free. */
struct uuid *presence_slice(struct presence *p, unsigned slice, size_t *n);

#endif
