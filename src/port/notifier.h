/* Telling the open sessions of a user, wherever they are, what is not an event of a channel's
 * journal. Best effort: whoever is not told finds out at the next request. Any thread, never
 * blocks. */
#ifndef PARLEY_PORT_NOTIFIER_H
#define PARLEY_PORT_NOTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct notifier;
struct notifier_ops {
    /* The user's read position in `channel` moved to `seq`. `except_session` (0: none) is the
     * session that moved it, on shard `except_shard`, and is not told. */
    void (*read_moved)(struct notifier *self, const struct uuid *user, const struct uuid *channel,
                       uint64_t seq, uint32_t except_shard, uint64_t except_session);
    /* Sessions of `user` with this `jti` (UUID_NIL: all of the user's whose token was issued
     * before `issued_before_us`) are void: their sockets close with 4001. */
    void (*revoked)(struct notifier *self, const struct uuid *user, const struct uuid *jti,
                    int64_t issued_before_us);
    /* Which of `n` users have a session open? Sets `online[i]`. */
    void (*online)(struct notifier *self, const struct uuid *users, size_t n, bool *online);
};

struct notifier {
    const struct notifier_ops *ops;
};

#endif
