/* Creating, joining and leaving as people see it, on two nodes. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "town.h"

static void assert_heard(const struct heard_event *e, enum event_kind kind, unsigned user,
                         unsigned channel, uint64_t version, uint32_t members)
{
    assert_int_equal(e->kind, kind);
    assert_int_equal(e->user, user);
    assert_int_equal(e->channel, channel);
    assert_int_equal(e->version, version);
    assert_int_equal(e->members, members);
}

static void a_change_is_heard_when_it_is_answered(void **state)
{
    struct town *t = *state;
    struct heard_event heard[8];
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    assert_int_equal(town_heard(t, 0, heard, 8), 2);
    assert_heard(&heard[0], EVENT_CREATED, 1, 1, 1, 0);
    assert_heard(&heard[1], EVENT_JOINED, 1, 1, 2, 1);
    assert_int_equal(town_join(t, 1, 2, 1), ERR_OK);
    assert_int_equal(town_heard(t, 1, heard, 8), 3);
    assert_heard(&heard[2], EVENT_JOINED, 2, 1, 3, 2);
    assert_int_equal(town_leave(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_heard(t, 0, heard, 8), 4);
    assert_heard(&heard[3], EVENT_LEFT, 2, 1, 4, 1);
    assert_int_equal(town_stale(t, 0), 0);
}

static void refusals_are_those_of_the_tables(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    assert_int_equal(town_join(t, 1, 1, 1), ERR_ALREADY_MEMBER);
    assert_int_equal(town_join(t, 1, 2, 9), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(town_join(t, 1, 9, 1), ERR_USER_NOT_FOUND);
    assert_int_equal(town_leave(t, 1, 2, 1), ERR_NOT_JOINED);
    assert_int_equal(town_is_member(t, 1, 2, 9), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(town_is_member(t, 1, 2, 1), ERR_NOT_MEMBER);
    assert_int_equal(town_check_versions(t, 1), 2);
}

/* Nothing is written that cannot be published now. */
static void with_the_log_away_nothing_is_written(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    memory_event_log_cut(t->log, true);
    assert_int_equal(town_create(t, 0, 2, 1), ERR_UNAVAILABLE);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_UNAVAILABLE);
    assert_int_equal(town_leave(t, 0, 1, 1), ERR_UNAVAILABLE);
    memory_event_log_cut(t->log, false);
    assert_int_equal(town_is_member(t, 0, 2, 1), ERR_NOT_MEMBER);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_leave(t, 0, 1, 1), ERR_OK);
    assert_int_equal(town_check_versions(t, 1), 4);
}

/* Written, but not published in time: "unknown" is what is true, and it is published later. */
static void what_is_written_is_published_later(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    cluster_channels_free(t->node[0].channels);
    t->node[0].channels = cluster_channels_new(&(struct channels_config){
        .table = t->node[0].table,
        .log = memory_event_log_door(t->log),
        .history = memory_history_door(t->history),
        .view = &t->node[0].view,
        .wait_ms = 200,
    });
    memory_event_log_hold(t->log, true);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_UNKNOWN);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_ALREADY_MEMBER);
    memory_event_log_hold(t->log, false);
    town_wait_heard(t, 0, 3);
    assert_int_equal(town_check_versions(t, 1), 3);
}

/* Of a commit whose answer was lost it is asked what became of it. */
static void a_lost_commit_is_looked_after(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    relay_start(town_relay(t, 1, NULL, NULL));
    table_driver->lose_commit(&t->tables, true);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    table_driver->lose_commit(&t->tables, false);
    assert_int_equal(town_create(t, 0, 2, 1), ERR_OK);
    for (int done = 0; done < 2; done++) {
        table_driver->lose_commit(&t->tables, done != 0);
        assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
        assert_int_equal(town_is_member(t, 0, 2, 1), ERR_OK);
        table_driver->lose_commit(&t->tables, done != 0);
        assert_int_equal(town_leave(t, 0, 2, 1), ERR_OK);
        assert_int_equal(town_is_member(t, 0, 2, 1), ERR_NOT_MEMBER);
    }
    assert_int_equal(town_check_versions(t, 1), 6);
    assert_int_equal(town_check_versions(t, 2), 2);
}

/* Each node knows what it has heard itself; the answer waits for that, and for nothing else. */
static void the_other_node_may_be_behind(void **state)
{
    struct town *t = *state;
    struct membership m;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    town_wait_heard(t, 1, 2);
    town_deafen(t, 1, true);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
    assert_true(town_membership(t, 0, 2, 1, &m));
    town_wait_told(t, 2);
    assert_false(town_membership(t, 1, 2, 1, &m));
    assert_int_equal(town_is_member(t, 1, 2, 1), ERR_OK); /* and may send there at once */
    town_deafen(t, 1, false);
    town_wait_heard(t, 1, 3);
    assert_true(town_membership(t, 1, 2, 1, &m));
}

static void who_left_is_no_member_whatever_the_cache_holds(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(town_is_member(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_leave(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_is_member(t, 0, 2, 1), ERR_NOT_MEMBER);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_is_member(t, 0, 2, 1), ERR_OK);
    memory_cache_flush(t->cache);
    assert_int_equal(town_is_member(t, 0, 2, 1), ERR_OK);
    memory_cache_lose(t->cache, true);
    assert_int_equal(town_is_member(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_is_member(t, 0, 1, 1), ERR_OK);
    assert_int_equal(town_leave(t, 0, 2, 1), ERR_OK);
    assert_int_equal(town_is_member(t, 0, 2, 1), ERR_NOT_MEMBER);
}

/* The relay wrote it through: the table is not asked. */
static void a_new_member_is_in_the_cache(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    char key[CACHE_KEY_MAX];
    struct uuid u = kit_user_id(2), c = kit_channel_id(1);
    struct cache *cache = memory_cache_port(t->cache);
    struct arena arena;
    struct str value;
    snprintf(key, sizeof key, "member:%s:3:%s", uuid_text(&c).s, uuid_text(&u).s);
    arena_init(&arena);
    assert_int_equal(cache->ops->get(cache, str_of(key), &arena, &value), ERR_OK);
    assert_true(str_eq(value, STR("1")));
    arena_fini(&arena);
}

int saga_changes(void)
{
#define CHANGE_TEST(f) cmocka_unit_test_setup_teardown(f, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        CHANGE_TEST(a_change_is_heard_when_it_is_answered),
        CHANGE_TEST(refusals_are_those_of_the_tables),
        CHANGE_TEST(with_the_log_away_nothing_is_written),
        CHANGE_TEST(what_is_written_is_published_later),
        CHANGE_TEST(a_lost_commit_is_looked_after),
        CHANGE_TEST(the_other_node_may_be_behind),
        CHANGE_TEST(who_left_is_no_member_whatever_the_cache_holds),
        CHANGE_TEST(a_new_member_is_in_the_cache),
    };
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
