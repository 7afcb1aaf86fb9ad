#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/conn_impl.h"
#include "telemetry/metrics.h"

#define LISTENER_BACKLOG          4096
#define LISTENER_ACCEPTS_PER_TURN 64
#define LISTENER_RETRY_MS         100 /* after descriptors or memory ran out */

struct listener {
    struct loop *loop;
    struct list link;
    struct tls_context *tls; /* NULL: plain */
    void (*on_accept)(struct conn *c, void *arg);
    void *arg;
    int fd;
    uint16_t port;
    bool starved; /* out of descriptors since it was last logged */
    struct timer retry;
    uv_poll_t poll;
};

static void listener_on_poll(uv_poll_t *poll, int status, int events);

/* ---- Accepting ---- */

void listener_hand_out(struct conn *c)
{
    struct listener *ls = c->poll.data;
    c->poll.data = NULL;
    ls->on_accept(c, ls->arg);
    assert(c->ops != NULL || c->state == CONN_CLOSED);
}

static void listener_take(struct listener *ls, int fd, const struct sockaddr *peer)
{
    struct conn *c = conn_new(ls->loop, fd, ls->tls == NULL ? CONN_OPEN : CONN_HANDSHAKING, peer);
    if (c == NULL)
        return;
    metric_inc(M_CONNECTIONS_ACCEPTED);
    c->poll.data = ls;
    if (ls->tls == NULL) {
        listener_hand_out(c);
    } else {
        timer_start(ls->loop, &c->timer, TLS_HANDSHAKE_MS);
        c->tls = tls_new(ls->tls, fd);
        if (c->tls == NULL)
            conn_destroy(c);
    }
    conn_watch(c);
}

/* Out of descriptors or memory: pending connections would keep the poll awake for nothing, so it
 * rests. With the spare descriptor the first in the queue is told (closed), not left hanging. */
static void listener_rest(struct listener *ls, int error)
{
    struct loop *l = ls->loop;
    if (!ls->starved)
        log_event(LOG_ERROR, "cannot accept connections", LOG_S("reason", strerror(error)));
    ls->starved = true;
    if (l->spare_fd >= 0) {
        close(l->spare_fd);
        int fd = accept4(ls->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    uv_poll_stop(&ls->poll);
    timer_start(l, &ls->retry, LISTENER_RETRY_MS);
}

static void listener_on_retry(struct timer *t)
{
    struct listener *ls = MEM_OWNER(t, struct listener, retry);
    uv_poll_start(&ls->poll, UV_READABLE, listener_on_poll);
}

static bool listener_is_starved(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void listener_on_poll(uv_poll_t *poll, int status, int events)
{
    struct listener *ls = MEM_OWNER(poll, struct listener, poll);
    (void)status;
    (void)events;
    for (unsigned i = 0; i < LISTENER_ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        int fd = accept4(ls->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            ls->starved = false;
            listener_take(ls, fd, (struct sockaddr *)&peer);
        } else if (listener_is_starved(errno)) {
            listener_rest(ls, errno);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
        /* Any other error is that of one connection, which is gone; accept(2). */
    }
}

/* ---- Opening ---- */

static const struct {
    int level, name;
} listener_options[] = {
    {SOL_SOCKET, SO_REUSEADDR}, /* a port that is only in TIME_WAIT is free */
    {IPPROTO_TCP, TCP_NODELAY}, /* inherited by what is accepted */
};

/* A bound and listening socket, or -1 with errno.
 *
 * SO_REUSEPORT lets the loops of a process share a port, and would let two processes share it
 * too, unnoticed. So the first loop binds before it sets the option: where anybody else has the
 * port that fails, and from then on the other loops may join. */
static int listener_bind(const struct addrinfo *a, bool first)
{
    int on = 1, saved;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    for (size_t i = 0; i < sizeof listener_options / sizeof listener_options[0]; i++)
        setsockopt(fd, listener_options[i].level, listener_options[i].name, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    if (!first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        goto err_after_socket;
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0)
        goto err_after_socket;
    if (first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        goto err_after_socket;
    if (listen(fd, LISTENER_BACKLOG) != 0)
        goto err_after_socket;
    return fd;

err_after_socket:
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int listener_socket(const char *host, uint16_t port, bool first, char *reason, size_t size)
{
    struct addrinfo *list,
        hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int failed = getaddrinfo(host, service, &hints, &list);
    if (failed != 0) {
        snprintf(reason, size, "%s: %s", host, gai_strerror(failed));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
        fd = listener_bind(a, first);
    if (fd < 0)
        snprintf(reason, size, "%s port %u: %s", host, port, strerror(errno));
    freeaddrinfo(list);
    return fd;
}

static uint16_t socket_port(int fd)
{
    struct sockaddr_in6 a = {0};
    socklen_t len = sizeof a;
    static_assert(offsetof(struct sockaddr_in, sin_port) ==
                      offsetof(struct sockaddr_in6, sin6_port),
                  "the port stands at the same place in both");
    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin6_port) : 0;
}

enum err listener_open(struct loop *l, const char *host, uint16_t port, struct tls_context *tls,
                       void (*on_accept)(struct conn *c, void *arg), void *arg,
                       struct listener **out, char *reason, size_t reason_size)
{
    int fd = listener_socket(host, port, loop_index(l) == 0, reason, reason_size);
    if (fd < 0)
        return ERR_UNAVAILABLE;
    struct listener *ls = MEM_NEW(struct listener);
    int failed = uv_poll_init(&l->uv, &ls->poll, fd);
    if (failed != 0) {
        snprintf(reason, reason_size, "%s port %u: %s", host, port, uv_strerror(failed));
        close(fd);
        mem_free(ls);
        return ERR_UNAVAILABLE;
    }
    ls->loop = l;
    ls->tls = tls;
    ls->on_accept = on_accept;
    ls->arg = arg;
    ls->fd = fd;
    ls->port = socket_port(fd);
    timer_init(&ls->retry, listener_on_retry);
    list_append(&l->listeners, &ls->link);
    uv_poll_start(&ls->poll, UV_READABLE, listener_on_poll);
    *out = ls;
    return ERR_OK;
}

uint16_t listener_port(const struct listener *ls)
{
    return ls->port;
}

/* ---- Closing ---- */

/* The descriptor stays until libuv has let go of its number. */
static void listener_stop(struct listener *ls)
{
    timer_stop(&ls->retry);
    uv_poll_stop(&ls->poll);
    shutdown(ls->fd, SHUT_RDWR);
}

void loop_stop_accepting(struct loop *l)
{
    for (struct list *node = l->listeners.next; node != &l->listeners; node = node->next)
        listener_stop(MEM_OWNER(node, struct listener, link));
}

static void listener_on_closed(uv_handle_t *handle)
{
    mem_free(MEM_OWNER(handle, struct listener, poll));
}

void listener_close(struct listener *ls)
{
    struct loop *l = ls->loop;
    for (struct list *node = l->conns.next; node != &l->conns; node = node->next) {
        struct conn *c = MEM_OWNER(node, struct conn, link);
        if (c->state == CONN_HANDSHAKING && c->poll.data == ls)
            conn_destroy(c);
    }
    listener_stop(ls);
    list_remove(&ls->link);
    uv_close((uv_handle_t *)&ls->poll, listener_on_closed);
    close(ls->fd);
}
