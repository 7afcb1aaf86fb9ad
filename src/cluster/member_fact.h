/* "This user was a member of this channel at this version of it", in the shared cache. Whoever
 * knows of another version asks for another fact, so none is ever taken back and none can let in
 * somebody who has left. */
#ifndef PARLEY_CLUSTER_MEMBER_FACT_H
#define PARLEY_CLUSTER_MEMBER_FACT_H

#include <stdbool.h>

#include "base/uuid.h"
#include "port/cache.h"

/* `cache` may be NULL: then nothing is known and nothing is kept. */
bool member_fact_is_known(struct cache *cache, const struct uuid *user, const struct uuid *channel,
                          uint64_t version);
void member_fact_keep(struct cache *cache, const struct uuid *user, const struct uuid *channel,
                      uint64_t version);

#endif
