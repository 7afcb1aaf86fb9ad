/* Which row a user or channel has, and a channel's head: a bounded memory of the writer for what
 * almost every append asks. Inside adapter/sqlite only; the writer's thread.
 *
 * Set-associative: a UUID has four places, of which the one written longest ago gives way. So
 * nothing is allocated, and what was forgotten is read again from the tables. */
#ifndef PARLEY_ADAPTER_SQLITE_ROW_CACHE_H
#define PARLEY_ADAPTER_SQLITE_ROW_CACHE_H

#include <stdint.h>

#include "base/uuid.h"

struct cached_row {
    struct uuid id;
    int64_t row;   /* > 0; 0: the place is free */
    uint64_t head; /* of a channel: its last message or reply, 0 when there is none */
};

struct row_cache {
    struct cached_row *rows;
    uint8_t *next; /* which way of each set gives way */
};

void row_cache_init(struct row_cache *c);
void row_cache_fini(struct row_cache *c);
/* Forgets everything, after a transaction that did not happen. */
void row_cache_clear(struct row_cache *c);
/* NULL when it is not known. Valid until the next put. */
struct cached_row *row_cache_find(struct row_cache *c, const struct uuid *id);
/* The entry, made or found. */
struct cached_row *row_cache_put(struct row_cache *c, const struct uuid *id, int64_t row);

#endif
