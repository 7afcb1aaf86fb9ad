/* Reading messages and replies in pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "kit.h"

/* ada's channel with 12 messages "m0".."m11", and 11 replies to the first; bob is outside. */
static void history_of_ada(struct kit *k)
{
    k->f.limits.messages_per_s = 0;
    kit_start(k);
    kit_user(k, "ada");
    kit_user(k, "bob");
    kit_done(k, "ada", "POST", "/api/channel", "{\"name\":\"engines\"}",
             "create channel successfully");
    kit_save(k, "c", "id");
    for (int i = 0; i < 12; i++) {
        char body[128];
        snprintf(body, sizeof body,
                 "{\"channel_id\":\"$c\",\"content\":\"m%d\",\"client_msg_id\":\"id-%d\"}", i, i);
        kit_done(k, "ada", "POST", "/api/message", body, "create message successfully");
        if (i == 0)
            kit_save(k, "m", "message_id");
        kit_save(k,
                 i == 0   ? "first_seq"
                 : i == 1 ? "second"
                          : "last",
                 i == 1 ? "message_id" : "seq");
    }
    for (int i = 0; i < 11; i++) {
        char body[128];
        snprintf(body, sizeof body,
                 "{\"channel_id\":\"$c\",\"message_id\":\"$m\",\"content\":\"r%d\"}", i);
        kit_done(k, "ada", "POST", "/api/reply", body, "create reply successfully");
    }
}

static json_t *rows(struct kit *k, const char *name)
{
    return json_object_get(json_object_get(k->json, "data"), name);
}

/* The rows of the last page say "<letter><from>", counting down or up. */
static void assert_rows(struct kit *k, const char *name, char letter, int from, int step, size_t n)
{
    assert_int_equal(json_array_size(rows(k, name)), n);
    for (size_t i = 0; i < n; i++) {
        char content[16];
        json_t *row = json_array_get(rows(k, name), i);
        snprintf(content, sizeof content, "%c%d", letter, from + step * (int)i);
        assert_string_equal(json_string_value(json_object_get(row, "content")), content);
    }
}

static void test_messages_newest_first(void **state)
{
    struct kit *k = *state;
    history_of_ada(k);
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c", NULL, "get message successfully");
    assert_rows(k, "messages", 'm', 11, -1, 10);
    kit_save(k, "cursor", "next_cursor");
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c&cursor=$cursor", NULL,
             "get message successfully");
    kit_data(k, "{\"messages\":["
                "{\"channel_id\":\"$c\",\"message_id\":$second,\"content\":\"m1\","
                "\"user_id\":\"$ada\",\"username\":\"ada\",\"created_at\":\"<time>\","
                "\"seq\":\"<number>\",\"prev_seq\":$first_seq,\"client_msg_id\":\"id-1\","
                "\"reply_count\":0},"
                "{\"channel_id\":\"$c\",\"message_id\":$m,\"content\":\"m0\","
                "\"user_id\":\"$ada\",\"username\":\"ada\",\"created_at\":\"<time>\","
                "\"seq\":$first_seq,\"prev_seq\":0,\"client_msg_id\":\"id-0\","
                "\"reply_count\":11}],\"next_cursor\":\"\"}");
}

/* A cursor is base64: its "=" arrives encoded or not, or not at all. */
static void test_cursors_survive(void **state)
{
    struct kit *k = *state;
    history_of_ada(k);
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c&limit=5", NULL,
             "get message successfully");
    kit_save(k, "cursor", "next_cursor");
    char encoded[256] = "";
    size_t n = 0;
    for (const char *p = json_string_value(rows(k, "next_cursor")); *p != '\0'; p++)
        n += (size_t)snprintf(encoded + n, sizeof encoded - n, "%%%02X", (unsigned)*p);
    kit_set(k, "encoded", encoded);
    kit_done(k, "ada", "GET", "/api/message?cursor=$encoded&channel_id=$c&limit=5", NULL,
             "get message successfully");
    assert_rows(k, "messages", 'm', 6, -1, 5);
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c&cursor=", NULL,
             "get message successfully");
    assert_rows(k, "messages", 'm', 11, -1, 10);
}

static void test_replies(void **state)
{
    struct kit *k = *state;
    history_of_ada(k);
    kit_done(k, "ada", "GET", "/api/reply?message_id=$m", NULL, "get reply successfully");
    assert_rows(k, "replies", 'r', 10, -1, 10);
    kit_save(k, "cursor", "next_cursor");
    kit_done(k, "ada", "GET", "/api/reply?message_id=$m&cursor=$cursor", NULL,
             "get reply successfully");
    kit_data(k, "{\"replies\":[{\"channel_id\":\"$c\",\"message_id\":$m,"
                "\"reply_id\":\"<number>\",\"content\":\"r0\",\"user_id\":\"$ada\","
                "\"username\":\"ada\",\"created_at\":\"<time>\",\"seq\":\"<number>\","
                "\"prev_seq\":$last}],\"next_cursor\":\"\"}");
}

