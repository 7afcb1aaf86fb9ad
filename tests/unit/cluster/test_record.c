#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/id.h"
#include "log_rig.h"

static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int arena_close(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void post_comes_back(void **state)
{
    (void)state;
    static char content[RECORD_CONTENT_MAX];
    struct record r;
    memset(content, 'x', sizeof content);
    content[5] = '\0';
    struct event e = log_rig_message(1, 2, "", "0195a6c4-1111-7abc-8def-000000000000");
    e.content = (struct str){content, sizeof content};
    e.kind = EVENT_REPLY;
    e.parent = ID_MAX;
    assert_true(record_decode(log_rig_encode(&arena, &e, 0), &r));
    assert_int_equal(r.event.kind, EVENT_REPLY);
    assert_int_equal(r.event.parent, ID_MAX);
    assert_true(uuid_eq(&r.event.channel, &e.channel) && uuid_eq(&r.event.user, &e.user));
    assert_true(str_eq(r.event.username, e.username));
    assert_true(str_eq(r.event.content, e.content));
    assert_true(str_eq(r.event.client_msg_id, e.client_msg_id));
    assert_int_equal(r.event.origin.shard, ORIGIN_NO_SHARD);
    assert_int_equal(r.event.seq | r.event.id | r.version, 0);
}

static void change_comes_back(void **state)
{
    (void)state;
    struct record r;
    for (enum event_kind kind = EVENT_JOINED; kind <= EVENT_CREATED; kind++) {
        struct event e = log_rig_joined(3, 2, 4000000000u);
        e.kind = kind;
        assert_true(record_decode(log_rig_encode(&arena, &e, UINT64_C(1) << 53), &r));
        assert_int_equal(r.event.kind, kind);
        assert_int_equal(r.version, UINT64_C(1) << 53);
        assert_int_equal(r.event.members, 4000000000u);
        assert_true(str_eq(r.event.username, e.username));
        assert_true(str_eq(r.event.channel_info.name, e.channel_info.name));
        assert_true(uuid_eq(&r.event.channel_info.id, &e.channel));
        assert_true(uuid_eq(&r.event.channel_info.owner, &e.channel_info.owner));
        assert_int_equal(r.event.channel_info.created_us, e.channel_info.created_us);
    }
}

/* Every record cut short anywhere, or with something behind it, is none. */
static void record_has_one_length(void **state)
{
    (void)state;
    struct record r;
    const struct event all[] = {log_rig_message(1, 1, "content", "id"), log_rig_joined(1, 1, 1)};
    for (size_t i = 0; i < 2; i++) {
        struct str value = log_rig_encode(&arena, &all[i], i);
        for (size_t n = 0; n < value.n; n++)
            assert_false(record_decode(arena_str(&arena, (struct str){value.p, n}), &r));
        value.n++; /* the arena's NUL */
        assert_false(record_decode(value, &r));
    }
}

static void assert_refused(struct event e, uint64_t version)
{
    struct record r;
    assert_false(record_decode(log_rig_encode(&arena, &e, version), &r));
}

static void what_no_service_would_take_is_refused(void **state)
{
    (void)state;
    struct event e = log_rig_message(1, 1, "ok", "id");
    struct record r;
    assert_true(record_decode(log_rig_encode(&arena, &e, 0), &r));
    e.content = STR("");
    assert_refused(e, 0);
    e.content = STR("\xff");
    assert_refused(e, 0);
    e = log_rig_message(1, 1, "ok", "no spaces");
    assert_refused(e, 0);
    e = log_rig_message(1, 1, "ok", NULL);
    e.username = STR("");
    assert_refused(e, 0);
    e.username = STR("line\nbreak");
    assert_refused(e, 0);
    e = log_rig_message(1, 1, "ok", NULL);
    e.kind = EVENT_REPLY;
    assert_refused(e, 0); /* to nothing */
    e.parent = ID_MAX + 1;
    assert_refused(e, 0);
    e = log_rig_joined(1, 1, 1);
    assert_refused(e, 0);
    assert_refused(e, (UINT64_C(1) << 53) + 1);
    e.channel_info.name = STR("\t");
    assert_refused(e, 1);
    e = log_rig_joined(1, 1, 1);
    e.channel_info.created_us = -1;
    assert_refused(e, 1);
}

static void unknown_version_or_kind_is_refused(void **state)
{
    (void)state;
    struct record r;
    struct event e = log_rig_message(1, 1, "ok", NULL);
    struct str value = log_rig_encode(&arena, &e, 0);
    char *bytes = (char *)value.p;
    for (int i = 0; i < 256; i++) {
        bytes[0] = (char)i;
        assert_int_equal(record_decode(value, &r), i == RECORD_VERSION);
    }
    bytes[0] = RECORD_VERSION;
    for (int i = 0; i < 256; i++) {
        bytes[1] = (char)i;
        assert_int_equal(record_decode(value, &r), i == EVENT_MESSAGE);
    }
}

int main(void)
{
#define RECORD_TEST(f) cmocka_unit_test_setup_teardown(f, arena_open, arena_close)
    const struct CMUnitTest tests[] = {
        RECORD_TEST(post_comes_back),
        RECORD_TEST(change_comes_back),
        RECORD_TEST(record_has_one_length),
        RECORD_TEST(what_no_service_would_take_is_refused),
        RECORD_TEST(unknown_version_or_kind_is_refused),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
