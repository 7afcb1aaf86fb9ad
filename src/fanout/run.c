#include "fanout/run.h"

#include <assert.h>

#include "base/mem.h"

/* zlib's worst case is five bytes a block and a few for each flush; a frame's head is at most 14.
 */
#define DEFLATED_FRAME_EXTRA 64

struct run *run_ref(struct run *r)
{
    unsigned before = atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return r;
}

static void run_form_free(struct run_form *f)
{
    if (f != NULL)
        bytes_unref(f->bytes);
    mem_free(f);
}

void run_unref(struct run *r)
{
    if (r == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    run_form_free(r->deflated);
    run_form_free(r->rpc);
    mem_free(r->traces);
    bytes_unref(r->bytes);
    pthread_mutex_destroy(&r->once);
    mem_free(r);
}

static struct run_form *
run_make_deflated(struct run *r, void (*make)(const struct run *r, struct buf *out, uint32_t *ends))
{
    struct run_form *d = mem_zalloc(sizeof *d + r->n * sizeof d->ends[0]);
    struct buf out;
    buf_init(&out, 2 * r->bytes->len + (size_t)r->n * DEFLATED_FRAME_EXTRA);
    make(r, &out, d->ends);
    assert(!out.failed && d->ends[r->n - 1] == out.n);
    d->bytes = bytes_copy(out.p, out.n);
    buf_fini(&out);
    return d;
}

const struct run_form *run_deflate(struct run *r, void (*make)(const struct run *r, struct buf *out,
                                                               uint32_t *ends))
{
    struct run_form *d = __atomic_load_n(&r->deflated, __ATOMIC_ACQUIRE);
    if (d != NULL)
        return d;
    pthread_mutex_lock(&r->once);
    d = r->deflated;
    if (d == NULL) {
        d = run_make_deflated(r, make);
        __atomic_store_n(&r->deflated, d, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&r->once);
    return d;
}

size_t run_size(const struct run *r)
{
    size_t size = sizeof *r + r->n * sizeof r->frames[0] + sizeof *r->bytes + r->bytes->len;
    if (r->rpc != NULL)
        size += sizeof *r->rpc + r->n * sizeof r->rpc->ends[0] + r->rpc->bytes->len;
    if (r->traces != NULL)
        size += sizeof *r->traces;
    return size;
}

unsigned run_after(const struct run *r, uint64_t seq)
{
    unsigned low = 0, high = r->n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (r->frames[middle].seq > seq)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
