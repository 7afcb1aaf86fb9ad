#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/rand.h"
#include "wire/frame.h"

#define ID_LAST ((UINT64_C(1) << 53) - 1)

static struct buf out;

static int fresh(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

/* What is in `out` as jansson reads it. */
static json_t *parsed(void)
{
    json_t *j =
        json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    if (j == NULL || out.failed)
        fail_msg("not JSON: %.*s", (int)out.n, out.p);
    return j;
}

static void assert_text(const char *expected)
{
    if (!str_eq(buf_str(&out), str_of(expected)))
        fail_msg("%.*s\nis not\n%s", (int)out.n, out.p, expected);
    json_decref(parsed());
    buf_clear(&out);
}

static void assert_string(const json_t *object, const char *key, struct str expected)
{
    const json_t *j = json_object_get(object, key);
    assert_true(json_is_string(j));
    assert_int_equal(json_string_length(j), expected.n);
    if (expected.n > 0)
        assert_memory_equal(json_string_value(j), expected.p, expected.n);
}

static void assert_number(const json_t *object, const char *key, uint64_t expected)
{
    const json_t *j = json_object_get(object, key);
    assert_true(json_is_integer(j));
    assert_true((uint64_t)json_integer_value(j) == expected);
}

static struct uuid uuid_of(const char *text)
{
    struct uuid u;
    assert_true(uuid_from_text(str_of(text), &u));
    return u;
}

static struct frame_post post_of(struct str content)
{
    return (struct frame_post){
        .channel = uuid_of("0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e"),
        .user = uuid_of("11111111-2222-4333-8444-555555555555"),
        .message_id = 1234567890123456,
        .seq = 42,
        .prev_seq = 40,
        .created_us = INT64_C(1795515346123456),
        .content = content,
        .username = STR("bob"),
    };
}

static void a_message_to_the_letter(void **state)
{
    (void)state;
    struct frame_post p = post_of(STR("hi"));
    frame_put_post(&out, &p);
    assert_text("{\"channel_id\":\"0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e\","
                "\"message_id\":1234567890123456,\"content\":\"hi\","
                "\"user_id\":\"11111111-2222-4333-8444-555555555555\",\"username\":\"bob\","
                "\"created_at\":\"2026-11-24T10:15:46.123Z\",\"seq\":42,\"prev_seq\":40}");
}

static void a_reply_with_everything(void **state)
{
    (void)state;
    struct frame_post p = post_of(STR("hi"));
    p.reply_id = ID_LAST;
    p.client_msg_id = STR("c-1");
    p.has_reply_count = true;
    p.prev_seq = 0;
    frame_put_post(&out, &p);
    assert_text("{\"channel_id\":\"0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e\","
                "\"message_id\":1234567890123456,\"reply_id\":9007199254740991,\"content\":\"hi\","
                "\"user_id\":\"11111111-2222-4333-8444-555555555555\",\"username\":\"bob\","
                "\"created_at\":\"2026-11-24T10:15:46.123Z\",\"seq\":42,\"prev_seq\":0,"
                "\"client_msg_id\":\"c-1\",\"reply_count\":0}");
}

static void a_channel_has_microseconds(void **state)
{
    (void)state;
    struct uuid id = uuid_of("0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e");
    struct uuid owner = uuid_of("11111111-2222-4333-8444-555555555555");
    frame_put_channel(&out, &id, STR("g\"eneral"), &owner, INT64_C(1795515346000001));
    assert_text("{\"id\":\"0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e\",\"name\":\"g\\\"eneral\","
                "\"user_id\":\"11111111-2222-4333-8444-555555555555\","
                "\"created_at\":\"2026-11-24T10:15:46.000001Z\"}");
}

static void heads_of_frames(void **state)
{
    (void)state;
    frame_put_success(&out, "Message", STR_NONE, "", "send message successfully");
    buf_puts(&out, "{}}");
    assert_text("{\"action\":\"Message\",\"status\":\"success\","
                "\"message\":\"send message successfully\",\"data\":{}}");
    frame_put_success(&out, "Ack", STR("\"r\\u0031\""), "duplicate", "create message successfully");
    buf_puts(&out, "{}}");
    assert_text("{\"action\":\"Ack\",\"ref\":\"r\\u0031\",\"duplicate\":true,"
                "\"status\":\"success\",\"message\":\"create message successfully\",\"data\":{}}");
    frame_put_success(&out, "Message", STR("-1.5e3"), "replay", "");
    buf_puts(&out, "{}}");
    assert_text("{\"action\":\"Message\",\"ref\":-1.5e3,\"replay\":true,\"status\":\"success\","
                "\"message\":\"\",\"data\":{}}");
}

static void refusals(void **state)
{
    (void)state;
    frame_put_fail(&out, STR("7"), "rate_limited", "Too \"many\"\n", 1500);
    assert_text("{\"action\":\"Fail\",\"ref\":7,\"status\":\"fail\","
                "\"message\":\"Too \\\"many\\\"\\n\",\"code\":\"rate_limited\","
                "\"retry_after_ms\":1500,\"data\":{}}");
    frame_put_fail(&out, STR_NONE, "not_found", "Not found", 0);
    assert_text("{\"action\":\"Fail\",\"status\":\"fail\",\"message\":\"Not found\","
                "\"code\":\"not_found\",\"data\":{}}");
}

static void values(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 9, 10, 99, 100, 1234567890, ID_LAST, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%" PRIu64, numbers[i]);
        json_put_u64(&out, numbers[i]);
        assert_true(str_eq(buf_str(&out), str_of(expected)));
        buf_clear(&out);
    }
    struct uuid u = uuid_of("0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e");
    json_put_uuid(&out, &u);
    assert_text("\"0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e\"");
    json_put_time(&out, 0, 0);
    assert_text("\"1970-01-01T00:00:00Z\"");
    json_put_time(&out, INT64_MAX, 6);
    assert_text("\"9999-12-31T23:59:59.999999Z\"");
}

