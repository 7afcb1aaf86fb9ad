#include "adapter/redis/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "adapter/redis/command.h"
#include "base/clock.h"
#include "base/mem.h"

#define PIECE_BYTES 16384

struct link {
    int fd;
    struct tls_stream *tls; /* NULL: plain */
    struct reply_reader *reader;
    char reason[LINK_REASON_SIZE];
};

int64_t link_deadline(unsigned ms)
{
    return clock_steady_us(&clock_system) + (int64_t)ms * 1000;
}

const char *link_reason(const struct link *l)
{
    return l->reason;
}

static enum link_state failed(struct link *l, enum link_state state, const char *why)
{
    snprintf(l->reason, sizeof l->reason, "%s", why);
    return state;
}

static bool begins_with(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* Redis' errors begin with their code. */
bool link_refusal(const struct server *s, const char *reason, char *out, size_t size)
{
    static const char *const codes[] = {"WRONGPASS", "NOAUTH", "NOPERM", "ERR invalid password",
                                        "ERR AUTH"};
    bool is_log_in = false;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        is_log_in = is_log_in || begins_with(reason, codes[i]);
    if (is_log_in)
        snprintf(out, size,
                 "Redis at %s:%s refuses us: look at redis.username and redis.password (%s)",
                 s->host, s->port, reason);
    else if (begins_with(reason, TLS_UNTRUSTED))
        snprintf(out, size,
                 "no TLS with Redis at %s:%s: did those of redis.tlsCa sign its certificate, and "
                 "does that name this very host? (%s)",
                 s->host, s->port, reason);
    else if (begins_with(reason, "TLS: ") && strstr(reason, "certificate required") != NULL)
        snprintf(out, size,
                 "Redis at %s:%s wants a certificate: set redis.tlsCert and "
                 "redis.tlsKey (%s)",
                 s->host, s->port, reason);
    else
        return false;
    return true;
}

/* ---- The socket ---- */

static enum link_state socket_wait(struct link *l, short events, int64_t deadline_us)
{
    struct pollfd p = {.fd = l->fd, .events = events};
    for (;;) {
        int64_t left_us = deadline_us - clock_steady_us(&clock_system);
        int n = poll(&p, 1, left_us > 0 ? (int)((left_us + 999) / 1000) : 0);
        if (n > 0)
            return LINK_OK;
        if (n == 0)
            return failed(l, LINK_TIMEOUT, "no answer in time");
        if (errno != EINTR)
            return failed(l, LINK_CLOSED, strerror(errno));
    }
}

static enum link_state socket_send(struct link *l, struct str s, int64_t deadline_us)
{
    while (s.n > 0) {
        ssize_t sent = send(l->fd, s.p, s.n, MSG_NOSIGNAL);
        if (sent > 0) {
            s = (struct str){s.p + sent, s.n - (size_t)sent};
            continue;
        }
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return failed(l, LINK_CLOSED, strerror(errno));
        enum link_state state = socket_wait(l, POLLOUT, deadline_us);
        if (state != LINK_OK)
            return state;
    }
    return LINK_OK;
}

/* An answer that is there already is taken even when the time is over. */
static enum link_state socket_receive(struct link *l, char *out, size_t size, size_t *n,
                                      int64_t deadline_us)
{
    for (;;) {
        ssize_t got = recv(l->fd, out, size, 0);
        if (got > 0) {
            *n = (size_t)got;
            return LINK_OK;
        }
        if (got == 0)
            return failed(l, LINK_CLOSED, "closed by Redis");
        if (errno != EAGAIN && errno != EINTR)
            return failed(l, LINK_CLOSED, strerror(errno));
        enum link_state state = socket_wait(l, POLLIN, deadline_us);
        if (state != LINK_OK)
            return state;
    }
}

static int socket_open(const struct server_address *to)
{
    int on = 1;
    int fd = socket(to->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&to->to, to->length) == 0 || errno == EINPROGRESS)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static enum link_state socket_connect(struct link *l, const struct server_address *to,
                                      int64_t deadline_us)
{
    int why = 0;
    socklen_t size = sizeof why;
    l->fd = socket_open(to);
    if (l->fd < 0)
        return failed(l, LINK_CLOSED, strerror(errno));
    enum link_state state = socket_wait(l, POLLOUT, deadline_us);
    if (state == LINK_OK && getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
        why = errno;
    if (why != 0)
        state = failed(l, LINK_CLOSED, strerror(why));
    if (state != LINK_OK) {
        close(l->fd);
        l->fd = -1;
    }
    return state;
}

/* ---- TLS over it ---- */

static enum link_state tls_broken(struct link *l)
{
    tls_stream_why(l->tls, l->reason, sizeof l->reason);
    return LINK_CLOSED;
}

static enum link_state tls_flush(struct link *l, int64_t deadline_us)
{
    char piece[PIECE_BYTES];
    enum link_state state = LINK_OK;
    size_t n;
    while (state == LINK_OK && (n = tls_stream_output(l->tls, piece, sizeof piece)) > 0)
        state = socket_send(l, (struct str){piece, n}, deadline_us);
    return state;
}

static enum link_state tls_fill(struct link *l, int64_t deadline_us)
{
    char piece[PIECE_BYTES];
    size_t n = 0;
    enum link_state state = socket_receive(l, piece, sizeof piece, &n, deadline_us);
    if (state == LINK_OK && !tls_stream_input(l->tls, piece, n))
        return tls_broken(l);
    return state;
}

static enum link_state tls_begin(struct link *l, struct tls_client *client, int64_t deadline_us)
{
    l->tls = tls_stream_new(client);
    if (l->tls == NULL)
        return failed(l, LINK_CLOSED, "TLS cannot be begun");
    for (;;) {
        enum tls_step step = tls_stream_handshake(l->tls);
        if (step == TLS_FAILED || step == TLS_ENDED)
            tls_broken(l);
        /* What is to be said is said after a failure too: the alert tells the other side why. */
        enum link_state state = tls_flush(l, deadline_us);
        if (step == TLS_FAILED || step == TLS_ENDED)
            return LINK_CLOSED;
        if (state == LINK_OK && step == TLS_WANTS)
            state = tls_fill(l, deadline_us);
        if (state != LINK_OK || step == TLS_DONE)
            return state;
    }
}

/* ---- Bytes ---- */

enum link_state link_send(struct link *l, struct str commands, int64_t deadline_us)
{
    if (l->tls == NULL)
        return socket_send(l, commands, deadline_us);
    if (!tls_stream_write(l->tls, commands))
        return tls_broken(l);
    return tls_flush(l, deadline_us);
}

static enum link_state link_receive(struct link *l, char *out, size_t size, size_t *n,
                                    int64_t deadline_us)
{
    if (l->tls == NULL)
        return socket_receive(l, out, size, n, deadline_us);
    for (;;) {
        enum tls_step step = tls_stream_read(l->tls, out, size, n);
        if (step == TLS_DONE)
            return LINK_OK;
        if (step == TLS_ENDED)
            return failed(l, LINK_CLOSED, "closed by Redis");
        if (step == TLS_FAILED)
            return tls_broken(l);
        enum link_state state = tls_fill(l, deadline_us);
        if (state != LINK_OK)
            return state;
    }
}

enum link_state link_read(struct link *l, struct arena *arena, int64_t deadline_us,
                          struct reply **out)
{
    char piece[PIECE_BYTES];
    reply_reader_begin(l->reader, arena);
    for (;;) {
        size_t n;
        if (!reply_reader_next(l->reader, out))
            return failed(l, LINK_GARBLED, "not an answer of Redis");
        if (*out != NULL)
            return LINK_OK;
        enum link_state state = link_receive(l, piece, sizeof piece, &n, deadline_us);
        if (state != LINK_OK)
            return state;
        if (!reply_reader_feed(l->reader, piece, n))
            return failed(l, LINK_GARBLED, "an answer larger than any of ours");
    }
}

bool link_is_quiet(struct link *l)
{
    char piece[1];
    size_t n;
    return reply_reader_is_empty(l->reader) &&
           link_receive(l, piece, sizeof piece, &n, 0) == LINK_TIMEOUT;
}

/* ---- Asking ---- */

/* Anything but a status is a refusal. */
static enum link_state read_status(struct link *l, struct arena *arena, int64_t deadline_us)
{
    struct reply *answer;
    enum link_state state = link_read(l, arena, deadline_us, &answer);
    if (state != LINK_OK || answer->type == REPLY_STATUS)
        return state;
    return answer->type == REPLY_ERROR ? failed(l, LINK_GARBLED, answer->str.p)
                                       : failed(l, LINK_GARBLED, "an answer to something else");
}

enum link_state link_ping(struct link *l, unsigned wait_ms)
{
    struct arena arena;
    int64_t deadline_us = link_deadline(wait_ms);
    arena_init(&arena);
    enum link_state state = link_send(l, STR("*1\r\n$4\r\nPING\r\n"), deadline_us);
    if (state == LINK_OK)
        state = read_status(l, &arena, deadline_us);
    arena_fini(&arena);
    return state;
}

/* ---- Opening ---- */

static enum link_state link_connect(struct link *l, struct server *s, int64_t deadline_us)
{
    struct server_address to[SERVER_ADDRESSES_MAX];
    size_t n = server_addresses(s, to);
    enum link_state state = failed(l, LINK_CLOSED, "its address is not known yet");
    for (size_t i = 0; i < n && l->fd < 0; i++) {
        /* Each address its share of the time that is left. */
        int64_t now_us = clock_steady_us(&clock_system);
        state = socket_connect(l, &to[i], now_us + (deadline_us - now_us) / (int64_t)(n - i));
    }
    return state;
}

/* Who we are and which database; answers that nothing but these two have. */
static enum link_state link_greet(struct link *l, struct server *s, int64_t deadline_us)
{
    struct buf b;
    struct arena arena;
    size_t expected = 0;
    arena_init(&arena);
    buf_init(&b, COMMAND_BYTES_MAX);
    if (s->password.n > 0) {
        command_begin(&b, s->username.n > 0 ? 3 : 2);
        command_arg(&b, STR("AUTH"));
        if (s->username.n > 0)
            command_arg(&b, s->username);
        command_arg(&b, s->password);
        expected++;
    }
    if (s->db > 0) {
        command_begin(&b, 2);
        command_arg(&b, STR("SELECT"));
        command_number(&b, s->db);
        expected++;
    }
    enum link_state state = b.failed ? failed(l, LINK_GARBLED, "too long a password")
                                     : link_send(l, buf_str(&b), deadline_us);
    while (state == LINK_OK && expected-- > 0)
        state = read_status(l, &arena, deadline_us);
    buf_fini(&b);
    arena_fini(&arena);
    return state;
}

struct link *link_open(struct server *s, char *reason, size_t reason_size)
{
    int64_t deadline_us = link_deadline(s->connect_ms);
    struct link *l = MEM_NEW(struct link);
    l->fd = -1;
    l->reader = reply_reader_new();
    enum link_state state = l->reader == NULL ? failed(l, LINK_CLOSED, "out of memory")
                                              : link_connect(l, s, deadline_us);
    if (state == LINK_OK && s->tls != NULL)
        state = tls_begin(l, s->tls, deadline_us);
    if (state == LINK_OK)
        state = link_greet(l, s, deadline_us);
    if (state == LINK_OK)
        return l;
    snprintf(reason, reason_size, "%s", l->reason);
    link_close(l);
    return NULL;
}

void link_close(struct link *l)
{
    if (l == NULL)
        return;
    tls_stream_free(l->tls);
    if (l->fd >= 0)
        close(l->fd);
    reply_reader_free(l->reader);
    mem_free(l);
}
