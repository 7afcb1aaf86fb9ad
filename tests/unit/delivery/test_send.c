/* Sending without a websocket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "kit.h"
#include "telemetry/metrics.h"

static void channel_of_ada(struct kit *k)
{
    kit_user(k, "ada");
    kit_user(k, "bob");
    kit_done(k, "ada", "POST", "/api/channel", "{\"name\":\"engines\"}",
             "create channel successfully");
    kit_save(k, "c", "id");
}

static void test_message_and_reply(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    kit_done(k, "ada", "POST", "/api/message",
             "{\"channel_id\":\"$c\",\"content\":\"a \\\"b\\\"\\n\\u0000\\ud83d\\ude80\","
             "\"client_msg_id\":\"a.B_c:1-2\",\"user_id\":\"$bob\",\"username\":\"bob\"}",
             "create message successfully");
    kit_data(k,
             "{\"channel_id\":\"$c\",\"message_id\":\"<number>\","
             "\"content\":\"a \\\"b\\\"\\n\\u0000\\ud83d\\ude80\",\"user_id\":\"$ada\","
             "\"username\":\"ada\",\"created_at\":\"<time>\",\"seq\":\"<number>\",\"prev_seq\":0,"
             "\"client_msg_id\":\"a.B_c:1-2\"}");
    assert_null(json_object_get(k->json, "duplicate"));
    kit_save(k, "m", "message_id");
    kit_save(k, "seq", "seq");
    static const char *const ways[] = {"$m", "\"$m\""}; /* a number, a decimal string */
    for (size_t i = 0; i < 2; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"channel_id\":\"$c\",\"message_id\":%s,\"content\":\"r\"}",
                 ways[i]);
        kit_done(k, "ada", "POST", "/api/reply", body, "create reply successfully");
        kit_data(k, "{\"channel_id\":\"$c\",\"message_id\":$m,\"reply_id\":\"<number>\","
                    "\"content\":\"r\",\"user_id\":\"$ada\",\"username\":\"ada\","
                    "\"created_at\":\"<time>\",\"seq\":\"<number>\",\"prev_seq\":$seq}");
        kit_save(k, "seq", "seq");
    }
}

/* created_at is the time in the id, which the journal stamped. */
static void test_created_at(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    kit_done(k, "ada", "POST", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\"}",
             "create message successfully");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(k->json, "data"), "created_at")),
        "2026-11-24T10:15:46.123Z");
}

static void test_retry(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    static const char body[] =
        "{\"channel_id\":\"$c\",\"content\":\"once\",\"client_msg_id\":\"id-1\"}";
    kit_done(k, "ada", "POST", "/api/message", body, "create message successfully");
    json_t *first = json_deep_copy(json_object_get(k->json, "data"));
    int64_t duplicates = metric_value(M_DUPLICATES);
    kit_done(k, "ada", "POST", "/api/message", body, "create message successfully");
    assert_true(json_is_true(json_object_get(k->json, "duplicate")));
    assert_true(json_equal(json_object_get(k->json, "data"), first));
    assert_int_equal(metric_value(M_DUPLICATES), duplicates + 1);
    json_decref(first);
    kit_refused(k, "ada", "POST", "/api/message",
                "{\"channel_id\":\"$c\",\"content\":\"twice\",\"client_msg_id\":\"id-1\"}", 409,
                "conflict", "This client_msg_id was used with another content");
}

#define CLIENT_ID "The Field: client_msg_id should be 1 to 64 characters of A-Za-z0-9._:-"

static const struct refusal {
    const char *who, *path, *body;
    int status;
    const char *code, *message;
} refusals[] = {
    {NULL, "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\"}", 401, "unauthorized",
     "Not Get JWT claims"},
    {"ada", "/api/message", "{}", 400, "bad_request", "The Field: channelid, content is required"},
    {"ada", "/api/message", "{\"content\":\"x\"}", 400, "bad_request",
     "The Field: channelid is required"},
    {"ada", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"\"}", 400, "bad_request",
     "The Field: content is required"},
    {"ada", "/api/message", "{\"channel_id\":\"$c\",\"content\":5}", 400, "bad_request",
     "The Field: content should be string"},
    {"ada", "/api/message", "{\"channel_id\":\"x\",\"content\":\"x\"}", 400, "bad_request",
     "The Field: channel_id should be a UUID"},
    {"ada", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\",\"client_msg_id\":\"\"}", 400,
     "bad_request", CLIENT_ID},
    {"ada", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\",\"client_msg_id\":\"a b\"}",
     400, "bad_request", CLIENT_ID},
    {"ada", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\",\"client_msg_id\":5}", 400,
     "bad_request", "The Field: client_msg_id should be string"},
    {"ada", "/api/message",
     "{\"channel_id\":\"00000000-0000-4000-8000-000000000000\",\"content\":\"x\"}", 404,
     "not_found", "There is no such channel"},
    {"bob", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\"}", 403, "forbidden",
     "Not a member of this channel"},
    {"ada", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\"}", 400, "bad_request",
     "The Field: messageid is required"},
    {"ada", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\",\"message_id\":0}", 400,
     "bad_request", "The Field: messageid is required"},
    {"ada", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\",\"message_id\":\"x\"}", 400,
     "bad_request", "The Field: message_id should be number"},
    {"ada", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\",\"message_id\":[]}", 400,
     "bad_request", "The Field: message_id should be number"},
    {"ada", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\",\"message_id\":-5}", 400,
     "bad_request", "The Field: message_id should be between 1 and 9007199254740991"},
    {"ada", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\",\"message_id\":5}", 404,
     "not_found", "There is no such message"},
    {"bob", "/api/reply", "{\"channel_id\":\"$c\",\"content\":\"x\",\"message_id\":5}", 403,
     "forbidden", "Not a member of this channel"},
};

