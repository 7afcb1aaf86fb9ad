/* What happens between a connection and the kernel. Callbacks to the owner come from here, and
 * from the timer, but never from inside one of the owner's own calls. */
#include <errno.h>
#include <sys/socket.h>

#include "net/conn_impl.h"

static bool conn_is_reading(const struct conn *c)
{
    if (c->eof)
        return false;
    return c->state == CONN_OPEN ? !c->paused
                                 : c->state == CONN_FLUSHING || c->state == CONN_DRAINING;
}

static int conn_wanted(const struct conn *c)
{
    if (c->state == CONN_CONNECTING)
        return UV_WRITABLE;
    int wanted = conn_is_reading(c) || c->state == CONN_HANDSHAKING ? UV_READABLE : 0;
    bool writable = c->tls != NULL ? tls_wants_write(c->tls) : c->blocked;
    return writable ? wanted | UV_WRITABLE : wanted;
}

void conn_watch(struct conn *c)
{
    if (c->state == CONN_CLOSED)
        return;
    int wanted = conn_wanted(c);
    if (wanted == c->watched)
        return;
    c->watched = (uint8_t)wanted;
    if (wanted == 0)
        uv_poll_stop(&c->poll);
    else
        uv_poll_start(&c->poll, wanted, conn_on_poll);
}

/* ---- Writing ---- */

