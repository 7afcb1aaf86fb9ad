/* The inside of a loop, for the files of this room. */
#ifndef PARLEY_NET_LOOP_IMPL_H
#define PARLEY_NET_LOOP_IMPL_H

#include <stdatomic.h>
#include <uv.h>

#include "base/mem.h"
#include "net/loop.h"
#include "net/wheel.h"

#define LOOP_READ_BYTES 65536 /* lent to on_data, one connection after the other */

/* What a turn did, told to the metrics once, at its end. */
#define LOOP_EVENTS_MAX 256

struct loop_counts {
    int64_t bytes_in, bytes_out, writes;
};

struct loop {
    struct executor executor;
    unsigned index;
    int spare_fd; /* given up for a moment when descriptors run out; see listener.c */
    bool (*step)(void *arg);
    void *step_arg;
    atomic_bool stop_asked;
    bool stopping;
    struct task_queue tasks;
    struct list conns;     /* every struct conn */
    struct list dirty;     /* connections with something to do at the end of the turn */
    struct list listeners; /* every struct listener */
    struct loop_counts counts;
    unsigned n_events; /* of connections, since something else had its turn */
    char *read_buf;
    uv_loop_t uv;
    uv_async_t wake;
    uv_check_t after_poll;
    uv_prepare_t before_poll;
    uv_idle_t spin; /* active while the loop must not wait for the kernel */
    struct wheel wheel;
};

/* loop.c: an event of a connection is about to be handled. A turn of libuv's takes up to 48 times
 * 1,024 of them before anything else happens; in a storm of connects what is queued for others
 * would wait for a tenth of a second. So every LOOP_EVENTS_MAX of them tasks run and output goes
 * out. */
void loop_count_event(struct loop *l);
/* conn.c: writes the dirty connections and tells their owners. */
void loop_end_turn(struct loop *l);
/* conn.c: asks every connection to close; conn_abort for those not yet open. */
void loop_close_conns(struct loop *l);
/* conn.c: returns from uv_run when the loop is asked to stop and its last connection is gone. */
void loop_check_stopped(struct loop *l);
/* listener.c: accepts no more on any listener. */
void loop_stop_accepting(struct loop *l);

#endif
