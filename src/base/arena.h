/* Memory of one request or one answer: allocated piece by piece, freed at once. Not for threads. */
#ifndef PARLEY_BASE_ARENA_H
#define PARLEY_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);
/* Zeroed, aligned for any type, valid until `arena_fini`. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of `s`, followed by a NUL that does not count. */
struct str arena_str(struct arena *a, struct str s);

#endif