static void test_refusals(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        kit_refused(k, r->who, "POST", r->path, r->body, r->status, r->code, r->message);
    }
}

/* An optional field that is null is not there. */
static void test_null_is_absent(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    kit_done(k, "ada", "POST", "/api/message",
             "{\"channel_id\":\"$c\",\"content\":\"x\",\"client_msg_id\":null}",
             "create message successfully");
}

static void test_text_limits(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    struct buf body;
    buf_init(&body, 65536);
    buf_puts(&body, "{\"channel_id\":\"$c\",\"content\":\"");
    for (int i = 0; i < 8192; i++)
        buf_puts(&body, i % 2 == 0 ? "\\n" : "y"); /* escapes: more bytes of JSON than of text */
    buf_puts(&body, "\"}");
    buf_putc(&body, '\0');
    kit_done(k, "ada", "POST", "/api/message", body.p, "create message successfully");
    body.n -= 3;
    buf_puts(&body, "z\"}");
    buf_putc(&body, '\0');
    kit_refused(k, "ada", "POST", "/api/message", body.p, 413, "too_large",
                "A message may have at most 8192 bytes");
    buf_fini(&body);
}

static void test_too_fast(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    int status = 200;
    for (int i = 0; i < 200 && status == 200; i++)
        status =
            kit_ask(k, "ada", "POST", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\"}");
    kit_assert_fail(k, 429, "rate_limited", "Too many requests; wait a moment");
    assert_string_equal(answer_field(k->answer, "Retry-After"), "1");
}

static void test_disk_full(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    memory_store_refuse(k->store, true);
    kit_refused(k, "ada", "POST", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\"}", 503,
                "unavailable", "The service cannot do this right now; try again");
    memory_store_refuse(k->store, false);
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c", NULL, "get message successfully");
    kit_data(k, "{\"messages\":[],\"next_cursor\":\"\"}");
}

/* ---- Over a journal whose verdicts the test gives ---- */

static int judged_setup(void **state)
{
    static struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    *state = &f;
    return 0;
}

static int judged_teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

static const char *send_request(struct fixture *f)
{
    static char request[2048];
    static const char body[] = "{\"channel_id\":\"7d9f1a52-44c6-4f0b-b3a1-6c2e8d5b9f04\","
                               "\"content\":\"x\"}";
    snprintf(request, sizeof request,
             "POST /api/message HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             fixture_token(f, &fixture_ada, "ada"), strlen(body), body);
    return request;
}

static void test_every_verdict(void **state)
{
    struct fixture *f = *state;
    static const enum err verdicts[] = {ERR_UNAVAILABLE, ERR_UNKNOWN, ERR_CLIENT_ID_CONFLICT,
                                        ERR_MESSAGE_NOT_FOUND};
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        int fd = client_connect(f);
        client_send(fd, send_request(f));
        test_journal_judge(&f->journal, verdicts[i], false, 0, 0);
        char *answer = client_read_answer(fd), code[64];
        snprintf(code, sizeof code, "\"code\":\"%s\"", err_code(verdicts[i]));
        assert_int_equal(answer_status(answer), err_status(verdicts[i]));
        assert_non_null(strstr(answer_body(answer), code));
        mem_free(answer);
        close(fd);
    }
}

/* The client left before the journal spoke: the verdict finds nobody, and harms nobody. */
static void test_gone_before_the_verdict(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 10; i++) {
        int fd = client_connect(f);
        client_send(fd, send_request(f));
        while (http_edge_in_flight(f->edge) == 0)
            usleep(100);
        close(fd);
        test_journal_judge(&f->journal, ERR_OK, false, 7, 4096);
        while (http_edge_in_flight(f->edge) != 0)
            usleep(100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_RUN(test_message_and_reply),
        KIT_RUN(test_created_at),
        KIT_RUN(test_retry),
        KIT_RUN(test_refusals),
        KIT_RUN(test_null_is_absent),
        KIT_RUN(test_text_limits),
        KIT_RUN(test_too_fast),
        KIT_RUN(test_disk_full),
        cmocka_unit_test_setup_teardown(test_every_verdict, judged_setup, judged_teardown),
        cmocka_unit_test_setup_teardown(test_gone_before_the_verdict, judged_setup,
                                        judged_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
