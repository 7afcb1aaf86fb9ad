/* The body of a note, its parts and its ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"
#include "consumer/envelope.h"
#include "consumer/note.h"

static struct event post_of(enum event_kind kind, const char *content)
{
    return (struct event){.kind = kind,
                          .seq = (UINT64_C(1) << 41) + 7,
                          .id = (UINT64_C(1) << 53) - 1,
                          .parent = kind == EVENT_REPLY ? 99 : 0,
                          .at_us = INT64_C(1767225600123000),
                          .channel = {{0xcc, 1}},
                          .user = {{0xaa, 2}},
                          .username = STR("Ann \"the\" \\"),
                          .content = str_of(content)};
}

/* Encodes and parses again; the caller lets go of it. */
static json_t *encoded(const struct event *post, const struct uuid *users, size_t n, bool known)
{
    struct buf b;
    json_error_t error;
    buf_init(&b, NOTE_BYTES_MAX);
    note_encode(post, users, n, known, &b);
    assert_false(b.failed);
    json_t *json = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (json == NULL)
        fail_msg("%s", error.text);
    buf_fini(&b);
    return json;
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    assert_non_null(text);
    return text;
}

static void a_message_is_told_whole(void **state)
{
    struct event post =
        post_of(EVENT_MESSAGE, "caf\xC3\xA9 \xF0\x9F\x8D\xB5 \"\\ \n\t\x01 </script>");
    const struct uuid users[] = {{{1}}, {{2}}};
    (void)state;
    json_t *json = encoded(&post, users, 2, true);
    json_t *data = json_object_get(json, "data");
    assert_string_equal(text_of(json, "type"), "message.created");
    assert_string_equal(text_of(json, "timestamp"), "2026-01-01T00:00:00.123Z");
    assert_string_equal(text_of(data, "channel_id"), "cc010000-0000-0000-0000-000000000000");
    assert_string_equal(text_of(data, "user_id"), "aa020000-0000-0000-0000-000000000000");
    assert_string_equal(text_of(data, "username"), "Ann \"the\" \\");
    assert_string_equal(text_of(data, "content"), post.content.p);
    assert_int_equal(json_integer_value(json_object_get(data, "message_id")), post.id);
    assert_int_equal(json_integer_value(json_object_get(data, "seq")), post.seq);
    assert_null(json_object_get(data, "reply_id"));
    assert_null(json_object_get(data, "truncated"));
    assert_null(json_object_get(data, "presence"));
    json_t *list = json_object_get(data, "users");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 1)),
                        "02000000-0000-0000-0000-000000000000");
    json_decref(json);
}

static void a_reply_names_its_message(void **state)
{
    struct event post = post_of(EVENT_REPLY, "yes");
    const struct uuid user = {{1}};
    (void)state;
    json_t *json = encoded(&post, &user, 1, false);
    json_t *data = json_object_get(json, "data");
    assert_string_equal(text_of(json, "type"), "reply.created");
    assert_int_equal(json_integer_value(json_object_get(data, "message_id")), 99);
    assert_int_equal(json_integer_value(json_object_get(data, "reply_id")), post.id);
    assert_string_equal(text_of(data, "presence"), "unknown");
    json_decref(json);
}

/* The largest there can be: a text whose every byte takes six, and as many users as fit. */
static void the_largest_note_fits_an_envelope(void **state)
{
    enum { LENGTH = 61440 };
    static char content[LENGTH + 1];
    static struct uuid users[NOTE_USERS_MAX];
    (void)state;
    memset(content, 1, LENGTH);
    struct event post = post_of(EVENT_MESSAGE, content);
    char name[200];
    memset(name, 1, sizeof name);
    post.username = (struct str){name, sizeof name};
    json_t *json = encoded(&post, users, NOTE_USERS_MAX, false);
    json_t *data = json_object_get(json, "data");
    assert_true(json_is_true(json_object_get(data, "truncated")));
    assert_true(json_string_length(json_object_get(data, "content")) > NOTE_CONTENT_MAX / 6 - 2);
    json_decref(json);
    assert_true(NOTE_BYTES_MAX <= ENVELOPE_PAYLOAD_MAX);
}

static void a_cut_is_between_characters(void **state)
{
    char *content = mem_alloc(NOTE_CONTENT_MAX + 64);
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t n = shift;
        memset(content, 'x', n);
        for (; n < NOTE_CONTENT_MAX + 8; n += 4)
            memcpy(content + n, "\xF0\x9F\x8D\xB5", 4);
        content[n] = '\0';
        struct event post = post_of(EVENT_MESSAGE, content);
        json_t *json = encoded(&post, NULL, 0, true);
        assert_true(json_is_true(json_object_get(json_object_get(json, "data"), "truncated")));
        json_decref(json);
    }
    mem_free(content);
}

static void what_is_no_text_is_replaced(void **state)
{
    struct event post = post_of(EVENT_MESSAGE, "a\xff\xc0\x80z");
    (void)state;
    json_t *json = encoded(&post, NULL, 0, true);
    assert_string_equal(text_of(json_object_get(json, "data"), "content"),
                        "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
    json_decref(json);
    post.content = (struct str){"a\0b", 3};
    json = encoded(&post, NULL, 0, true);
    assert_int_equal(json_string_length(json_object_get(json_object_get(json, "data"), "content")),
                     3);
    json_decref(json);
}

static void ids_are_those_of_post_and_part(void **state)
{
    struct event post = post_of(EVENT_MESSAGE, "x");
    (void)state;
    struct uuid a = note_id(&post, 0), b = note_id(&post, 255), again = note_id(&post, 0);
    assert_true(uuid_eq(&a, &again));
    assert_false(uuid_eq(&a, &b));
    assert_string_equal(uuid_text(&a).s, "7061726c-6579-8000-801f-ffffffffffff");
    assert_string_equal(uuid_text(&b).s, "7061726c-6579-80ff-801f-ffffffffffff");
    post.id--;
    b = note_id(&post, 0);
    assert_false(uuid_eq(&a, &b));
}

static void parts_follow_the_members_own_ids(void **state)
{
    (void)state;
    assert_int_equal(note_parts(0), 1);
    assert_int_equal(note_parts(256), 1);
    assert_int_equal(note_parts(257), 16);
    assert_int_equal(note_parts(2048), 16);
    assert_int_equal(note_parts(2049), 256);
    for (unsigned i = 0; i < 256; i++) {
        struct uuid user = {{0}};
        user.b[15] = (uint8_t)i;
        assert_int_equal(note_part_of(&user, 1), 0);
        assert_int_equal(note_part_of(&user, 16), i % 16);
        assert_int_equal(note_part_of(&user, 256), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_told_whole),
        cmocka_unit_test(a_reply_names_its_message),
        cmocka_unit_test(the_largest_note_fits_an_envelope),
        cmocka_unit_test(a_cut_is_between_characters),
        cmocka_unit_test(what_is_no_text_is_replaced),
        cmocka_unit_test(ids_are_those_of_post_and_part),
        cmocka_unit_test(parts_follow_the_members_own_ids),
    };
    return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
