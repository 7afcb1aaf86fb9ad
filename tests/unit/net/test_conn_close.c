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

/* ---- The slow reader ---- */

static void read_to_the_close_frame(int fd, uint32_t written)
{
    uint32_t number, next = 0;
    while (frame_read(fd, &number) != 0 && number != FRAME_LAST)
        assert_int_equal(number, next++);
    assert_int_equal(number, FRAME_LAST);
    assert_true(next < written); /* something was thrown away */
    assert_int_equal(client_read_some(fd, &number, 1), 0);
}

static void a_slow_reader_gets_whole_frames_then_the_farewell(void **state)
{
    (void)state;
    begin(&slow_ops);
    host.sndbuf = 8192;
    host.limits = (struct conn_limits){100000, 100000};
    int fd = connected(4096);
    uint32_t written = 0;
    rig_call(&rig, write_until_over, &written);
    rig_wait(&host.overflows, 1);
    read_to_the_close_frame(fd, written);
    assert_int_equal(atomic_load(&host.overflows), 1);
    close(fd);
    rig_wait(&host.closed, 1);
    rig_stop(&rig);
}

static void frames_are_bounded_too(void **state)
{
    (void)state;
    begin(&slow_ops);
    host.sndbuf = 8192;
    host.limits = (struct conn_limits){1 << 30, 50};
    int fd = connected(4096);
    uint32_t written = 0;
    rig_call(&rig, write_until_over, &written);
    rig_wait(&host.overflows, 1);
    read_to_the_close_frame(fd, written);
    close(fd);
    rig_wait(&host.closed, 1);
    rig_stop(&rig);
}

static void a_slow_reader_that_never_reads_is_cut(void **state)
{
    (void)state;
    begin(&slow_ops);
    host.sndbuf = 8192;
    host.limits = (struct conn_limits){100000, 100000};
    int fd = connected(4096);
    uint32_t written = 0;
    int64_t start = rig_now_ms();
    rig_call(&rig, write_until_over, &written);
    rig_wait(&host.closed, 1);
    assert_in_range(rig_now_ms() - start, 4900, 6000);
    close(fd);
    rig_stop(&rig);
}

static void an_owner_that_ignores_overflow_loses_the_connection(void **state)
{
    (void)state;
    begin(&sink_ops);
    host.sndbuf = 8192;
    host.limits = (struct conn_limits){100000, 100000};
    int fd = connected(4096);
    uint32_t written = 0;
    rig_call(&rig, write_until_over, &written);
    rig_wait(&host.closed, 1);
    assert_int_equal(atomic_load(&host.overflows), 1);
    close(fd);
    rig_stop(&rig);
}

static void write_more_than_the_bound(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 40; i++)
        frame_write(host.conn, i, 1000);
}

/* The kernel has room: what is over the bound within a turn just goes out. */
static void a_fast_reader_is_not_taken_for_a_slow_one(void **state)
{
    (void)state;
    begin(&slow_ops);
    host.limits = (struct conn_limits){10000, 4};
    int fd = connected(0);
    rig_call(&rig, write_more_than_the_bound, NULL);
    for (uint32_t i = 0, number; i < 40; i++) {
        assert_int_equal(frame_read(fd, &number), 1000);
        assert_int_equal(number, i);
    }
    assert_int_equal(atomic_load(&host.overflows), 0);
    close(fd);
    rig_stop(&rig);
}

/* ---- Closing ---- */

static void write_and_close(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 100; i++)
        frame_write(host.conn, i, 5000);
    conn_close(host.conn, host.linger_ms);
    frame_write(host.conn, 100, 5000); /* too late */
    conn_close(host.conn, 1);          /* no effect */
    conn_deadline(host.conn, 1);       /* neither */
}

static void read_the_hundred(int fd)
{
    uint32_t number;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(frame_read(fd, &number), 5000);
        assert_int_equal(number, i);
    }
    assert_int_equal(client_read_some(fd, &number, 1), 0);
}

static void closing_flushes_and_waits_for_the_peer(void **state)
{
    (void)state;
    begin(&sink_ops);
    host.sndbuf = 8192;
    host.linger_ms = 5000;
    int fd = connected(4096);
    int64_t start = rig_now_ms();
    rig_call(&rig, write_and_close, NULL);
    client_send(fd, "still talking", 13);
    read_the_hundred(fd);
    client_send(fd, "and talking", 11);
    rig_sleep_ms(50);
    assert_int_equal(atomic_load(&host.closed), 0);
    close(fd);
    rig_wait(&host.closed, 1);
    assert_in_range(rig_now_ms() - start, 0, 3000);
    assert_int_equal(atomic_load(&host.bytes), 0); /* nothing is handed out any more */
    assert_int_equal(atomic_load(&host.eofs), 0);
    assert_int_equal(atomic_load(&host.deadlines), 0);
    rig_stop(&rig);
}

