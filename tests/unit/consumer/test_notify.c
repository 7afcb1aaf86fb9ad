/* Who is told of what, when, how often; and what becomes of it when something is away. */
#include <stdio.h>
#include <string.h>

#include "notify_rig.h"
#include "port/cache_keys.h"

static int set_up(void **state)
{
    static struct rig r;
    rig_init(&r);
    *state = &r;
    return 0;
}

static int tear_down(void **state)
{
    rig_fini(*state);
    return 0;
}

/* ---- Who ---- */

static void members_who_are_offline_are_told_once(void **state)
{
    struct rig *r = *state;
    rig_online(r, 2, true);
    rig_start(r);
    rig_say(r, 1, 1, 0, "hello", NULL);
    rig_persist(r);
    const char *body = rig_told(r, 1);
    assert_non_null(strstr(body, "\"content\":\"hello\""));
    assert_non_null(strstr(body, "\"username\":\"user-1\""));
    assert_false(rig_names(body, 1)); /* the author */
    assert_false(rig_names(body, 2)); /* online */
    assert_true(rig_names(body, 3));
    assert_false(rig_names(body, 4)); /* no member */
    rig_committed(r);
}

static void nobody_offline_nobody_told(void **state)
{
    struct rig *r = *state;
    rig_online(r, 2, true);
    rig_online(r, 3, true);
    rig_start(r);
    rig_say(r, 1, 1, 0, "hello", NULL);
    rig_persist(r);
    rig_committed(r);
    rig_told(r, 0);
}

static void what_is_not_written_yet_is_not_told_yet(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_say(r, 1, 1, 0, "hello", NULL);
    rig_sleep(300);
    rig_told(r, 0);
    assert_true(rig_is_committed(r)); /* neither has */
    rig_persist(r);
    rig_told(r, 1);
    rig_committed(r);
}

static void a_repeat_is_not_told(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_say(r, 1, 1, 0, "once", "id-1");
    rig_say(r, 1, 1, 0, "once", "id-1");
    rig_say(r, 1, 1, 0, "another", "id-1"); /* a conflict */
    rig_persist(r);
    rig_told(r, 1);
    rig_say(r, 1, 1, 0, "once", "id-1"); /* in a batch of its own */
    rig_persist(r);
    rig_committed(r);
    rig_told(r, 1);
}

static void many_posts_are_told_each_once(void **state)
{
    enum { POSTS = 700 }; /* several batches and pages */
    struct rig *r = *state;
    rig_start(r);
    for (int i = 0; i < POSTS; i++)
        rig_say(r, 1 + (unsigned)i % 2, 1, i % 3 == 0 ? 77 : 0, "x", NULL);
    rig_persist(r);
    rig_told(r, POSTS);
    rig_committed(r);
    for (int i = 0; i < POSTS; i++)
        for (int j = 0; j < i; j++)
            assert_false(uuid_eq(&r->hook.notes[i].id, &r->hook.notes[j].id));
}

static void nonsense_in_the_log_is_passed_over(void **state)
{
    struct rig *r = *state;
    struct uuid channel = rig_channel(1);
    struct event_log *log = memory_event_log_door(r->log);
    unsigned p = log->ops->partition_of(log, &channel);
    rig_start(r);
    memory_event_log_put(r->log, p, clock_wall_us(&clock_system) / 1000, &channel, STR("\x01zzz"),
                         STR_NONE);
    memory_event_log_skip(r->log, p, 3);
    rig_say(r, 1, 1, 0, "after", NULL);
    rig_say(r, 1, 9, 0, "in no channel", NULL);
    rig_persist(r);
    rig_told(r, 1);
    rig_committed(r);
}

static void what_is_too_old_is_let_go(void **state)
{
    struct rig *r = *state;
    struct event_log *log = memory_event_log_door(r->log);
    struct buf b;
    const struct event e = {.kind = EVENT_MESSAGE,
                            .channel = rig_channel(1),
                            .user = rig_user(1),
                            .username = STR("user-1"),
                            .content = STR("of last week")};
    buf_init(&b, RECORD_BYTES_MAX);
    record_encode(&e, 0, &b);
    memory_event_log_put(r->log, log->ops->partition_of(log, &e.channel),
                         clock_wall_us(&clock_system) / 1000 - NOTIFY_AGE_MS - 1000, &e.channel,
                         buf_str(&b), STR_NONE);
    buf_fini(&b);
    rig_say(r, 1, 1, 0, "of today", NULL);
    rig_persist(r);
    rig_start(r);
    assert_non_null(strstr(rig_told(r, 1), "of today"));
    rig_committed(r);
}

/* ---- The inbox ---- */

