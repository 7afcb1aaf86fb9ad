#include "consumer/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct envelope sample(void)
{
    return (struct envelope){
        .kind = ENVELOPE_WEBHOOK,
        .attempt = 3,
        .not_before_ms = INT64_C(1767225600123),
        .first_ms = INT64_C(1767225500001),
        .id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
        .reason = STR("the answer was 502"),
        .payload = STR("{\"text\":\"\\u0000\"}"),
    };
}

static void assert_same(const struct envelope *a, const struct envelope *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->attempt, b->attempt);
    assert_int_equal(a->not_before_ms, b->not_before_ms);
    assert_int_equal(a->first_ms, b->first_ms);
    assert_true(uuid_eq(&a->id, &b->id));
    assert_true(str_eq(a->reason, b->reason));
    assert_true(str_eq(a->payload, b->payload));
}

static struct buf encoded(const struct envelope *e)
{
    struct buf b;
    buf_init(&b, ENVELOPE_BYTES_MAX);
    envelope_encode(e, &b);
    assert_false(b.failed);
    return b;
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    struct envelope e = sample(), back;
    struct buf b = encoded(&e);
    assert_true(envelope_decode(buf_str(&b), &back));
    assert_same(&e, &back);
    buf_fini(&b);
}

static void empty_strings_are_fine(void **state)
{
    (void)state;
    struct envelope e = sample(), back;
    e.reason = e.payload = STR_NONE;
    e.attempt = 0;
    struct buf b = encoded(&e);
    assert_true(envelope_decode(buf_str(&b), &back));
    assert_same(&e, &back);
    buf_fini(&b);
}

static void the_largest_fits_its_limit(void **state)
{
    (void)state;
    static char payload[ENVELOPE_PAYLOAD_MAX];
    char reason[ENVELOPE_REASON_MAX];
    struct envelope e = sample(), back;
    memset(payload, 7, sizeof payload);
    memset(reason, 'r', sizeof reason);
    e.payload = (struct str){payload, sizeof payload};
    e.reason = (struct str){reason, sizeof reason};
    struct buf b = encoded(&e);
    assert_int_equal(b.n, ENVELOPE_BYTES_MAX);
    assert_true(envelope_decode(buf_str(&b), &back));
    assert_same(&e, &back);
    buf_fini(&b);
}

static void long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    char reason[ENVELOPE_REASON_MAX + 1];
    struct envelope e = sample(), back;
    memset(reason, 'r', sizeof reason);
    memcpy(reason + ENVELOPE_REASON_MAX - 1, "\xc3\xa4", 2); /* half of it would fit */
    e.reason = (struct str){reason, sizeof reason};
    struct buf b = encoded(&e);
    assert_true(envelope_decode(buf_str(&b), &back));
    assert_int_equal(back.reason.n, ENVELOPE_REASON_MAX - 1);
    buf_fini(&b);
}

static void every_shortening_is_refused(void **state)
{
    (void)state;
    struct envelope e = sample(), back;
    struct buf b = encoded(&e);
    for (size_t n = 0; n < b.n; n++)
        assert_false(envelope_decode((struct str){b.p, n}, &back));
    buf_putc(&b, 'x');
    assert_false(envelope_decode(buf_str(&b), &back));
    buf_fini(&b);
}

/* Each is a byte that makes a whole envelope one that cannot be. */
static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        char byte;
    } spoiled[] = {
        {0, 0},             /* version */
        {0, 2},             /* another version */
        {1, 0},             /* kind */
        {1, 9},             /* kind */
        {2, 0x7f},          /* attempts */
        {4, (char)0x80},    /* not before 1970 */
        {12, (char)0x80},   /* first tried before 1970 */
        {36, 1},            /* the reason is longer than it may be */
        {38, (char)0xff},   /* the reason is not UTF-8 */
        {38 + 18, 0x7f},    /* the payload is longer than what is there */
        {38 + 18 + 3, 0x1}, /* and shorter */
    };
    struct envelope e = sample(), back;
    for (size_t i = 0; i < sizeof spoiled / sizeof spoiled[0]; i++) {
        struct buf b = encoded(&e);
        b.p[spoiled[i].at] = spoiled[i].byte;
        assert_false(envelope_decode(buf_str(&b), &back));
        buf_fini(&b);
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(envelope_kind_name(ENVELOPE_WEBHOOK), "webhook");
    assert_string_equal(envelope_kind_name(ENVELOPE_REPLAYED), "replayed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(empty_strings_are_fine),
        cmocka_unit_test(the_largest_fits_its_limit),
        cmocka_unit_test(long_reason_is_cut_between_characters),
        cmocka_unit_test(every_shortening_is_refused),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
