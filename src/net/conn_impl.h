/* The inside of a connection, for the files of this room. */
#ifndef PARLEY_NET_CONN_IMPL_H
#define PARLEY_NET_CONN_IMPL_H

#include <uv.h>

#include "net/conn.h"
#include "net/loop_impl.h"
#include "net/tls.h"
#include "net/write_queue.h"

#define CONN_READS_PER_TURN  4 /* of LOOP_READ_BYTES; then the others have their turn */
#define CONN_IOVECS          64
#define CONN_DRAIN_BYTES_MAX (1024 * 1024) /* thrown away of a peer that goes on talking */
#define CONN_QUEUE_BYTES     (1024 * 1024) /* until conn_set_limits */
#define CONN_QUEUE_FRAMES    4096
#define TLS_HANDSHAKE_MS     5000

enum conn_state {
    CONN_CONNECTING,
    CONN_HANDSHAKING, /* TLS; the owner does not know of it yet */
    CONN_OPEN,
    CONN_FLUSHING, /* conn_close was called: the queue goes out */
    CONN_DRAINING, /* the write side is shut: the peer's end is awaited */
    CONN_CLOSED,   /* waits to be freed */
};

/* 296 bytes, 160 of them libuv's. */
struct conn {
    const struct conn_ops *ops; /* NULL: not handed out yet */
    struct list link;           /* in loop->conns */
    struct list dirty;          /* in loop->dirty */
    struct timer timer; /* the deadline; while HANDSHAKING net's own; once closing: linger */
    struct write_queue *queue;
    struct tls *tls; /* NULL: plain */
    void (*on_open)(struct conn *c, int error);
    uint32_t queue_bytes_max, queue_frames_max;
    union {
        uint32_t drained_bytes; /* FLUSHING, DRAINING */
        int connect_error;      /* CONNECTING */
    };
    int fd;
    uint8_t state;   /* enum conn_state */
    uint8_t watched; /* the events libuv watches for: UV_READABLE, UV_WRITABLE */
    bool paused : 1;
    bool eof : 1;         /* the peer has sent FIN */
    bool blocked : 1;     /* the kernel took no more: wait for it to be writable */
    bool overflowed : 1;  /* nothing is queued any more */
    bool drained_due : 1; /* something was queued: on_drained when nothing is left */
    sa_family_t peer_family : 8;
    uint8_t peer[16];
    uv_poll_t poll; /* its `data`: the owner; while HANDSHAKING the listener */
};

static inline struct loop *conn_home(const struct conn *c)
{
    return MEM_OWNER(c->poll.loop, struct loop, uv);
}

/* A connection of `l` on `fd`, which it takes; NULL (and `fd` closed) when it cannot be watched. */
struct conn *conn_new(struct loop *l, int fd, enum conn_state state, const struct sockaddr *peer);
/* The end, at once: no callback but on_close comes after this, and that from the loop. */
void conn_destroy(struct conn *c);
/* The end of the turn will look at it. */
void conn_touch(struct conn *c);
/* Watches for what the connection waits for now. */
void conn_watch(struct conn *c);

/* conn_io.c */
void conn_on_poll(uv_poll_t *poll, int status, int events);
/* Hands what is queued to the kernel, as far as it takes it. Calls nobody back. */
void conn_send(struct conn *c);
/* Sends, then tells the owner what became of the queue, then goes on with closing. */
void conn_end_turn(struct conn *c);

/* listener.c: the handshake is through. */
void listener_hand_out(struct conn *c);

#endif
