/* Events as websocket frames: valid JSON, the right action, and data that can be cut out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "delivery/ws/conn.h"
#include "domain/id.h"
#include "wire/frame.h"

static const struct uuid channel = {{1, 2, 3}}, user = {{4, 5, 6}};

static struct event post_of(struct str content)
{
    uint64_t id = id_next(0, INT64_C(1700000000123), 0);
    return (struct event){
        .kind = EVENT_MESSAGE,
        .seq = 7,
        .prev_seq = 5,
        .id = id,
        .at_us = id_time_ms(id) * 1000,
        .channel = channel,
        .user = user,
        .username = STR("ada"),
        .content = content,
        .client_msg_id = STR("c-1"),
    };
}

/* The JSON of a frame whose head must say its true length. */
static json_t *parse_frame(const char *p, size_t n)
{
    assert_int_equal((unsigned char)p[0], 0x81);
    unsigned char length = (unsigned char)p[1];
    size_t head = length < 126 ? 2 : length == 126 ? 4 : 10, payload = 0;
    if (head == 2)
        payload = length;
    for (size_t i = 2; i < head; i++)
        payload = payload << 8 | (unsigned char)p[i];
    assert_int_equal(payload, n - head);
    assert_int_equal(ws_head_len(payload), head);
    json_t *root = json_loadb(p + head, payload, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    return root;
}

static const char *text_at(json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));
    return text == NULL ? "" : text;
}

static void check_post(struct str content)
{
    struct buf out;
    struct run_frame f = {.seq = 7};
    struct event e = post_of(content);
    buf_init(&out, 1 << 20);
    buf_puts(&out, "before"); /* frames are appended to others */
    ws_run_encoder.event(&e, RUN_PUSH, &out, &f);
    assert_int_equal(f.start, 6);
    assert_int_equal(f.end, out.n);
    json_t *root = parse_frame(out.p + f.start, f.end - f.start);
    assert_string_equal(text_at(root, "action"), "Message");
    assert_string_equal(text_at(root, "status"), "success");
    assert_string_equal(text_at(root, "message"), "send message successfully");
    json_t *data = json_object_get(root, "data");
    json_t *said = json_object_get(data, "content");
    assert_int_equal(json_string_length(said), content.n);
    assert_memory_equal(json_string_value(said), content.p, content.n);
    assert_int_equal(json_integer_value(json_object_get(data, "seq")), 7);
    assert_int_equal(json_integer_value(json_object_get(data, "prev_seq")), 5);
    assert_string_equal(text_at(data, "created_at"), "2023-11-14T22:13:20.123Z");
    assert_null(json_object_get(data, "reply_id"));

    /* what an ack is made of: the value of data, then the closing brace */
    json_t *cut = json_loadb(out.p + f.data, f.end - f.data - 1, JSON_ALLOW_NUL, NULL);
    assert_true(json_equal(cut, data));
    assert_int_equal(out.p[f.end - 1], '}');
    json_decref(cut);
    json_decref(root);
    buf_fini(&out);
}

static void test_post(void **state)
{
    (void)state;
    check_post(STR("hello"));
    check_post(STR("\"quoted\"\n\tand\\\0nul, \xF0\x9F\x98\x80"));
}

/* Heads of 2, 4 and 10 bytes. */
static void test_lengths(void **state)
{
    (void)state;
    static char text[40000];
    memset(text, 'x', sizeof text);
    check_post((struct str){text, 1});
    check_post((struct str){text, 8192});
    memset(text, 1, sizeof text); /* six bytes each when escaped */
    check_post((struct str){text, sizeof text});
}

static void test_reply(void **state)
{
    (void)state;
    struct buf out;
    struct run_frame f;
    struct event e = post_of(STR("yes"));
    e.kind = EVENT_REPLY;
    e.parent = 4711;
    buf_init(&out, 1 << 20);
    ws_run_encoder.event(&e, RUN_PUSH, &out, &f);
    json_t *root = parse_frame(out.p, out.n), *data = json_object_get(root, "data");
    assert_string_equal(text_at(root, "action"), "Reply");
    assert_int_equal(json_integer_value(json_object_get(data, "message_id")), 4711);
    assert_int_equal(json_integer_value(json_object_get(data, "reply_id")), (json_int_t)e.id);
    json_decref(root);
    buf_fini(&out);
}

static void test_membership(void **state)
{
    (void)state;
    struct buf out;
    struct run_frame f;
    struct event e = {
        .kind = EVENT_JOINED,
        .seq = 9,
        .prev_seq = 7,
        .channel = channel,
        .user = user,
        .username = STR("ada"),
        .channel_info = {channel, STR("general"), user, 1700000000123456},
    };
    buf_init(&out, 1 << 20);
    ws_run_encoder.event(&e, RUN_PUSH, &out, &f);
    json_t *root = parse_frame(out.p, out.n);
    assert_string_equal(text_at(root, "action"), "Joined");
    assert_null(json_object_get(json_object_get(root, "data"), "channel"));
    json_decref(root);
    buf_clear(&out);
    ws_run_encoder.event(&e, RUN_OWN, &out, &f);
    root = parse_frame(out.p, out.n);
    json_t *own = json_object_get(json_object_get(root, "data"), "channel");
    assert_string_equal(text_at(own, "name"), "general");
    assert_string_equal(text_at(own, "created_at"), "2023-11-14T22:13:20.123456Z");
    json_decref(root);
    buf_fini(&out);
}

static void test_notices(void **state)
{
    (void)state;
    struct user users[2] = {{.id = user, .name = STR("ada")}, {.id = channel, .name = STR("bob")}};
    struct bytes *frames[] = {
        ws_run_encoder.read(&channel, 12),
        ws_run_encoder.typing(&channel, &user, STR("a\"da")),
        ws_run_encoder.presence(&channel, users, 2, users, 0),
    };
    static const char *const actions[] = {"Read", "Typing", "Presence"};
    for (size_t i = 0; i < 3; i++) {
        json_t *root = parse_frame(frames[i]->data, frames[i]->len);
        assert_string_equal(text_at(root, "action"), actions[i]);
        json_t *data = json_object_get(root, "data");
        assert_non_null(json_object_get(data, "channel_id"));
        if (i == 2) {
            assert_int_equal(json_array_size(json_object_get(data, "online")), 2);
            assert_int_equal(json_array_size(json_object_get(data, "offline")), 0);
        }
        json_decref(root);
        bytes_unref(frames[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post),    cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_reply),   cmocka_unit_test(test_membership),
        cmocka_unit_test(test_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
