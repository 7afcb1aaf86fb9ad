/* The bytes of Protocol Buffers, against the examples of its own documentation and by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/proto.h"

#define OUT_MAX 4096

static void expect(struct buf *out, const char *bytes, size_t n)
{
    assert_false(out->failed);
    assert_int_equal(out->n, n);
    assert_memory_equal(out->p, bytes, n);
    buf_clear(out);
}

#define EXPECT(out, literal) expect((out), (literal), sizeof(literal) - 1)

static void numbers(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, OUT_MAX);
    proto_put_u64(&out, 1, 150);
    EXPECT(&out, "\x08\x96\x01"); /* the documentation's example */
    proto_put_u64(&out, 1, 127);
    EXPECT(&out, "\x08\x7f");
    proto_put_u64(&out, 16, 128);
    EXPECT(&out, "\x80\x01\x80\x01");
    proto_put_u64(&out, 1, UINT64_MAX);
    EXPECT(&out, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    proto_put_u64(&out, 1, 0);
    EXPECT(&out, "");
    buf_fini(&out);
}

static void texts(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, OUT_MAX);
    proto_put_text(&out, 2, STR("testing"));
    EXPECT(&out, "\x12\x07testing"); /* the documentation's example */
    proto_put_text(&out, 2, STR("a\0b"));
    EXPECT(&out, "\x12\x03"
                 "a\0b");
    proto_put_text(&out, 2, STR_NONE);
    EXPECT(&out, "");
    buf_fini(&out);
}

static void ids_and_times(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, OUT_MAX);
    proto_put_uuid(&out, 1, &UUID_NIL);
    EXPECT(&out, "\x0a\x24"
                 "00000000-0000-0000-0000-000000000000");
    proto_put_time(&out, 9, 2000150);
    EXPECT(&out, "\x4a\x06\x08\x02\x10\xf0\x93\x09"); /* 2 s, 150,000 ns */
    proto_put_time(&out, 9, 0);
    EXPECT(&out, "\x4a\x00");
    buf_fini(&out);
}

static void messages_within_messages(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, OUT_MAX);
    size_t outer = proto_begin(&out, 3);
    size_t inner = proto_begin(&out, 3);
    proto_put_u64(&out, 1, 150);
    proto_end(&out, inner);
    proto_end(&out, outer);
    EXPECT(&out, "\x1a\x05\x1a\x03\x08\x96\x01");
    char text[200];
    memset(text, 'x', sizeof text);
    outer = proto_begin(&out, 1);
    proto_put_text(&out, 1, (struct str){text, sizeof text});
    proto_end(&out, outer);
    assert_int_equal(out.n, 1 + 2 + 1 + 2 + sizeof text); /* lengths of two bytes */
    assert_memory_equal(out.p, "\x0a\xcb\x01\x0a\xc8\x01x", 7);
    buf_fini(&out);
}

static void a_full_buffer_fails(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 8);
    size_t outer = proto_begin(&out, 1);
    proto_put_text(&out, 1, STR("too long for it"));
    proto_end(&out, outer);
    assert_true(out.failed);
    assert_true(out.n <= 8);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts),
        cmocka_unit_test(ids_and_times),
        cmocka_unit_test(messages_within_messages),
        cmocka_unit_test(a_full_buffer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
