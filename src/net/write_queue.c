#include "net/write_queue.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define WRITE_QUEUE_CAP_FIRST 4

/* Room for one more slice at the end. */
static struct write_queue *write_queue_grow(struct write_queue *q)
{
    if (q == NULL) {
        q = mem_alloc(sizeof *q + WRITE_QUEUE_CAP_FIRST * sizeof q->slices[0]);
        *q = (struct write_queue){.cap = WRITE_QUEUE_CAP_FIRST};
    }
    if (q->head + q->n < q->cap)
        return q;
    if (q->head >= q->cap / 2) {
        memmove(q->slices, q->slices + q->head, q->n * sizeof q->slices[0]);
        q->head = 0;
        return q;
    }
    q->cap *= 2;
    return mem_realloc(q, sizeof *q + q->cap * sizeof q->slices[0]);
}

/* A slice that goes on with a frame must not swallow the beginning of the next one. */
static bool write_slice_merge(struct write_slice *last, const struct bytes *owner, size_t offset,
                              size_t n, unsigned frames)
{
    if (last->owner != owner || last->offset + last->n != offset ||
        last->n + n > WRITE_QUEUE_MERGE_BYTES || (last->frames == 0 && frames > 0))
        return false;
    last->n += n;
    last->frames += frames;
    return true;
}

void write_queue_append(struct write_queue **queue, struct bytes *owner, size_t offset, size_t n,
                        unsigned frames)
{
    assert(n > 0 && offset <= owner->len && n <= owner->len - offset);
    struct write_queue *q = *queue;
    if (q == NULL || !write_slice_merge(&q->slices[q->head + q->n - 1], owner, offset, n, frames)) {
        q = write_queue_grow(q);
        q->slices[q->head + q->n++] = (struct write_slice){bytes_ref(owner), offset, n, frames};
        *queue = q;
    }
    q->bytes += n;
    q->frames += frames;
}

unsigned write_queue_iovec(const struct write_queue *q, struct iovec *iov, unsigned max,
                           size_t *total)
{
    unsigned n = q->n < max ? q->n : max;
    *total = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct write_slice *s = &q->slices[q->head + i];
        iov[i] = (struct iovec){s->owner->data + s->offset, s->n};
        *total += s->n;
    }
    return n;
}

const char *write_queue_gather(const struct write_queue *q, char *scratch, size_t max, size_t *n)
{
    const struct write_slice *s = &q->slices[q->head];
    if (s->n >= max || q->n == 1) {
        *n = s->n < max ? s->n : max;
        return s->owner->data + s->offset;
    }
    size_t filled = 0;
    for (uint32_t i = 0; i < q->n && filled < max; i++, s++) {
        size_t take = s->n < max - filled ? s->n : max - filled;
        memcpy(scratch + filled, s->owner->data + s->offset, take);
        filled += take;
    }
    *n = filled;
    return scratch;
}

void write_queue_consume(struct write_queue **queue, size_t n)
{
    struct write_queue *q = *queue;
    assert(n <= write_queue_bytes(q));
    while (n > 0) {
        struct write_slice *s = &q->slices[q->head];
        size_t take = n < s->n ? n : s->n;
        s->offset += take;
        s->n -= take;
        q->bytes -= take;
        n -= take;
        q->begun = s->n > 0;
        if (q->begun)
            return;
        q->frames -= s->frames;
        bytes_unref(s->owner);
        q->head++;
        q->n--;
    }
    if (q != NULL && q->n == 0) {
        mem_free(q);
        *queue = NULL;
    }
}

void write_queue_keep_begun(struct write_queue **queue, size_t committed)
{
    struct write_queue *q = *queue;
    if (q == NULL)
        return;
    size_t bytes = 0;
    uint32_t frames = 0, keep = 0;
    for (; keep < q->n; keep++) {
        const struct write_slice *s = &q->slices[q->head + keep];
        bool is_begun = (keep == 0 && q->begun) || bytes < committed || s->frames == 0;
        if (!is_begun)
            break;
        bytes += s->n;
        frames += s->frames;
    }
    if (keep == 0) {
        write_queue_clear(queue);
        return;
    }
    for (uint32_t i = keep; i < q->n; i++)
        bytes_unref(q->slices[q->head + i].owner);
    q->n = keep;
    q->bytes = bytes;
    q->frames = frames;
}

void write_queue_clear(struct write_queue **queue)
{
    struct write_queue *q = *queue;
    if (q == NULL)
        return;
    for (uint32_t i = 0; i < q->n; i++)
        bytes_unref(q->slices[q->head + i].owner);
    mem_free(q);
    *queue = NULL;
}
