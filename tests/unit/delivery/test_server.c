/* The HTTP machine of a connection, by what it does on the wire. */
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

#define DATE "Date: Tue, 24 Nov 2026 10:15:46 GMT\r\n"
#define TYPE "Content-Type: application/json; charset=utf-8\r\n"
#define CORS                             \
    "Access-Control-Allow-Origin: *\r\n" \
    "Access-Control-Expose-Headers: Retry-After\r\n"
#define SAFE                              \
    "Cache-Control: no-store\r\n"         \
    "X-Content-Type-Options: nosniff\r\n" \
    "Referrer-Policy: no-referrer\r\n"
#define CLOSE      "Connection: close\r\n"
#define HEALTHY    "HTTP/1.1 200 OK\r\n" DATE TYPE "Content-Length: 4\r\n" CORS SAFE
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

/* ---- Whole answers, byte for byte ---- */

static const struct exact {
    const char *request, *answer;
} exact[] = {
    {GET_HEALTH, HEALTHY "\r\n\"OK\""},
    {"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", HEALTHY "\r\n"},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", HEALTHY CLOSE "\r\n\"OK\""},
    {"GET /healthz HTTP/1.0\r\n\r\n", HEALTHY CLOSE "\r\n\"OK\""},
    {"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     HEALTHY "Connection: keep-alive\r\n\r\n\"OK\""},
    {"\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", HEALTHY "\r\n\"OK\""},
    {"GET /nope HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 404 Not Found\r\n" DATE TYPE "Content-Length: 21\r\n" CORS SAFE
     "\r\n\"not found GET /nope\""},
    {"DELETE /a/%22b%22?c=d HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 404 Not Found\r\n" DATE TYPE "Content-Length: 29\r\n" CORS SAFE
     "\r\n\"not found DELETE /a/%22b%22\""},
    {"HEAD /nope HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 404 Not Found\r\n" DATE TYPE "Content-Length: 22\r\n" CORS SAFE "\r\n"},
    {"GET /api/ HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n",
     "HTTP/1.1 404 Not Found\r\n" DATE TYPE "Content-Length: 21\r\n" CORS SAFE
     "\r\n\"not found GET /api/\""},
    {"OPTIONS /any/thing HTTP/1.1\r\nHost: a\r\nOrigin: https://x.org\r\n\r\n",
     "HTTP/1.1 204 No Content\r\n" DATE CORS SAFE
     "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n"
     "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
     "Access-Control-Max-Age: 7200\r\n\r\n"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 204 No Content\r\n" DATE CORS SAFE
     "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n"
     "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
     "Access-Control-Max-Age: 7200\r\n\r\n"},
    {"PUT /api/message HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
     "HTTP/1.1 405 Method Not Allowed\r\n" DATE TYPE "Content-Length: 82\r\n" CORS SAFE
     "Allow: GET, HEAD, POST, OPTIONS\r\n\r\n"
     "{\"status\":\"fail\",\"message\":\"This method is not allowed "
     "here\",\"code\":\"bad_request\"}"},
    {"GET /api/login HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 405 Method Not Allowed\r\n" DATE TYPE "Content-Length: 82\r\n" CORS SAFE
     "Allow: POST, OPTIONS\r\n\r\n"
     "{\"status\":\"fail\",\"message\":\"This method is not allowed "
     "here\",\"code\":\"bad_request\"}"},
    {"GET /api/me HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 401 Unauthorized\r\n" DATE TYPE "Content-Length: 70\r\n" CORS SAFE "\r\n"
     "{\"status\":\"fail\",\"message\":\"Not Get JWT claims\",\"code\":\"unauthorized\"}"},
};

static void test_exact_answers(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        int fd = client_connect(f);
        client_send(fd, exact[i].request);
        shutdown(fd, SHUT_WR);
        char *answer = client_read_all(fd);
        assert_string_equal(answer, exact[i].answer);
        mem_free(answer);
        close(fd);
    }
}

/* ---- Refusals: the answer is read, then the server closes ---- */

static const struct refusal {
    const char *request;
    int status;
    const char *code;
} refusals[] = {
    {"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"},
    {"GET /\r\n\r\n", 400, "bad_request"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "bad_request"},
    {"GET / HTTP/1.1\nHost: a\n\n", 400, "bad_request"},
    {"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400, "bad_request"},
    {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"},
    {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "bad_request"},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n", 417, "bad_request"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "bad_request"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "bad_request"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", 413, "too_large"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "bad_request"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", 413, "too_large"},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"},
};

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

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        int fd = client_connect(f);
        client_send(fd, refusals[i].request);
        assert_refused(fd, refusals[i].status, refusals[i].code);
    }
}

/* A head over the limit is refused while the client still sends, and it gets to read why. */
static void test_head_too_large(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    static char filler[200000];
    memset(filler, 'x', sizeof filler);
    int fd = client_connect(f);
    client_send(fd, "GET / HTTP/1.1\r\nHost: a\r\nA: ");
    client_send_bytes(fd, filler, sizeof filler);
    assert_refused(fd, 431, "too_large");
    fd = client_connect(f);
    client_send(fd, "GET /");
    client_send_bytes(fd, filler, sizeof filler);
    assert_refused(fd, 414, "too_large");
    fd = client_connect(f);
    client_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 101; i++)
        client_send(fd, "A: b\r\n");
    assert_refused(fd, 431, "too_large");
}

/* ---- Keep-alive, pipelining, pieces ---- */

static void test_keep_alive_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    int fd = client_connect(f);
    for (int i = 0; i < 50; i++) {
        client_send(fd, i % 2 == 0 ? GET_HEALTH : cold_request(f));
        char *answer = client_read_answer(fd);
        assert_int_equal(answer_status(answer), 200);
        mem_free(answer);
    }
    close(fd);
}

