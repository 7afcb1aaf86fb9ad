#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "adapter/memory/cache.h"
#include "base/clock.h"
#include "service/attempts.h"

#define SECRET  STR("what all nodes know, 32 bytes ..")
#define PER_MIN 6
#define WHOM    STR("ann@example.org")

/* Two nodes on one cache. */
struct rig {
    struct clock_manual clock;
    struct memory_cache *cache;
    struct attempts *node[2];
};

static int setup(void **state)
{
    static struct rig r;
    assert_true(sodium_init() >= 0);
    clock_manual_init(&r.clock, 0);
    clock_manual_advance(&r.clock, 1000000);
    r.cache = memory_cache_new(&r.clock.super, 0);
    for (int i = 0; i < 2; i++)
        r.node[i] = attempts_new(&r.clock.super, memory_cache_port(r.cache), SECRET);
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    attempts_free(r->node[0]);
    attempts_free(r->node[1]);
    memory_cache_free(r->cache);
    return 0;
}

static uint32_t take(struct rig *r, int node)
{
    return attempts_take(r->node[node], ATTEMPT_LOGIN_ACCOUNT, WHOM, PER_MIN);
}

static void nodes_share_the_rate(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < PER_MIN; i++)
        assert_int_equal(take(r, i % 2), 0);
    assert_in_range(take(r, 0), 1, 60000 / PER_MIN);
    assert_in_range(take(r, 1), 1, 60000 / PER_MIN);
    clock_manual_advance(&r->clock, 60000000 / PER_MIN);
    assert_int_equal(take(r, 1), 0);
    assert_true(take(r, 0) > 0);
}

static void each_kind_and_each_account_has_its_own(void **state)
{
    struct rig *r = *state;
    while (take(r, 0) == 0)
        ;
    assert_int_equal(attempts_take(r->node[1], ATTEMPT_LOGIN_ADDRESS, WHOM, PER_MIN), 0);
    assert_int_equal(attempts_take(r->node[1], ATTEMPT_REGISTER_ADDRESS, WHOM, PER_MIN), 0);
    assert_int_equal(attempts_take(r->node[1], ATTEMPT_LOGIN_ACCOUNT, STR("bob"), PER_MIN), 0);
    assert_true(take(r, 1) > 0);
}

static void while_the_cache_is_gone_each_node_counts_for_itself(void **state)
{
    struct rig *r = *state;
    memory_cache_lose(r->cache, true);
    for (int node = 0; node < 2; node++) {
        for (int i = 0; i < PER_MIN; i++)
            assert_int_equal(take(r, node), 0);
        assert_true(take(r, node) > 0);
    }
}

static void a_flushed_cache_frees_nobody_at_his_node(void **state)
{
    struct rig *r = *state;
    while (take(r, 0) == 0)
        ;
    memory_cache_flush(r->cache);
    assert_true(take(r, 0) > 0);
}

static void zero_is_no_limit(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(attempts_take(r->node[0], ATTEMPT_LOGIN_ACCOUNT, WHOM, 0), 0);
}

/* ---- What the cache is asked ---- */

struct spy {
    struct cache super;
    char key[CACHE_KEY_MAX + 1];
    unsigned calls;
};

static enum err on_take(struct cache *self, struct str key, uint32_t per_min, uint32_t burst,
                        uint32_t *retry_after_ms)
{
    struct spy *s = (struct spy *)self;
    assert_int_equal(per_min, PER_MIN);
    assert_int_equal(burst, PER_MIN);
    assert_true(str_copy(key, s->key, sizeof s->key));
    s->calls++;
    *retry_after_ms = 0;
    return ERR_OK;
}

static const struct cache_ops spy_ops = {.take = on_take};

static void keys_name_nobody_and_are_the_same_everywhere(void **state)
{
    struct spy one = {.super = {&spy_ops}}, two = one, other = one;
    struct rig *r = *state;
    struct attempts *a = attempts_new(&r->clock.super, &one.super, SECRET);
    struct attempts *b = attempts_new(&r->clock.super, &two.super, SECRET);
    struct attempts *c = attempts_new(&r->clock.super, &other.super, STR("another secret 12"));
    attempts_take(a, ATTEMPT_LOGIN_ACCOUNT, WHOM, PER_MIN);
    attempts_take(b, ATTEMPT_LOGIN_ACCOUNT, WHOM, PER_MIN);
    attempts_take(c, ATTEMPT_LOGIN_ACCOUNT, WHOM, PER_MIN);
    assert_string_equal(one.key, two.key);
    assert_string_not_equal(one.key, other.key);
    assert_ptr_equal(strstr(one.key, "rate:login-account:"), one.key);
    assert_int_equal(strlen(one.key), strlen("rate:login-account:") + 32);
    assert_null(strstr(one.key, "ann"));
    attempts_free(a);
    attempts_free(b);
    attempts_free(c);
}

static void who_is_over_the_rate_here_costs_the_cache_nothing(void **state)
{
    struct spy spy = {.super = {&spy_ops}};
    struct rig *r = *state;
    struct attempts *a = attempts_new(&r->clock.super, &spy.super, SECRET);
    for (int i = 0; i < 1000; i++)
        attempts_take(a, ATTEMPT_LOGIN_ACCOUNT, WHOM, PER_MIN);
    assert_int_equal(spy.calls, PER_MIN);
    attempts_free(a);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nodes_share_the_rate),
        TEST(each_kind_and_each_account_has_its_own),
        TEST(while_the_cache_is_gone_each_node_counts_for_itself),
        TEST(a_flushed_cache_frees_nobody_at_his_node),
        TEST(zero_is_no_limit),
        TEST(keys_name_nobody_and_are_the_same_everywhere),
        TEST(who_is_over_the_rate_here_costs_the_cache_nothing),
    };
    return cmocka_run_group_tests_name("attempts", tests, NULL, NULL);
}
