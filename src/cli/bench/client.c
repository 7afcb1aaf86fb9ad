#include "cli/bench/client.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/bench/http.h"
#include "cli/bench/options.h"
#include "wire/token.h"
#include "wire/ws.h"

#define IN_BYTES            (1u << 20) /* a frame must fit */
#define OUT_BYTES_MAX       (16u << 20)
#define EVENTS              512
#define CLIENTS_PER_ADDRESS 20000 /* an address has some 28,000 ports to connect from */
#define WS_KEY              "cGFybGV5LWJlbmNoLWtleQ=="
#define NS                  UINT64_C(1000000000)

uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

bool engine_init(struct engine *e, const struct options *o, const struct engine_ops *ops,
                 void *owner, char *reason, size_t size)
{
    *e = (struct engine){.ops = ops, .owner = owner, .options = o, .now_ns = clock_ns()};
    list_init(&e->dirty);
    e->in = mem_alloc(IN_BYTES);
    e->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool ok = e->epoll >= 0;
    for (uint32_t i = 0; i < o->n_servers && ok; i++)
        ok = http_resolve(o->servers[i].host, o->servers[i].port, &e->addresses[i],
                          &e->address_lens[i], reason, size);
    if (!ok)
        engine_fini(e);
    return ok;
}

void engine_fini(struct engine *e)
{
    if (e->in == NULL)
        return; /* never begun */
    if (e->epoll >= 0)
        close(e->epoll);
    mem_free(e->in);
    sight_memory_fini(&e->memory);
}

void client_init(struct client *c, const struct user *u)
{
    *c = (struct client){.fd = -1, .user = u};
    buf_init(&c->out, OUT_BYTES_MAX);
    list_init(&c->dirty);
}

void client_fini(struct engine *e, struct client *c)
{
    client_cut(e, c);
    buf_fini(&c->out);
}

void client_cut(struct engine *e, struct client *c)
{
    if (c->state == CLIENT_CLOSED)
        return;
    if (c->state != CLIENT_READY)
        e->opening--;
    c->state = CLIENT_CLOSED;
    close(c->fd);
    c->fd = -1;
    mem_free(c->carry);
    c->carry = NULL;
    c->carry_n = 0;
    list_remove(&c->dirty);
    buf_fini(&c->out);
    buf_init(&c->out, OUT_BYTES_MAX);
}

static void client_ended(struct engine *e, struct client *c, const char *why)
{
    client_cut(e, c);
    e->ops->closed(e, c, why);
}

/* ---- Sending ---- */

static void client_watch(struct engine *e, struct client *c, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};
    epoll_ctl(e->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void client_touch(struct engine *e, struct client *c)
{
    if (list_is_empty(&c->dirty))
        list_append(&e->dirty, &c->dirty);
}

static void client_flush(struct engine *e, struct client *c)
{
    ssize_t sent = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        client_ended(e, c, strerror(errno));
        return;
    }
    buf_consume(&c->out, sent < 0 ? 0 : (size_t)sent);
    if (c->out.n > 0)
        client_watch(e, c, EPOLLIN | EPOLLOUT);
}

void client_say(struct engine *e, struct client *c, struct str text)
{
    /* A key of zeros: the payload stays as it is, and the server does all of its work. */
    char head[WS_HEAD_MAX];
    size_t n = ws_head(WS_TEXT, false, text.n, head);
    head[1] = (char)(head[1] | 0x80);
    buf_put(&c->out, head, n);
    buf_put(&c->out, "\0\0\0\0", 4);
    buf_put(&c->out, text.p, text.n);
    if (c->state >= CLIENT_GREETING)
        client_touch(e, c);
}

/* ---- Opening ---- */

/* One loopback address has ports for some 28,000 connections: more of them come from 127.0.0.2, ...
 */
