/* Which client ids were used lately in a partition, and for which post. Inside cluster only, part
 * of a follower.
 *
 *     from                                                     now
 *      | . e . . n e e . n . . e . . . . e n . e . . . e . e .  |
 *
 * Entries (e) are first posts under a client id, in the order of the log, in a ring; an index over
 * them finds a user's id in a channel. Posts that were no first ones (n: repeats and conflicts) are
 * listed by offset, because whoever builds the window again from the log, beginning at `from`,
 * cannot see there that they were. `from_id` is the last stamp before `from`: with it, the log and
 * the list he finds the same stamps.
 *
 * `from` moves up to the next record whenever no entry is left; what was really forgotten ends at
 * `gone`, which is below it (above it nothing had a client id).
 *
 * The window ends by time (entries stamped more than `ms` before now), by number of entries, or by
 * length of the list; whatever comes first moves `from`. All of that is a function of the log.
 *
 * An entry is 72 bytes and 8 of index: a million are 80 MB.
 */
#ifndef PARLEY_CLUSTER_WINDOW_H
#define PARLEY_CLUSTER_WINDOW_H

#include <stdbool.h>
#include <xxhash.h>

#include "base/uuid.h"

struct window_entry {
    XXH128_hash_t hash; /* of user, channel and client id, under the follower's secret seed */
    struct uuid user;
    uint64_t content; /* hash of kind, parent and content */
    uint64_t offset, prev_seq, id;
    uint32_t channel; /* index of heads */
    bool knows_prev;  /* `prev_seq` is right; otherwise the store knows it */
};

struct window_other {
    uint64_t offset;
    uint64_t last_id; /* the last stamp before it */
};

struct window {
    int64_t ms;
    uint32_t entries_max, others_max;
    uint64_t from, from_id;
    uint64_t gone, gone_id; /* the offset after the last entry that was forgotten, and its id */
    struct window_entry *ring;
    uint32_t cap, n, first; /* entry i is ring[(first + i) & (cap - 1)] */
    uint32_t *slots;        /* 0: free; else a ring position and SLOT_USED */
    uint32_t mask;
    struct window_other *others; /* a ring of others_cap */
    uint32_t others_cap, n_others, others_first;
};

/* The limits are powers of two. */
void window_init(struct window *w, int64_t ms, uint32_t entries_max, uint32_t others_max);
void window_fini(struct window *w);

/* Forgets what is older than `ms` before `now_ms`; `next` is the offset of the next record,
 * `last_id` the last stamp. */
void window_advance(struct window *w, int64_t now_ms, uint64_t next, uint64_t last_id);
/* NULL when there is none. Valid until the next call. */
struct window_entry *window_find(const struct window *w, XXH128_hash_t hash,
                                 const struct uuid *user, uint32_t channel);
/* At the limit the oldest one goes. */
void window_add(struct window *w, const struct window_entry *e);
/* Lists a post that was no first one; at the limit `from` moves past the oldest. */
void window_add_other(struct window *w, uint64_t offset, uint64_t last_id);
/* Is `offset` listed? */
bool window_is_other(const struct window *w, uint64_t offset);
/* The i-th entry and the i-th of the list, oldest first. */
const struct window_entry *window_entry_at(const struct window *w, uint32_t i);
struct window_other *window_other_at(const struct window *w, uint32_t i);
/* How many entries were stamped before `ms`. */
uint32_t window_count_before(const struct window *w, int64_t ms);
/* Forgets everything before `next`. */
void window_clear(struct window *w, uint64_t next, uint64_t last_id);

#endif