static ssize_t conn_send_plain(struct conn *c, size_t *asked)
{
    struct iovec iov[CONN_IOVECS];
    unsigned n = write_queue_iovec(c->queue, iov, CONN_IOVECS, asked);
    ssize_t sent;
    do {
        /* One piece is what fan-out mostly has; `send` is the cheaper call. */
        sent = n == 1 ? send(c->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL)
                      : sendmsg(c->fd, &(struct msghdr){.msg_iov = iov, .msg_iovlen = n},
                                MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN || errno == ENOBUFS ? NET_AGAIN : NET_BROKEN;
    return sent;
}

static ssize_t conn_send_tls(struct conn *c, size_t *asked)
{
    char scratch[TLS_RECORD_BYTES];
    size_t committed = tls_committed(c->tls);
    const char *p =
        write_queue_gather(c->queue, scratch, committed > 0 ? committed : sizeof scratch, asked);
    return tls_write(c->tls, p, *asked);
}

void conn_send(struct conn *c)
{
    while (c->queue != NULL && !c->blocked) {
        size_t asked;
        ssize_t sent = c->tls != NULL ? conn_send_tls(c, &asked) : conn_send_plain(c, &asked);
        if (sent == NET_BROKEN) {
            conn_destroy(c);
            return;
        }
        conn_home(c)->counts.writes++;
        if (sent > 0) {
            conn_home(c)->counts.bytes_out += sent;
            write_queue_consume(&c->queue, (size_t)sent);
        }
        /* A short count is as good as a refusal, but for TLS, where it is the size of a record. */
        c->blocked = sent == NET_AGAIN || (c->tls == NULL && (size_t)sent < asked);
    }
}

/* The write side is done, or cannot be done within the linger. */
static void conn_end_flush(struct conn *c)
{
    bool lingers = timer_is_running(&c->timer);
    if (lingers && c->queue != NULL)
        return;
    if (lingers && c->tls != NULL && tls_close(c->tls) == NET_AGAIN) {
        c->blocked = true;
        return;
    }
    if (!lingers || c->eof) {
        conn_destroy(c);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_DRAINING;
}

static void conn_tell_overflow(struct conn *c)
{
    if (c->ops->on_overflow != NULL)
        c->ops->on_overflow(c);
    /* What was not queued is missing from the stream: it must not go on. */
    if (c->state == CONN_OPEN)
        conn_destroy(c);
}

static void conn_tell_drained(struct conn *c)
{
    c->drained_due = false;
    if (c->ops->on_drained != NULL)
        c->ops->on_drained(c);
}

static void conn_open_failed(struct conn *c, int error)
{
    c->on_open(c, error);
    conn_destroy(c);
}

void conn_end_turn(struct conn *c)
{
    if (c->state == CONN_CONNECTING) {
        if (c->connect_error != 0)
            conn_open_failed(c, c->connect_error);
        return;
    }
    conn_send(c);
    if (c->state == CONN_OPEN && c->overflowed)
        conn_tell_overflow(c);
    else if (c->state == CONN_OPEN && c->drained_due && c->queue == NULL)
        conn_tell_drained(c);
    /* Closed by its owner just now: what was said last has its turn first. */
    if (c->state == CONN_FLUSHING && list_is_empty(&c->dirty))
        conn_end_flush(c);
    conn_watch(c);
}

/* ---- Reading ---- */

static ssize_t conn_recv(struct conn *c)
{
    char *p = conn_home(c)->read_buf;
    if (c->tls != NULL)
        return tls_read(c->tls, p, LOOP_READ_BYTES);
    ssize_t n;
    do {
        n = recv(c->fd, p, LOOP_READ_BYTES, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? NET_AGAIN : NET_BROKEN;
    return n;
}

static void conn_on_eof(struct conn *c)
{
    c->eof = true;
    if (c->state == CONN_DRAINING)
        conn_destroy(c);
    else if (c->state == CONN_OPEN && c->ops->on_eof != NULL)
        c->ops->on_eof(c);
    else if (c->state == CONN_OPEN)
        conn_close(c, 0);
}

static void conn_take(struct conn *c, size_t n)
{
    conn_home(c)->counts.bytes_in += (int64_t)n;
    if (c->state == CONN_OPEN) {
        c->ops->on_data(c, conn_home(c)->read_buf, n);
        return;
    }
    c->drained_bytes += (uint32_t)n;
    if (c->drained_bytes > CONN_DRAIN_BYTES_MAX)
        conn_destroy(c);
}

static void conn_read(struct conn *c)
{
    for (unsigned i = 0; i < CONN_READS_PER_TURN && conn_is_reading(c); i++) {
        ssize_t n = conn_recv(c);
        if (n == NET_AGAIN)
            return;
        if (n == NET_BROKEN) {
            conn_destroy(c);
            return;
        }
        if (n == 0) {
            conn_on_eof(c);
            return;
        }
        conn_take(c, (size_t)n);
        /* The kernel had no more. (A TLS record is always short of the buffer.) */
        if (c->tls == NULL && n < LOOP_READ_BYTES)
            return;
    }
}

/* ---- Events ---- */

static void conn_on_connected(struct conn *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        conn_open_failed(c, error);
        return;
    }
    c->state = CONN_OPEN;
    c->blocked = false;
    c->on_open(c, 0);
    if (c->state != CONN_CLOSED && c->queue != NULL)
        conn_touch(c);
}

static void conn_on_handshake(struct conn *c)
{
    ssize_t done = tls_handshake(c->tls);
    if (done == NET_BROKEN) {
        conn_destroy(c);
    } else if (done != NET_AGAIN) {
        timer_stop(&c->timer);
        c->state = CONN_OPEN;
        listener_hand_out(c);
    }
}

static void conn_on_ready(struct conn *c, int events)
{
    if ((events & UV_WRITABLE) != 0 || (c->tls != NULL && c->blocked)) {
        c->blocked = false;
        conn_end_turn(c);
    }
    if ((events & UV_READABLE) != 0)
        conn_read(c);
}

void conn_on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *c = MEM_OWNER(poll, struct conn, poll);
    loop_count_event(conn_home(c));
    if (c->state == CONN_CLOSED)
        return;
    if (status < 0)
        c->watched = 0; /* libuv stops watching when there is an error on the socket */
    if (c->state == CONN_CONNECTING) {
        conn_on_connected(c);
    } else if (c->state == CONN_HANDSHAKING) {
        conn_on_handshake(c);
    } else if (status < 0) {
        /* What the peer said before it broke off still counts. */
        conn_read(c);
        conn_destroy(c);
    } else {
        conn_on_ready(c, events);
    }
    conn_watch(c);
}
