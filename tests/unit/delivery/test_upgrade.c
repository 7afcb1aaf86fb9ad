/* The websocket handshake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "base/mem.h"
#include "fixture.h"

static int setup(void **state)
{
    static struct fixture f;
    static const char *const origins[] = {"https://listed.org"};
    fixture_init(&f);
    f.deps.origins = origins;
    fixture_start(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

/* RFC 6455 section 1.3's own key and answer. */
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPT  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define GET_WS  "GET /api/message/ws HTTP/1.1\r\nHost: chat.org\r\n"
#define UPGRADE "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define DEFLATE                                            \
    "Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n" \
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

/* Sends a handshake; it must be answered with 101 and the connection must be in other hands. */
static int shake_hands(struct fixture *f, const char *request, char **answer)
{
    int upgrades = f->upgrades, fd = client_connect(f);
    client_send(fd, request);
    *answer = client_read_answer(fd);
    assert_int_equal(answer_status(*answer), 101);
    char echo[4];
    client_send_bytes(fd, "ping", 4);
    assert_int_equal(recv(fd, echo, 4, MSG_WAITALL), 4);
    assert_memory_equal(echo, "ping", 4);
    assert_int_equal(f->upgrades, upgrades + 1);
    return fd;
}

static void test_plain(void **state)
{
    struct fixture *f = *state;
    char *answer;
    int fd = shake_hands(f, GET_WS UPGRADE VERSION KEY "\r\n", &answer);
    assert_string_equal(answer, "HTTP/1.1 101 Switching Protocols\r\n"
                                "Date: Tue, 24 Nov 2026 10:15:46 GMT\r\n"
                                "Vary: Origin\r\n"
                                "Upgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "\r\n");
    assert_false(f->deflate);
    assert_false(f->identified);
    assert_int_equal(f->n_early, 0);
    mem_free(answer);
    close(fd);
}

static void test_deflate(void **state)
{
    struct fixture *f = *state;
    char *answer;
    int fd = shake_hands(f, GET_WS UPGRADE VERSION KEY DEFLATE "\r\n", &answer);
    const char *agreed = answer_field(answer, "Sec-WebSocket-Extensions");
    assert_memory_equal(agreed, "permessage-deflate", 18);
    assert_non_null(strstr(agreed, "server_no_context_takeover"));
    assert_non_null(strstr(agreed, "client_no_context_takeover"));
    assert_true(f->deflate);
    mem_free(answer);
    close(fd);
}

/* What follows the handshake in the same segment belongs to the websocket. */
static void test_early_bytes(void **state)
{
    struct fixture *f = *state;
    int fd = client_connect(f);
    client_send(fd, GET_WS UPGRADE VERSION KEY "\r\nearly bytes");
    char *answer = client_read_answer(fd), echo[11];
    assert_int_equal(answer_status(answer), 101);
    assert_int_equal(recv(fd, echo, 11, MSG_WAITALL), 11);
    assert_memory_equal(f->early, "early bytes", 11);
    assert_int_equal(f->n_early, 11);
    mem_free(answer);
    close(fd);
}

/* The handshake may come behind other requests, one of them with a worker. */
static void test_behind_other_requests(void **state)
{
    struct fixture *f = *state;
    char requests[4096];
    snprintf(
        requests, sizeof requests,
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /api/channel HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n" GET_WS UPGRADE
            VERSION KEY "\r\nearly",
        fixture_token(f, &fixture_ada, "ada"));
    int fd = client_connect(f);
    client_send(fd, requests);
    static const int statuses[] = {200, 200, 101};
    for (size_t i = 0; i < 3; i++) {
        char *answer = client_read_answer(fd);
        assert_int_equal(answer_status(answer), statuses[i]);
        mem_free(answer);
    }
    char echo[9];
    assert_int_equal(recv(fd, echo, 5, MSG_WAITALL), 5);
    client_send_bytes(fd, "more", 4);
    assert_int_equal(recv(fd, echo, 4, MSG_WAITALL), 4);
    assert_memory_equal(echo, "more", 4);
    close(fd);
}

/* ---- Refusals: the connection stays with HTTP ---- */

#define BAD_KEY "The Sec-WebSocket-Key is missing or malformed"

static const struct refusal {
    const char *request;
    int status;
    const char *message;
} refusals[] = {
    {GET_WS "\r\n", 426, "This is a websocket: ask for it with an upgrade"},
    {GET_WS "Upgrade: websocket\r\n" VERSION KEY "\r\n", 426,
     "This is a websocket: ask for it with an upgrade"},
    {GET_WS "Connection: Upgrade\r\nUpgrade: h2c\r\n" VERSION KEY "\r\n", 426,
     "This is a websocket: ask for it with an upgrade"},
    {"GET /api/message/ws HTTP/1.0\r\nHost: a\r\n" UPGRADE VERSION KEY "\r\n", 426,
     "This is a websocket: ask for it with an upgrade"},
    {GET_WS UPGRADE KEY "\r\n", 426, "The websocket version should be 13"},
    {GET_WS UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426,
     "The websocket version should be 13"},
    {GET_WS UPGRADE VERSION "\r\n", 400, BAD_KEY},
    {GET_WS UPGRADE VERSION "Sec-WebSocket-Key: short\r\n\r\n", 400, BAD_KEY},
    {GET_WS UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n\r\n", 400, BAD_KEY},
    {"POST /api/message/ws HTTP/1.1\r\nHost: a\r\n" UPGRADE VERSION KEY "\r\n", 405,
     "This method is not allowed here"},
};

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char expected[256], *answer = client_ask(f, refusals[i].request);
        snprintf(expected, sizeof expected,
                 "{\"status\":\"fail\",\"message\":\"%s\",\"code\":\"bad_request\"}",
                 refusals[i].message);
        assert_int_equal(answer_status(answer), refusals[i].status);
        assert_string_equal(answer_body(answer), expected);
        bool names_it = refusals[i].status == 426;
        assert_string_equal(answer_field(answer, "Sec-WebSocket-Version"), names_it ? "13" : "");
        assert_string_equal(answer_field(answer, "Upgrade"), names_it ? "websocket" : "");
        mem_free(answer);
    }
    assert_int_equal(f->upgrades, 0);
}

