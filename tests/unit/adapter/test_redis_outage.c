/* What the cache and the bus do when Redis is stopped, paused, flushed, restarted, or
 * holds what is not ours. On a real Redis. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "redis_rig.h"

/* A hundred calls take less than the time limit of one. */
static void assert_fails_at_once(struct rig *r)
{
    int64_t began = rig_now_ms();
    for (int i = 0; i < 100; i++)
        assert_int_equal(rig_get(r, "k", ""), ERR_UNAVAILABLE);
    assert_true(rig_now_ms() - began < COMMAND_MS);
}

static void a_stopped_redis_fails_at_once_and_is_found_again(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    assert_true(rig_is_ready(&r));
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    redis_server_stop(&r.server);
    assert_int_equal(rig_get(&r, "k", "v"), ERR_UNAVAILABLE);
    assert_fails_at_once(&r);
    assert_false(rig_is_ready(&r));
    rig_sleep(3 * PROBE_MS);
    assert_fails_at_once(&r);
    redis_server_start(&r.server);
    rig_wait_ready(&r, true);
    assert_int_equal(rig_get(&r, "k", "v"), ERR_NOT_FOUND);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_redis_that_is_away_at_start_is_found_later(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    redis_close(r.redis);
    redis_server_stop(&r.server);
    rig_open(&r);
    assert_false(rig_is_ready(&r));
    assert_fails_at_once(&r);
    redis_server_start(&r.server);
    rig_wait_ready(&r, true);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_paused_redis_costs_its_time_limit_once(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    redis_server_pause(&r.server, true);
    int64_t began = rig_now_ms();
    assert_int_equal(rig_get(&r, "k", "v"), ERR_UNAVAILABLE);
    assert_true(rig_now_ms() - began < 3 * COMMAND_MS);
    rig_wait_ready(&r, false);
    assert_fails_at_once(&r);
    redis_server_pause(&r.server, false);
    rig_wait_ready(&r, true);
    assert_int_equal(rig_get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

/* ---- Many at once ---- */

#define CALLERS 16

struct caller {
    struct rig *rig;
    pthread_t thread;
    atomic_bool *over;
    unsigned worked, failed;
    int64_t longest_ms;
};

static void *caller_main(void *arg)
{
    struct caller *c = arg;
    while (!atomic_load(c->over)) {
        int64_t began = rig_now_ms();
        enum err e = rig_get(c->rig, "k", "v");
        int64_t took = rig_now_ms() - began;
        c->worked += e == ERR_OK;
        c->failed += e == ERR_UNAVAILABLE;
        c->longest_ms = took > c->longest_ms ? took : c->longest_ms;
        if (e != ERR_OK)
            rig_sleep(1);
    }
    return NULL;
}

/* More callers than connections, while Redis hangs, goes on, hangs. */
static void nobody_waits_longer_than_the_limits(void **state)
{
    struct rig r;
    struct caller callers[CALLERS];
    atomic_bool over = false;
    (void)state;
    rig_init(&r);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.rig = &r, .over = &over};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        rig_sleep(200);
        redis_server_pause(&r.server, true);
        rig_sleep(COMMAND_MS + 300);
        redis_server_pause(&r.server, false);
        rig_wait_ready(&r, true);
    }
    rig_sleep(200);
    atomic_store(&over, true);
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_true(callers[i].worked > 0);
        assert_true(callers[i].failed > 0);
        /* a connection, an answer, and the scheduling of a busy machine */
        assert_true(callers[i].longest_ms < 2 * COMMAND_MS + CONNECT_MS + 500);
    }
    assert_int_equal(rig_get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_restart_between_two_calls_is_not_noticed(void **state)
{
    struct rig r;
    (void)state;
    memset(&r, 0, sizeof r);
    redis_server_init(&r.server);
    rig_open(&r);
    redis_close(r.redis);
    r.config.probe_ms = 60000; /* nobody looks */
    char reason[160];
    assert_int_equal(redis_open(&r.config, &r.redis, reason, sizeof reason), ERR_OK);
    r.cache = redis_cache(r.redis);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    redis_server_stop(&r.server);
    redis_server_start(&r.server);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    assert_int_equal(rig_get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_flushed_redis_knows_its_scripts_again(void **state)
{
    struct rig r;
    char answer[64];
    uint32_t wait_ms;
    (void)state;
    rig_init(&r);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r.cache->ops->take(r.cache, STR("t"), 60, 1, &wait_ms), ERR_OK);
        assert_int_equal(r.cache->ops->take(r.cache, STR("t"), 60, 1, &wait_ms), ERR_RATE_LIMITED);
        assert_int_equal(r.cache->ops->put_version(r.cache, STR("v"), 3, STR("three"), 60000),
                         ERR_OK);
        redis_server_say(&r.server, "FLUSHALL", answer, sizeof answer);
        redis_server_say(&r.server, "SCRIPT FLUSH", answer, sizeof answer);
        assert_int_equal(rig_get(&r, "v", ""), ERR_NOT_FOUND);
    }
    rig_fini(&r);
}

static void plant(struct rig *r, const char *command)
{
    char answer[128];
    redis_server_say(&r->server, "DEL k", answer, sizeof answer);
    redis_server_say(&r->server, command, answer, sizeof answer);
}

/* Whatever lies under our keys: reads miss it, writes replace it, nothing breaks. */
static void what_is_not_ours_counts_as_nothing(void **state)
{
    static const char *const planted[] = {"SET k short",
                                          "SET k 0123456789012345678xvalue",
                                          "SET k \"\\x00\\xff\"",
                                          "RPUSH k a b c",
                                          "HSET k a b",
                                          "ZADD k 5 floor 7 seven",
                                          "ZADD k nan-is-refused floor",
                                          "ZADD k 5 floor 9 00000000000000000004x",
                                          "ZADD k 1.5 floor",
                                          "ZADD k -3 floor",
                                          "XADD k * a b"};
    const struct cache_entry entry = {8, STR("eight")};
    struct cache_entry *entries;
    struct rig r;
    struct str *members;
    size_t n;
    uint64_t floor;
    uint32_t wait_ms;
    (void)state;
    rig_init(&r);
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        const struct cache_ops *ops = r.cache->ops;
        struct arena arena;
        arena_init(&arena);
        plant(&r, planted[i]);
        assert_int_equal(rig_get(&r, "k", ""), ERR_NOT_FOUND);
        enum err e = ops->window_read(r.cache, STR("k"), 0, 10, &arena, &entries, &n, &floor);
        assert_true(e == ERR_NOT_FOUND || (e == ERR_OK && n == 0));
        plant(&r, planted[i]);
        assert_int_equal(ops->lease_list(r.cache, STR("k"), &arena, &members, &n), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->put_version(r.cache, STR("k"), 1, STR("one"), 60000), ERR_OK);
        assert_int_equal(rig_get(&r, "k", "one"), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->take(r.cache, STR("k"), 600, 1, &wait_ms), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->lease_put(r.cache, STR("k"), STR("m"), 60000), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->window_push(r.cache, STR("k"), 7, &entry, 1, 10, 60000), ERR_OK);
        assert_true(rig_is_ready(&r));
        arena_fini(&arena);
    }
    rig_fini(&r);
}

static void an_answer_larger_than_ours_is_no_outage(void **state)
{
    struct rig r;
    char answer[64];
    (void)state;
    rig_init(&r);
    redis_server_say(&r.server, "SETRANGE k 6000000 x", answer, sizeof answer);
    assert_int_equal(rig_get(&r, "k", ""), ERR_NOT_FOUND);
    assert_true(rig_is_ready(&r));
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    assert_int_equal(rig_get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

/* ---- The bus ---- */

struct ear {
    struct bus_listener super;
    atomic_int notes, gaps;
};

static void ear_note(struct bus_listener *self, struct str note)
{
    (void)note;
    atomic_fetch_add(&((struct ear *)self)->notes, 1);
}

static void ear_gap(struct bus_listener *self)
{
    atomic_fetch_add(&((struct ear *)self)->gaps, 1);
}

static void tell_until_heard(struct bus *b, struct ear *e)
{
    int before = atomic_load(&e->notes);
    for (int i = 0; i < 500 && atomic_load(&e->notes) == before; i++) {
        b->ops->tell(b, STR("x"));
        rig_sleep(10);
    }
    assert_true(atomic_load(&e->notes) > before);
}

static void the_bus_tells_its_gaps(void **state)
{
    struct rig r;
    struct redis *second;
    char reason[160];
    struct ear ear = {.super = {ear_note, ear_gap}};
    (void)state;
    rig_init(&r);
    assert_int_equal(redis_open(&r.config, &second, reason, sizeof reason), ERR_OK);
    struct bus *a = redis_bus(r.redis), *b = redis_bus(second);
    b->ops->listen(b, &ear.super);
    tell_until_heard(a, &ear);
    assert_int_equal(atomic_load(&ear.gaps), 0);

    redis_server_stop(&r.server);
    for (int i = 0; i < 500 && a->ops->tell(a, STR("lost")) == ERR_OK; i++)
        rig_sleep(10);
    assert_int_equal(a->ops->tell(a, STR("lost")), ERR_UNAVAILABLE);
    redis_server_start(&r.server);
    tell_until_heard(a, &ear);
    assert_int_equal(atomic_load(&ear.gaps), 1);

    redis_server_pause(&r.server, true);
    rig_sleep(2 * PROBE_MS + 3 * COMMAND_MS + 200); /* long enough to be given up */
    assert_int_equal(a->ops->tell(a, STR("lost")), ERR_UNAVAILABLE);
    redis_server_pause(&r.server, false);
    tell_until_heard(a, &ear);
    assert_int_equal(atomic_load(&ear.gaps), 2);
    redis_close(second);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_redis_fails_at_once_and_is_found_again),
        cmocka_unit_test(a_redis_that_is_away_at_start_is_found_later),
        cmocka_unit_test(a_paused_redis_costs_its_time_limit_once),
        cmocka_unit_test(nobody_waits_longer_than_the_limits),
        cmocka_unit_test(a_restart_between_two_calls_is_not_noticed),
        cmocka_unit_test(a_flushed_redis_knows_its_scripts_again),
        cmocka_unit_test(what_is_not_ours_counts_as_nothing),
        cmocka_unit_test(an_answer_larger_than_ours_is_no_outage),
        cmocka_unit_test(the_bus_tells_its_gaps),
    };
    if (!redis_server_exists()) {
        printf("1..0 # SKIP there is no redis-server\n");
        return 0;
    }
    return cmocka_run_group_tests_name("redis_outage", tests, NULL, NULL);
}