static void assert_inbox(struct rig *r, unsigned user, size_t n, uint64_t *floor)
{
    struct cache *c = memory_cache_port(r->cache);
    struct uuid u = rig_user(user), channel = rig_channel(1), author = rig_user(1);
    struct cache_key key = cache_key_inbox(&u, &channel);
    struct arena arena;
    struct cache_entry *entries;
    size_t got = 0;
    arena_init(&arena);
    enum err e = c->ops->window_read(c, cache_key_str(&key), 0, 100, &arena, &entries, &got, floor);
    assert_int_equal(e, n == 0 ? ERR_NOT_FOUND : ERR_OK);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        char value[100];
        assert_true(str_copy(entries[i].value, value, sizeof value));
        assert_ptr_equal(strstr(value, "m "), value);
        assert_non_null(strstr(value, uuid_text(&author).s));
    }
    arena_fini(&arena);
}

static void the_inbox_holds_what_came_since_she_went(void **state)
{
    struct rig *r = *state;
    uint64_t floor = 1;
    r->config.hook = NULL; /* only the inboxes */
    r->config.retry = NULL;
    rig_online(r, 2, true);
    rig_start(r);
    for (int i = 0; i < 3; i++)
        rig_say(r, 1, 1, 0, "x", NULL);
    rig_persist(r);
    rig_committed(r);
    assert_inbox(r, 2, 0, &floor);
    assert_inbox(r, 3, 3, &floor);
    assert_int_equal(floor, 0);
    rig_online(r, 2, false);
    rig_sleep(2100); /* what is known of her is trusted for a while */
    rig_say(r, 1, 1, 0, "x", NULL);
    rig_say(r, 1, 1, 0, "x", NULL);
    rig_persist(r);
    rig_committed(r);
    assert_inbox(r, 2, 2, &floor);
    assert_int_equal(floor, seq_of(1, 2)); /* the last one that she was there for */
    assert_inbox(r, 3, 5, &floor);
    assert_int_equal(floor, 0);
}

/* ---- Trouble ---- */

static void what_the_hook_does_not_take_is_left_to_retry(void **state)
{
    struct rig *r = *state;
    atomic_store(&r->hook.fails, true);
    rig_start(r);
    rig_say(r, 1, 1, 0, "one", NULL);
    rig_persist(r);
    rig_committed(r);
    assert_int_equal(rig_left(r), 1);
    struct envelope e = rig_envelope(r, 0);
    assert_int_equal(e.kind, ENVELOPE_WEBHOOK);
    assert_int_equal(e.attempt, 1);
    assert_true(str_eq(e.reason, STR("told to fail")));
    assert_true(e.not_before_ms > e.first_ms);
    assert_non_null(memmem(e.payload.p, e.payload.n, "\"one\"", 5));
    struct uuid first = e.id;

    atomic_store(&r->hook.fails, false);
    rig_say(r, 1, 1, 0, "two", NULL); /* the hook rests: not even tried */
    rig_persist(r);
    rig_committed(r);
    assert_int_equal(rig_left(r), 2);
    e = rig_envelope(r, 1);
    assert_int_equal(e.attempt, 0);
    assert_false(uuid_eq(&e.id, &first));
    rig_told(r, 0);
}

static void without_hook_and_retry_log_nothing_is_committed(void **state)
{
    struct rig *r = *state;
    atomic_store(&r->hook.fails, true);
    memory_event_log_refuse(r->retry, true);
    rig_start(r);
    rig_say(r, 1, 1, 0, "one", NULL);
    rig_persist(r);
    rig_sleep(500);
    assert_false(rig_is_committed(r));
    assert_int_equal(rig_left(r), 0);
    memory_event_log_refuse(r->retry, false);
    rig_committed(r);
    assert_int_equal(rig_left(r), 1);
}

static void stopped_before_the_hand_over_it_is_told_again_under_the_same_id(void **state)
{
    struct rig *r = *state;
    struct uuid channel = rig_channel(1), user = rig_user(2);
    uint64_t version;
    rig_start(r);
    rig_say(r, 1, 1, 0, "one", NULL);
    rig_persist(r);
    rig_told(r, 1);
    rig_committed(r);
    memory_event_log_refuse(r->retry, true);
    atomic_store(&r->hook.fails, true);
    rig_say(r, 1, 1, 0, "two", NULL);
    rig_persist(r);
    rig_sleep(300);
    rig_stop(r); /* as it would be killed: "two" is nowhere */
    assert_false(rig_is_committed(r));

    /* The same again, though others are offline now. */
    atomic_store(&r->hook.fails, false);
    assert_int_equal(r->channels->ops->leave(r->channels, &user, &channel, &version), ERR_OK);
    rig_start(r);
    const char *body = rig_told(r, 2);
    assert_non_null(strstr(body, "\"two\""));
    assert_true(rig_names(body, 3));
    assert_false(rig_names(body, 2));
    rig_committed(r);
    struct uuid one = r->hook.notes[0].id, two = r->hook.notes[1].id;
    assert_false(uuid_eq(&one, &two));
}

