/* Finding a post by its id. Inside adapter/sqlite only.
 *
 * Ids have no index: along seq they never fall (every event carries the journal's stamp as it stood
 * after it), so a binary search over the row ids finds one in as many steps as the greatest seq has
 * bits, at about a microsecond each; gaps in seq, as a restore leaves, only cost steps. */
#ifndef PARLEY_ADAPTER_SQLITE_FIND_H
#define PARLEY_ADAPTER_SQLITE_FIND_H

#include "adapter/sqlite/db.h"

/* The seq of the first event whose stamp is `id` or later, which is the post `id` if there is one;
 * `last_seq` + 1 when there is none up to `last_seq`. */
uint64_t find_first_from_id(struct db *db, uint64_t id, uint64_t last_seq);
/* The last event's seq and stamp; false when there is none. */
bool find_last(struct db *db, uint64_t *seq, uint64_t *id);

/* The last message or reply of the channel in row `channel`, 0 when there is none. */
uint64_t find_head(struct db *db, int64_t channel);

#endif
