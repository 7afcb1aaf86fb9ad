#include "adapter/sqlite/row_cache.h"

#include <stddef.h>
#include <xxhash.h>

#include "base/mem.h"

#define SETS 2048
#define WAYS 4

void row_cache_init(struct row_cache *c)
{
    c->rows = mem_array(SETS * WAYS, sizeof *c->rows);
    c->next = mem_array(SETS, sizeof *c->next);
}

void row_cache_fini(struct row_cache *c)
{
    mem_free(c->rows);
    mem_free(c->next);
}

void row_cache_clear(struct row_cache *c)
{
    memset(c->rows, 0, SETS * WAYS * sizeof *c->rows);
}

static size_t set_of(const struct uuid *id)
{
    return XXH3_64bits(id->b, sizeof id->b) % SETS;
}

struct cached_row *row_cache_find(struct row_cache *c, const struct uuid *id)
{
    struct cached_row *set = &c->rows[set_of(id) * WAYS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].row != 0 && uuid_eq(&set[i].id, id))
            return &set[i];
    return NULL;
}

struct cached_row *row_cache_put(struct row_cache *c, const struct uuid *id, int64_t row)
{
    struct cached_row *found = row_cache_find(c, id);
    if (found == NULL) {
        size_t set = set_of(id);
        found = &c->rows[set * WAYS + c->next[set]];
        c->next[set] = (uint8_t)((c->next[set] + 1) % WAYS);
    }
    *found = (struct cached_row){*id, row, 0};
    return found;
}
