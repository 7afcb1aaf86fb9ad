/* Channels: create, join, leave, list, read positions. Blocking; for workers. */
#ifndef PARLEY_SERVICE_CHANNEL_H
#define PARLEY_SERVICE_CHANNEL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "domain/limits.h"
#include "port/channel_store.h"
#include "port/notifier.h"

struct channel_config {
    struct channel_store *store;
    struct notifier *notifier;
    const struct clock *clock;
    const struct limits *limits; /* borrowed */
};

struct channels;
struct channels *channels_new(const struct channel_config *config);
void channels_free(struct channels *c);

enum err channels_create(struct channels *c, const struct uuid *owner, struct str name,
                         struct arena *arena, struct channel *out, struct fault *f);
enum err channels_join(struct channels *c, const struct uuid *user, const struct uuid *channel);
enum err channels_leave(struct channels *c, const struct uuid *user, const struct uuid *channel);
/* ERR_OK or ERR_NOT_MEMBER or ERR_CHANNEL_NOT_FOUND. */
enum err channels_require_member(struct channels *c, const struct uuid *user,
                                 const struct uuid *channel);
enum err channels_list(struct channels *c, void (*each)(const struct channel *, void *arg),
                       void *arg);
enum err channels_of_user(struct channels *c, const struct uuid *user, struct arena *arena,
                          struct memberships *out);

struct member {
    struct user user; /* id and name */
    bool online;
};
/* Members in order of joining, in the arena. Only for members: ERR_NOT_MEMBER. */
enum err channels_members(struct channels *c, const struct uuid *reader, const struct uuid *channel,
                          struct arena *arena, struct member **out, size_t *n);
/* Moves the read position; tells the user's other sessions when it moved. `shard`/`session` as in
 * notifier.h. */
enum err channels_mark_read(struct channels *c, const struct uuid *user, const struct uuid *channel,
                            uint64_t seq, uint32_t shard, uint64_t session, uint64_t *now);

#endif