/* An upgrade elsewhere is not followed: the request is answered as it is. */
static void test_elsewhere(void **state)
{
    char *answer =
        client_ask(*state, "GET /healthz HTTP/1.1\r\nHost: a\r\n" UPGRADE VERSION KEY "\r\n");
    assert_int_equal(answer_status(answer), 200);
    mem_free(answer);
}

/* ---- Who is it ---- */

static void test_identity(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *origin;
        bool good_token, identified;
    } cases[] = {
        {"Origin: http://chat.org\r\n", true, true},
        {"Sec-Fetch-Site: same-origin\r\n", true, true},
        {"Origin: https://listed.org\r\n", true, true},
        {"Origin: https://evil.org\r\n", true, false}, /* ignored, not fatal */
        {"Origin: https://chat.org\r\n", true, false},
        {"Origin: null\r\n", true, false},
        {"", true, false},
        {"Origin: http://chat.org\r\n", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[4096], *answer;
        snprintf(request, sizeof request,
                 GET_WS UPGRADE VERSION KEY "%sCookie: x=y; parley_session=%s\r\n\r\n",
                 cases[i].origin,
                 cases[i].good_token ? fixture_token(f, &fixture_ada, "ada") : "x.y.z");
        int fd = shake_hands(f, request, &answer);
        assert_int_equal(f->identified, cases[i].identified);
        if (cases[i].identified)
            assert_true(uuid_eq(&f->user, &fixture_ada));
        mem_free(answer);
        close(fd);
    }
}

/* A token in the header is none of a browser's; the first frame is the place for it. */
static void test_header_is_no_identity(void **state)
{
    struct fixture *f = *state;
    char request[4096], *answer;
    snprintf(request, sizeof request, GET_WS UPGRADE VERSION KEY "Authorization: Bearer %s\r\n\r\n",
             fixture_token(f, &fixture_ada, "ada"));
    int fd = shake_hands(f, request, &answer);
    assert_false(f->identified);
    mem_free(answer);
    close(fd);
}

/* While the node drains handshakes are handed over: the websocket says when to come back. */
static void test_drain(void **state)
{
    struct fixture *f = *state;
    http_edge_drain(f->edge);
    char *answer;
    int fd = shake_hands(f, GET_WS UPGRADE VERSION KEY "\r\n", &answer);
    mem_free(answer);
    close(fd);
}

#define RUN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_plain),       RUN(test_deflate),
        RUN(test_early_bytes), RUN(test_behind_other_requests),
        RUN(test_refusals),    RUN(test_elsewhere),
        RUN(test_identity),    RUN(test_header_is_no_identity),
        RUN(test_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
