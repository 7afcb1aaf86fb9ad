/* Whose clock is ahead. Inside cluster only, part of a follower.
 *
 * An id that reads as a UUIDv7 or ULID needs no look-up while its time is within the window,
 * because a post under it cannot be older than that; unless its maker's clock was ahead, by more
 * than what is allowed for clocks, when it was first posted. The users to whom that happened are
 * marked, by the day that their id claims: ids of that day are looked up for them, whatever they
 * say. Days pass, and with them the marks; who claims a day after tomorrow stays marked.
 *
 * A mark is a bit by the hash of the user, so now and then somebody is looked up in vain. The marks
 * are a function of the log and part of the snapshot; the hash has no secret, since nobody chooses
 * his id. */
#ifndef PARLEY_CLUSTER_EARLY_H
#define PARLEY_CLUSTER_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

#define EARLY_CLOCKS_MS 120000 /* how wrong a client's clock may be */
#define EARLY_BYTES     1024   /* of a day's marks */

enum { EARLY_TODAY, EARLY_TOMORROW, EARLY_LATER, EARLY_MAPS };

struct early {
    int64_t day; /* since 1970, which EARLY_TODAY is of */
    bool any;    /* a bit is set */
    uint8_t maps[EARLY_MAPS][EARLY_BYTES];
};

/* A post of `user` under an id of the time `id_ms` was stamped `at_ms`. */
void early_note(struct early *e, const struct uuid *user, int64_t id_ms, int64_t at_ms);
/* May an id of that time have been posted before it? */
bool early_is_marked(const struct early *e, const struct uuid *user, int64_t id_ms);

#endif
