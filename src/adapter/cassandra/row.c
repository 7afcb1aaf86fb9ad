#include "adapter/cassandra/row.h"

#include <endian.h>

#include "domain/id.h"

/* The column's bytes; NULL for null, and for what makes the row bad. */
static const uint8_t *cell(struct row *r, size_t column, size_t size)
{
    if (column >= r->n) {
        r->bad = true;
        return NULL;
    }
    const struct bridge_cell *c = &r->cells[column];
    if (c->n < 0)
        return NULL;
    if ((size_t)c->n != size) {
        r->bad = true;
        return NULL;
    }
    return c->p;
}

bool row_is_null(struct row *r, size_t column)
{
    return column >= r->n || r->cells[column].n < 0;
}

uint64_t row_u64(struct row *r, size_t column)
{
    uint64_t be;
    const uint8_t *p = cell(r, column, sizeof be);
    if (p == NULL)
        return 0;
    memcpy(&be, p, sizeof be);
    uint64_t v = be64toh(be);
    r->bad = r->bad || v > INT64_MAX;
    return v > INT64_MAX ? 0 : v;
}

int32_t row_int(struct row *r, size_t column)
{
    uint32_t be;
    const uint8_t *p = cell(r, column, sizeof be);
    if (p == NULL)
        return 0;
    memcpy(&be, p, sizeof be);
    return (int32_t)be32toh(be);
}

struct uuid row_uuid(struct row *r, size_t column)
{
    struct uuid u = UUID_NIL;
    const uint8_t *p = cell(r, column, sizeof u.b);
    if (p != NULL)
        memcpy(u.b, p, sizeof u.b);
    return u;
}

struct str row_str(struct row *r, size_t column)
{
    if (row_is_null(r, column))
        return STR_NONE;
    return (struct str){(const char *)r->cells[column].p, (size_t)r->cells[column].n};
}

struct event row_post(struct row *r, struct arena *arena)
{
    struct event e = {.seq = row_u64(r, 0),
                      .prev_seq = row_u64(r, 1),
                      .user = row_uuid(r, 2),
                      .username = arena_str(arena, row_str(r, 3)),
                      .content = arena_str(arena, row_str(r, 4)),
                      .client_msg_id = arena_str(arena, row_str(r, 5)),
                      .id = row_u64(r, 6),
                      .origin = {.shard = ORIGIN_NO_SHARD}};
    r->bad = r->bad || e.id > ID_MAX;
    e.at_us = id_time_ms(e.id) * 1000;
    e.partition = id_partition(e.id);
    return e;
}
