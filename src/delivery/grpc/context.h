/* Inside the gRPC edge: what its files share. Not for other rooms. */
#ifndef PARLEY_DELIVERY_GRPC_CONTEXT_H
#define PARLEY_DELIVERY_GRPC_CONTEXT_H

#include <stdatomic.h>

#include "base/list.h"
#include "delivery/grpc/edge.h"

#define GRPC_BUSY_RETRY_MS 1000 /* when the workers or the journal are full */

struct grpc_edge {
    struct rpc_handler handler;
    struct grpc_edge_config config;
    atomic_bool is_draining;
    atomic_uint calls, streams;
    struct task drain;
    uint32_t drain_retry_ms;
    struct list open; /* streams with a session, and those that still close; the loop's */
};

/* A unary call on its way. */
struct grpc_call {
    struct task task;
    struct grpc_edge *edge;
    struct rpc_call *call;
    const struct rpc_request *request;
    struct claims claims; /* of those that need a token */
    struct buf out;       /* the answer */

    enum err verdict; /* Send: the journal's */
    bool duplicate;
    uint64_t seq, prev_seq, id;
};

/* edge.c: answers with `out` or, when `f` holds an error, with that; frees the call. */
void grpc_call_end(struct grpc_call *c, const struct fault *f);
/* Who asks: ERR_OK and the claims, or the refusal. */
enum err grpc_admit(struct grpc_edge *e, const struct rpc_request *r, struct claims *out);
void grpc_count(enum rpc_method method, enum rpc_code code);

/* send.c, history.c, hint.c: on a worker; they end the call, now or later. */
void grpc_send(struct grpc_call *c);
void grpc_history(struct grpc_call *c);
void grpc_hint(struct grpc_call *c);

/* stream.c */
void *grpc_stream_open(struct rpc_handler *self, struct rpc_stream *stream,
                       const struct rpc_request *r);
void grpc_stream_written(struct rpc_handler *self, void *named);
void grpc_stream_cancelled(struct rpc_handler *self, void *named);
void grpc_stream_closed(struct rpc_handler *self, void *named);
void grpc_streams_tick(struct grpc_edge *e);
void grpc_streams_drain(struct grpc_edge *e, uint32_t retry_after_ms);

#endif
