#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rand.h"
#include "net/write_queue.h"

static struct bytes *letters(size_t n)
{
    struct bytes *b = bytes_new(n);
    for (size_t i = 0; i < n; i++)
        b->data[i] = (char)('a' + i % 26);
    return b;
}

/* Everything queued, as text. */
static void assert_holds(const struct write_queue *q, const char *expected)
{
    char scratch[256];
    size_t n = 0;
    assert_int_equal(write_queue_bytes(q), strlen(expected));
    if (q == NULL)
        return;
    const char *p = write_queue_gather(q, scratch, sizeof scratch, &n);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(p, expected, n);
}

static void neighbours_become_one_slice(void **state)
{
    (void)state;
    struct bytes *b = letters(20);
    struct write_queue *q = NULL;
    write_queue_append(&q, b, 0, 5, 1);
    write_queue_append(&q, b, 5, 5, 2);
    assert_int_equal(q->n, 1);
    write_queue_append(&q, b, 11, 4, 1); /* a gap */
    assert_int_equal(q->n, 2);
    assert_int_equal(write_queue_frames(q), 4);
    assert_holds(q, "abcdefghijlmno");
    assert_int_equal(atomic_load(&b->refs), 3);
    write_queue_clear(&q);
    assert_null(q);
    assert_int_equal(atomic_load(&b->refs), 1);
    bytes_unref(b);
}

static void a_merged_slice_stays_small(void **state)
{
    (void)state;
    struct bytes *b = letters(2 * WRITE_QUEUE_MERGE_BYTES);
    struct write_queue *q = NULL;
    for (size_t at = 0; at < b->len; at += 1024)
        write_queue_append(&q, b, at, 1024, 1);
    assert_int_equal(q->n, 2);
    write_queue_clear(&q);
    bytes_unref(b);
}

static void the_end_of_a_frame_does_not_swallow_the_next(void **state)
{
    (void)state;
    struct bytes *b = letters(20);
    struct write_queue *q = NULL;
    write_queue_append(&q, b, 15, 5, 1);
    write_queue_append(&q, b, 0, 5, 0); /* goes on with it */
    write_queue_append(&q, b, 5, 5, 1); /* a neighbour, but a new frame */
    write_queue_consume(&q, 2);
    write_queue_keep_begun(&q, 0);
    assert_holds(q, "rstabcde");
    write_queue_clear(&q);
    bytes_unref(b);
}

static void consumed_bytes_free_their_owners(void **state)
{
    (void)state;
    struct bytes *a = letters(4), *b = letters(4);
    struct write_queue *q = NULL;
    write_queue_append(&q, a, 0, 4, 1);
    write_queue_append(&q, b, 0, 4, 1);
    write_queue_consume(&q, 4);
    assert_int_equal(atomic_load(&a->refs), 1);
    assert_int_equal(write_queue_frames(q), 1);
    write_queue_consume(&q, 3);
    assert_holds(q, "d");
    write_queue_consume(&q, 1);
    assert_null(q);
    assert_int_equal(atomic_load(&b->refs), 1);
    bytes_unref(a);
    bytes_unref(b);
}

static void cutting_keeps_what_was_begun(void **state)
{
    (void)state;
    struct bytes *a = letters(3), *b = letters(3), *c = letters(3);
    struct write_queue *q = NULL;
    write_queue_append(&q, a, 0, 3, 1);
    write_queue_append(&q, b, 0, 3, 1);
    write_queue_append(&q, c, 0, 3, 1);
    write_queue_consume(&q, 1);
    write_queue_keep_begun(&q, 0);
    assert_holds(q, "bc");
    assert_int_equal(write_queue_frames(q), 1);
    write_queue_append(&q, c, 0, 3, 1);
    write_queue_keep_begun(&q, 3); /* the seal of a TLS record reaches into the second */
    assert_holds(q, "bcabc");
    write_queue_keep_begun(&q, 2);
    assert_holds(q, "bc");
    write_queue_consume(&q, 2);
    write_queue_append(&q, a, 0, 3, 1);
    write_queue_keep_begun(&q, 0); /* at a boundary: nothing */
    assert_null(q);
    assert_int_equal(atomic_load(&a->refs), 1);
    bytes_unref(a);
    bytes_unref(b);
    bytes_unref(c);
}

static void a_frame_whose_first_piece_is_gone_is_begun(void **state)
{
    (void)state;
    struct bytes *a = letters(3), *b = letters(3);
    struct write_queue *q = NULL;
    write_queue_append(&q, a, 0, 3, 1);
    write_queue_append(&q, b, 0, 3, 0);
    write_queue_append(&q, a, 0, 3, 1);
    write_queue_consume(&q, 3);
    write_queue_keep_begun(&q, 0);
    assert_holds(q, "abc");
    write_queue_clear(&q);
    bytes_unref(a);
    bytes_unref(b);
}

static void iovecs_and_gathering_agree(void **state)
{
    (void)state;
    struct bytes *b = letters(26);
    struct write_queue *q = NULL;
    for (size_t i = 0; i < 10; i++)
        write_queue_append(&q, b, 2 * i, 1, 1);
    struct iovec iov[4];
    size_t total, n;
    assert_int_equal(write_queue_iovec(q, iov, 4, &total), 4);
    assert_int_equal(total, 4);
    char scratch[6];
    const char *p = write_queue_gather(q, scratch, sizeof scratch, &n);
    assert_int_equal(n, 6);
    assert_memory_equal(p, "acegik", 6);
    write_queue_clear(&q);
    bytes_unref(b);
}

/* Against the simplest model: a string. */
static void random_traffic_keeps_its_order(void **state)
{
    (void)state;
    enum { TOTAL = 20000 };
    static char model[TOTAL];
    struct rand_seeded r;
    rand_seed(&r, 7);
    struct bytes *b = letters(1000);
    struct write_queue *q = NULL;
    size_t in = 0, out = 0;
    while (out < TOTAL) {
        size_t n = 1 + rand_next_below(&r, 50), at = rand_next_below(&r, 900);
        if (in + n <= TOTAL && rand_next_below(&r, 2) == 0) {
            write_queue_append(&q, b, at, n, 1);
            memcpy(model + in, b->data + at, n);
            in += n;
        } else if (q != NULL) {
            char scratch[64];
            const char *p = write_queue_gather(q, scratch, n, &n);
            assert_memory_equal(p, model + out, n);
            write_queue_consume(&q, n);
            out += n;
        } else if (in + 50 > TOTAL) {
            break;
        }
        assert_int_equal(write_queue_bytes(q), in - out);
    }
    write_queue_clear(&q);
    assert_int_equal(atomic_load(&b->refs), 1);
    bytes_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_become_one_slice),
        cmocka_unit_test(a_merged_slice_stays_small),
        cmocka_unit_test(the_end_of_a_frame_does_not_swallow_the_next),
        cmocka_unit_test(consumed_bytes_free_their_owners),
        cmocka_unit_test(cutting_keeps_what_was_begun),
        cmocka_unit_test(a_frame_whose_first_piece_is_gone_is_begun),
        cmocka_unit_test(iovecs_and_gathering_agree),
        cmocka_unit_test(random_traffic_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
