/* What is the memory store's own: batches cut by hand. */
#include "adapter/memory/store.h"
#include "kit.h"

static int setup(void **state)
{
    kit_driver = &driver_memory_stepped;
    kit_setup(state);
    kit_add_users(*state, 1);
    kit_add_channel(*state, 1, 1);
    return 0;
}

static void nothing_happens_until_the_step(void **state)
{
    struct kit *k = *state;
    size_t published = kit_published(k), batches = k->sink.prepared;
    struct sent *a = kit_message(k, 1, 1, "a", NULL), *b = kit_message(k, 1, 1, "b", NULL);
    assert_int_equal(kit_queue(a) | kit_queue(b), ERR_OK);
    assert_false(a->done || b->done);
    assert_int_equal(kit_published(k), published);
    kit_driver->step(k->driver);
    assert_true(a->done && b->done);
    assert_int_equal(kit_published(k), published + 2);
    assert_int_equal(k->sink.prepared, batches + 1);
    kit_driver->step(k->driver); /* of nothing */
    assert_int_equal(k->sink.prepared, batches + 1);
    kit_finish(a);
    kit_finish(b);
}

static void blocking_write_takes_what_is_queued_along(void **state)
{
    struct kit *k = *state;
    size_t published = kit_published(k), batches = k->sink.prepared;
    struct sent *a = kit_message(k, 1, 1, "a", NULL);
    assert_int_equal(kit_queue(a), ERR_OK);
    kit_add_channel(k, 2, 1);
    assert_true(a->done);
    assert_int_equal(k->sink.prepared, batches + 1);
    assert_int_equal(kit_event(k, published).kind, EVENT_MESSAGE);
    assert_int_equal(kit_event(k, published + 1).kind, EVENT_CREATED);
    kit_finish(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_happens_until_the_step, setup, kit_teardown),
        cmocka_unit_test_setup_teardown(blocking_write_takes_what_is_queued_along, setup,
                                        kit_teardown),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