static void a_peer_that_stays_is_closed_after_the_linger(void **state)
{
    (void)state;
    begin(&sink_ops);
    host.linger_ms = 300;
    int fd = connected(0);
    int64_t start = rig_now_ms();
    rig_call(&rig, write_and_close, NULL);
    read_the_hundred(fd);
    rig_wait(&host.closed, 1);
    assert_in_range(rig_now_ms() - start, 290, 1500);
    close(fd);
    rig_stop(&rig);
}

static void a_peer_that_goes_on_talking_is_cut_off(void **state)
{
    (void)state;
    static char junk[65536];
    begin(&sink_ops);
    host.linger_ms = 60000;
    int fd = connected(0);
    rig_call(&rig, write_and_close, NULL);
    size_t sent = 0;
    for (ssize_t n; (n = send(fd, junk, sizeof junk, MSG_NOSIGNAL)) > 0; sent += (size_t)n)
        assert_true(sent < 64 << 20);
    rig_wait(&host.closed, 1);
    assert_true(sent >= CONN_DRAIN_BYTES_MAX);
    close(fd);
    rig_stop(&rig);
}

static void write_and_close_at_once(void *arg)
{
    (void)arg;
    conn_write_copy(host.conn, "bye", 3);
    conn_close(host.conn, 0);
}

static void without_linger_the_last_words_still_go_out(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    rig_call(&rig, write_and_close_at_once, NULL);
    char in[3];
    client_read(fd, in, 3);
    assert_int_equal(client_read_some(fd, in, 1), 0);
    rig_wait(&host.closed, 1);
    close(fd);
    rig_stop(&rig);
}

static void abort_it(void *arg)
{
    (void)arg;
    conn_abort(host.conn);
    conn_abort(host.conn);
    conn_write_copy(host.conn, "x", 1);
    conn_close(host.conn, 1000);
    conn_flush(host.conn);
    conn_resume(host.conn);
    assert_int_equal(atomic_load(&host.closed), 0); /* not from inside the call */
}

static void an_abort_is_a_fin(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    rig_call(&rig, pause_it, NULL);
    client_send(fd, "unread", 6);
    rig_sleep_ms(50);
    rig_call(&rig, abort_it, NULL);
    rig_wait(&host.closed, 1);
    char in;
    assert_int_equal(client_read_some(fd, &in, 1), 0);
    close(fd);
    rig_stop(&rig);
}

static void half_closed_peers_get_their_answer(void **state)
{
    (void)state;
    begin(&echo_ops);
    int fd = connected(0);
    client_send(fd, "question", 8);
    shutdown(fd, SHUT_WR);
    char in[9];
    client_read(fd, in, 8);
    assert_int_equal(client_read_some(fd, in, 1), 0);
    rig_wait(&host.closed, 1);
    assert_int_equal(atomic_load(&host.eofs), 1);
    close(fd);
    rig_stop(&rig);
}

/* ---- Resets ---- */

static void fill_the_queue(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 100; i++)
        frame_write(host.conn, i, 5000);
}

static void reset_while(void (*prepare)(void *arg), bool resume_after)
{
    begin(&sink_ops);
    host.sndbuf = 8192;
    host.linger_ms = 60000;
    int fd = connected(4096);
    if (prepare != NULL)
        rig_call(&rig, prepare, NULL);
    rig_sleep_ms(20);
    client_reset(fd);
    rig_sleep_ms(20);
    if (resume_after)
        rig_call(&rig, resume_it, NULL);
    rig_wait(&host.closed, 1);
    assert_int_equal(atomic_load(&host.eofs), 0);
    rig_stop(&rig);
}

static void write_small_and_close(void *arg)
{
    (void)arg;
    frame_write(host.conn, 0, 100);
    conn_close(host.conn, 60000);
}

static void resets_end_a_connection_at_every_stage(void **state)
{
    (void)state;
    reset_while(NULL, false);                  /* idle */
    reset_while(fill_the_queue, false);        /* the queue waits for the kernel */
    reset_while(write_and_close, false);       /* flushing */
    reset_while(write_small_and_close, false); /* draining */
    reset_while(pause_it, true);               /* paused: at once, or on resuming */
}

