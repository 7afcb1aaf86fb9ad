#include "fanout/run_builder.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "fanout/sizes.h"

/* One frame: the largest request body, every byte of it escaped sixfold, and the rest of the JSON.
 * Configuration keeps a message below a request body. */
#define FRAME_BYTES_MAX (1024 * 1024)

void run_builder_init(struct run_builder *b, const struct run_encoder *encoder)
{
    *b = (struct run_builder){.encoder = encoder};
    buf_init(&b->out, RUN_BYTES_MAX + FRAME_BYTES_MAX);
    buf_init(&b->rpc, RUN_BYTES_MAX + FRAME_BYTES_MAX);
}

void run_builder_fini(struct run_builder *b)
{
    assert(b->n == 0);
    buf_fini(&b->out);
    buf_fini(&b->rpc);
    mem_free(b->frames);
    mem_free(b->rpc_ends);
    b->frames = NULL;
    b->rpc_ends = NULL;
}

bool run_builder_is_full(const struct run_builder *b)
{
    return b->n == RUN_FRAMES_MAX || b->out.n >= RUN_BYTES_MAX;
}

void run_builder_add(struct run_builder *b, const struct event *e, enum run_variant variant)
{
    assert(!run_builder_is_full(b));
    assert(b->n == 0 || uuid_eq(&b->channel, &e->channel));
    if (b->n == b->cap) {
        b->cap = b->cap == 0 ? 16 : b->cap * 2;
        b->frames = mem_realloc(b->frames, b->cap * sizeof *b->frames);
        b->rpc_ends = mem_realloc(b->rpc_ends, b->cap * sizeof *b->rpc_ends);
    }
    struct run_frame *f = &b->frames[b->n++];
    *f = (struct run_frame){
        .seq = e->seq, .kind = e->kind, .origin = e->origin, .queued_us = e->queued_us};
    b->channel = e->channel;
    trace_set_add(&b->traces, &e->trace);
    b->refs_bytes += e->origin.ref.n;
    b->encoder->event(e, variant, &b->out, f);
    assert(!b->out.failed && f->start <= f->data && f->data < f->end && f->end == b->out.n);
    if (b->encoder->rpc == NULL)
        return;
    b->encoder->rpc(e, variant, &b->rpc);
    assert(!b->rpc.failed);
    b->rpc_ends[b->n - 1] = (uint32_t)b->rpc.n;
}

static struct run_form *take_rpc(struct run_builder *b)
{
    if (b->encoder->rpc == NULL)
        return NULL;
    const size_t ends_bytes = b->n * sizeof b->rpc_ends[0];
    struct run_form *f = mem_alloc(sizeof *f + ends_bytes);
    f->bytes = bytes_copy(b->rpc.p, b->rpc.n);
    memcpy(f->ends, b->rpc_ends, ends_bytes);
    buf_clear(&b->rpc);
    return f;
}

static struct trace_set *builder_take_traces(struct run_builder *b)
{
    if (b->traces.n == 0)
        return NULL;
    struct trace_set *traces = mem_alloc(sizeof *traces);
    *traces = b->traces;
    b->traces.n = 0;
    return traces;
}

struct run *run_builder_finish(struct run_builder *b)
{
    assert(b->n > 0);
    const size_t frames_bytes = b->n * sizeof(struct run_frame);
    struct run *r = mem_alloc(sizeof *r + frames_bytes + b->refs_bytes);
    atomic_init(&r->refs, 1);
    r->channel = b->channel;
    r->bytes = bytes_copy(b->out.p, b->out.n);
    pthread_mutex_init(&r->once, NULL);
    r->deflated = NULL;
    r->traces = builder_take_traces(b);
    r->rpc = take_rpc(b);
    r->n = b->n;
    memcpy(r->frames, b->frames, frames_bytes);
    char *refs = (char *)r->frames + frames_bytes;
    for (unsigned i = 0; i < r->n; i++) {
        struct str *ref = &r->frames[i].origin.ref;
        if (ref->n > 0)
            memcpy(refs, ref->p, ref->n);
        ref->p = refs;
        refs += ref->n;
    }
    buf_clear(&b->out);
    b->n = 0;
    b->refs_bytes = 0;
    return r;
}
