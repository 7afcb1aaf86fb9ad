/* How often somebody may try what costs or risks something: log-ins for an account and from an
 * address, registrations from an address.
 *
 * Each try takes from the bucket of this process (throttle.h) and then, where nodes share a cache
 * that answers, from a bucket that all of them share. The first protects the second: who is over
 * the rate at one node is refused there without asking further. While the cache is gone, each node
 * allows the rate by itself.
 *
 * A key of the shared cache names nobody: it holds a keyed hash (BLAKE2b, 128 bits) of the account
 * or address, under a secret that the nodes have in common, so that nobody can find a bucket to
 * exhaust, or read who was here.
 *
 * Blocks when there is a cache, for its time limit at most: for workers.
 */
#ifndef PARLEY_SERVICE_ATTEMPTS_H
#define PARLEY_SERVICE_ATTEMPTS_H

#include "base/clock.h"
#include "port/cache.h"

enum attempt {
    ATTEMPT_LOGIN_ACCOUNT,
    ATTEMPT_LOGIN_ADDRESS,
    ATTEMPT_REGISTER_ADDRESS,
    ATTEMPT_COUNT
};

struct attempts;
/* `cache` may be NULL; otherwise `secret` is what the nodes share, at least 16 bytes, copied.
 * libsodium is initialised. */
struct attempts *attempts_new(const struct clock *clock, struct cache *cache, struct str secret);
void attempts_free(struct attempts *a);

/* One try of `whom` (not empty) out of `per_min` a minute and at once (0: no limit). 0: admitted;
 * else the milliseconds, at least 1, until the next one would be. Any thread. */
uint32_t attempts_take(struct attempts *a, enum attempt what, struct str whom, uint32_t per_min);

#endif
