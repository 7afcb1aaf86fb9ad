/* The HTTP machine over time: deadlines, workers, clients that go, answers that are large, drain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "delivery/http/response.h"
#include "delivery/http/server.h"
#include "fixture.h"
#include "telemetry/metrics.h"

#define GET_HEALTH "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

/* GET /api/channel with a token: a request that goes to a worker. */
static const char *cold_request(struct fixture *f)
{
    static char request[2048];
    snprintf(request, sizeof request,
             "GET /api/channel HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n",
             fixture_token(f, &fixture_ada, "ada"));
    return request;
}

static int64_t now_ms(void)
{
    return clock_steady_us(&clock_system) / 1000;
}

static void assert_refused(int fd, int status, const char *code)
{
    char *answer = client_read_all(fd), expected[64];
    snprintf(expected, sizeof expected, "\"code\":\"%s\"", code);
    assert_int_equal(answer_status(answer), status);
    assert_string_equal(answer_field(answer, "Connection"), "close");
    assert_string_equal(answer_field(answer, "Access-Control-Allow-Origin"), "*");
    assert_non_null(strstr(answer_body(answer), "{\"status\":\"fail\",\"message\":\""));
    assert_non_null(strstr(answer_body(answer), expected));
    mem_free(answer);
    close(fd);
}

/* ---- Deadlines ---- */

