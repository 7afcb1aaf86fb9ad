#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cluster/window.h"
#include "domain/id.h"

#define START_MS INT64_C(1767225600000)

enum { KEYS = 400 };

/* The k-th of a few hundred client ids; many share their place in the index. */
static XXH128_hash_t hash_of(unsigned k)
{
    return (XXH128_hash_t){.low64 = k % 37, .high64 = k};
}

/* A window against the simplest one that could be right: a list of everything. */
static void same_as_a_list(uint64_t seed)
{
    struct rand_seeded rand;
    struct window w;
    uint64_t offset_of[KEYS], id_of[KEYS]; /* of the last entry of each key */
    bool used[KEYS] = {false};
    uint64_t last_id = 0;
    int64_t now = START_MS;
    rand_seed(&rand, seed);
    window_init(&w, 1000, 128, 16);
    for (uint64_t offset = 0; offset < 5000; offset++) {
        unsigned k = (unsigned)rand_next_below(&rand, KEYS);
        const struct uuid user = {{(uint8_t)(k % 3)}};
        now += (int64_t)rand_next_below(&rand, 12);
        window_advance(&w, now, offset, last_id);
        const struct window_entry *e = window_find(&w, hash_of(k), &user, k % 5);
        bool wanted = used[k] && offset_of[k] >= w.from;
        assert_int_equal(e != NULL, wanted);
        assert_true(!used[k] || id_time_ms(id_of[k]) >= now - 1000 || e == NULL);
        if (e != NULL) {
            assert_int_equal(e->offset, offset_of[k]);
            window_add_other(&w, offset, last_id);
            continue;
        }
        last_id = id_next(last_id, now, 0);
        used[k] = true;
        offset_of[k] = offset;
        id_of[k] = last_id;
        window_add(&w, &(struct window_entry){.hash = hash_of(k),
                                              .user = user,
                                              .offset = offset,
                                              .id = last_id,
                                              .channel = k % 5});
        assert_true(w.n <= 128 && w.n_others <= 16);
        assert_true(w.n_others == 0 || window_other_at(&w, 0)->offset >= w.from);
        assert_true(window_entry_at(&w, 0)->offset >= w.from);
    }
    window_fini(&w);
}

static void window_is_what_a_list_would_be(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        same_as_a_list(seed);
}

static void empty_window_begins_at_the_next_record(void **state)
{
    (void)state;
    struct window w;
    window_init(&w, 1000, 128, 16);
    uint64_t id = id_next(0, START_MS, 0);
    window_advance(&w, START_MS, 10, id);
    assert_int_equal(w.from, 10);
    assert_int_equal(w.from_id, id);
    window_add(&w, &(struct window_entry){.offset = 10, .id = id + 1});
    window_add_other(&w, 11, id + 1);
    window_advance(&w, START_MS, 12, id + 1);
    assert_int_equal(w.from, 10);
    assert_true(window_is_other(&w, 11));
    assert_false(window_is_other(&w, 10));
    window_advance(&w, START_MS + 2000, 12, id + 1);
    assert_int_equal(w.from, 12);
    assert_int_equal(w.from_id, id + 1);
    assert_int_equal(w.n_others, 0);
    window_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_is_what_a_list_would_be),
        cmocka_unit_test(empty_window_begins_at_the_next_record),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