static bool client_bind(const struct sockaddr_storage *server, int fd, uint32_t number)
{
    const struct sockaddr_in *to = (const void *)server;
    struct sockaddr_in from = {.sin_family = AF_INET};
    if (to->sin_family != AF_INET || to->sin_addr.s_addr != htonl(INADDR_LOOPBACK))
        return true;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number / CLIENTS_PER_ADDRESS);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    return bind(fd, (struct sockaddr *)&from, sizeof from) == 0;
}

void client_open(struct engine *e, struct client *c, uint32_t number)
{
    assert(c->state == CLIENT_CLOSED);
    c->server = (uint8_t)(number % e->options->n_servers);
    const struct sockaddr_storage *to = &e->addresses[c->server];
    c->fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        e->ops->closed(e, c, strerror(errno));
        return;
    }
    c->state = CLIENT_CONNECTING;
    e->opening++;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
    if (!client_bind(to, c->fd, number) || epoll_ctl(e->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0 ||
        (connect(c->fd, (const struct sockaddr *)to, e->address_lens[c->server]) != 0 &&
         errno != EINPROGRESS))
        client_ended(e, c, strerror(errno));
}

static void client_connected(struct engine *e, struct client *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        client_ended(e, c, strerror(error));
        return;
    }
    struct buf request;
    buf_init(&request, 2048);
    buf_printf(&request,
               "GET /api/message/ws HTTP/1.1\r\nHost: %s:%u\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: " WS_KEY "\r\n\r\n",
               e->options->servers[c->server].host, e->options->servers[c->server].port);
    /* It fits into the empty socket's buffer. */
    bool sent = send(c->fd, request.p, request.n, MSG_NOSIGNAL) == (ssize_t)request.n;
    buf_fini(&request);
    if (!sent) {
        client_ended(e, c, "the upgrade could not be asked for");
        return;
    }
    c->state = CLIENT_SHAKING;
    client_watch(e, c, EPOLLIN);
}

static void client_greet(struct engine *e, struct client *c)
{
    struct buf text;
    buf_init(&text, TOKEN_TEXT_MAX + 1024);
    buf_printf(&text, "Authorization: Bearer %s", c->user->token);
    c->state = CLIENT_GREETING;
    client_say(e, c, buf_str(&text));
    buf_clear(&text);
    if (!e->options->extended)
        buf_puts(&text, "{\"action\":\"AreYouThere\",\"data\":{}}");
    else if (c->has_seq)
        buf_printf(&text,
                   "{\"action\":\"Hello\",\"data\":{\"protocol\":1,\"resume\":{\"%s\":%llu}}}",
                   c->channel_id, (unsigned long long)c->last_seq);
    else
        buf_puts(&text, "{\"action\":\"Hello\",\"data\":{\"protocol\":1}}");
    client_say(e, c, buf_str(&text));
    buf_fini(&text);
}

/* The head of the answer to the upgrade; how many bytes it took, 0: more must come. */
static size_t client_shake(struct engine *e, struct client *c, const char *p, size_t n)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    if (n < 13 || memcmp(p, "HTTP/1.1 101 ", 13) != 0) {
        char why[80];
        snprintf(why, sizeof why, "the upgrade was answered with %.*s", n < 12 ? (int)n : 12, p);
        client_ended(e, c, why);
        return 0;
    }
    client_greet(e, c);
    return (size_t)(end - p) + 4;
}

/* ---- Frames ---- */

static void client_text(struct engine *e, struct client *c, struct str frame)
{
    struct sight s;
    if (c->state == CLIENT_GREETING) {
        sight_read(&e->memory, frame, &s);
        if (s.kind == SIGHT_HELLO || s.kind == SIGHT_FAIL) {
            e->speaks_hello = s.kind == SIGHT_HELLO;
            c->state = CLIENT_READY;
            e->opening--;
            return;
        }
    }
    e->ops->text(e, c, frame);
}

