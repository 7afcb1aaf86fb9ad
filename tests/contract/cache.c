/* What port/cache.h promises. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cache_driver.h"

#define LONG_MS  60000
#define SHORT_MS 300 /* long for a call, on a busy machine too */

static struct cache *cache_of(void **state)
{
    return ((struct nodes *)*state)->cache[0];
}

/* ---- Values ---- */

static void assert_value(struct cache *c, const char *key, struct str wanted)
{
    struct arena arena;
    struct str got;
    arena_init(&arena);
    assert_int_equal(c->ops->get(c, str_of(key), &arena, &got), ERR_OK);
    assert_int_equal(got.n, wanted.n);
    assert_true(str_eq(got, wanted));
    arena_fini(&arena);
}

static void assert_missing(struct cache *c, const char *key)
{
    struct arena arena;
    struct str got;
    arena_init(&arena);
    assert_int_equal(c->ops->get(c, str_of(key), &arena, &got), ERR_NOT_FOUND);
    arena_fini(&arena);
}

static enum err put_version(struct cache *c, uint64_t version, const char *value)
{
    return c->ops->put_version(c, STR("v"), version, str_of(value), LONG_MS);
}

static void a_value_is_there_until_it_is_dropped(void **state)
{
    struct cache *c = cache_of(state);
    assert_missing(c, "k");
    assert_int_equal(c->ops->put(c, STR("k"), STR("one"), LONG_MS), ERR_OK);
    assert_value(c, "k", STR("one"));
    assert_int_equal(c->ops->put(c, STR("k"), STR("two"), LONG_MS), ERR_OK);
    assert_value(c, "k", STR("two"));
    assert_missing(c, "other");
    assert_int_equal(c->ops->drop(c, STR("k")), ERR_OK);
    assert_missing(c, "k");
    assert_int_equal(c->ops->drop(c, STR("k")), ERR_OK);
}

static void a_value_holds_any_bytes(void **state)
{
    struct cache *c = cache_of(state);
    static const char odd[] = "\0\r\n$5\r\n\xff\"\\";
    static char large[256 * 1024];
    memset(large, 'x', sizeof large);
    assert_int_equal(c->ops->put(c, STR("odd"), (struct str){odd, sizeof odd}, LONG_MS), ERR_OK);
    assert_int_equal(c->ops->put(c, STR("empty"), STR_NONE, LONG_MS), ERR_OK);
    assert_int_equal(c->ops->put(c, STR("large"), (struct str){large, sizeof large}, LONG_MS),
                     ERR_OK);
    assert_value(c, "odd", (struct str){odd, sizeof odd});
    assert_value(c, "empty", STR_NONE);
    assert_value(c, "large", (struct str){large, sizeof large});
}

static void a_key_holds_any_bytes(void **state)
{
    struct cache *c = cache_of(state);
    char key[CACHE_KEY_MAX];
    struct arena arena;
    struct str got;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (char)i;
    assert_int_equal(c->ops->put(c, (struct str){key, sizeof key}, STR("v"), LONG_MS), ERR_OK);
    assert_int_equal(c->ops->get(c, (struct str){key, sizeof key}, &arena, &got), ERR_OK);
    assert_int_equal(c->ops->get(c, (struct str){key, sizeof key - 1}, &arena, &got),
                     ERR_NOT_FOUND);
    arena_fini(&arena);
}

static void a_value_ends_with_its_lifetime(void **state)
{
    struct cache *c = cache_of(state);
    assert_int_equal(c->ops->put(c, STR("k"), STR("x"), SHORT_MS), ERR_OK);
    assert_int_equal(c->ops->put_version(c, STR("v"), 9, STR("x"), SHORT_MS), ERR_OK);
    assert_value(c, "k", STR("x"));
    nodes_sleep(SHORT_MS + 40);
    assert_missing(c, "k");
    assert_missing(c, "v");
    assert_int_equal(put_version(c, 1, "anew"), ERR_OK); /* the version ended with it */
    assert_value(c, "v", STR("anew"));
}

static void the_higher_version_stays(void **state)
{
    struct cache *c = cache_of(state);
    assert_int_equal(put_version(c, 5, "five"), ERR_OK);
    assert_value(c, "v", STR("five"));
    assert_int_equal(put_version(c, 4, "four"), ERR_OK);
    assert_value(c, "v", STR("five"));
    assert_int_equal(put_version(c, 5, "five again"), ERR_OK);
    assert_value(c, "v", STR("five again"));
    assert_int_equal(put_version(c, 10, "ten"), ERR_OK);
    assert_value(c, "v", STR("ten"));
    assert_int_equal(put_version(c, UINT64_MAX, "last"), ERR_OK);
    assert_int_equal(put_version(c, UINT64_MAX - 1, "no"), ERR_OK);
    assert_value(c, "v", STR("last"));
}

