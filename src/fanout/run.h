/* Runs: what the hub hands out. Consecutive frames of one channel and one batch, encoded once for
 * the whole process, contiguous, so that a subscriber who gets them all needs one list node and
 * one write. Immutable once published, shared by reference. */
#ifndef PARLEY_FANOUT_RUN_H
#define PARLEY_FANOUT_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "domain/event.h"
#include "domain/user.h"
#include "telemetry/trace.h"

struct run_frame {
    uint64_t seq;
    enum event_kind kind;
    uint32_t start, end;  /* the websocket frame is bytes->data[start..end) */
    uint32_t data;        /* where the JSON value of "data" begins; it ends at end - 1, before the
                             closing brace of the frame */
    struct origin origin; /* ref is copied into the run */
    int64_t queued_us;    /* when its append was queued; 0 unknown */
};

/* The same frames in another form: compressed, or as gRPC's messages. */
struct run_form {
    struct bytes *bytes;
    uint32_t ends[]; /* frame i is [i == 0 ? 0 : ends[i-1], ends[i]) */
};

struct run {
    atomic_uint refs;
    struct uuid channel;
    struct bytes *bytes;
    pthread_mutex_t once;      /* makes `deflated` once a process */
    struct run_form *deflated; /* NULL until someone needs it */
    struct run_form *rpc;      /* NULL where the encoder has none */
    struct trace_set *traces;  /* that its frames belong to; NULL: none */
    unsigned n;
    struct run_frame frames[];
};

struct run *run_ref(struct run *r);
void run_unref(struct run *r);
/* The compressed variant, made by `make` (appends frame after frame to `out`, sets `ends`) at the
 * first call by any thread. */
const struct run_form *run_deflate(struct run *r, void (*make)(const struct run *r, struct buf *out,
                                                               uint32_t *ends));

/* What a run occupies. */
size_t run_size(const struct run *r);
/* The first frame after position `seq`; `r->n` when there is none. */
unsigned run_after(const struct run *r, uint64_t seq);

/* How events become frames: given to the hub by the delivery room, since JSON is none of the
 * hub's business. Pure functions, any thread. */
enum run_variant {
    RUN_PUSH, /* what everyone gets */
    RUN_OWN,  /* a join or leave as the user's own sessions get it: with the channel */
};
struct run_encoder {
    /* Appends one whole websocket frame to `out` and sets start, end and data of `f` relative to
     * `out->p`. */
    void (*event)(const struct event *e, enum run_variant variant, struct buf *out,
                  struct run_frame *f);
    /* Appends the event as an element of gRPC's message; NULL: nobody here speaks it. */
    void (*rpc)(const struct event *e, enum run_variant variant, struct buf *out);
    /* Whole websocket frames. */
    struct bytes *(*read)(const struct uuid *channel, uint64_t seq);
    struct bytes *(*typing)(const struct uuid *channel, const struct uuid *user, struct str name);
    struct bytes *(*presence)(const struct uuid *channel, const struct user *online,
                              size_t n_online, const struct user *offline, size_t n_offline);
};

#endif