static void test_slow_head_and_body(void **state)
{
    struct fixture *f = *state;
    f->limits.head_timeout_s = 1;
    fixture_start(f);
    static const char *const begun[] = {
        "G",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{",
        "POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        GET_HEALTH,
    };
    int fds[5];
    int64_t start = now_ms();
    for (size_t i = 0; i < 5; i++) {
        fds[i] = client_connect(f);
        client_send(fds[i], begun[i]);
    }
    mem_free(client_read_answer(fds[4]));
    client_send(fds[4], "G"); /* a second request has a deadline of its own */
    for (size_t i = 0; i < 5; i++)
        assert_refused(fds[i], 408, "bad_request");
    assert_in_range(now_ms() - start, 900, 4000);
}

/* The deadline counts from the first byte: a byte now and then does not put it off. */
static void test_dripping_head(void **state)
{
    struct fixture *f = *state;
    f->limits.head_timeout_s = 1;
    fixture_start(f);
    int fd = client_connect(f);
    client_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n");
    int64_t start = now_ms();
    while (!client_is_closed(fd, 100) && now_ms() - start < 4000) {
        char c;
        if (recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
            break;
        client_send(fd, "A: b\r\n");
    }
    assert_refused(fd, 408, "bad_request");
    assert_in_range(now_ms() - start, 900, 4000);
}

/* Neither a fresh connection nor one between requests has that deadline. */
static void test_idle_is_patient(void **state)
{
    struct fixture *f = *state;
    f->limits.head_timeout_s = 1;
    fixture_start(f);
    int fresh = client_connect(f), used = client_connect(f);
    client_send(used, GET_HEALTH "\r\n");
    mem_free(client_read_answer(used));
    assert_false(client_is_closed(fresh, 1500));
    client_send(fresh, GET_HEALTH);
    char *answer = client_read_answer(fresh);
    assert_int_equal(answer_status(answer), 200);
    mem_free(answer);
    close(fresh);
    close(used);
}

/* ---- Workers ---- */

static void test_full_pool_is_503(void **state)
{
    struct fixture *f = *state;
    f->cold_queue_max = 1;
    gate_shut(&f->channel_store.gate);
    fixture_start(f);
    int busy[3]; /* two run, one waits */
    for (int i = 0; i < 2; i++) {
        busy[i] = client_connect(f);
        client_send(busy[i], cold_request(f));
        gate_await(&f->channel_store.gate, (unsigned)i + 1);
    }
    busy[2] = client_connect(f);
    client_send(busy[2], cold_request(f));
    while (workers_depth(f->deps.cold) == 0)
        usleep(100);
    char *answer = client_ask(f, cold_request(f));
    assert_int_equal(answer_status(answer), 503);
    assert_string_equal(answer_field(answer, "Retry-After"), "1");
    assert_string_equal(answer_body(answer),
                        "{\"status\":\"fail\",\"message\":\"The service cannot do this right now; "
                        "try again\",\"code\":\"unavailable\",\"retry_after_ms\":1000}");
    mem_free(answer);
    gate_open(&f->channel_store.gate);
    for (int i = 0; i < 3; i++) {
        answer = client_read_answer(busy[i]);
        assert_int_equal(answer_status(answer), 200);
        mem_free(answer);
        close(busy[i]);
    }
}

/* The client leaves while a worker has its request: nothing is written, nothing leaks. */
static void test_gone_meanwhile(void **state)
{
    struct fixture *f = *state;
    gate_shut(&f->channel_store.gate);
    fixture_start(f);
    for (int i = 0; i < 8; i++) {
        int fd = client_connect(f);
        client_send(fd, cold_request(f));
        if (i == 0)
            gate_await(&f->channel_store.gate, 1);
        struct linger reset = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    while (http_edge_in_flight(f->edge) == 0)
        usleep(1000);
    gate_open(&f->channel_store.gate);
    char *answer = client_ask(f, GET_HEALTH);
    assert_int_equal(answer_status(answer), 200);
    mem_free(answer);
}

/* The store takes too long: the client is told, and whatever the worker says later is dropped. */
static void test_worker_takes_too_long(void **state)
{
    struct fixture *f = *state;
    f->deps.work_ms = 300;
    gate_shut(&f->channel_store.gate);
    fixture_start(f);
    int fd = client_connect(f);
    client_send(fd, cold_request(f));
    assert_refused(fd, 503, "unavailable");
    gate_open(&f->channel_store.gate);
}

/* The same of a change: nobody knows whether it was done. */
static void test_change_takes_too_long(void **state)
{
    struct fixture *f = *state;
    f->deps.work_ms = 300;
    fixture_start(f);
    char request[2048], body[] = "{\"channel_id\":\"7d9f1a52-44c6-4f0b-b3a1-6c2e8d5b9f04\","
                                 "\"content\":\"x\"}";
    snprintf(request, sizeof request,
             "POST /api/message HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             fixture_token(f, &fixture_ada, "ada"), strlen(body), body);
    int fd = client_connect(f);
    client_send(fd, request);
    assert_refused(fd, 503, "unknown");
    test_journal_judge(&f->journal, ERR_OK, false, 7, 4096);
}

/* Between requests it ends without a word; an empty line is no request that could be late. */
static void test_idle_ends(void **state)
{
    struct fixture *f = *state;
    f->deps.idle_ms = 300;
    f->limits.head_timeout_s = 1;
    fixture_start(f);
    int fresh = client_connect(f), used = client_connect(f), blank = client_connect(f);
    client_send(used, GET_HEALTH);
    mem_free(client_read_answer(used));
    client_send(blank, GET_HEALTH "\r\n");
    mem_free(client_read_answer(blank));
    assert_false(client_is_closed(fresh, 100));
    assert_true(client_is_closed(fresh, 2000));
    assert_true(client_is_closed(used, 2000));
    assert_true(client_is_closed(blank, 3000));
    close(fresh);
    close(used);
    close(blank);
}

/* Whoever reads nothing of its answer is cut off; whoever reads slowly is not. (Progress is what
 * the kernel takes from us, which it does in large pieces: the slow one still reads 5 MB/s.) */
static void test_stalled_reader(void **state)
{
    struct fixture *f = *state;
    f->deps.idle_ms = 1500;
    f->channel_store.count = 100000;
    fixture_start(f);
    int stalled = client_connect(f), slow = client_connect(f);
    client_send(stalled, cold_request(f));
    client_send(slow, cold_request(f));
    struct buf got;
    buf_init(&got, 64u << 20);
    char piece[262144];
    for (int i = 0; i < 40; i++) { /* longer than idle_ms together */
        ssize_t n = recv(slow, piece, sizeof piece, 0);
        assert_true(n > 0);
        buf_put(&got, piece, (size_t)n);
        usleep(50000);
    }
    ssize_t n;
    while (memcmp(got.p + got.n - 3, "}]}", 3) != 0 && (n = recv(slow, piece, sizeof piece, 0)) > 0)
        buf_put(&got, piece, (size_t)n);
    assert_memory_equal(got.p + got.n - 3, "}]}", 3);
    buf_fini(&got);
    for (int i = 0; i < 1000 && metric_value(M_CONNECTIONS) > 0; i++)
        usleep(10000);
    assert_int_equal(metric_value(M_CONNECTIONS), 0);
    char *cut = client_read_all(stalled);
    assert_true(strlen(answer_body(cut)) < strtoul(answer_field(cut, "Content-Length"), NULL, 10));
    mem_free(cut);
    close(stalled);
    close(slow);
}

/* A client that half-closes gets its answers first. */
static void test_half_close(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    int fd = client_connect(f);
    client_send(fd, cold_request(f));
    client_send(fd, GET_HEALTH);
    shutdown(fd, SHUT_WR);
    char *all = client_read_all(fd);
    assert_non_null(strstr(all, "get channel successfully"));
    assert_non_null(strstr(all, "\"OK\""));
    mem_free(all);
    close(fd);
}

/* A list of 5 MiB reaches a client that begins to read late, and with Connection: close too. */
static void test_large_answer_to_a_slow_reader(void **state)
{
    struct fixture *f = *state;
    f->channel_store.count = 40000;
    fixture_start(f);
    char request[2048];
    snprintf(request, sizeof request,
             "GET /api/channel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             "Authorization: Bearer %s\r\n\r\n",
             fixture_token(f, &fixture_ada, "ada"));
    int fd = client_connect(f);
    client_send(fd, request);
    usleep(2500000); /* longer than a closing connection lingers */
    char *answer = client_read_all(fd);
    size_t n = strlen(answer_body(answer));
    assert_true(n > (5u << 20));
    assert_int_equal(n, strtoul(answer_field(answer, "Content-Length"), NULL, 10));
    assert_string_equal(answer + strlen(answer) - 3, "}]}");
    mem_free(answer);
    close(fd);
}

/* An answer over the limit becomes a refusal, not a cut answer. */
static void test_answer_over_the_limit(void **state)
{
    struct fixture *f = *state;
    f->channel_store.count = HTTP_ANSWER_BYTES_MAX / 100;
    fixture_start(f);
    char *answer = client_ask(f, cold_request(f));
    assert_int_equal(answer_status(answer), 500);
    assert_non_null(strstr(answer_body(answer), "\"code\":\"internal\""));
    mem_free(answer);
}

/* ---- Drain ---- */

static void close_idle(struct fixture *f)
{
    http_edge_close_idle(f->edge, f->loop);
}

static void test_drain(void **state)
{
    struct fixture *f = *state;
    gate_shut(&f->channel_store.gate);
    fixture_start(f);
    int idle = client_connect(f), used = client_connect(f), busy = client_connect(f),
        midway = client_connect(f);
    client_send(used, GET_HEALTH);
    mem_free(client_read_answer(used));
    client_send(midway, "GET /hea");
    client_send(busy, cold_request(f));
    gate_await(&f->channel_store.gate, 1);
    http_edge_drain(f->edge);
    fixture_on_loop(f, close_idle);
    assert_true(client_is_closed(idle, 1000));
    assert_true(client_is_closed(used, 1000));
    assert_false(client_is_closed(busy, 100));
    gate_open(&f->channel_store.gate);
    client_send(midway, "lthz HTTP/1.1\r\nHost: a\r\n\r\n");
    char *answers[] = {client_read_all(busy), client_read_all(midway)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(answer_status(answers[i]), 200);
        assert_string_equal(answer_field(answers[i], "Connection"), "close");
        mem_free(answers[i]);
    }
    char *ready = client_ask(f, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer_status(ready), 503);
    mem_free(ready);
    close(idle);
    close(used);
    close(busy);
    close(midway);
}

static void test_stopped_edge_gives_nothing_to_workers(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    http_edge_stop(f->edge);
    char *answer = client_ask(f, cold_request(f));
    assert_int_equal(answer_status(answer), 503);
    assert_string_equal(answer_field(answer, "Connection"), "close");
    mem_free(answer);
}

/* ---- Compression ---- */

static void test_gzip(void **state)
{
    struct fixture *f = *state;
    f->channel_store.count = 100;
    fixture_start(f);
    static const struct {
        const char *accept, *coding;
    } cases[] = {
        {"gzip, deflate, br", "gzip"}, {"br", ""}, {"gzip;q=0", ""}, {"*", "gzip"}, {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[2048];
        snprintf(request, sizeof request,
                 "GET /api/channel HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\n"
                 "Authorization: Bearer %s\r\n\r\n",
                 cases[i].accept, fixture_token(f, &fixture_ada, "ada"));
        char *answer = client_ask(f, request);
        assert_int_equal(answer_status(answer), 200);
        assert_string_equal(answer_field(answer, "Content-Encoding"), cases[i].coding);
        assert_string_equal(answer_field(answer, "Vary"), "Accept-Encoding");
        mem_free(answer);
    }
    char *small =
        client_ask(f, "GET /healthz HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    assert_string_equal(answer_field(small, "Content-Encoding"), "");
    mem_free(small);
}

#define RUN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_slow_head_and_body),
        RUN(test_dripping_head),
        RUN(test_idle_is_patient),
        RUN(test_full_pool_is_503),
        RUN(test_gone_meanwhile),
        RUN(test_worker_takes_too_long),
        RUN(test_change_takes_too_long),
        RUN(test_idle_ends),
        RUN(test_stalled_reader),
        RUN(test_half_close),
        RUN(test_large_answer_to_a_slow_reader),
        RUN(test_answer_over_the_limit),
        RUN(test_drain),
        RUN(test_stopped_edge_gives_nothing_to_workers),
        RUN(test_gzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
