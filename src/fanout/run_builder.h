/* Makes runs: encodes events one after the other into contiguous bytes, up to a bound. Used by the
 * journal's thread for live batches and by workers for pages of history. */
#ifndef PARLEY_FANOUT_RUN_BUILDER_H
#define PARLEY_FANOUT_RUN_BUILDER_H

#include <stdbool.h>

#include "base/buf.h"
#include "fanout/run.h"

struct run_builder {
    const struct run_encoder *encoder;
    struct buf out;
    struct buf rpc; /* the frames as gRPC's messages, where the encoder makes them */
    struct run_frame *frames;
    uint32_t *rpc_ends;
    unsigned n, cap;
    size_t refs_bytes;
    struct uuid channel; /* of the run under way */
    struct trace_set traces;
};

void run_builder_init(struct run_builder *b, const struct run_encoder *encoder);
void run_builder_fini(struct run_builder *b);
static inline bool run_builder_is_empty(const struct run_builder *b)
{
    return b->n == 0;
}
/* True when the run must be finished before more is added. */
bool run_builder_is_full(const struct run_builder *b);
/* `e` is of the same channel as what was added since the last finish. */
void run_builder_add(struct run_builder *b, const struct event *e, enum run_variant variant);
/* The run, with one reference; the builder is empty again. Not when it is empty. */
struct run *run_builder_finish(struct run_builder *b);

#endif
