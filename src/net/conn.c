#include "net/conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_impl.h"
#include "telemetry/metrics.h"

static_assert(sizeof(struct conn) <= 320, "an idle connection stays small");

static void conn_on_timer(struct timer *t)
{
    struct conn *c = MEM_OWNER(t, struct conn, timer);
    if ((c->state == CONN_OPEN || c->state == CONN_CONNECTING) && c->ops->on_deadline != NULL)
        c->ops->on_deadline(c);
    else
        conn_destroy(c);
}

/* Addresses of IPv4 stay IPv4 when they come through a socket that serves both. */
static void conn_set_peer(struct conn *c, const struct sockaddr *peer)
{
    const struct sockaddr_in *v4 = (const void *)peer;
    const struct sockaddr_in6 *v6 = (const void *)peer;
    if (peer->sa_family == AF_INET) {
        c->peer_family = AF_INET;
        memcpy(c->peer, &v4->sin_addr, sizeof v4->sin_addr);
    } else if (peer->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        c->peer_family = AF_INET;
        memcpy(c->peer, v6->sin6_addr.s6_addr + 12, 4);
    } else if (peer->sa_family == AF_INET6) {
        c->peer_family = AF_INET6;
        memcpy(c->peer, &v6->sin6_addr, sizeof v6->sin6_addr);
    }
}

struct conn *conn_new(struct loop *l, int fd, enum conn_state state, const struct sockaddr *peer)
{
    struct conn *c = MEM_NEW(struct conn);
    c->fd = fd;
    c->state = (uint8_t)state;
    c->queue_bytes_max = CONN_QUEUE_BYTES;
    c->queue_frames_max = CONN_QUEUE_FRAMES;
    conn_set_peer(c, peer);
    if (uv_poll_init(&l->uv, &c->poll, fd) != 0) {
        close(fd);
        mem_free(c);
        return NULL;
    }
    timer_init(&c->timer, conn_on_timer);
    list_init(&c->dirty);
    list_append(&l->conns, &c->link);
    metric_add(M_CONNECTIONS, 1);
    return c;
}

static void conn_on_closed(uv_handle_t *handle)
{
    struct conn *c = MEM_OWNER(handle, struct conn, poll);
    struct loop *l = conn_home(c);
    if (c->ops != NULL)
        c->ops->on_close(c);
    list_remove(&c->link);
    mem_free(c);
    metric_add(M_CONNECTIONS, -1);
    loop_check_stopped(l);
}

void conn_destroy(struct conn *c)
{
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    timer_stop(&c->timer);
    list_remove(&c->dirty);
    write_queue_clear(&c->queue);
    tls_free(c->tls);
    c->tls = NULL;
    /* libuv first: it takes the descriptor out of epoll by its number. */
    uv_close((uv_handle_t *)&c->poll, conn_on_closed);
    /* Unread input would turn the FIN into an RST, which may destroy our last words on the way. */
    recv(c->fd, NULL, CONN_DRAIN_BYTES_MAX, MSG_TRUNC | MSG_DONTWAIT);
    close(c->fd);
}

void conn_touch(struct conn *c)
{
    if (list_is_empty(&c->dirty))
        list_append(&conn_home(c)->dirty, &c->dirty);
}

/* ---- The owner's side ---- */

void conn_set_handler(struct conn *c, const struct conn_ops *ops, void *owner)
{
    c->ops = ops;
    c->poll.data = owner;
}

void *conn_owner(const struct conn *c)
{
    return c->poll.data;
}

struct loop *conn_loop(const struct conn *c)
{
    return conn_home(c);
}

void conn_set_limits(struct conn *c, const struct conn_limits *limits)
{
    c->queue_bytes_max =
        limits->queue_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)limits->queue_bytes;
    c->queue_frames_max = limits->queue_frames;
}

bool conn_is_tls(const struct conn *c)
{
    return c->tls != NULL;
}

size_t conn_peer(const struct conn *c, char *out, size_t size)
{
    assert(size > 0);
    out[0] = '\0';
    if (c->peer_family == 0 || inet_ntop(c->peer_family, c->peer, out, (socklen_t)size) == NULL)
        return 0;
    return strlen(out);
}

static bool conn_is_over(const struct conn *c)
{
    return write_queue_bytes(c->queue) > c->queue_bytes_max ||
           write_queue_frames(c->queue) > c->queue_frames_max;
}

