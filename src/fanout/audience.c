#include "fanout/audience.h"

#include <assert.h>

#include "base/mem.h"
#include "fanout/watch.h"

struct audience *audience_find(struct shard *sh, const struct uuid *channel)
{
    struct table_node *node = table_first(&sh->audiences, table_hash(channel));
    for (; node != NULL; node = table_next(node)) {
        struct audience *a = MEM_OWNER(node, struct audience, node);
        if (uuid_eq(&a->channel, channel))
            return a;
    }
    return NULL;
}

struct audience *audience_get(struct shard *sh, const struct uuid *channel)
{
    struct audience *a = audience_find(sh, channel);
    if (a != NULL)
        return a;
    a = MEM_NEW(struct audience);
    a->shard = sh;
    a->channel = *channel;
    a->partition = shard_partition_of(sh, channel);
    a->last = &a->first;
    a->since = sh->positions[a->partition];
    list_init(&a->link);
    table_add(&sh->audiences, &a->node, table_hash(channel));
    return a;
}

void audience_put(struct audience *a)
{
    if (a->n > 0 || a->first != NULL || a->in_pass || a->pins > 0)
        return;
    assert(a->watch == NULL);
    table_remove(&a->shard->audiences, &a->node);
    list_remove(&a->link);
    mem_free(a->members);
    mem_free(a);
}

struct member *audience_member(const struct session *s, uint32_t slot)
{
    const struct subscription *sub = &session_subs(s)[slot];
    return &sub->audience->members[sub->index];
}

uint32_t audience_add(struct audience *a, struct session *s, uint32_t slot, uint64_t pos,
                      uint32_t flags)
{
    if (a->n == a->cap) {
        /* Large ones grow by a quarter: at 10,000 members half a list unused is 20 bytes each. */
        a->cap = a->cap == 0 ? 2 : a->cap < 1024 ? a->cap * 2 : a->cap + a->cap / 4;
        a->members = mem_realloc(a->members, a->cap * sizeof *a->members);
    }
    a->members[a->n] = (struct member){s, pos, slot, flags};
    return a->n++;
}

static void member_move(struct audience *a, uint32_t from, uint32_t to)
{
    if (from == to)
        return;
    struct member *m = &a->members[to];
    *m = a->members[from];
    session_subs(m->session)[m->slot].index = to;
}

void audience_remove(struct audience *a, uint32_t index)
{
    assert(index < a->n);
    if (a->members[index].flags & MEMBER_WATCHES)
        watch_remove(a);
    a->n--;
    if (a->in_pass && index < a->cursor) {
        /* The hole is filled from among the visited, the new hole from among the others. */
        a->cursor--;
        member_move(a, a->cursor, index);
        index = a->cursor;
    }
    member_move(a, a->n, index);
    if (a->cap > 16 && a->n < a->cap / 4) {
        a->cap /= 2;
        a->members = mem_realloc(a->members, a->cap * sizeof *a->members);
    }
}

void audience_receive(struct audience *a, struct pending *p)
{
    const struct feed_item *item = p->item;
    p->next = NULL;
    *a->last = p;
    a->last = &p->next;
    if (a->unbegun == NULL)
        a->unbegun = p;
    uint64_t head = item->kind == FEED_POSTS ? item->last_seq : item->prev_seq;
    if (head > a->head_seq)
        a->head_seq = head;
    a->head_is_known = true;
}

bool audience_awaits(const struct audience *a, const struct uuid *user)
{
    for (const struct pending *p = a->unbegun; p != NULL; p = p->next)
        if (p->item->kind != FEED_POSTS && uuid_eq(&p->item->user, user))
            return true;
    return false;
}

void audience_learn_head(struct audience *a, uint64_t head_seq, uint64_t position)
{
    if (a->head_is_known || position < a->since)
        return;
    a->head_is_known = true;
    a->head_seq = head_seq;
}

uint64_t audience_boundary(const struct audience *a)
{
    return a->unbegun != NULL ? a->unbegun->item->first_seq - 1 : a->shard->positions[a->partition];
}

void audience_frame(struct audience *a, uint32_t flag, const struct uuid *except,
                    struct bytes *frame)
{
    a->pins++;
    /* Downwards: whoever vanishes in his callback is replaced by someone visited already. */
    for (uint32_t i = a->n; i-- > 0;) {
        const struct member *m = &a->members[i];
        struct session *s = m->session;
        if ((m->flags & flag) == 0 || (except != NULL && uuid_eq(&s->user, except)))
            continue;
        s->ops->frame(s, frame);
    }
    a->pins--;
    audience_put(a);
}
