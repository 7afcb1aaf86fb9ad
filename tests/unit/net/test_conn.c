#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "net/conn_impl.h"
#include "telemetry/metrics.h"

/* ---- Reading and writing ---- */

static void bytes_come_back(void **state)
{
    (void)state;
    begin(&echo_ops);
    int fd = connected(0);
    static char out[300000], in[sizeof out];
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (char)(i * 31 % 251);
    client_send(fd, out, sizeof out);
    client_read(fd, in, sizeof in);
    assert_memory_equal(in, out, sizeof out);
    shutdown(fd, SHUT_WR);
    assert_int_equal(client_read_some(fd, in, 1), 0);
    close(fd);
    rig_wait(&host.closed, 1);
    rig_stop(&rig);
}

static void look_at_it(void *arg)
{
    char text[INET6_ADDRSTRLEN];
    int on = 0;
    socklen_t len = sizeof on;
    (void)arg;
    assert_int_equal(conn_peer(host.conn, text, sizeof text), 9);
    assert_string_equal(text, "127.0.0.1");
    assert_int_equal(conn_peer(host.conn, text, 4), 0);
    assert_string_equal(text, "");
    assert_int_equal(getsockopt(host.conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_not_equal(on, 0);
    assert_ptr_equal(conn_loop(host.conn), rig.loop);
    assert_false(conn_is_tls(host.conn));
}

static void the_peer_is_known_to_the_end(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    rig_call(&rig, look_at_it, NULL);
    client_reset(fd);
    rig_wait(&host.closed, 1);
    rig_stop(&rig);
    assert_string_equal(host.peer, "127.0.0.1");
}

static uint32_t frame_len(uint32_t number)
{
    return FRAME_HEAD + number * 37 % 700;
}

enum { SLICES = 20000 };

static void write_many(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < SLICES; i++)
        frame_write(host.conn, i, frame_len(i));
}

static void thousands_of_slices_keep_their_order(void **state)
{
    (void)state;
    begin(&sink_ops);
    host.sndbuf = 4096;
    host.limits = (struct conn_limits){64 << 20, SLICES};
    int fd = connected(4096);
    rig_call(&rig, write_many, NULL);
    for (uint32_t i = 0, number; i < SLICES; i++) {
        assert_int_equal(frame_read(fd, &number), frame_len(i));
        assert_int_equal(number, i);
    }
    rig_wait(&host.drained, 1);
    assert_int_equal(atomic_load(&host.overflows), 0);
    close(fd);
    rig_stop(&rig);
}

static void write_slices_of_one(void *arg)
{
    (void)arg;
    struct bytes *b = bytes_new(1000);
    memset(b->data, 'x', b->len);
    for (size_t i = 0; i < 100; i++)
        conn_write(host.conn, b, i * 10, 10, 1);
    struct bytes *other = bytes_copy("yy", 2);
    for (size_t i = 0; i < 20; i++)
        conn_write(host.conn, other, 0, 2, 1);
    bytes_unref(other);
    bytes_unref(b);
}

static void no_queue_left(void *arg)
{
    (void)arg;
    assert_null(host.conn->queue);
    assert_int_equal(conn_queued_bytes(host.conn), 0);
}

static void a_turn_is_one_system_call(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    int64_t writes = metric_value(M_WRITES), bytes = metric_value(M_BYTES_OUT);
    rig_call(&rig, write_slices_of_one, NULL);
    char in[1040];
    client_read(fd, in, sizeof in);
    rig_wait(&host.drained, 1);
    rig_call(&rig, no_queue_left, NULL);
    assert_int_equal(metric_value(M_WRITES) - writes, 1);
    assert_int_equal(metric_value(M_BYTES_OUT) - bytes, sizeof in);
    assert_int_equal(atomic_load(&host.drained), 1);
    close(fd);
    rig_stop(&rig);
}

static void write_and_flush(void *arg)
{
    (void)arg;
    conn_write_copy(host.conn, "now", 3);
    assert_int_equal(conn_queued_bytes(host.conn), 3);
    conn_flush(host.conn);
    assert_int_equal(conn_queued_bytes(host.conn), 0);
    /* The owner hears of it later, not from inside its own call. */
    assert_int_equal(atomic_load(&host.drained), 0);
}

static void a_flush_does_not_wait_for_the_end_of_the_turn(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    rig_call(&rig, write_and_flush, NULL);
    rig_wait(&host.drained, 1);
    char in[3];
    client_read(fd, in, 3);
    close(fd);
    rig_stop(&rig);
}

static void a_paused_connection_reads_nothing_and_loses_nothing(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    rig_call(&rig, pause_it, NULL);
    client_send(fd, "0123456789", 10);
    rig_sleep_ms(100);
    client_send(fd, "0123456789", 10);
    rig_sleep_ms(100);
    assert_int_equal(atomic_load(&host.bytes), 0);
    rig_call(&rig, resume_it, NULL);
    rig_wait(&host.bytes, 20);
    close(fd);
    rig_wait(&host.eofs, 1);
    rig_stop(&rig);
}

static void *flood_main(void *arg)
{
    static char junk[65536];
    int fd = *(int *)arg;
    while (send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
        ;
    return NULL;
}

static void a_flood_does_not_starve_the_others(void **state)
{
    (void)state;
    begin(&sink_ops);
    int flood = connected(0);
    host.ops = &echo_ops;
    int fd = connected(0);
    pthread_t thread;
    pthread_create(&thread, NULL, flood_main, &flood);
    for (int i = 0; i < 50; i++) {
        char in;
        int64_t start = rig_now_ms();
        client_send(fd, "x", 1);
        client_read(fd, &in, 1);
        assert_in_range(rig_now_ms() - start, 0, 1000);
    }
    shutdown(flood, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(flood);
    close(fd);
    rig_stop(&rig);
}

static void connections_are_counted(void **state)
{
    (void)state;
    int64_t open = metric_value(M_CONNECTIONS), all = metric_value(M_CONNECTIONS_ACCEPTED);
    int64_t in = metric_value(M_BYTES_IN);
    begin(&sink_ops);
    int fds[10];
    for (int i = 0; i < 10; i++)
        fds[i] = connected(0);
    client_send(fds[0], "12345", 5);
    rig_wait(&host.bytes, 5);
    assert_int_equal(metric_value(M_CONNECTIONS) - open, 10);
    for (int i = 0; i < 10; i++)
        client_reset(fds[i]);
    rig_wait(&host.closed, 10);
    rig_stop(&rig);
    assert_int_equal(metric_value(M_CONNECTIONS) - open, 0);
    assert_int_equal(metric_value(M_CONNECTIONS_ACCEPTED) - all, 10);
    assert_int_equal(metric_value(M_BYTES_IN) - in, 5);
}

/* ---- Deadlines ---- */

static void set_deadline_200(void *arg)
{
    (void)arg;
    conn_deadline(host.conn, 50);
    conn_deadline(host.conn, 200);
}

static void remove_deadline(void *arg)
{
    (void)arg;
    conn_deadline(host.conn, 100);
    conn_deadline(host.conn, 0);
}

static void a_deadline_passes_once_and_can_be_moved(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    int64_t start = rig_now_ms();
    rig_call(&rig, set_deadline_200, NULL);
    rig_wait(&host.deadlines, 1);
    assert_in_range(rig_now_ms() - start + 1, 200, 800);
    rig_call(&rig, remove_deadline, NULL);
    rig_sleep_ms(300);
    assert_int_equal(atomic_load(&host.deadlines), 1);
    assert_int_equal(atomic_load(&host.closed), 0);
    close(fd);
    rig_stop(&rig);
}

/* ---- Connecting ---- */

static void host_open(struct conn *c, int error)
{
    (void)c;
    atomic_store(&host.open_error, error);
    atomic_fetch_add(&host.opens, 1);
}

static void dial(void *arg)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(*(uint16_t *)arg),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct conn *c =
        conn_connect(rig.loop, (struct sockaddr *)&a, sizeof a, &sink_ops, &host, host_open);
    assert_non_null(c);
    assert_int_equal(atomic_load(&host.opens), 0); /* not from inside the call */
    conn_write_copy(c, "early", 5);                /* goes out when it is open */
}

static void a_connection_of_our_own_opens(void **state)
{
    (void)state;
    begin(&sink_ops);
    rig_call(&rig, dial, &rig.port);
    rig_wait(&host.opens, 1);
    assert_int_equal(atomic_load(&host.open_error), 0);
    rig_wait(&host.bytes, 5);
    rig_stop(&rig);
    assert_int_equal(atomic_load(&host.closed), 2);
}

static void a_refused_one_says_so_and_closes(void **state)
{
    (void)state;
    begin(&sink_ops);
    /* A port that is bound but does not listen. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    uint16_t port = ntohs(a.sin_port);
    rig_call(&rig, dial, &port);
    rig_wait(&host.closed, 1);
    assert_int_equal(atomic_load(&host.opens), 1);
    assert_int_equal(atomic_load(&host.open_error), ECONNREFUSED);
    close(fd);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back),
        cmocka_unit_test(the_peer_is_known_to_the_end),
        cmocka_unit_test(thousands_of_slices_keep_their_order),
        cmocka_unit_test(a_turn_is_one_system_call),
        cmocka_unit_test(a_flush_does_not_wait_for_the_end_of_the_turn),
        cmocka_unit_test(a_paused_connection_reads_nothing_and_loses_nothing),
        cmocka_unit_test(a_flood_does_not_starve_the_others),
        cmocka_unit_test(connections_are_counted),
        cmocka_unit_test(a_deadline_passes_once_and_can_be_moved),
        cmocka_unit_test(a_connection_of_our_own_opens),
        cmocka_unit_test(a_refused_one_says_so_and_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
