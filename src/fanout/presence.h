/* Who has a session open on this node: a count a user, behind one mutex. The first session of a
 * user to attach and the last to go are announced to the shards that have watchers. */
#ifndef PARLEY_FANOUT_PRESENCE_H
#define PARLEY_FANOUT_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"

struct hub;
struct presence;
struct session;

struct presence *presence_new(void);
void presence_free(struct presence *p);
/* `s`, whose channels are known, has attached; is about to detach. */
void presence_enter(struct session *s);
void presence_leave(struct session *s);
/* Any thread. */
void presence_online(struct presence *p, const struct uuid *users, size_t n, bool *online);

#endif
