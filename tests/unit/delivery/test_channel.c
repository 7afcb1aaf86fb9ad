/* Channels over HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "kit.h"

#define UNKNOWN "{\"channel_id\":\"00000000-0000-4000-8000-000000000000\"}"

static void test_create_and_list(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    kit_done(k, "ada", "GET", "/api/channel", NULL, "get channel successfully");
    kit_data(k, "[]");
    kit_done(k, "ada", "GET", "/api/user/channel", NULL, "get user channels successfully");
    kit_data(k, "[]");
    kit_done(k, "ada", "POST", "/api/channel", "{\"name\":\"\\\"a\\\" \\ud83d\\ude80\"}",
             "create channel successfully");
    kit_data(k, "{\"id\":\"<uuid>\",\"name\":\"\\\"a\\\" \\ud83d\\ude80\",\"user_id\":\"$ada\","
                "\"created_at\":\"<time6>\"}");
    kit_save(k, "c", "id");
    kit_done(k, "ada", "POST", "/api/channel", "{\"name\":\"b\",\"user_id\":\"x\"}",
             "create channel successfully");
    kit_save(k, "d", "id");
    kit_done(k, "ada", "GET", "/api/channel", NULL, "get channel successfully");
    kit_data(k, "[{\"id\":\"$c\",\"name\":\"\\\"a\\\" \\ud83d\\ude80\",\"user_id\":\"$ada\","
                "\"created_at\":\"<time6>\"},"
                "{\"id\":\"$d\",\"name\":\"b\",\"user_id\":\"$ada\",\"created_at\":\"<time6>\"}]");
    kit_done(k, "ada", "GET", "/api/user/channel", NULL, "get user channels successfully");
    kit_data(k, "[{\"id\":\"$c\",\"name\":\"\\\"a\\\" \\ud83d\\ude80\",\"user_id\":\"$ada\","
                "\"created_at\":\"<time6>\",\"head_seq\":0,\"read_seq\":0,\"unread\":0},"
                "{\"id\":\"$d\",\"name\":\"b\",\"user_id\":\"$ada\",\"created_at\":\"<time6>\","
                "\"head_seq\":0,\"read_seq\":0,\"unread\":0}]");
}

static void channel_of_ada(struct kit *k)
{
    kit_user(k, "ada");
    kit_user(k, "bob");
    kit_done(k, "ada", "POST", "/api/channel", "{\"name\":\"engines\"}",
             "create channel successfully");
    kit_save(k, "c", "id");
}

static void test_join_and_leave(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    kit_done(k, "bob", "POST", "/api/channel/join", "{\"channel_id\":\"$c\"}",
             "user join channel successfully");
    assert_string_equal(answer_body(k->answer),
                        "{\"status\":\"success\",\"message\":\"user join channel successfully\"}");
    kit_refused(k, "bob", "POST", "/api/channel/join", "{\"channel_id\":\"$c\"}", 409, "conflict",
                "This Field userid_channelid_pkey is used");
    kit_done(k, "bob", "POST", "/api/channel/leave", "{\"channel_id\":\"$c\"}",
             "user leave channel successfully");
    kit_refused(k, "bob", "POST", "/api/channel/leave", "{\"channel_id\":\"$c\"}", 404, "not_found",
                "Not a member of this channel");
    kit_done(k, "bob", "POST", "/api/channel/join", "{\"channel_id\":\"$c\"}",
             "user join channel successfully");
}

static void test_members(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    struct uuid ada;
    kit_done(k, "ada", "GET", "/api/me", NULL, "get user successfully");
    json_t *id = json_object_get(json_object_get(k->json, "data"), "id");
    assert_true(uuid_from_text(str_of(json_string_value(id)), &ada));
    k->f.notifier.online = ada;
    kit_refused(k, "bob", "GET", "/api/channel/member?channel_id=$c", NULL, 403, "forbidden",
                "Not a member of this channel");
    kit_done(k, "bob", "POST", "/api/channel/join", "{\"channel_id\":\"$c\"}",
             "user join channel successfully");
    kit_done(k, "bob", "GET", "/api/channel/member?channel_id=$c", NULL,
             "get channel members successfully");
    kit_data(k, "[{\"id\":\"$ada\",\"name\":\"ada\",\"online\":true},"
                "{\"id\":\"$bob\",\"name\":\"bob\",\"online\":false}]");
}

static void test_read(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    kit_done(k, "bob", "POST", "/api/channel/join", "{\"channel_id\":\"$c\"}",
             "user join channel successfully");
    for (int i = 0; i < 3; i++) {
        kit_done(k, "ada", "POST", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"x\"}",
                 "create message successfully");
        kit_save(k, i == 1 ? "second" : "last", "seq");
    }
    kit_done(k, "bob", "POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":$second}",
             "read channel successfully");
    kit_data(k, "{\"channel_id\":\"$c\",\"read_seq\":$second}");
    assert_int_equal(k->f.notifier.reads, 1);
    kit_done(k, "bob", "GET", "/api/user/channel", NULL, "get user channels successfully");
    kit_data(k,
             "[{\"id\":\"$c\",\"name\":\"engines\",\"user_id\":\"$ada\",\"created_at\":\"<time6>\","
             "\"head_seq\":$last,\"read_seq\":$second,\"unread\":1}]");
    kit_done(k, "bob", "POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":0}",
             "read channel successfully");
    kit_data(k, "{\"channel_id\":\"$c\",\"read_seq\":$second}");
    assert_int_equal(k->f.notifier.reads, 1); /* it did not move */
    kit_done(k, "bob", "POST", "/api/channel/read",
             "{\"channel_id\":\"$c\",\"seq\":9007199254740991}", "read channel successfully");
    kit_data(k, "{\"channel_id\":\"$c\",\"read_seq\":$last}");
}

