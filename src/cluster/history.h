/* History in the cluster engine: port/message_store.h over what this node has followed and persist
 * has not written yet (the overlay), the recent window in the cache, and the store.
 *
 *     store ..................|------- window -------|--- overlay ---| this node's end
 *
 * The overlay knows for each channel the post before its oldest one. A window that ends exactly
 * there joins to it without a gap; what both do not hold is asked of the store, after them, and
 * merged by id: persist moves posts only in that direction, so none is missed. A message whose
 * posts after it are all in memory has its replies there too, and is counted there; for others the
 * store counts, and the replies that it does not hold yet are added.
 *
 * Where the overlay had to let go of posts that persist has not written, or the store cannot be
 * reached, and what is asked for is not all in memory, the answer is ERR_UNAVAILABLE: never a page
 * with a hole in it. */
#ifndef PARLEY_CLUSTER_HISTORY_H
#define PARLEY_CLUSTER_HISTORY_H

#include "cluster/journal.h"
#include "port/cache.h"

struct cluster_history_config {
    struct cluster_journal *journal;
    struct history_store *store;
    struct cache *cache; /* NULL: none */
};

struct cluster_history;
struct cluster_history *cluster_history_new(const struct cluster_history_config *config);
/* NULL is fine. */
void cluster_history_free(struct cluster_history *h);
/* The door. Lives as long as the history. */
struct message_store *cluster_history_door(struct cluster_history *h);

#endif
