/* What channels.c (changing) and memberships.c (reading) share. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_CHANNELS_H
#define PARLEY_ADAPTER_SQLITE_CHANNELS_H

#include "adapter/sqlite/state.h"

/* A channel whose columns are id, name, owner, time. */
struct channel channel_of_row(sqlite3_stmt *st, struct arena *arena);

/* memberships.c: the reading half of the port. */
enum err channel_get(struct channel_store *self, const struct uuid *id, struct arena *arena,
                     struct channel *out);
enum err channel_list(struct channel_store *self, void (*each)(const struct channel *, void *arg),
                      void *arg);
enum err channel_is_member(struct channel_store *self, const struct uuid *user,
                           const struct uuid *channel);
enum err channel_members(struct channel_store *self, const struct uuid *channel,
                         void (*each)(const struct user *, void *arg), void *arg);
enum err channel_memberships(struct channel_store *self, const struct uuid *user, bool with_unread,
                             struct arena *arena, struct memberships *out);

#endif