static void a_put_forgets_the_version(void **state)
{
    struct cache *c = cache_of(state);
    assert_int_equal(put_version(c, 5, "five"), ERR_OK);
    assert_int_equal(c->ops->put(c, STR("v"), STR("plain"), LONG_MS), ERR_OK);
    assert_value(c, "v", STR("plain"));
    assert_int_equal(put_version(c, 1, "one"), ERR_OK);
    assert_value(c, "v", STR("one"));
}

static void nodes_see_each_others_values(void **state)
{
    struct nodes *n = *state;
    struct cache *a = n->cache[0], *b = n->cache[1];
    assert_int_equal(a->ops->put(a, STR("k"), STR("of a"), LONG_MS), ERR_OK);
    assert_value(b, "k", STR("of a"));
    assert_int_equal(b->ops->put_version(b, STR("v"), 7, STR("new"), LONG_MS), ERR_OK);
    assert_int_equal(a->ops->put_version(a, STR("v"), 6, STR("old"), LONG_MS), ERR_OK);
    assert_value(a, "v", STR("new"));
}

/* ---- Buckets ---- */

static void a_bucket_gives_its_burst_and_refills(void **state)
{
    struct nodes *n = *state;
    struct cache *a = n->cache[0], *b = n->cache[1];
    uint32_t wait_ms;
    /* 120 a minute: one every 500 ms; the second node takes from the same bucket */
    assert_int_equal(a->ops->take(a, STR("t"), 120, 3, &wait_ms), ERR_OK);
    assert_int_equal(b->ops->take(b, STR("t"), 120, 3, &wait_ms), ERR_OK);
    assert_int_equal(a->ops->take(a, STR("t"), 120, 3, &wait_ms), ERR_OK);
    assert_int_equal(b->ops->take(b, STR("t"), 120, 3, &wait_ms), ERR_RATE_LIMITED);
    assert_in_range(wait_ms, 1, 500);
    assert_int_equal(a->ops->take(a, STR("other"), 120, 3, &wait_ms), ERR_OK);
    nodes_sleep(510);
    assert_int_equal(a->ops->take(a, STR("t"), 120, 3, &wait_ms), ERR_OK);
    assert_int_equal(a->ops->take(a, STR("t"), 120, 3, &wait_ms), ERR_RATE_LIMITED);
}

