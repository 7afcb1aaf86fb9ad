#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "base/rand.h"

/* The first numbers of the reference code (xoshiro256starstar.c) from the state 1, 2, 3, 4. */
static void the_generator_of_the_paper(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct rand_seeded r = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(rand_next(&r) == expected[i]);
}

/* The first numbers of splitmix64.c from the seed 1234567. */
static void seeded_by_splitmix64(void **state)
{
    (void)state;
    struct rand_seeded r, again;
    rand_seed(&r, 1234567);
    assert_true(r.s[0] == UINT64_C(6457827717110365317));
    assert_true(r.s[1] == UINT64_C(3203168211198807973));
    assert_true(r.s[2] == UINT64_C(9817491932198370423));
    assert_true(r.s[3] == UINT64_C(4593380528125082431));
    rand_seed(&again, 1234567);
    for (int i = 0; i < 100; i++)
        assert_true(rand_next(&r) == rand_next(&again));
}

static void below_the_bound(void **state)
{
    (void)state;
    struct rand_seeded r;
    unsigned seen[2][6] = {{0}};
    rand_seed(&r, 9);
    for (int i = 0; i < 6000; i++) {
        seen[0][rand_below(6)]++;
        seen[1][rand_next_below(&r, 6)]++;
    }
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 2; k++)
            assert_true(seen[k][i] > 800 && seen[k][i] < 1200); /* 1000, deviation 29 */
    assert_int_equal(rand_below(1), 0);
    assert_true(rand_below(UINT64_MAX) < UINT64_MAX);
}

/* Each byte is written, and no two draws are alike. */
static void bytes_of_the_kernel(void **state)
{
    (void)state;
    unsigned char touched[300] = {0}, one[300], other[300];
    for (int round = 0; round < 20; round++) {
        rand_bytes(one, sizeof one);
        for (size_t i = 0; i < sizeof one; i++)
            touched[i] |= one[i];
    }
    for (size_t i = 0; i < sizeof touched; i++)
        assert_int_not_equal(touched[i], 0);
    rand_bytes(other, sizeof other);
    assert_memory_not_equal(one, other, sizeof one);
    rand_bytes(one, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_of_the_paper),
        cmocka_unit_test(seeded_by_splitmix64),
        cmocka_unit_test(below_the_bound),
        cmocka_unit_test(bytes_of_the_kernel),
    };
    return cmocka_run_group_tests_name("base/rand", tests, NULL, NULL);
}
