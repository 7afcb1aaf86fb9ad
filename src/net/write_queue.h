/* What a connection still has to write: slices of shared bytes, in order. The queue exists only
 * while something is in it; NULL is the empty queue, and an idle connection holds no more than
 * that pointer.
 *
 * Frames: a slice that counts 1 or more frames begins with a frame's first byte; one that counts 0
 * goes on with the frame before it. So the queue can be cut in front of every slice that counts,
 * and only there.
 */
#ifndef PARLEY_NET_WRITE_QUEUE_H
#define PARLEY_NET_WRITE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/bytes.h"

/* Neighbours in the same bytes become one slice up to this size: fewer iovecs, yet places to cut
 * remain. */
#define WRITE_QUEUE_MERGE_BYTES 65536

struct write_slice {
    struct bytes *owner;
    size_t offset, n;
    uint32_t frames;
};

struct write_queue {
    size_t bytes;    /* not yet consumed */
    uint32_t frames; /* of slices that are not wholly consumed */
    uint32_t head, n, cap;
    bool begun; /* the first slice is partly consumed */
    struct write_slice slices[];
};

/* Takes a reference of its own. `n` > 0. */
void write_queue_append(struct write_queue **q, struct bytes *owner, size_t offset, size_t n,
                        unsigned frames);
/* Fills up to `max` iovecs, returns how many, and their bytes in `*total`. */
unsigned write_queue_iovec(const struct write_queue *q, struct iovec *iov, unsigned max,
                           size_t *total);
/* The first `*n` (at most `max`) bytes in one piece: where they lie, or copied to `scratch`. */
const char *write_queue_gather(const struct write_queue *q, char *scratch, size_t max, size_t *n);
/* The first `n` bytes are on their way. */
void write_queue_consume(struct write_queue **q, size_t n);
/* Throws away every frame of which nothing was consumed, nor lies in the first `committed` bytes;
 * what remains ends at a frame's end. */
void write_queue_keep_begun(struct write_queue **q, size_t committed);
void write_queue_clear(struct write_queue **q);

static inline size_t write_queue_bytes(const struct write_queue *q)
{
    return q == NULL ? 0 : q->bytes;
}

static inline uint32_t write_queue_frames(const struct write_queue *q)
{
    return q == NULL ? 0 : q->frames;
}

#endif