static void a_refused_try_takes_nothing(void **state)
{
    struct cache *c = cache_of(state);
    uint32_t wait_ms;
    assert_int_equal(c->ops->take(c, STR("t"), 120, 1, &wait_ms), ERR_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(c->ops->take(c, STR("t"), 120, 1, &wait_ms), ERR_RATE_LIMITED);
    nodes_sleep(wait_ms + 5);
    assert_int_equal(c->ops->take(c, STR("t"), 120, 1, &wait_ms), ERR_OK);
}

/* ---- Windows ---- */

/* Pushes n entries `first`, `first` + 1 ... whose values are their numbers. */
static void push(struct cache *c, uint64_t prev, uint64_t first, size_t n, unsigned max)
{
    struct cache_entry entries[64];
    char values[64][24];
    assert_true(n <= 64);
    for (size_t i = 0; i < n; i++) {
        snprintf(values[i], sizeof values[i], "%" PRIu64, first + i);
        entries[i] = (struct cache_entry){first + i, str_of(values[i])};
    }
    assert_int_equal(c->ops->window_push(c, STR("w"), prev, entries, n, max, LONG_MS), ERR_OK);
}

/* The window below `before` holds first .. first + n - 1 and that floor. */
static void assert_window(struct cache *c, uint64_t before, unsigned max, uint64_t floor,
                          uint64_t first, size_t n)
{
    struct arena arena;
    struct cache_entry *got;
    size_t n_got;
    uint64_t floor_got;
    arena_init(&arena);
    assert_int_equal(
        c->ops->window_read(c, STR("w"), before, max, &arena, &got, &n_got, &floor_got), ERR_OK);
    assert_int_equal(floor_got, floor);
    assert_int_equal(n_got, n);
    for (size_t i = 0; i < n; i++) {
        char value[24];
        snprintf(value, sizeof value, "%" PRIu64, first + i);
        assert_int_equal(got[i].seq, first + i);
        assert_true(str_eq(got[i].value, str_of(value)));
    }
    arena_fini(&arena);
}

static void assert_no_window(struct cache *c)
{
    struct arena arena;
    struct cache_entry *got;
    size_t n;
    uint64_t floor;
    arena_init(&arena);
    assert_int_equal(c->ops->window_read(c, STR("w"), 0, 10, &arena, &got, &n, &floor),
                     ERR_NOT_FOUND);
    arena_fini(&arena);
}

static void a_window_grows_at_its_end(void **state)
{
    struct cache *c = cache_of(state);
    assert_no_window(c);
    push(c, 0, 1, 2, 10);
    assert_window(c, 0, 10, 0, 1, 2);
    push(c, 2, 3, 3, 10);
    assert_window(c, 0, 10, 0, 1, 5);
    assert_window(((struct nodes *)*state)->cache[1], 0, 10, 0, 1, 5);
}

static void a_window_is_read_in_parts(void **state)
{
    struct cache *c = cache_of(state);
    push(c, 4, 5, 10, 20);
    assert_window(c, 0, 3, 4, 12, 3);
    assert_window(c, 12, 3, 4, 9, 3);
    assert_window(c, 6, 3, 4, 5, 1);
    assert_window(c, 5, 3, 4, 0, 0);
    assert_window(c, 100, 20, 4, 5, 10);
}

static void what_falls_out_raises_the_floor(void **state)
{
    struct cache *c = cache_of(state);
    push(c, 0, 1, 3, 4);
    push(c, 3, 4, 3, 4);
    assert_window(c, 0, 10, 2, 3, 4);
    push(c, 6, 7, 12, 4); /* more at once than it keeps */
    assert_window(c, 0, 10, 14, 15, 4);
    push(c, 18, 19, 1, 4);
    assert_window(c, 0, 10, 15, 16, 4);
    push(c, 19, 20, 1, 2); /* a smaller window */
    assert_window(c, 0, 10, 18, 19, 2);
}

static void a_gap_starts_the_window_afresh(void **state)
{
    struct cache *c = cache_of(state);
    push(c, 0, 1, 3, 10);
    push(c, 5, 6, 2, 10);
    assert_window(c, 0, 10, 5, 6, 2);
    push(c, 6, 8, 1, 10); /* says that 8 follows 6, where it knows of 7 */
    assert_window(c, 0, 10, 6, 8, 1);
}

static void entries_that_are_there_are_left_alone(void **state)
{
    struct cache *c = cache_of(state);
    struct cache_entry other = {3, STR("other")};
    push(c, 0, 1, 4, 10);
    push(c, 0, 1, 4, 10); /* the same again */
    assert_window(c, 0, 10, 0, 1, 4);
    push(c, 2, 3, 4, 10); /* the first of them are there */
    assert_window(c, 0, 10, 0, 1, 6);
    push(c, 1, 2, 2, 10); /* late: all of them are */
    assert_window(c, 0, 10, 0, 1, 6);
    assert_int_equal(c->ops->window_push(c, STR("w"), 2, &other, 1, 10, LONG_MS), ERR_OK);
    assert_window(c, 0, 10, 0, 1, 6);
}

static void what_fell_out_does_not_come_back(void **state)
{
    struct cache *c = cache_of(state);
    push(c, 0, 1, 6, 3);
    assert_window(c, 0, 10, 3, 4, 3);
    push(c, 0, 1, 2, 3);
    assert_window(c, 0, 10, 3, 4, 3);
    push(c, 0, 1, 6, 3);
    assert_window(c, 0, 10, 3, 4, 3);
}

static void a_window_holds_large_positions_and_any_bytes(void **state)
{
    struct cache *c = cache_of(state);
    static const char odd[] = "\0floor\xff";
    const uint64_t last = (UINT64_C(1) << 53) - 1;
    const struct cache_entry entries[] = {{last - 1, STR_NONE}, {last, {odd, sizeof odd}}};
    struct arena arena;
    struct cache_entry *got;
    size_t n;
    uint64_t floor;
    arena_init(&arena);
    assert_int_equal(c->ops->window_push(c, STR("w"), last - 2, entries, 2, 10, LONG_MS), ERR_OK);
    assert_int_equal(c->ops->window_read(c, STR("w"), 0, 10, &arena, &got, &n, &floor), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(floor, last - 2);
    assert_int_equal(got[0].seq, last - 1);
    assert_int_equal(got[0].value.n, 0);
    assert_int_equal(got[1].seq, last);
    assert_true(str_eq(got[1].value, (struct str){odd, sizeof odd}));
    arena_fini(&arena);
}

static void a_window_ends_with_its_lifetime(void **state)
{
    struct cache *c = cache_of(state);
    const struct cache_entry entry = {1, STR("1")};
    assert_int_equal(c->ops->window_push(c, STR("w"), 0, &entry, 1, 10, SHORT_MS), ERR_OK);
    assert_window(c, 0, 10, 0, 1, 1);
    nodes_sleep(SHORT_MS + 40);
    assert_no_window(c);
    push(c, 0, 1, 1, 10);
    assert_int_equal(c->ops->drop(c, STR("w")), ERR_OK);
    assert_no_window(c);
}

static void nothing_pushed_changes_nothing(void **state)
{
    struct cache *c = cache_of(state);
    push(c, 0, 1, 2, 10);
    push(c, 9, 10, 0, 10);
    assert_window(c, 0, 10, 0, 1, 2);
}

/* ---- Leases ---- */

static bool lease_has(struct cache *c, const char *member, size_t *n)
{
    struct arena arena;
    struct str *members;
    bool found = false;
    arena_init(&arena);
    assert_int_equal(c->ops->lease_list(c, STR("l"), &arena, &members, n), ERR_OK);
    for (size_t i = 0; i < *n; i++)
        found = found || str_eq(members[i], str_of(member));
    arena_fini(&arena);
    return found;
}

static void leases_end_one_by_one(void **state)
{
    struct cache *c = cache_of(state);
    size_t n;
    assert_false(lease_has(c, "a", &n));
    assert_int_equal(n, 0);
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("a"), SHORT_MS), ERR_OK);
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("b"), LONG_MS), ERR_OK);
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("c"), SHORT_MS), ERR_OK);
    assert_true(lease_has(((struct nodes *)*state)->cache[1], "a", &n));
    assert_int_equal(n, 3);
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("c"), LONG_MS), ERR_OK); /* renewed */
    nodes_sleep(SHORT_MS + 40);
    assert_false(lease_has(c, "a", &n));
    assert_true(lease_has(c, "b", &n));
    assert_true(lease_has(c, "c", &n));
    assert_int_equal(n, 2);
}