/* Answers come in the order of the requests, whether they took a worker or not. */
static void test_pipelining_keeps_order(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    int fd = client_connect(f);
    struct buf all;
    buf_init(&all, 1 << 20);
    for (int i = 0; i < 100; i++) {
        buf_printf(&all, "GET /nope/%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
        buf_puts(&all, cold_request(f));
    }
    client_send_bytes(fd, all.p, all.n);
    for (int i = 0; i < 100; i++) {
        char expected[64], *answer = client_read_answer(fd);
        snprintf(expected, sizeof expected, "\"not found GET /nope/%d\"", i);
        assert_string_equal(answer_body(answer), expected);
        mem_free(answer);
        answer = client_read_answer(fd);
        assert_int_equal(answer_status(answer), 200);
        assert_non_null(strstr(answer_body(answer), "get channel successfully"));
        mem_free(answer);
    }
    buf_fini(&all);
    close(fd);
}

/* While a worker has a request the next one waits, even one that needs no worker. */
static void test_one_at_a_time(void **state)
{
    struct fixture *f = *state;
    gate_shut(&f->channel_store.gate);
    fixture_start(f);
    int fd = client_connect(f);
    client_send(fd, cold_request(f));
    client_send(fd, GET_HEALTH);
    gate_await(&f->channel_store.gate, 1);
    char byte;
    struct timeval soon = {.tv_usec = 100000}, later = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &later, sizeof later);
    gate_open(&f->channel_store.gate);
    char *first = client_read_answer(fd), *second = client_read_answer(fd);
    assert_non_null(strstr(answer_body(first), "get channel successfully"));
    assert_string_equal(answer_body(second), "\"OK\"");
    mem_free(first);
    mem_free(second);
    close(fd);
}

static void test_split_at_every_byte(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    static const char request[] = "\r\nPUT /api/login HTTP/1.1\r\nHost: a\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "2;x=y\r\n{}\r\n0\r\nTrailer: z\r\n\r\n" GET_HEALTH;
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        int fd = client_connect(f);
        int nodelay = 1;
        setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &nodelay, sizeof nodelay);
        client_send_bytes(fd, request, cut);
        usleep(500);
        client_send_bytes(fd, request + cut, sizeof request - 1 - cut);
        char *first = client_read_answer(fd), *second = client_read_answer(fd);
        assert_int_equal(answer_status(first), 405);
        assert_string_equal(answer_body(second), "\"OK\"");
        mem_free(first);
        mem_free(second);
        close(fd);
    }
}

static size_t most_queued;

static void note_queued(struct conn *c, void *arg)
{
    (void)arg;
    if (conn_queued_bytes(c) > most_queued)
        most_queued = conn_queued_bytes(c);
}

static void look_at_queues(struct fixture *f)
{
    loop_each_conn(f->loop, note_queued, NULL);
}

static size_t count_answers(const char *text, size_t n)
{
    size_t answers = 0;
    for (size_t i = 0; i + 8 < n; i++)
        answers += memcmp(text + i, "HTTP/1.1", 8) == 0;
    return answers;
}

/* A client that sends and sends but reads nothing is not answered without bound: the server stops
 * reading, until the client does read. Then it gets every answer. */
static void test_backlog_is_bounded(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    enum { REQUESTS = 60000 }; /* more bytes than the kernel takes for us on both sides */
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nPadding: "
                                  "0123456789012345678901234567890123456789012345678901234567890123"
                                  "0123456789012345678901234567890123456789012345678901234567890123"
                                  "0123456789012345678901234567890123456789012345678901234567890123"
                                  "\r\n\r\n";
    struct buf all;
    buf_init(&all, REQUESTS * sizeof request);
    for (int i = 0; i < REQUESTS; i++)
        buf_puts(&all, request);
    int fd = client_connect(f);
    struct timeval short_patience = {.tv_usec = 300000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &short_patience, sizeof short_patience);
    size_t sent = 0;
    ssize_t n;
    while (sent < all.n && (n = send(fd, all.p + sent, all.n - sent, MSG_NOSIGNAL)) > 0)
        sent += (size_t)n;
    assert_true(sent < all.n);
    fixture_on_loop(f, look_at_queues);
    assert_in_range(most_queued, 1, HTTP_BACKLOG_BYTES + 4096);
    size_t whole = sent / strlen(request);
    shutdown(fd, SHUT_WR);
    char *got = client_read_all(fd);
    assert_int_equal(count_answers(got, strlen(got)), whole);
    mem_free(got);
    buf_fini(&all);
    close(fd);
}

/* ---- Expect: 100-continue ---- */

static void test_continue(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    int fd = client_connect(f);
    client_send(fd, "PUT /api/login HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                    "Content-Length: 2\r\n\r\n");
    char *first = client_read_answer(fd);
    assert_string_equal(first, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(fd, "{}");
    char *second = client_read_answer(fd);
    assert_int_equal(answer_status(second), 405);
    mem_free(first);
    mem_free(second);
    close(fd);
}

/* What would be refused anyway is refused before the body is sent. */
static void test_continue_too_large(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    int fd = client_connect(f);
    client_send(fd, "POST /api/login HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                    "Content-Length: 100000\r\n\r\n");
    assert_refused(fd, 413, "too_large");
}

#define RUN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_exact_answers),
        RUN(test_refusals),
        RUN(test_head_too_large),
        RUN(test_keep_alive_one_after_the_other),
        RUN(test_pipelining_keeps_order),
        RUN(test_one_at_a_time),
        RUN(test_split_at_every_byte),
        RUN(test_backlog_is_bounded),
        RUN(test_continue),
        RUN(test_continue_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