/* What followed a position, replies among it, oldest first. */
static void test_after(void **state)
{
    struct kit *k = *state;
    history_of_ada(k);
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c&after=0&limit=12", NULL,
             "get message successfully");
    assert_rows(k, "messages", 'm', 0, 1, 12);
    assert_null(rows(k, "next_cursor"));
    kit_save(k, "after", "next_after");
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c&after=$after&limit=100", NULL,
             "get message successfully");
    assert_rows(k, "messages", 'r', 0, 1, 11);
    assert_null(rows(k, "next_after"));
    json_t *reply = json_array_get(rows(k, "messages"), 0);
    assert_true(json_is_integer(json_object_get(reply, "reply_id")));
    assert_null(json_object_get(reply, "reply_count"));
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c&after=9007199254740991", NULL,
             "get message successfully");
    kit_data(k, "{\"messages\":[]}");
}

static void test_empty(void **state)
{
    struct kit *k = *state;
    kit_start(k);
    kit_user(k, "ada");
    kit_done(k, "ada", "POST", "/api/channel", "{\"name\":\"new\"}", "create channel successfully");
    kit_save(k, "c", "id");
    kit_done(k, "ada", "GET", "/api/message?channel_id=$c", NULL, "get message successfully");
    assert_string_equal(answer_body(k->answer),
                        "{\"status\":\"success\",\"message\":\"get message successfully\","
                        "\"data\":{\"messages\":[],\"next_cursor\":\"\"}}");
}

#define NOT_GIVEN_OUT "The Field: cursor is none that was given out"
#define NO_LIMIT      "The Field: limit should be between 1 and 100"

static const struct refusal {
    const char *who, *path;
    int status;
    const char *code, *message;
} refusals[] = {
    {NULL, "/api/message?channel_id=$c", 401, "unauthorized", "Not Get JWT claims"},
    {NULL, "/api/reply?message_id=$m", 401, "unauthorized", "Not Get JWT claims"},
    {"ada", "/api/message", 400, "bad_request", "The Field: channelid is required"},
    {"ada", "/api/message?channel_id=", 400, "bad_request", "The Field: channelid is required"},
    {"ada", "/api/message?channel_id=x", 400, "bad_request",
     "The Field: channel_id should be a UUID"},
    {"ada", "/api/message?channel_id=%zz", 400, "bad_request", "The request target is malformed"},
    {"ada", "/api/message?channel_id=00000000-0000-4000-8000-000000000000", 404, "not_found",
     "There is no such channel"},
    {"ada", "/api/message?channel_id=$c&cursor=x", 400, "bad_request", NOT_GIVEN_OUT},
    {"ada", "/api/message?channel_id=$c&cursor=eydyZXBseV9pZCc6IDV9", 400, "bad_request",
     NOT_GIVEN_OUT}, /* {'reply_id': 5} */
    {"ada", "/api/message?channel_id=$c&limit=0", 400, "bad_request", NO_LIMIT},
    {"ada", "/api/message?channel_id=$c&limit=101", 400, "bad_request", NO_LIMIT},
    {"ada", "/api/message?channel_id=$c&limit=99999999999999999999", 400, "bad_request",
     "The Field: limit should be number"},
    {"ada", "/api/message?channel_id=$c&limit=", 400, "bad_request",
     "The Field: limit should be number"},
    {"ada", "/api/message?channel_id=$c&after=-1", 400, "bad_request",
     "The Field: after should be number"},
    {"ada", "/api/message?channel_id=$c&after=1&cursor=x", 400, "bad_request",
     "Give either cursor or after, not both"},
    {"ada", "/api/reply", 400, "bad_request", "The Field: messageid is required"},
    {"ada", "/api/reply?message_id=x", 400, "bad_request",
     "The Field: message_id should be number"},
    {"ada", "/api/reply?message_id=0", 400, "bad_request",
     "The Field: message_id should be between 1 and 9007199254740991"},
    {"ada", "/api/reply?message_id=5", 404, "not_found", "There is no such message"},
    {"ada", "/api/reply?message_id=$m&limit=101", 400, "bad_request", NO_LIMIT},
    {"ada", "/api/reply?message_id=$m&cursor=eydtZXNzYWdlX2lkJzogNX0=", 400, "bad_request",
     NOT_GIVEN_OUT}, /* {'message_id': 5} */
    {"bob", "/api/message?channel_id=$c", 403, "forbidden", "Not a member of this channel"},
    {"bob", "/api/message?channel_id=$c&after=0", 403, "forbidden", "Not a member of this channel"},
    {"bob", "/api/reply?message_id=$m", 403, "forbidden", "Not a member of this channel"},
};

static void test_refusals(void **state)
{
    struct kit *k = *state;
    history_of_ada(k);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        kit_refused(k, refusals[i].who, "GET", refusals[i].path, NULL, refusals[i].status,
                    refusals[i].code, refusals[i].message);
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, kit_setup_unstarted, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_messages_newest_first),
        RUN(test_cursors_survive),
        RUN(test_replies),
        RUN(test_after),
        RUN(test_empty),
        RUN(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
