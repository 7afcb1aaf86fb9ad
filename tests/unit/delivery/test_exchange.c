/* What happens between a whole request and its answer: pages, what is counted, full pools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rand.h"
#include "delivery/http/exchange.h"
#include "fixture.h"
#include "service/password.h"
#include "telemetry/metrics.h"

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

/* ---- The web client's pages ---- */

static bool page_serve(const struct http_pages *self, struct exchange *x)
{
    (void)self;
    if (!str_eq(x->request->path, STR("/")))
        return false;
    x->response.type = "text/html; charset=utf-8";
    x->response.cache = "no-cache";
    buf_puts(&x->response.body, "<!doctype html>");
    return true;
}

static void test_pages(void **state)
{
    struct fixture *f = *state;
    static const struct http_pages pages = {page_serve};
    f->deps.pages = &pages;
    fixture_start(f);
    static const struct {
        const char *request;
        int status;
        const char *type;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "text/html; charset=utf-8"},
        {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "text/html; charset=utf-8"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 404,
         "application/json; charset=utf-8"},
        {"GET /nope HTTP/1.1\r\nHost: a\r\n\r\n", 404, "application/json; charset=utf-8"},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, "application/json; charset=utf-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *answer = client_ask(f, cases[i].request);
        assert_int_equal(answer_status(answer), cases[i].status);
        assert_string_equal(answer_field(answer, "Content-Type"), cases[i].type);
        mem_free(answer);
    }
    char *page = client_ask(f, cases[0].request);
    assert_string_equal(answer_body(page), "<!doctype html>");
    assert_string_equal(answer_field(page, "Cache-Control"), "no-cache");
    mem_free(page);
}

/* ---- A door without a service behind it ---- */

static void test_probes_only(void **state)
{
    struct fixture *f = *state;
    f->deps.probes_only = true;
    fixture_start(f);
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /api/channel HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /api/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /api/message/ws HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 404},
        {"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *answer = client_ask(f, cases[i].request);
        assert_int_equal(answer_status(answer), cases[i].status);
        mem_free(answer);
    }
}

/* ---- CORS with a list ---- */

static void test_listed_origins(void **state)
{
    struct fixture *f = *state;
    static const char *const listed[] = {"https://one.org", "https://two.org"};
    f->deps.origins = listed;
    f->deps.n_origins = 2;
    fixture_start(f);
    static const struct {
        const char *origin, *allowed;
    } cases[] = {{"Origin: https://two.org\r\n", "https://two.org"},
                 {"Origin: https://three.org\r\n", ""},
                 {"", ""}};
    for (size_t i = 0; i < 3; i++) {
        char request[128];
        static const char *const methods[] = {"GET", "OPTIONS"};
        for (size_t k = 0; k < 2; k++) {
            snprintf(request, sizeof request, "%s /healthz HTTP/1.1\r\nHost: a\r\n%s\r\n",
                     methods[k], cases[i].origin);
            char *answer = client_ask(f, request);
            assert_string_equal(answer_field(answer, "Access-Control-Allow-Origin"),
                                cases[i].allowed);
            assert_string_equal(answer_field(answer, "Vary"), "Origin");
            assert_string_equal(answer_field(answer, "Access-Control-Allow-Credentials"), "");
            mem_free(answer);
        }
    }
}

/* ---- What is counted ---- */

static void test_metrics(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    static const struct {
        const char *path;
        enum metric counted;
    } cases[] = {{"/api/openapi.json", M_HTTP_2XX}, {"/nope", M_HTTP_4XX},
                 {"/api/me", M_HTTP_4XX},           {"/healthz", METRIC_COUNT},
                 {"/readyz", METRIC_COUNT},         {"/metrics", METRIC_COUNT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ok = metric_value(M_HTTP_2XX), refused = metric_value(M_HTTP_4XX);
        char request[128];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].path);
        mem_free(client_ask(f, request));
        assert_int_equal(metric_value(M_HTTP_2XX) - ok, cases[i].counted == M_HTTP_2XX);
        assert_int_equal(metric_value(M_HTTP_4XX) - refused, cases[i].counted == M_HTTP_4XX);
    }
}

/* ---- A full pool for passwords ---- */

static struct gate hash_gate;

static enum err gate_hash(struct str password, char out[PASSWORD_HASH_SIZE])
{
    (void)password;
    snprintf(out, PASSWORD_HASH_SIZE, "hash");
    return ERR_OK;
}

static enum err gate_verify(struct str password, const char *hash)
{
    (void)password, (void)hash;
    gate_pass(&hash_gate);
    return ERR_BAD_PASSWORD;
}

static enum hash_state gate_inspect(const char *hash)
{
    (void)hash;
    return HASH_CURRENT;
}

static void test_full_hashing_pool(void **state)
{
    struct fixture *f = *state;
    static const struct hasher hasher = {gate_hash, gate_verify, gate_inspect};
    static const char login[] = "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\n"
                                "{\"email\":\"a@b\",\"password\":\"abcd\"}";
    gate_init(&hash_gate);
    gate_shut(&hash_gate);
    f->deps.auth = auth_new(&(struct auth_config){.accounts = &f->accounts.super,
                                                  .clock = &f->clock.super,
                                                  .limits = &f->limits,
                                                  .session_s = 3600,
                                                  .hasher = &hasher});
    fixture_start(f);
    int waiting[1 + FIXTURE_HASHING_QUEUE];
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++) {
        waiting[i] = client_connect(f);
        client_send(waiting[i], login);
        if (i == 0)
            gate_await(&hash_gate, 1);
        while (http_edge_in_flight(f->edge) < i + 1)
            usleep(100);
    }
    int64_t busy = metric_value(M_LOGIN_BUSY);
    char *refused = client_ask(f, login);
    assert_int_equal(answer_status(refused), 503);
    assert_string_equal(answer_field(refused, "Retry-After"), "1");
    assert_int_equal(metric_value(M_LOGIN_BUSY), busy + 1);
    mem_free(refused);
    gate_open(&hash_gate);
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++) {
        char *answer = client_read_answer(waiting[i]);
        assert_int_equal(answer_status(answer), 401);
        mem_free(answer);
        close(waiting[i]);
    }
}

/* ---- Whatever comes ---- */

/* Good requests with some bytes changed, cut or doubled: the server lives and says so. */
static void test_mangled_requests(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    static const char good[] =
        "POST /api/login HTTP/1.1\r\nHost: a\r\nCookie: parley_session=x.y.z; a=b\r\n"
        "Origin: http://a\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nAccept-Encoding: gzip;q=0.5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n21\r\n{\"email\":\"a@b\",\"password\":\"abcd\"}\r\n0\r\n"
        "\r\nGET /api/message/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct rand_seeded random;
    rand_seed(&random, 7);
    for (int i = 0; i < 400; i++) {
        char request[sizeof good];
        memcpy(request, good, sizeof good);
        for (uint64_t k = rand_next_below(&random, 4); k-- > 0;)
            request[rand_next_below(&random, sizeof good - 1)] =
                (char)rand_next_below(&random, 256);
        int fd = client_connect(f);
        client_send_bytes(fd, request, rand_next_below(&random, sizeof good));
        if (rand_next_below(&random, 2) == 0) {
            shutdown(fd, SHUT_WR);
            mem_free(client_read_answer(fd));
        }
        close(fd);
    }
    char *answer = client_ask(f, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer_status(answer), 200);
    mem_free(answer);
}

#define RUN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_pages),   RUN(test_probes_only),       RUN(test_listed_origins),
        RUN(test_metrics), RUN(test_full_hashing_pool), RUN(test_mangled_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
