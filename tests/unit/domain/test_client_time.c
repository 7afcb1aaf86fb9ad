#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "domain/client_time.h"

static void assert_time(const char *id, int64_t ms)
{
    int64_t got = -1;
    assert_true(client_time_ms(str_of(id), &got));
    assert_int_equal(got, ms);
}

static void assert_none(const char *id)
{
    int64_t got = -1;
    assert_false(client_time_ms(str_of(id), &got));
    assert_int_equal(got, -1);
}

static void uuid_v7(void **state)
{
    (void)state;
    assert_time("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", 1645557742000); /* RFC 9562 A.6 */
    assert_time("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 1645557742000);
    assert_time("ffffffff-ffff-7fff-bfff-ffffffffffff", (INT64_C(1) << 48) - 1);
    assert_none("017f22e2-79b0-4cc3-98c4-dc0c0c07398f"); /* another version */
    assert_none("017f22e2-79b0-7cc3-18c4-dc0c0c07398f"); /* another variant */
    assert_none("017f22e279b07cc398c4dc0c0c07398f");
}

static void ulid(void **state)
{
    (void)state;
    assert_time("01ARYZ6S410000000000000000", 1469918176385); /* of the ULID specification */
    assert_time("01aryz6s410000000000000000", 1469918176385);
    assert_time("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", (INT64_C(1) << 48) - 1);
    assert_none("80000000000000000000000000"); /* more than 48 bits of time */
    assert_none("01ARYZ6S41000000000000000U"); /* not a digit of this base */
    assert_none("01ARYZ6S4100000000000000000");
    assert_none("01ARYZ6S41000000000000000");
}

static void others(void **state)
{
    (void)state;
    assert_none("");
    assert_none("42");
    assert_none("mid:00.1_2-3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_v7),
        cmocka_unit_test(ulid),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests_name("client_time", tests, NULL, NULL);
}
