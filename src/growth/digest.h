/* What the posts of each channel come to: their number, and a hash of all of them in their order,
 * with everything that a reader could see of them. Inside growth only. */
#ifndef PARLEY_GROWTH_DIGEST_H
#define PARLEY_GROWTH_DIGEST_H

#include <uthash.h>
#include <xxhash.h>

#include "base/buf.h"
#include "domain/event.h"

struct digest {
    struct uuid channel;
    uint64_t posts;
    XXH128_hash_t hash;
    uint64_t last_seq;
    UT_hash_handle hh;
};

struct digests {
    struct digest *by_channel;
    struct buf scratch;
};

void digests_init(struct digests *d);
void digests_fini(struct digests *d);
/* Found, or made as an empty one. */
struct digest *digests_get(struct digests *d, const struct uuid *channel);
/* The next post of its channel. */
void digest_add(struct digests *d, struct digest *of, const struct event *e);
bool digest_eq(const struct digest *a, const struct digest *b);

#endif
