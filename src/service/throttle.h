/* How often may she? Rates for many keys (a user, an account, an address) in fixed memory.
 *
 * Each key has a token bucket in the form of GCRA (the virtual scheduling algorithm of ITU-T I.371,
 * annex A): one number, the moment at which the bucket will be full again. A try is admitted when
 * that moment is less than `burst` intervals away, and moves it one interval on; a refused try
 * moves nothing. Nothing ticks: buckets refill by the clock alone, and a bucket that is full again
 * is the same as none.
 *
 * The table is 8-way set-associative and never grows. A key's set is chosen by a keyed hash
 * (SipHash-2-4 under a secret of this process), so that nobody can aim at a set. A new key takes
 * the place of a full bucket if there is one, else of the one that is closest to being full, which
 * gains the least by being forgotten. Therefore whoever wants an exhausted bucket forgotten must
 * exhaust eight others of its set first, without knowing which they are: for practical purposes
 * 8 x sets buckets, each paid for in full. Making many fresh keys (the /64 networks of a large
 * IPv6 allocation) pushes out only other fresh ones.
 *
 * Any thread: a striped lock is held for tens of nanoseconds.
 */
#ifndef PARLEY_SERVICE_THROTTLE_H
#define PARLEY_SERVICE_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* `per_period` tries a period and up to `burst` (at least 1) at once. `per_period` 0: no limit. */
struct rate {
    uint32_t per_period, burst;
    int64_t period_us;
};

struct throttle;
/* Room for `keys` (a power of two, at least 512) buckets of 16 bytes. */
struct throttle *throttle_new(size_t keys);
void throttle_free(struct throttle *t);

/* One try of `key` at `now_us` of the steady clock. 0: admitted; else the milliseconds (at least
 * 1) until the next one would be. */
uint32_t throttle_take(struct throttle *t, struct str key, const struct rate *rate, int64_t now_us);

/* What counts as one peer: an IPv4 address (mapped into IPv6 or not), the /64 network of an IPv6
 * address (one customer has at least that much), or the text as it is if it is neither. */
#define THROTTLE_ADDRESS_MAX 64
struct throttle_address {
    char bytes[THROTTLE_ADDRESS_MAX];
    size_t n;
};
struct throttle_address throttle_address(struct str peer);

#endif
