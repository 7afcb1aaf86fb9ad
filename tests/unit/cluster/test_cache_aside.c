#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/memory/cache.h"
#include "base/mem.h"
#include "cluster/cache_aside.h"

#define TTL_MS        10000
#define ABSENT_TTL_MS 1000

struct rig {
    struct clock_manual clock;
    struct memory_cache *memory;
    struct cache_aside *aside;
    struct arena arena;
    /* what a load finds */
    enum err err;
    const char *value;
    uint64_t version;
    unsigned readers; /* that a load waits for, and a moment longer */
    atomic_uint loads, entered;
};

static int open_rig(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    clock_manual_init(&r->clock, 0);
    r->memory = memory_cache_new(&r->clock.super, 0);
    r->aside = cache_aside_new(&(struct cache_aside_config){
        .cache = memory_cache_port(r->memory), .ttl_ms = TTL_MS, .absent_ttl_ms = ABSENT_TTL_MS});
    arena_init(&r->arena);
    r->value = "value";
    *state = r;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *r = *state;
    arena_fini(&r->arena);
    cache_aside_free(r->aside);
    memory_cache_free(r->memory);
    mem_free(r);
    return 0;
}

static enum err load(void *arg, struct arena *arena, struct str *value, uint64_t *version)
{
    struct rig *r = arg;
    atomic_fetch_add(&r->loads, 1);
    const struct timespec pause = {.tv_nsec = 100000000};
    for (int i = 0; i < 100 && atomic_load(&r->entered) < r->readers; i++)
        nanosleep(&pause, NULL);
    if (r->readers > 0)
        nanosleep(&pause, NULL);
    *value = arena_str(arena, str_of(r->value));
    *version = r->version;
    return r->err;
}

static void assert_get(struct rig *r, const char *wanted)
{
    struct str got;
    assert_int_equal(cache_aside_get(r->aside, STR("key"), load, r, &r->arena, &got), ERR_OK);
    assert_true(str_eq(got, str_of(wanted)));
}

static void value_is_loaded_once(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < 10; i++)
        assert_get(r, "value");
    assert_int_equal(r->loads, 1);
    clock_manual_advance(&r->clock, TTL_MS * 1000 * INT64_C(9) / 10 - 1000);
    assert_get(r, "value");
    assert_int_equal(r->loads, 1);
    clock_manual_advance(&r->clock, TTL_MS * 1000 * INT64_C(2) / 10 + 2000);
    r->value = "";
    assert_get(r, ""); /* an empty value is one */
    assert_get(r, "");
    assert_int_equal(r->loads, 2);
}

static void absence_is_remembered_shortly(void **state)
{
    struct rig *r = *state;
    struct str got;
    r->err = ERR_NOT_FOUND;
    for (int i = 0; i < 10; i++)
        assert_int_equal(cache_aside_get(r->aside, STR("key"), load, r, &r->arena, &got),
                         ERR_NOT_FOUND);
    assert_int_equal(r->loads, 1);
    clock_manual_advance(&r->clock, ABSENT_TTL_MS * INT64_C(1200));
    r->err = ERR_OK;
    assert_get(r, "value");
    assert_int_equal(r->loads, 2);
}

static void failure_is_not_remembered(void **state)
{
    struct rig *r = *state;
    struct str got;
    r->err = ERR_UNAVAILABLE;
    assert_int_equal(cache_aside_get(r->aside, STR("key"), load, r, &r->arena, &got),
                     ERR_UNAVAILABLE);
    r->err = ERR_OK;
    assert_get(r, "value");
    assert_int_equal(r->loads, 2);
}

static void lifetimes_are_spread(void **state)
{
    struct rig *r = *state;
    enum { KEYS = 200 };
    struct str got;
    char key[2] = "aa";
    for (int i = 0; i < KEYS; i++) {
        key[0] = (char)i;
        assert_int_equal(cache_aside_get(r->aside, (struct str){key, 2}, load, r, &r->arena, &got),
                         ERR_OK);
    }
    clock_manual_advance(&r->clock, TTL_MS * INT64_C(1000)); /* about half of them are over */
    for (int i = 0; i < KEYS; i++) {
        key[0] = (char)i;
        (void)cache_aside_get(r->aside, (struct str){key, 2}, load, r, &r->arena, &got);
    }
    assert_in_range(r->loads, KEYS + KEYS / 4, KEYS + 3 * KEYS / 4);
}

static void newer_write_wins_over_a_slow_load(void **state)
{
    struct rig *r = *state;
    r->version = 3;
    r->value = "old";
    cache_aside_put(r->aside, STR("key"), 4, STR("new"));
    assert_get(r, "new");
    /* a load that began before the write ends after it */
    assert_true(cache_aside_drop(r->aside, STR("key")));
    assert_get(r, "old");
    cache_aside_put(r->aside, STR("key"), 4, STR("new"));
    assert_get(r, "new");
    cache_aside_put(r->aside, STR("key"), 3, STR("old"));
    assert_get(r, "new");
    assert_int_equal(r->loads, 1);
}

static void cache_that_is_away_costs_loads_only(void **state)
{
    struct rig *r = *state;
    assert_get(r, "value");
    memory_cache_lose(r->memory, true);
    assert_get(r, "value");
    assert_get(r, "value");
    assert_int_equal(r->loads, 3);
    assert_false(cache_aside_drop(r->aside, STR("key")));
    memory_cache_lose(r->memory, false);
    assert_get(r, "value");
    assert_int_equal(r->loads, 3);
}

static void *get_one(void *arg)
{
    struct rig *r = arg;
    struct arena arena;
    struct str got = STR_NONE;
    arena_init(&arena);
    atomic_fetch_add(&r->entered, 1);
    enum err e = cache_aside_get(r->aside, STR("hot"), load, r, &arena, &got);
    bool right = e == r->err && (e != ERR_OK || str_eq(got, str_of(r->value)));
    arena_fini(&arena);
    return right ? NULL : r;
}

static void many_readers(struct rig *r)
{
    pthread_t all[16];
    atomic_store(&r->entered, 0);
    r->readers = 16;
    for (int i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&all[i], NULL, get_one, r), 0);
    for (int i = 0; i < 16; i++) {
        void *wrong;
        pthread_join(all[i], &wrong);
        assert_null(wrong);
    }
}

static void hot_key_is_loaded_by_one(void **state)
{
    struct rig *r = *state;
    memory_cache_lose(r->memory, true); /* the flight alone */
    many_readers(r);
    assert_int_equal(r->loads, 1);
    r->err = ERR_UNAVAILABLE; /* told to all who wait */
    many_readers(r);
    assert_int_equal(r->loads, 2);
}

int main(void)
{
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIG_TEST(value_is_loaded_once),
        RIG_TEST(absence_is_remembered_shortly),
        RIG_TEST(failure_is_not_remembered),
        RIG_TEST(lifetimes_are_spread),
        RIG_TEST(newer_write_wins_over_a_slow_load),
        RIG_TEST(cache_that_is_away_costs_loads_only),
        RIG_TEST(hot_key_is_loaded_by_one),
    };
    return cmocka_run_group_tests_name("cache_aside", tests, NULL, NULL);
}
