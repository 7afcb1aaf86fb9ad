#include "host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>

#include "net/conn_impl.h"

struct host host;
struct rig rig;

static void frame_fill(char *p, uint32_t number, uint32_t len)
{
    memcpy(p, &len, 4);
    memcpy(p + 4, &number, 4);
    memset(p + FRAME_HEAD, (char)number, len - FRAME_HEAD);
}

void frame_write(struct conn *c, uint32_t number, uint32_t len)
{
    struct bytes *b = bytes_new(len);
    frame_fill(b->data, number, len);
    conn_write(c, b, 0, len, 1);
    bytes_unref(b);
}

uint32_t frame_read(int fd, uint32_t *number)
{
    static char body[1 << 20], expected[1 << 20];
    char head[FRAME_HEAD];
    long got = client_read_some(fd, head, 1);
    if (got == 0)
        return 0;
    assert_int_equal(got, 1);
    client_read(fd, head + 1, FRAME_HEAD - 1);
    uint32_t len;
    memcpy(&len, head, 4);
    memcpy(number, head + 4, 4);
    assert_in_range(len, FRAME_HEAD, sizeof body);
    client_read(fd, body + FRAME_HEAD, len - FRAME_HEAD);
    frame_fill(expected, *number, len);
    assert_memory_equal(body + FRAME_HEAD, expected + FRAME_HEAD, len - FRAME_HEAD);
    return len;
}

static void host_accept(struct conn *c, void *arg)
{
    (void)arg;
    conn_set_handler(c, host.ops, &host);
    if (host.sndbuf > 0)
        setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &host.sndbuf, sizeof host.sndbuf);
    if (host.limits.queue_bytes > 0)
        conn_set_limits(c, &host.limits);
    host.conn = c;
    atomic_fetch_add(&host.accepted, 1);
}

static void host_event(struct conn *c, atomic_int *counter)
{
    atomic_fetch_add(counter, 1);
    if (host.aborts)
        conn_abort(c);
}

static void host_data(struct conn *c, char *p, size_t n)
{
    (void)c;
    (void)p;
    atomic_fetch_add(&host.bytes, (int)n);
    if (host.aborts)
        conn_abort(c);
}

static void host_echo(struct conn *c, char *p, size_t n)
{
    atomic_fetch_add(&host.bytes, (int)n);
    conn_write_copy(c, p, n);
    memset(p, 0, n); /* the lent bytes are writable */
}

static void host_eof(struct conn *c)
{
    host_event(c, &host.eofs);
}

static void host_eof_close(struct conn *c)
{
    atomic_fetch_add(&host.eofs, 1);
    conn_close(c, host.linger_ms);
}

static void host_drained(struct conn *c)
{
    host_event(c, &host.drained);
}

static void host_overflow(struct conn *c)
{
    host_event(c, &host.overflows);
}

static void host_deadline(struct conn *c)
{
    host_event(c, &host.deadlines);
}

static void host_close(struct conn *c)
{
    assert_ptr_equal(conn_owner(c), &host);
    if (host.conn == c)
        host.conn = NULL;
    conn_peer(c, host.peer, sizeof host.peer);
    atomic_fetch_add(&host.closed, 1);
}

const struct conn_ops sink_ops = {
    .on_data = host_data,
    .on_eof = host_eof,
    .on_drained = host_drained,
    .on_overflow = host_overflow,
    .on_deadline = host_deadline,
    .on_close = host_close,
};

const struct conn_ops echo_ops = {
    .on_data = host_echo,
    .on_eof = host_eof_close,
    .on_close = host_close,
};

static void close_slowly(struct conn *c)
{
    char last[FRAME_HEAD];
    frame_fill(last, FRAME_LAST, FRAME_HEAD);
    atomic_fetch_add(&host.overflows, 1);
    conn_close_slow(c, last, sizeof last, 5000);
    conn_write_copy(c, "ignored", 7);
}

const struct conn_ops slow_ops = {
    .on_data = host_data,
    .on_eof = host_eof,
    .on_drained = host_drained,
    .on_overflow = close_slowly,
    .on_close = host_close,
};

void begin(const struct conn_ops *ops)
{
    host = (struct host){.ops = ops, .linger_ms = 1000};
    rig_start(&rig, NULL, host_accept, NULL);
}

int connected(int rcvbuf)
{
    int before = atomic_load(&host.accepted);
    int fd = client_connect(rig.port, rcvbuf);
    rig_wait(&host.accepted, before + 1);
    return fd;
}

void pause_it(void *arg)
{
    (void)arg;
    conn_pause(host.conn);
}

void resume_it(void *arg)
{
    (void)arg;
    if (host.conn != NULL)
        conn_resume(host.conn);
}

void write_until_over(void *arg)
{
    uint32_t *n = arg;
    while (atomic_load(&host.overflows) == 0 && host.conn != NULL && !host.conn->overflowed)
        frame_write(host.conn, *n, 1000 + *n % 500), ++*n;
}
