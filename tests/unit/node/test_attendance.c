#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/memory/cache.h"
#include "base/mem.h"
#include "node/attendance.h"
#include "port/cache_keys.h"

#define LOOK_MS  10
#define RENEW_MS 100
#define LEASE_MS 1000

struct rig {
    struct memory_cache *cache;
    struct attendance *attendance;
    pthread_mutex_t mutex;
    struct uuid here[2]; /* one a slice */
    bool is_here[2];
};

static struct uuid *on_list(void *arg, unsigned slice, size_t *n)
{
    struct rig *r = arg;
    struct uuid *users = mem_array(1, sizeof *users);
    pthread_mutex_lock(&r->mutex);
    *n = r->is_here[slice] ? 1 : 0;
    users[0] = r->here[slice];
    pthread_mutex_unlock(&r->mutex);
    return users;
}

static void start(struct rig *r)
{
    r->attendance =
        attendance_start(&(struct attendance_config){.cache = memory_cache_port(r->cache),
                                                     .node = "node-1",
                                                     .slices = 2,
                                                     .list = on_list,
                                                     .arg = r,
                                                     .look_ms = LOOK_MS,
                                                     .renew_ms = RENEW_MS,
                                                     .lease_ms = LEASE_MS});
}

static int setup(void **state)
{
    static struct rig r;
    r = (struct rig){.cache = memory_cache_new(&clock_system, 0), .here = {{{1}}, {{2}}}};
    pthread_mutex_init(&r.mutex, NULL);
    start(&r);
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    attendance_stop(r->attendance);
    memory_cache_free(r->cache);
    pthread_mutex_destroy(&r->mutex);
    return 0;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void come(struct rig *r, unsigned slice, bool here)
{
    pthread_mutex_lock(&r->mutex);
    r->is_here[slice] = here;
    pthread_mutex_unlock(&r->mutex);
}

static bool is_online(struct rig *r, unsigned slice)
{
    struct cache *c = memory_cache_port(r->cache);
    struct cache_key key = cache_key_online(&r->here[slice]);
    struct arena arena;
    struct str *nodes;
    size_t n = 0;
    arena_init(&arena);
    enum err e = c->ops->lease_list(c, cache_key_str(&key), &arena, &nodes, &n);
    bool online = e == ERR_OK && n == 1 && memcmp(nodes[0].p, "node-1:", 7) == 0;
    arena_fini(&arena);
    return online;
}

static void wait_online(struct rig *r, unsigned slice, bool online)
{
    for (int i = 0; i < 500 && is_online(r, slice) != online; i++)
        sleep_ms(5);
    assert_int_equal(is_online(r, slice), online);
}

static void who_comes_is_told_and_who_goes_is(void **state)
{
    struct rig *r = *state;
    come(r, 0, true);
    wait_online(r, 0, true);
    assert_false(is_online(r, 1));
    come(r, 1, true);
    wait_online(r, 1, true);
    come(r, 0, false);
    int64_t began_us = clock_steady_us(&clock_system);
    wait_online(r, 0, false);
    assert_true(clock_steady_us(&clock_system) - began_us < LEASE_MS * 1000); /* not by its end */
    assert_true(is_online(r, 1));
}

static void who_stays_is_renewed(void **state)
{
    struct rig *r = *state;
    come(r, 0, true);
    wait_online(r, 0, true);
    for (int i = 0; i < 3 * LEASE_MS / 20; i++) {
        assert_true(is_online(r, 0));
        sleep_ms(20);
    }
}

static void a_flushed_cache_is_complete_again_soon(void **state)
{
    struct rig *r = *state;
    come(r, 0, true);
    wait_online(r, 0, true);
    memory_cache_flush(r->cache);
    wait_online(r, 0, true);
}

static void a_cache_that_was_away_is_told_again(void **state)
{
    struct rig *r = *state;
    come(r, 0, true);
    wait_online(r, 0, true);
    memory_cache_lose(r->cache, true);
    come(r, 1, true);
    sleep_ms(5 * LOOK_MS);
    memory_cache_flush(r->cache);
    memory_cache_lose(r->cache, false);
    wait_online(r, 0, true);
    wait_online(r, 1, true);
}

static void stopping_gives_the_leases_back(void **state)
{
    struct rig *r = *state;
    come(r, 0, true);
    come(r, 1, true);
    wait_online(r, 0, true);
    wait_online(r, 1, true);
    attendance_stop(r->attendance);
    assert_false(is_online(r, 0));
    assert_false(is_online(r, 1));
    start(r);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_comes_is_told_and_who_goes_is),      TEST(who_stays_is_renewed),
        TEST(a_flushed_cache_is_complete_again_soon), TEST(a_cache_that_was_away_is_told_again),
        TEST(stopping_gives_the_leases_back),
    };
    return cmocka_run_group_tests_name("attendance", tests, NULL, NULL);
}
