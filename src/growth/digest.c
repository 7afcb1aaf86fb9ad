#include "growth/digest.h"

#include <endian.h>

#include "base/mem.h"

#define POST_BYTES_MAX (32u << 20) /* far above any text */

void digests_init(struct digests *d)
{
    d->by_channel = NULL;
    buf_init(&d->scratch, POST_BYTES_MAX);
}

void digests_fini(struct digests *d)
{
    struct digest *each, *next;
    HASH_ITER (hh, d->by_channel, each, next) {
        HASH_DEL(d->by_channel, each);
        mem_free(each);
    }
    buf_fini(&d->scratch);
}

struct digest *digests_get(struct digests *d, const struct uuid *channel)
{
    struct digest *found;
    HASH_FIND(hh, d->by_channel, channel->b, sizeof channel->b, found);
    if (found != NULL)
        return found;
    found = MEM_NEW(struct digest);
    found->channel = *channel;
    HASH_ADD(hh, d->by_channel, channel, sizeof found->channel, found);
    return found;
}

static void put_u64(struct buf *b, uint64_t v)
{
    v = htole64(v);
    buf_put(b, &v, sizeof v);
}

static void put_str(struct buf *b, struct str s)
{
    put_u64(b, s.n);
    buf_put(b, s.p, s.n);
}

/* A chain: each hash covers the one before it. */
void digest_add(struct digests *d, struct digest *of, const struct event *e)
{
    struct buf *b = &d->scratch;
    buf_clear(b);
    put_u64(b, of->hash.low64);
    put_u64(b, of->hash.high64);
    put_u64(b, (uint64_t)e->kind);
    put_u64(b, e->seq);
    put_u64(b, e->prev_seq);
    put_u64(b, e->id);
    put_u64(b, e->parent);
    buf_put(b, e->user.b, sizeof e->user.b);
    put_str(b, e->username);
    put_str(b, e->client_msg_id);
    put_str(b, e->content);
    of->hash = XXH3_128bits(b->p, b->n);
    of->posts++;
    of->last_seq = e->seq;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
    return a->posts == b->posts && XXH128_isEqual(a->hash, b->hash);
}
