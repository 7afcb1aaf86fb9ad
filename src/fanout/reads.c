#include "fanout/reads.h"

#include "base/mem.h"

struct reads {
    size_t n;
    struct read_position {
        struct uuid channel;
        uint64_t head_seq, read_seq;
    } items[];
};

struct reads *reads_new(const struct memberships *m)
{
    struct reads *r = mem_zalloc(sizeof *r + m->n * sizeof r->items[0]);
    r->n = m->n;
    for (size_t i = 0; i < m->n; i++) {
        const struct membership *from = &m->items[i];
        r->items[i] = (struct read_position){from->channel.id, from->head_seq, from->read_seq};
    }
    return r;
}

void reads_free(struct reads *r)
{
    mem_free(r);
}

bool reads_find(const struct reads *r, const struct uuid *channel, size_t hint, uint64_t *head_seq,
                uint64_t *read_seq)
{
    for (size_t i = 0; r != NULL && i < r->n; i++) {
        const struct read_position *p = &r->items[(hint + i) % r->n];
        if (!uuid_eq(&p->channel, channel))
            continue;
        *head_seq = p->head_seq;
        *read_seq = p->read_seq;
        return true;
    }
    return false;
}
