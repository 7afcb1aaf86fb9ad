/* What one subscription has still to write: references to runs of the hub, and answers of its own.
 * Several are written as one message, since elements laid end to end are a SubscribeResponse.
 *
 * What was handed to the server stays at the front until it is written, so that a reader who falls
 * behind can be told where to go on. */
#ifndef PARLEY_DELIVERY_GRPC_UNSENT_H
#define PARLEY_DELIVERY_GRPC_UNSENT_H

#include <stdbool.h>
#include <stddef.h>

#include "fanout/hub.h"
#include "port/rpc.h"

#define UNSENT_MESSAGE_BYTES 65536 /* no more is added to a message that has so many */
#define UNSENT_PIECES_MAX    64    /* of a message, the mark of a replay included */

struct chunk {
    struct run *run; /* frames [first, last) of it; NULL: `own` */
    unsigned first, last;
    struct bytes *own;
    bool is_replay;
    size_t n; /* bytes */
};

struct unsent {
    struct chunk *chunks;
    size_t begin, end, cap; /* chunks[begin..end) */
    size_t n_writing;       /* of them the first so many are with the server */
    size_t bytes, frames;
};

void unsent_init(struct unsent *q);
/* Gives everything back that the server has not. */
void unsent_fini(struct unsent *q);
void unsent_put_run(struct unsent *q, struct run *r, unsigned first, unsigned last, bool is_replay);
/* Takes `own`. */
void unsent_put_own(struct unsent *q, struct bytes *own);
/* The pieces of the next message, 0 when there is none or one is being written. */
size_t unsent_take(struct unsent *q, struct rpc_piece pieces[UNSENT_PIECES_MAX]);
/* What was taken is written. */
void unsent_written(struct unsent *q);
/* Of each channel of which something is here: the position before it. At most `max`. */
size_t unsent_positions(const struct unsent *q, struct resume_point *out, size_t max);

#endif
