#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "growth/digest.h"

static const struct event first = {.kind = EVENT_MESSAGE,
                                   .seq = 5,
                                   .prev_seq = 3,
                                   .id = 700,
                                   .user = {{1}},
                                   .username = {"Ada", 3},
                                   .content = {"a\0b", 3},
                                   .client_msg_id = {"id-1", 4}};

/* What two posts, in this order, come to. */
static struct digest digest_of(const struct event *a, const struct event *b)
{
    const struct uuid channel = {{9}};
    struct digests d;
    digests_init(&d);
    struct digest *of = digests_get(&d, &channel);
    digest_add(&d, of, a);
    digest_add(&d, of, b);
    assert_ptr_equal(digests_get(&d, &channel), of);
    struct digest copy = *of;
    digests_fini(&d);
    return copy;
}

static void test_the_same_posts_come_to_the_same(void **state)
{
    struct event second = first;
    (void)state;
    second.seq = 6;
    const struct digest a = digest_of(&first, &second), b = digest_of(&first, &second);
    assert_true(digest_eq(&a, &b));
    assert_int_equal(a.posts, 2);
    assert_int_equal(a.last_seq, 6);
}

static void assert_differs(const struct event *changed)
{
    const struct digest was = digest_of(&first, &first), is = digest_of(&first, changed),
                        before = digest_of(changed, &first);
    assert_false(digest_eq(&was, &is));
    assert_false(digest_eq(&is, &before)); /* the order counts */
}

static void test_whatever_can_be_seen_counts(void **state)
{
    struct event e = first;
    (void)state;
    e.kind = EVENT_REPLY;
    assert_differs(&e);
    e = first, e.seq++;
    assert_differs(&e);
    e = first, e.prev_seq++;
    assert_differs(&e);
    e = first, e.id++;
    assert_differs(&e);
    e = first, e.parent = 1;
    assert_differs(&e);
    e = first, e.user.b[15] = 1;
    assert_differs(&e);
    e = first, e.username = STR("Eve");
    assert_differs(&e);
    e = first, e.content = (struct str){"a\0c", 3};
    assert_differs(&e);
    e = first, e.client_msg_id = STR("id-2");
    assert_differs(&e);
    /* what moves from one text into the next is no other post by chance */
    e = first, e.username = STR("Adai"), e.client_msg_id = STR("d-1");
    assert_differs(&e);
}

static void test_a_missing_post_counts(void **state)
{
    const struct uuid channel = {{9}};
    struct digests d;
    (void)state;
    digests_init(&d);
    struct digest *of = digests_get(&d, &channel);
    digest_add(&d, of, &first);
    const struct digest both = digest_of(&first, &first);
    assert_false(digest_eq(of, &both));
    digests_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_posts_come_to_the_same),
        cmocka_unit_test(test_whatever_can_be_seen_counts),
        cmocka_unit_test(test_a_missing_post_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
