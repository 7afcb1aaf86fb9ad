#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include <cmocka.h>

static void holds_what_was_put(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    assert_null(b.p);
    buf_put(&b, "ab", 2);
    buf_puts(&b, "cd");
    buf_putc(&b, 'e');
    buf_printf(&b, "%d-%s", 42, "x");
    buf_put(&b, NULL, 0);
    assert_true(str_eq(buf_str(&b), STR("abcde42-x")));
    buf_consume(&b, 3);
    assert_true(str_eq(buf_str(&b), STR("de42-x")));
    buf_consume(&b, b.n);
    assert_int_equal(b.n, 0);
    assert_false(b.failed);
    buf_fini(&b);
    buf_fini(&b);
}

static void nothing_put_allocates_nothing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 16);
    buf_put(&b, NULL, 0);
    buf_puts(&b, "");
    buf_printf(&b, "%s", "");
    buf_consume(&b, 0);
    assert_null(b.p);
    assert_false(b.failed);
    assert_true(str_eq(buf_str(&b), STR_NONE));
    buf_fini(&b);
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_puts(&b, "12345");
    assert_false(b.failed);
    buf_putc(&b, '6');
    assert_true(b.failed);
    assert_true(str_eq(buf_str(&b), STR("12345")));
    buf_fini(&b);
    buf_init(&b, 5);
    buf_printf(&b, "%s", "12345");
    assert_false(b.failed);
    assert_true(str_eq(buf_str(&b), STR("12345")));
    buf_fini(&b);
    buf_init(&b, 0);
    buf_puts(&b, "");
    assert_false(b.failed);
    buf_putc(&b, 'x');
    assert_true(b.failed);
    buf_fini(&b);
}

/* After a failure nothing more is added, not even what would fit: no output with a hole in it. */
static void a_failure_stays(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    buf_puts(&b, "ab");
    buf_puts(&b, "cde");
    buf_puts(&b, "c");
    buf_printf(&b, "%d", 1);
    assert_null(buf_reserve(&b, 0));
    assert_true(b.failed);
    assert_true(str_eq(buf_str(&b), STR("ab")));
    buf_consume(&b, 1);
    assert_true(b.failed);
    buf_clear(&b);
    assert_false(b.failed);
    buf_puts(&b, "wxyz");
    assert_true(str_eq(buf_str(&b), STR("wxyz")));
    buf_fini(&b);
}

static void reserve_gives_room(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    assert_non_null(buf_reserve(&b, 0));
    for (size_t n = 1; n < 400; n++) {
        char *at = buf_reserve(&b, n);
        assert_ptr_equal(at, b.p + b.n);
        memset(at, 'x', n);
        b.n += n;
        assert_true(b.n <= b.cap && b.cap <= b.max);
    }
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_null(buf_reserve(&b, 100001 - b.n));
    buf_fini(&b);
}

static void long_prints(void **state)
{
    (void)state;
    for (int n = 250; n < 262; n++) {
        struct buf b;
        buf_init(&b, 1000);
        buf_printf(&b, "<%*s>", n, "x");
        assert_int_equal(b.n, n + 2);
        assert_int_equal(b.p[0], '<');
        assert_int_equal(b.p[n + 1], '>');
        buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_put), cmocka_unit_test(nothing_put_allocates_nothing),
        cmocka_unit_test(the_limit_is_exact), cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(reserve_gives_room), cmocka_unit_test(long_prints),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