static void client_control(struct engine *e, struct client *c, unsigned opcode, struct str payload)
{
    if (opcode == WS_PING) {
        ws_put_frame_masked(&c->out, WS_PONG, payload);
        client_touch(e, c);
    } else if (opcode == WS_CLOSE) {
        char why[200];
        unsigned code = payload.n < 2
                            ? WS_CLOSE_NO_STATUS
                            : (unsigned)(uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
        snprintf(why, sizeof why, "closed with %u %.*s", code,
                 payload.n < 2 ? 0 : (int)payload.n - 2, payload.p + 2);
        client_ended(e, c, why);
    }
}

/* The head of a frame as servers send them; its length, 0: more must come. */
static size_t frame_head(const uint8_t *p, size_t n, uint64_t *payload_n)
{
    if (n < 2)
        return 0;
    unsigned form = p[1] & 0x7f;
    size_t head = form == 127 ? 10 : form == 126 ? 4 : 2;
    if (n < head)
        return 0;
    *payload_n = form;
    if (form > 125)
        *payload_n = 0;
    for (size_t i = 2; i < head; i++)
        *payload_n = *payload_n << 8 | p[i];
    return head;
}

/* Handles whole frames; how many bytes they took. */
static size_t client_frames(struct engine *e, struct client *c, char *p, size_t n)
{
    size_t at = 0;
    while (c->state >= CLIENT_GREETING) {
        uint64_t payload_n;
        const uint8_t *frame = (const uint8_t *)p + at;
        size_t head = frame_head(frame, n - at, &payload_n);
        if (head == 0 || payload_n > n - at - head) {
            if (head > 0 && payload_n > IN_BYTES / 2)
                client_ended(e, c, "a frame of more than 512 KiB");
            break;
        }
        struct str payload = {p + at + head, (size_t)payload_n};
        unsigned opcode = frame[0] & 0x0f;
        at += head + (size_t)payload_n;
        if (opcode >= WS_CLOSE) {
            client_control(e, c, opcode, payload);
        } else if (frame[0] != (0x80 | WS_TEXT) && frame[0] != (0x80 | WS_BINARY)) {
            client_ended(e, c, "a fragmented or compressed frame, which nobody asked for");
        } else {
            e->frames++;
            e->frame_bytes += head + payload_n;
            client_text(e, c, payload);
        }
    }
    return at;
}

static void client_readable(struct engine *e, struct client *c)
{
    size_t held = c->carry_n;
    if (held > 0)
        memcpy(e->in, c->carry, held);
    ssize_t got = recv(c->fd, e->in + held, IN_BYTES - held, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        client_ended(e, c, got == 0 ? "the server hung up" : strerror(errno));
        return;
    }
    mem_free(c->carry);
    c->carry = NULL;
    c->carry_n = 0;
    e->now_ns = clock_ns();
    size_t n = held + (size_t)got, used = 0;
    if (c->state == CLIENT_SHAKING)
        used = client_shake(e, c, e->in, n);
    used += client_frames(e, c, e->in + used, n - used);
    if (c->state != CLIENT_CLOSED && used < n) {
        c->carry_n = (uint32_t)(n - used);
        c->carry = mem_alloc(c->carry_n);
        memcpy(c->carry, e->in + used, c->carry_n);
    }
}

/* ---- Turns ---- */

static void client_event(struct engine *e, struct client *c, uint32_t events)
{
    if (c->state == CLIENT_CONNECTING) {
        client_connected(e, c);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        client_watch(e, c, EPOLLIN);
        if (c->out.n > 0)
            client_flush(e, c);
    }
    if (c->state != CLIENT_CLOSED && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        client_readable(e, c);
}

void engine_turn(struct engine *e, uint64_t timeout_ns)
{
    struct epoll_event events[EVENTS];
    for (struct list *node; (node = list_pop(&e->dirty)) != NULL;)
        client_flush(e, MEM_OWNER(node, struct client, dirty));
    if (e->options->busy_poll)
        timeout_ns = 0;
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / NS),
                               .tv_nsec = (long)(timeout_ns % NS)};
    int n = epoll_pwait2(e->epoll, events, EVENTS, &timeout, NULL);
    e->now_ns = clock_ns();
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        /* Another event of this turn may have ended it. */
        if (c->state != CLIENT_CLOSED)
            client_event(e, c, events[i].events);
    }
}