static const struct refusal {
    const char *method, *path, *body;
    int status;
    const char *code, *message;
} refusals[] = {
    {"POST", "/api/channel", "{}", 400, "bad_request", "The Field: name is required"},
    {"POST", "/api/channel", "{\"name\":\"\"}", 400, "bad_request", "The Field: name is required"},
    {"POST", "/api/channel", "{\"name\":7}", 400, "bad_request",
     "The Field: name should be string"},
    {"POST", "/api/channel", "{\"name\":\"a\\u0000b\"}", 400, "bad_request",
     "The Field: name should be 1 to 80 characters that can be seen"},
    {"POST", "/api/channel/join", "{}", 400, "bad_request", "The Field: channelid is required"},
    {"POST", "/api/channel/join", "{\"channel_id\":null}", 400, "bad_request",
     "The Field: channelid is required"},
    {"POST", "/api/channel/join", "{\"channel_id\":5}", 400, "bad_request",
     "The Field: channel_id should be string"},
    {"POST", "/api/channel/join", "{\"channel_id\":\"five\"}", 400, "bad_request",
     "The Field: channel_id should be a UUID"},
    {"POST", "/api/channel/join", UNKNOWN, 404, "not_found", "There is no such channel"},
    {"POST", "/api/channel/leave", "{}", 400, "bad_request", "The Field: channelid is required"},
    {"POST", "/api/channel/leave", UNKNOWN, 404, "not_found", "There is no such channel"},
    {"GET", "/api/channel/member", NULL, 400, "bad_request", "The Field: channelid is required"},
    {"GET", "/api/channel/member?channel_id=", NULL, 400, "bad_request",
     "The Field: channelid is required"},
    {"GET", "/api/channel/member?channel_id=x", NULL, 400, "bad_request",
     "The Field: channel_id should be a UUID"},
    {"GET", "/api/channel/member?channel_id=00000000-0000-4000-8000-000000000000", NULL, 404,
     "not_found", "There is no such channel"},
    {"POST", "/api/channel/read", "{}", 400, "bad_request",
     "The Field: channelid, seq is required"},
    {"POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":\"x\"}", 400, "bad_request",
     "The Field: seq should be number"},
    {"POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":1.5}", 400, "bad_request",
     "The Field: seq should be number"},
    {"POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":-1}", 400, "bad_request",
     "The Field: seq should be between 0 and 9007199254740991"},
    {"POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":9007199254740992}", 400,
     "bad_request", "The Field: seq should be between 0 and 9007199254740991"},
};

static void test_refusals(void **state)
{
    struct kit *k = *state;
    channel_of_ada(k);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        kit_refused(k, "ada", r->method, r->path, r->body, r->status, r->code, r->message);
    }
    kit_refused(k, "bob", "POST", "/api/channel/read", "{\"channel_id\":\"$c\",\"seq\":1}", 403,
                "forbidden", "Not a member of this channel");
}

/* Nobody gets at them without a token. */
static void test_tokens_are_needed(void **state)
{
    struct kit *k = *state;
    static const char *const paths[] = {"/api/channel", "/api/user/channel",
                                        "/api/channel/member?channel_id=x"};
    for (size_t i = 0; i < 3; i++)
        kit_refused(k, NULL, "GET", paths[i], NULL, 401, "unauthorized", "Not Get JWT claims");
    static const char *const posts[] = {"/api/channel", "/api/channel/join", "/api/channel/leave",
                                        "/api/channel/read"};
    for (size_t i = 0; i < 4; i++)
        kit_refused(k, NULL, "POST", posts[i], "{}", 401, "unauthorized", "Not Get JWT claims");
}

static void test_too_many_channels(void **state)
{
    struct kit *k = *state;
    k->f.limits.channels_per_connection = 1;
    kit_start(k);
    channel_of_ada(k);
    kit_refused(k, "ada", "POST", "/api/channel", "{\"name\":\"more\"}", 409, "conflict",
                "You are in as many channels as one may be; leave one first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_RUN(test_create_and_list),
        KIT_RUN(test_join_and_leave),
        KIT_RUN(test_members),
        KIT_RUN(test_read),
        KIT_RUN(test_refusals),
        KIT_RUN(test_tokens_are_needed),
        cmocka_unit_test_setup_teardown(test_too_many_channels, kit_setup_unstarted, kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