static void what_was_said_before_a_reset_counts(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    rig_call(&rig, pause_it, NULL);
    client_send(fd, "last words", 10);
    rig_sleep_ms(50);
    client_reset(fd);
    rig_sleep_ms(20);
    rig_call(&rig, resume_it, NULL);
    rig_wait(&host.closed, 1);
    assert_int_equal(atomic_load(&host.bytes), 10);
    rig_stop(&rig);
}

/* ---- Callbacks that end their own connection ---- */

static void set_short_deadline(void *arg)
{
    (void)arg;
    conn_deadline(host.conn, 1);
}

static void aborting_in_a_callback(atomic_int *counter, void (*prepare)(void *), const char *say,
                                   bool half_close)
{
    begin(&sink_ops);
    host.aborts = true;
    host.sndbuf = 8192;
    host.limits = (struct conn_limits){100000, 100000};
    int fd = connected(4096);
    uint32_t written = 0;
    if (prepare != NULL)
        rig_call(&rig, prepare, &written);
    if (say != NULL)
        client_send(fd, say, strlen(say));
    if (half_close)
        shutdown(fd, SHUT_WR);
    rig_wait(counter, 1);
    rig_wait(&host.closed, 1);
    close(fd);
    rig_stop(&rig);
}

static void write_little(void *arg)
{
    (void)arg;
    conn_write_copy(host.conn, "x", 1);
}

static void every_callback_may_abort(void **state)
{
    (void)state;
    aborting_in_a_callback(&host.bytes, NULL, "hello", false);
    aborting_in_a_callback(&host.eofs, NULL, NULL, true);
    aborting_in_a_callback(&host.drained, write_little, NULL, false);
    aborting_in_a_callback(&host.overflows, write_until_over, NULL, false);
    aborting_in_a_callback(&host.deadlines, set_short_deadline, NULL, false);
}

/* ---- All of them ---- */

static void drain_one(struct conn *c, void *arg)
{
    ++*(int *)arg;
    conn_write_copy(c, "going", 5);
    conn_close(c, 1000);
}

static void drain_all(void *arg)
{
    loop_each_conn(rig.loop, drain_one, arg);
}

static void a_drain_reaches_every_connection(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fds[20], reached = 0;
    char in[5];
    for (int i = 0; i < 20; i++)
        fds[i] = connected(0);
    rig_call(&rig, drain_all, &reached);
    assert_int_equal(reached, 20);
    for (int i = 0; i < 20; i++) {
        client_read(fds[i], in, 5);
        assert_int_equal(client_read_some(fds[i], in, 1), 0);
        close(fds[i]);
    }
    rig_wait(&host.closed, 20);
    rig_stop(&rig);
}

static void a_stopping_loop_ends_even_when_a_peer_stays(void **state)
{
    (void)state;
    begin(&sink_ops);
    int fd = connected(0);
    int64_t start = rig_now_ms();
    rig_stop(&rig);
    assert_in_range(rig_now_ms() - start, 0, LOOP_STOP_LINGER_MS + 1000);
    assert_int_equal(atomic_load(&host.closed), 1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_reader_gets_whole_frames_then_the_farewell),
        cmocka_unit_test(frames_are_bounded_too),
        cmocka_unit_test(a_slow_reader_that_never_reads_is_cut),
        cmocka_unit_test(an_owner_that_ignores_overflow_loses_the_connection),
        cmocka_unit_test(a_fast_reader_is_not_taken_for_a_slow_one),
        cmocka_unit_test(closing_flushes_and_waits_for_the_peer),
        cmocka_unit_test(a_peer_that_stays_is_closed_after_the_linger),
        cmocka_unit_test(a_peer_that_goes_on_talking_is_cut_off),
        cmocka_unit_test(without_linger_the_last_words_still_go_out),
        cmocka_unit_test(an_abort_is_a_fin),
        cmocka_unit_test(half_closed_peers_get_their_answer),
        cmocka_unit_test(resets_end_a_connection_at_every_stage),
        cmocka_unit_test(what_was_said_before_a_reset_counts),
        cmocka_unit_test(every_callback_may_abort),
        cmocka_unit_test(a_drain_reaches_every_connection),
        cmocka_unit_test(a_stopping_loop_ends_even_when_a_peer_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
