/* A TCP (or TLS) connection on a loop, with a bounded write queue. Idle, it owns no buffer.
 *
 * Reading: the loop's one shared buffer is lent to `on_data`, which keeps (copies) what it cannot
 * use yet; it may alter the bytes in place. Writing: `conn_write` appends a slice of shared bytes;
 * the end of the loop's turn sends the whole queue with one writev; what the kernel does not take
 * waits for it to be writable. Over the bounds of the queue `on_overflow` is told once.
 *
 * Callbacks come from the loop only, never from inside a call of the owner's; in them the owner may
 * do anything with any connection, conn_close and conn_abort of its own included.
 *
 * Life: accepted -> open -> closing (no more data is handed out; queue is flushed, then the write
 * side is shut, input drained and thrown away, at most `linger_ms`) -> closed (`on_close`, then it
 * is freed by the loop, never inside a callback of its own). Everything here is for the loop's
 * thread only.
 */
#ifndef PARLEY_NET_CONN_H
#define PARLEY_NET_CONN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "net/loop.h"

struct conn;
struct tls_context;

struct conn_ops {
    /* `n` > 0 bytes, writable, lent until it returns. */
    void (*on_data)(struct conn *c, char *p, size_t n);
    /* The peer sent FIN. Not called once closing. NULL: conn_close(c, 0). */
    void (*on_eof)(struct conn *c);
    /* The queue was not empty and is now. May be NULL. */
    void (*on_drained)(struct conn *c);
    /* The queue is over its bounds, the kernel takes no more, and what was written since is lost:
     * called once, at the end of the turn. Usually ends in conn_close_slow; a connection that is
     * still open after it is aborted. NULL: conn_abort. */
    void (*on_overflow)(struct conn *c);
    /* The deadline set by conn_deadline passed. NULL: conn_abort. */
    void (*on_deadline)(struct conn *c);
    /* The last call for this connection: free what hangs on it. */
    void (*on_close)(struct conn *c);
};

struct conn_limits {
    size_t queue_bytes;
    unsigned queue_frames;
};

/* The owner's pointer and callbacks; may be swapped (an HTTP connection becomes a websocket). */
void conn_set_handler(struct conn *c, const struct conn_ops *ops, void *owner);
void *conn_owner(const struct conn *c);
struct loop *conn_loop(const struct conn *c);
void conn_set_limits(struct conn *c, const struct conn_limits *limits);
bool conn_is_tls(const struct conn *c);
/* The peer's address as text (no port), "unix" style never; valid as long as the connection. */
size_t conn_peer(const struct conn *c, char *out, size_t size);

/* Appends `owner->data[offset .. offset+n)`, taking a reference of its own; counts as `frames`
 * towards the bound. A frame may come in pieces: its first piece counts it, those that go on with
 * it count 0. Ignored once closing or closed. */
void conn_write(struct conn *c, struct bytes *owner, size_t offset, size_t n, unsigned frames);
/* Appends a copy, as one frame. */
void conn_write_copy(struct conn *c, const void *p, size_t n);
/* Writes what is queued now instead of at the end of the turn. */
void conn_flush(struct conn *c);
size_t conn_queued_bytes(const struct conn *c);

/* Stop and go on reading: back-pressure towards the peer. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/* One deadline a connection, `ms` from now; 0 removes it. */
void conn_deadline(struct conn *c, uint64_t ms);

/* Flushes the queue, shuts the write side, drains input (at most 1 MiB), closes; all of that within
 * `linger_ms`. 0: what the kernel takes at the end of the turn goes out, then it closes. */
void conn_close(struct conn *c, uint64_t linger_ms);
/* For a reader that is too slow: keeps the rest of a frame that is partly sent (of the whole piece
 * as it was written, where that held several frames), throws the other frames away, appends `last`
 * (copied; a close frame), and closes within `linger_ms`. */
void conn_close_slow(struct conn *c, const void *last, size_t n, uint64_t linger_ms);
/* Closes now, without a farewell: no callback but on_close comes after it. (A FIN, not an RST, as
 * long as the peer is silent.) */
void conn_abort(struct conn *c);

/* ---- Ways to get one ---- */

struct listener;
/* Binds `host`:`port` (numeric or name; port 0: any) with SO_REUSEPORT and accepts onto `l`.
 * `on_accept` gives the new connection its handler; with `tls` (NULL: plain) it is called when the
 * handshake is through, for which the peer has 5 s. The loop of index 0 opens first: it makes sure
 * that no other program has the port. Before the loop runs, or on its thread. On failure
 * ERR_UNAVAILABLE with the reason in `reason`. */
enum err listener_open(struct loop *l, const char *host, uint16_t port, struct tls_context *tls,
                       void (*on_accept)(struct conn *c, void *arg), void *arg,
                       struct listener **out, char *reason, size_t reason_size);
uint16_t listener_port(const struct listener *ls);
/* Stops accepting. On the loop's thread or when it does not run. */
void listener_close(struct listener *ls);

/* Connects to a numeric address; `on_open` is called with 0, then data flows, or with an errno,
 * then on_close follows. NULL (with errno) when no socket can be had. For the load generator and
 * tests. */
struct conn *conn_connect(struct loop *l, const struct sockaddr *address, socklen_t len,
                          const struct conn_ops *ops, void *owner,
                          void (*on_open)(struct conn *c, int error));

/* Every connection of the loop, for drains: `each` may close the one it is given. */
void loop_each_conn(struct loop *l, void (*each)(struct conn *c, void *arg), void *arg);

/* TLS 1.2+, from PEM files. */
enum err tls_context_new(const char *cert_file, const char *key_file, struct tls_context **out,
                         char *reason, size_t reason_size);
/* Reads the files again, for the connections to come; on failure the old ones serve on. Any
 * thread. */
enum err tls_context_reload(struct tls_context *t, char *reason, size_t reason_size);
void tls_context_free(struct tls_context *t);

#endif
