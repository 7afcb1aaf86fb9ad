#include "cluster/gap.h"

#include <string.h>

#include "base/mem.h"

void gap_init(struct gap *g, uint64_t next)
{
    *g = (struct gap){.next = next};
}

void gap_fini(struct gap *g)
{
    for (size_t i = 0; i < GAP_HELD_MAX; i++)
        mem_free(g->held[i]);
}

static struct str put(char **at, struct str s)
{
    struct str copy = {*at, s.n};
    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

struct gap_record *gap_record_new(const struct log_record *r)
{
    struct gap_record *copy = mem_alloc(sizeof *copy + r->value.n + r->tag.n + r->trace.n);
    char *at = copy->bytes;
    copy->record = *r;
    copy->record.value = put(&at, r->value);
    copy->record.tag = put(&at, r->tag);
    copy->record.trace = put(&at, r->trace);
    return copy;
}

enum gap_verdict gap_offer(struct gap *g, const struct log_record *r)
{
    struct gap_record **slot = &g->held[r->offset % GAP_HELD_MAX];
    if (r->offset < g->next || r->offset == UINT64_MAX)
        return GAP_OLD;
    if (r->offset >= g->beyond)
        g->beyond = r->offset + 1;
    if (r->offset - g->next >= GAP_HELD_MAX)
        return GAP_BEYOND;
    if (*slot != NULL)
        return GAP_OLD;
    *slot = gap_record_new(r);
    return r->offset == g->next ? GAP_NEXT : GAP_HELD;
}

struct gap_record *gap_take(struct gap *g)
{
    struct gap_record **slot = &g->held[g->next % GAP_HELD_MAX], *taken = *slot;
    if (taken == NULL)
        return NULL;
    *slot = NULL;
    g->next++;
    return taken;
}

void gap_advance(struct gap *g, uint64_t next)
{
    for (unsigned i = 0; i < GAP_HELD_MAX && g->next < next; i++) {
        struct gap_record **slot = &g->held[g->next % GAP_HELD_MAX];
        mem_free(*slot);
        *slot = NULL;
        g->next++;
    }
    if (g->next < next)
        g->next = next;
}

bool gap_is_open(const struct gap *g)
{
    return g->beyond > g->next && g->held[g->next % GAP_HELD_MAX] == NULL;
}
