#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/bench/text.h"

static const struct text sample = {
    .channel = 0xfedcba98, .sender = 7, .counter = 0x123456789abcdef0, .sent_ns = 42};

static void a_text_says_what_it_is(void **state)
{
    (void)state;
    static const size_t sizes[] = {TEXT_BYTES_MIN, 81, 87, 200, 8192};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char p[8192];
        struct text got;
        text_write(&sample, p, sizes[i]);
        assert_true(text_read(p, sizes[i], &got));
        assert_int_equal(got.channel, sample.channel);
        assert_int_equal(got.sender, sample.sender);
        assert_int_equal(got.counter, sample.counter);
        assert_int_equal(got.sent_ns, sample.sent_ns);
        assert_null(memchr(p, '"', sizes[i]));
        assert_null(memchr(p, '\\', sizes[i]));
        assert_true(p[sizes[i] - 1] != ' ');
    }
}

static void any_altered_byte_shows(void **state)
{
    (void)state;
    enum { N = 203 };
    char p[N];
    struct text got;
    text_write(&sample, p, N);
    for (size_t i = 0; i < N; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            p[i] = (char)(p[i] ^ (int)bit);
            assert_false(text_read(p, N, &got));
            p[i] = (char)(p[i] ^ (int)bit);
        }
    }
    assert_true(text_read(p, N, &got));
}

static void a_text_that_was_cut_or_grew_shows(void **state)
{
    (void)state;
    char p[300];
    struct text got;
    memset(p, '.', sizeof p);
    text_write(&sample, p, 200);
    for (size_t n = 0; n < sizeof p; n++)
        assert_int_equal(text_read(p, n, &got), n == 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_says_what_it_is),
        cmocka_unit_test(any_altered_byte_shows),
        cmocka_unit_test(a_text_that_was_cut_or_grew_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