static void a_batch_that_was_not_committed_has_the_same_ids_again(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    for (int i = 0; i < 5; i++)
        rig_say(r, 1, 1, 0, "x", NULL);
    rig_persist(r);
    rig_told(r, 5);
    rig_committed(r);
    rig_stop(r);
    r->config.group = "another"; /* has committed nothing: hears it all again */
    rig_start(r);
    rig_told(r, 10);
    for (int i = 0; i < 5; i++) {
        int found = 0;
        for (int j = 5; j < 10; j++)
            found += uuid_eq(&r->hook.notes[i].id, &r->hook.notes[j].id);
        assert_int_equal(found, 1);
    }
}

static void the_history_away_it_waits(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_say(r, 1, 1, 0, "one", NULL);
    rig_persist(r);
    rig_told(r, 1);
    rig_say(r, 1, 1, 0, "two", NULL);
    rig_persist(r);
    memory_history_refuse(r->history, true);
    rig_say(r, 1, 1, 0, "three", NULL);
    rig_sleep(300);
    memory_history_refuse(r->history, false);
    rig_persist(r);
    rig_told(r, 3);
    rig_committed(r);
}

static void the_tables_away_it_waits_and_tells_once(void **state)
{
    struct rig *r = *state;
    memory_tables_away(r->channels, true);
    rig_start(r);
    for (int i = 0; i < 3; i++)
        rig_say(r, 1, 1, 0, "x", NULL);
    rig_persist(r);
    rig_sleep(300);
    rig_told(r, 0);
    assert_false(rig_is_committed(r));
    memory_tables_away(r->channels, false);
    rig_told(r, 3);
    rig_committed(r);
}

static void the_log_away_it_goes_on_afterwards(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_say(r, 1, 1, 0, "one", NULL);
    rig_persist(r);
    rig_told(r, 1);
    memory_event_log_cut(r->log, true);
    rig_sleep(300);
    memory_event_log_cut(r->log, false);
    rig_say(r, 1, 1, 0, "two", NULL);
    rig_persist(r);
    rig_told(r, 2);
    rig_committed(r);
}

static void the_cache_gone_all_but_the_author_are_told(void **state)
{
    struct rig *r = *state;
    rig_online(r, 2, true);
    memory_cache_lose(r->cache, true);
    rig_start(r);
    rig_say(r, 1, 1, 0, "one", NULL);
    rig_persist(r);
    const char *body = rig_told(r, 1);
    assert_non_null(strstr(body, "\"presence\":\"unknown\""));
    assert_true(rig_names(body, 2));
    assert_true(rig_names(body, 3));
    assert_false(rig_names(body, 1));
    memory_cache_lose(r->cache, false);
    rig_say(r, 1, 1, 0, "two", NULL);
    rig_persist(r);
    body = rig_told(r, 2);
    assert_null(strstr(body, "\"presence\""));
    assert_false(rig_names(body, 2));
    rig_committed(r);
}

static void a_forgotten_beginning_is_skipped(void **state)
{
    struct rig *r = *state;
    struct uuid channel = rig_channel(1);
    struct event_log *log = memory_event_log_door(r->log);
    for (int i = 0; i < 4; i++)
        rig_say(r, 1, 1, 0, "x", NULL);
    rig_persist(r);
    memory_event_log_trim(r->log, log->ops->partition_of(log, &channel), 2);
    rig_start(r);
    rig_told(r, 2);
    rig_committed(r);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_who_are_offline_are_told_once),
        TEST(nobody_offline_nobody_told),
        TEST(what_is_not_written_yet_is_not_told_yet),
        TEST(a_repeat_is_not_told),
        TEST(many_posts_are_told_each_once),
        TEST(nonsense_in_the_log_is_passed_over),
        TEST(what_is_too_old_is_let_go),
        TEST(the_inbox_holds_what_came_since_she_went),
        TEST(what_the_hook_does_not_take_is_left_to_retry),
        TEST(without_hook_and_retry_log_nothing_is_committed),
        TEST(stopped_before_the_hand_over_it_is_told_again_under_the_same_id),
        TEST(a_batch_that_was_not_committed_has_the_same_ids_again),
        TEST(the_history_away_it_waits),
        TEST(the_tables_away_it_waits_and_tells_once),
        TEST(the_log_away_it_goes_on_afterwards),
        TEST(the_cache_gone_all_but_the_author_are_told),
        TEST(a_forgotten_beginning_is_skipped),
    };
    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