static void a_lease_can_be_given_back(void **state)
{
    struct cache *c = cache_of(state);
    size_t n;
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("a"), LONG_MS), ERR_OK);
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("b"), LONG_MS), ERR_OK);
    assert_int_equal(c->ops->lease_drop(c, STR("l"), STR("a")), ERR_OK);
    assert_int_equal(c->ops->lease_drop(c, STR("l"), STR("a")), ERR_OK);
    assert_int_equal(c->ops->lease_drop(c, STR("none"), STR("a")), ERR_OK);
    assert_false(lease_has(c, "a", &n));
    assert_true(lease_has(c, "b", &n));
    assert_int_equal(n, 1);
}

static void a_shorter_lease_leaves_the_others(void **state)
{
    struct cache *c = cache_of(state);
    size_t n;
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("long"), LONG_MS), ERR_OK);
    assert_int_equal(c->ops->lease_put(c, STR("l"), STR("short"), 60), ERR_OK);
    nodes_sleep(100);
    assert_true(lease_has(c, "long", &n));
    assert_int_equal(n, 1);
}

static void it_says_that_it_is_ready(void **state)
{
    char detail[64] = "";
    struct cache *c = cache_of(state);
    assert_true(c->ops->is_ready(c, detail, sizeof detail));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, nodes_setup, nodes_teardown)

int contract_cache(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_there_until_it_is_dropped),
        TEST(a_value_holds_any_bytes),
        TEST(a_key_holds_any_bytes),
        TEST(a_value_ends_with_its_lifetime),
        TEST(the_higher_version_stays),
        TEST(a_put_forgets_the_version),
        TEST(nodes_see_each_others_values),
        TEST(a_bucket_gives_its_burst_and_refills),
        TEST(a_refused_try_takes_nothing),
        TEST(a_window_grows_at_its_end),
        TEST(a_window_is_read_in_parts),
        TEST(what_falls_out_raises_the_floor),
        TEST(a_gap_starts_the_window_afresh),
        TEST(entries_that_are_there_are_left_alone),
        TEST(what_fell_out_does_not_come_back),
        TEST(a_window_holds_large_positions_and_any_bytes),
        TEST(a_window_ends_with_its_lifetime),
        TEST(nothing_pushed_changes_nothing),
        TEST(leases_end_one_by_one),
        TEST(a_lease_can_be_given_back),
        TEST(a_shorter_lease_leaves_the_others),
        TEST(it_says_that_it_is_ready),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