void conn_write(struct conn *c, struct bytes *owner, size_t offset, size_t n, unsigned frames)
{
    if (c->state > CONN_OPEN || c->overflowed || n == 0)
        return;
    bool was_blocked = c->blocked;
    write_queue_append(&c->queue, owner, offset, n, frames);
    c->drained_due = true;
    if (conn_is_over(c)) {
        conn_send(c);
        if (c->state == CONN_CLOSED)
            return;
        c->overflowed = conn_is_over(c);
    }
    if (!was_blocked || c->overflowed)
        conn_touch(c);
}

void conn_write_copy(struct conn *c, const void *p, size_t n)
{
    if (c->state > CONN_OPEN || c->overflowed || n == 0)
        return;
    struct bytes *b = bytes_copy(p, n);
    conn_write(c, b, 0, n, 1);
    bytes_unref(b);
}

void conn_flush(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    conn_send(c);
    if (c->state == CONN_OPEN)
        conn_touch(c);
}

size_t conn_queued_bytes(const struct conn *c)
{
    return write_queue_bytes(c->queue);
}

/* Costs nothing until input comes: only then is the descriptor taken out of what is watched. */
void conn_pause(struct conn *c)
{
    c->paused = true;
}

void conn_resume(struct conn *c)
{
    c->paused = false;
    conn_watch(c);
}

void conn_deadline(struct conn *c, uint64_t ms)
{
    if (c->state > CONN_OPEN)
        return;
    if (ms == 0)
        timer_stop(&c->timer);
    else
        timer_start(conn_home(c), &c->timer, ms);
}

/* ---- The end ---- */

void conn_close(struct conn *c, uint64_t linger_ms)
{
    if (c->state == CONN_CONNECTING)
        conn_destroy(c);
    if (c->state > CONN_OPEN)
        return;
    c->state = CONN_FLUSHING;
    c->drained_bytes = 0;
    /* Without a running timer the connection ends after one try to send. */
    if (linger_ms == 0)
        timer_stop(&c->timer);
    else
        timer_start(conn_home(c), &c->timer, linger_ms);
    conn_touch(c);
    conn_watch(c);
}

void conn_close_slow(struct conn *c, const void *last, size_t n, uint64_t linger_ms)
{
    if (c->state == CONN_OPEN) {
        write_queue_keep_begun(&c->queue, c->tls == NULL ? 0 : tls_committed(c->tls));
        struct bytes *b = bytes_copy(last, n);
        write_queue_append(&c->queue, b, 0, n, 1);
        bytes_unref(b);
    }
    conn_close(c, linger_ms);
}

void conn_abort(struct conn *c)
{
    conn_destroy(c);
}

/* ---- The loop's side ---- */

void loop_end_turn(struct loop *l)
{
    struct list batch;
    list_init(&batch);
    for (struct list *node; (node = list_pop(&l->dirty)) != NULL;)
        list_append(&batch, node);
    for (struct list *node; (node = list_pop(&batch)) != NULL;)
        conn_end_turn(MEM_OWNER(node, struct conn, dirty));
    /* What the owners wrote meanwhile belongs to the next turn, which is now. */
    if (!list_is_empty(&l->dirty))
        loop_kick(l);
}

void loop_close_conns(struct loop *l)
{
    for (struct list *node = l->conns.next; node != &l->conns; node = node->next) {
        struct conn *c = MEM_OWNER(node, struct conn, link);
        if (c->state < CONN_OPEN)
            conn_destroy(c);
        else
            conn_close(c, LOOP_STOP_LINGER_MS);
    }
}

void loop_check_stopped(struct loop *l)
{
    if (l->stopping && list_is_empty(&l->conns))
        uv_stop(&l->uv);
}

void loop_each_conn(struct loop *l, void (*each)(struct conn *c, void *arg), void *arg)
{
    for (struct list *node = l->conns.next; node != &l->conns; node = node->next) {
        struct conn *c = MEM_OWNER(node, struct conn, link);
        if (c->ops != NULL && c->state != CONN_CLOSED)
            each(c, arg);
    }
}

struct conn *conn_connect(struct loop *l, const struct sockaddr *address, socklen_t len,
                          const struct conn_ops *ops, void *owner,
                          void (*on_open)(struct conn *c, int error))
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct conn *c = conn_new(l, fd, CONN_CONNECTING, address);
    if (c == NULL)
        return NULL;
    conn_set_handler(c, ops, owner);
    c->on_open = on_open;
    c->blocked = true;
    if (connect(fd, address, len) != 0 && errno != EINPROGRESS) {
        c->connect_error = errno;
        conn_touch(c);
    } else {
        conn_watch(c);
    }
    return c;
}
