/* A row that came back, checked: a column of another size than its type's, or a number that is none
 * of ours, makes the row `bad`, which stays set. Inside adapter/cassandra only. */
#ifndef PARLEY_ADAPTER_CASSANDRA_ROW_H
#define PARLEY_ADAPTER_CASSANDRA_ROW_H

#include "adapter/cassandra/bridge.h"
#include "base/arena.h"
#include "domain/event.h"

struct row {
    const struct bridge_cell *cells;
    size_t n;
    bool bad;
};

bool row_is_null(struct row *r, size_t column);
/* A bigint from 0; null is 0. */
uint64_t row_u64(struct row *r, size_t column);
int32_t row_int(struct row *r, size_t column);
/* Null is UUID_NIL. */
struct uuid row_uuid(struct row *r, size_t column);
/* A text or blob; null is empty. Borrowed from the result. */
struct str row_str(struct row *r, size_t column);
/* A post whose columns begin with POST_COLUMNS and its id; kind, parent and channel are the
 * caller's. Strings in the arena. */
struct event row_post(struct row *r, struct arena *arena);

#endif
