#include "delivery/grpc/unsent.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "delivery/grpc/encode.h"

#define CHUNKS_MIN 8

void unsent_init(struct unsent *q)
{
    *q = (struct unsent){.cap = 0};
}

static void chunk_drop(struct chunk *c)
{
    run_unref(c->run);
    bytes_unref(c->own);
}

void unsent_fini(struct unsent *q)
{
    for (size_t i = q->begin; i < q->end; i++)
        chunk_drop(&q->chunks[i]);
    mem_free(q->chunks);
    unsent_init(q);
}

/* An idle subscription keeps no memory; a busy one moves what waits to the front, or grows. */
static struct chunk *put(struct unsent *q)
{
    if (q->end == q->cap && q->begin > q->cap / 2) {
        memmove(q->chunks, q->chunks + q->begin, (q->end - q->begin) * sizeof *q->chunks);
        q->end -= q->begin;
        q->begin = 0;
    } else if (q->end == q->cap) {
        q->cap = q->cap == 0 ? CHUNKS_MIN : q->cap * 2;
        q->chunks = mem_realloc(q->chunks, q->cap * sizeof *q->chunks);
    }
    return &q->chunks[q->end++];
}

static size_t run_start(const struct run *r, unsigned first)
{
    return first == 0 ? 0 : r->rpc->ends[first - 1];
}

void unsent_put_run(struct unsent *q, struct run *r, unsigned first, unsigned last, bool is_replay)
{
    assert(first < last && last <= r->n && r->rpc != NULL);
    size_t n = r->rpc->ends[last - 1] - run_start(r, first);
    *put(q) = (struct chunk){run_ref(r), first, last, NULL, is_replay, n};
    q->bytes += n;
    q->frames += last - first;
}

void unsent_put_own(struct unsent *q, struct bytes *own)
{
    *put(q) = (struct chunk){.own = own, .n = own->len};
    q->bytes += own->len;
    q->frames++;
}

static void release_run(void *owner)
{
    run_unref(owner);
}

static void release_own(void *owner)
{
    bytes_unref(owner);
}

static struct rpc_piece piece_of(const struct chunk *c)
{
    if (c->run == NULL)
        return (struct rpc_piece){c->own->data, c->n, release_own, bytes_ref(c->own)};
    return (struct rpc_piece){c->run->rpc->bytes->data + run_start(c->run, c->first), c->n,
                              release_run, run_ref(c->run)};
}

size_t unsent_take(struct unsent *q, struct rpc_piece pieces[UNSENT_PIECES_MAX])
{
    size_t n = 0, bytes = 0;
    if (q->n_writing > 0)
        return 0;
    const struct chunk *first = &q->chunks[q->begin];
    for (size_t i = q->begin; i < q->end && n < UNSENT_PIECES_MAX - 1; i++) {
        const struct chunk *c = &q->chunks[i];
        if (n > 0 && (c->is_replay != first->is_replay || bytes + c->n > UNSENT_MESSAGE_BYTES))
            break;
        pieces[n++] = piece_of(c);
        bytes += c->n;
    }
    q->n_writing = n;
    if (n > 0 && first->is_replay)
        pieces[n++] = (struct rpc_piece){ENCODE_REPLAY, sizeof ENCODE_REPLAY - 1, NULL, NULL};
    return n;
}

void unsent_written(struct unsent *q)
{
    assert(q->n_writing <= q->end - q->begin);
    for (; q->n_writing > 0; q->n_writing--) {
        struct chunk *c = &q->chunks[q->begin++];
        q->bytes -= c->n;
        q->frames -= c->run == NULL ? 1 : c->last - c->first;
        chunk_drop(c);
    }
    if (q->begin == q->end) {
        mem_free(q->chunks);
        unsent_init(q);
    }
}

static bool is_known(const struct resume_point *points, size_t n, const struct uuid *channel)
{
    for (size_t i = 0; i < n; i++)
        if (uuid_eq(&points[i].channel, channel))
            return true;
    return false;
}

size_t unsent_positions(const struct unsent *q, struct resume_point *out, size_t max)
{
    size_t n = 0;
    for (size_t i = q->begin; i < q->end && n < max; i++) {
        const struct chunk *c = &q->chunks[i];
        if (c->run != NULL && !is_known(out, n, &c->run->channel))
            out[n++] = (struct resume_point){c->run->channel, c->run->frames[c->first].seq - 1};
    }
    return n;
}
