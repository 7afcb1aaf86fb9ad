/* The table: many nodes, shared hashes, removal while visiting. */
#include "kit.h"

#include <stdlib.h>

#include "fanout/table.h"

struct thing {
    struct table_node node;
    unsigned n;
    bool is_seen;
};

static unsigned count_hash(const struct table *t, uint64_t hash)
{
    unsigned n = 0;
    for (struct table_node *node = table_first(t, hash); node != NULL; node = table_next(node))
        n++;
    return n;
}

static void remove_odd(struct table_node *node, void *arg)
{
    struct thing *thing = (struct thing *)node;
    assert_false(thing->is_seen);
    thing->is_seen = true;
    if (thing->n % 2 == 1)
        table_remove(arg, node);
}

static void remove_all(struct table_node *node, void *arg)
{
    table_remove(arg, node);
}

static void test_table(void **state)
{
    (void)state;
    static struct thing things[3000];
    struct table t = {0};
    assert_null(table_first(&t, 1));
    for (unsigned i = 0; i < 3000; i++) {
        things[i].n = i;
        table_add(&t, &things[i].node, i / 3); /* three share a hash */
    }
    assert_int_equal(t.n, 3000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(count_hash(&t, i), 3);
    assert_int_equal(count_hash(&t, 1000), 0);
    table_each(&t, remove_odd, &t);
    for (unsigned i = 0; i < 3000; i++)
        assert_true(things[i].is_seen);
    assert_int_equal(t.n, 1500);
    assert_int_equal(count_hash(&t, 0), 2); /* 0 and 2 */
    assert_int_equal(count_hash(&t, 1), 1); /* 4 */
    table_each(&t, remove_all, &t);
    assert_int_equal(t.n, 0);
    table_fini(&t);
    table_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
    return cmocka_run_group_tests_name("fanout/table", tests, NULL, NULL);
}