/* Every character that has an escape, at every place of the eight-byte steps. */
static void strings_with_one_escape(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 20; n++)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 128; c++) {
                char text[20];
                memset(text, 'a', n);
                text[at] = (char)c;
                json_put_string(&out, (struct str){text, n});
                json_t *j = parsed();
                assert_int_equal(json_string_length(j), n);
                assert_memory_equal(json_string_value(j), text, n);
                json_decref(j);
                buf_clear(&out);
            }
    json_put_string(&out, STR("\b\t\n\f\r\"\\/\x01\x1F\x7F"));
    assert_text("\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7F\"");
    json_put_string(&out, STR_NONE);
    assert_text("\"\"");
}

static void draw_text(struct rand_seeded *r, char *text, size_t *n)
{
    static const char *const pieces[] = {"a",        "plain words ", "\"",
                                         "\\",       "\n",           "\x01",
                                         "\xC3\xA9", "\xE4\xBD\xA0", "\xF0\x9F\x98\x80",
                                         "</script>"};
    *n = 0;
    for (uint64_t k = rand_next_below(r, 30); k > 0; k--) {
        const char *piece = pieces[rand_next_below(r, 10)];
        memcpy(text + *n, piece, strlen(piece));
        *n += strlen(piece);
    }
    if (rand_next_below(r, 4) == 0)
        text[(*n)++] = '\0';
}

static void drawn_posts_come_back(void **state)
{
    (void)state;
    struct rand_seeded r;
    rand_seed(&r, 8);
    for (int i = 0; i < 20000; i++) {
        char content[400], name[400];
        struct frame_post p = post_of(STR_NONE);
        draw_text(&r, content, &p.content.n);
        draw_text(&r, name, &p.username.n);
        p.content.p = content;
        p.username.p = name;
        p.message_id = rand_next(&r) >> (11 + rand_next_below(&r, 50));
        p.reply_id = i % 2 ? rand_next(&r) >> 11 : 0;
        p.seq = rand_next(&r) >> (11 + rand_next_below(&r, 50));
        p.prev_seq = p.seq / 2;
        p.has_reply_count = i % 3 == 0;
        p.reply_count = (uint64_t)i;
        frame_put_success(&out, "Message", STR_NONE, i % 5 ? "" : "replay", "m");
        frame_put_post(&out, &p);
        buf_putc(&out, '}');
        json_t *j = parsed(), *data = json_object_get(j, "data");
        assert_string(data, "content", p.content);
        assert_string(data, "username", p.username);
        assert_number(data, "message_id", p.message_id);
        assert_number(data, "seq", p.seq);
        assert_number(data, "prev_seq", p.prev_seq);
        if (p.reply_id != 0)
            assert_number(data, "reply_id", p.reply_id);
        if (p.has_reply_count)
            assert_number(data, "reply_count", p.reply_count);
        assert_int_equal(json_object_size(data), 8 + (p.reply_id != 0) + p.has_reply_count);
        json_decref(j);
        buf_clear(&out);
    }
}

/* Where the buffer ends, whatever the place, it fails and keeps to its limit. */
static void a_full_buffer_fails(void **state)
{
    (void)state;
    struct frame_post p = post_of(STR("some \"escaped\" content\n"));
    p.client_msg_id = STR("c");
    frame_put_post(&out, &p);
    size_t whole = out.n;
    for (size_t max = 0; max <= whole; max++) {
        struct buf small;
        buf_init(&small, max);
        frame_put_post(&small, &p);
        assert_int_equal(small.failed, max < whole);
        assert_true(small.n <= max);
        buf_fini(&small);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, drop)
    const struct CMUnitTest tests[] = {
        TEST(a_message_to_the_letter),
        TEST(a_reply_with_everything),
        TEST(a_channel_has_microseconds),
        TEST(heads_of_frames),
        TEST(refusals),
        TEST(values),
        TEST(strings_with_one_escape),
        TEST(drawn_posts_come_back),
        TEST(a_full_buffer_fails),
    };
    return cmocka_run_group_tests_name("wire/frame", tests, NULL, NULL);
}
