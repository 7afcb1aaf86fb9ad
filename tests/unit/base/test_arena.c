#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>

#include "base/arena.h"

static void pieces_do_not_touch(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *pieces[500];
    arena_init(&a);
    for (size_t i = 0; i < 500; i++) {
        size_t size = i * 7 % 300;
        pieces[i] = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)(i & 0xFF), size);
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t k = 0; k < i * 7 % 300; k++)
            assert_int_equal(pieces[i][k], i & 0xFF);
    assert_true(a.used >= 500 * 7 * 10);
    arena_fini(&a);
    assert_int_equal(a.used, 0);
}

static void pieces_around_the_size_of_a_block(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    for (size_t size = 4090; size < 4100; size++)
        memset(arena_alloc(&a, size), 0xAA, size);
    memset(arena_alloc(&a, 1000000), 0xAA, 1000000);
    assert_int_equal(((unsigned char *)arena_alloc(&a, 16))[0], 0);
    arena_fini(&a);
    arena_fini(&a);
}

static void strings_end_with_nul(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct str s = arena_str(&a, STR("channel")), none = arena_str(&a, STR_NONE);
    assert_true(str_eq(s, STR("channel")));
    assert_string_equal(s.p, "channel");
    assert_int_equal(none.n, 0);
    assert_string_equal(none.p, "");
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_touch),
        cmocka_unit_test(pieces_around_the_size_of_a_block),
        cmocka_unit_test(strings_end_with_nul),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
