/* Attaching: the memberships are read while the world goes on. */
#include "kit.h"

static struct kit k;

static int setup(void **state)
{
    (void)state;
    kit_init(&k);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_fini(&k);
    return 0;
}

static void test_hears_from_where_it_attached(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_run_loops(&k); /* the shard has gone on; the store is asked later */
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "attached");
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, ""); /* held: a Hello may still come */
    session_settle(&f->super);
    session_settle(&f->super);
    assert_record(f, "+3:m +4:m +5:m ");
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+6:m ");
    fake_detach(f);
}

static void test_settles_as_soon_as_attached(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "attached+2:m ");
    fake_detach(f);
}

static void test_join_while_the_store_is_asked(void **state)
{
    (void)state;
    kit_members(&k, 2, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    kit_post(&k, 1, 9);
    kit_join(&k, 1, 1); /* in the snapshot, and noted */
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_run_loops(&k);
    kit_run_work(&k);
    kit_post(&k, 3, 9);
    kit_join(&k, 3, 1); /* after the snapshot, noted */
    kit_post(&k, 3, 9);
    kit_publish(&k);
    kit_run_loops(&k);
    const char *record = fake_record(f); /* the channels' order among each other is free */
    assert_non_null(strstr(record, "+4:m "));
    assert_non_null(strstr(record, "+7:m "));
    assert_int_equal(strlen(record), strlen("attached+4:m +7:m "));
    fake_detach(f);
}

static void test_leave_while_the_store_is_asked(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    kit_members(&k, 2, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    kit_leave(&k, 1, 1); /* in the snapshot */
    kit_publish(&k);
    kit_run_work(&k);
    kit_leave(&k, 2, 1); /* after it */
    kit_publish(&k);
    kit_run_loops(&k);
    const struct uuid one = kit_channel(1), two = kit_channel(2);
    assert_record(f, "attached");
    assert_false(session_has(&f->super, &one) || session_has(&f->super, &two));
    kit_post(&k, 1, 9);
    kit_post(&k, 2, 9);
    kit_flow(&k);
    assert_record(f, "");
    fake_detach(f);
}

static void test_snapshot_ahead_of_the_shard_waits(void **state)
{
    (void)state;
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    kit_post(&k, 1, 9);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_commit(&k); /* durable, not published */
    kit_run(&k);
    assert_record(f, "");
    kit_flow(&k);
    assert_record(f, "attached+3:m ");
    fake_detach(f);
}

static void test_snapshot_never_reached(void **state)
{
    (void)state;
    struct fake *f = kit_attach(&k, 0, 1);
    kit_join(&k, 1, 1);
    kit_commit(&k);
    kit_run(&k);
    for (unsigned i = 0; i < 11; i++)
        kit_tick(&k);
    assert_record(f, "attached!ERR_UNAVAILABLE");
    kit_flow(&k);
    assert_record(f, "");
    assert_false(session_is_attached(&f->super));
    fake_detach(f);
}

static void test_store_behind_the_shard_is_asked_again(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    k.n_committed = 0; /* a replica that lags */
    kit_run(&k);
    assert_record(f, "");
    k.n_committed = 1;
    kit_tick(&k);
    assert_record(f, "attached");
    assert_int_equal(k.n_loads, 2);
    fake_detach(f);
}

static void test_store_errors_are_told_once(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    k.store_err = ERR_UNAVAILABLE;
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    assert_record(f, "attached!ERR_UNAVAILABLE");
    k.store_err = ERR_OK;
    kit_join(&k, 2, 1);
    kit_flow(&k);
    kit_tick(&k);
    assert_record(f, "");
    session_settle(&f->super);
    fake_detach(f);
}

static void test_busy_workers_are_asked_again(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    k.work_max = 0;
    struct fake *f = kit_attach(&k, 0, 1), *g = kit_attach(&k, 0, 1);
    kit_tick(&k);
    assert_record(f, "");
    k.work_max = 1;
    kit_tick(&k); /* one at once, the other when that one comes back */
    assert_record(f, "attached");
    assert_record(g, "attached");
    k.work_max = 0;
    struct fake *h = kit_attach(&k, 0, 1);
    for (unsigned i = 0; i < 5; i++)
        kit_tick(&k);
    assert_record(h, "attached!ERR_UNAVAILABLE");
    fake_detach(f);
    fake_detach(g);
    fake_detach(h);
}

static void test_detached_while_loading(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    fake_detach(f);
    kit_run(&k);
    f = kit_attach(&k, 0, 1);
    kit_run_work(&k);
    fake_detach(f);
    kit_run(&k);
    f = kit_attach(&k, 0, 1); /* its snapshot waits for the shard */
    kit_join(&k, 2, 1);
    kit_commit(&k);
    kit_run(&k);
    fake_detach(f);
    kit_flow(&k);
}

static void test_too_many_changes_attach_anew(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    for (unsigned i = 0; i < 40; i++) {
        kit_leave(&k, 1, 1);
        kit_join(&k, 1, 1);
    }
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "attached");
    assert_int_equal(k.n_loads, 2);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+83:m ");
    fake_detach(f);
}

static void test_after_a_restart(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    kit_close_hub(&k);
    kit_open_hub(&k);
    struct fake *f = kit_old_client(&k, 0, 1);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+3:m ");
    assert_int_equal(k.n_reads, 0);
    fake_detach(f);
}

static void test_post_between_the_snapshot_and_the_subscription(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    k.n_committed = 1; /* the snapshot was taken before, its answer comes after */
    kit_run_work(&k);
    kit_commit(&k);
    kit_run_loops(&k);
    assert_record(f, "attached+2:m ");
    fake_detach(f);
}

/* What one partition has reached says nothing of another one. */
static void test_snapshot_ahead_in_one_partition_waits(void **state)
{
    (void)state;
    kit_partition(&k);
    struct fake *f = kit_attach(&k, 0, 1);
    session_settle(&f->super);
    kit_join(&k, 1, 1);
    kit_publish(&k);
    kit_join(&k, 2, 1);
    kit_commit(&k); /* durable in partition 0, not published */
    kit_run(&k);
    assert_record(f, "");
    struct event *later = kit_post(&k, 1, 9);
    struct journal_sink *sink = hub_sink(k.hub);
    sink->publish(sink, sink->prepare(sink, later, 1)); /* partition 1 is further than that */
    kit_run(&k);
    assert_record(f, "");
    k.n_log = 2; /* what is to be published now is the join alone */
    kit_flow(&k);
    assert_record(f, "attached+3:m ");
    const struct uuid one = kit_channel(1), two = kit_channel(2);
    assert_true(session_has(&f->super, &one) && session_has(&f->super, &two));
    fake_detach(f);
}

/* Creations come from all partitions, wherever those stand. */
static void test_creations_of_all_partitions_are_told_once(void **state)
{
    (void)state;
    kit_partition(&k);
    for (unsigned i = 0; i < 10; i++)
        kit_post(&k, 1, 9);
    kit_flow(&k);
    struct fake *f = kit_client(&k, 0, 1);
    kit_create(&k, 4, 9)->seq = 3; /* partition 0 */
    kit_create(&k, 3, 9)->seq = 11;
    kit_create(&k, 6, 9)->seq = 4;
    kit_flow(&k);
    assert_record(f, "+3:c +11:c +4:c ");
    struct fake *late = kit_client(&k, 0, 2);
    assert_record(late, "");
    fake_detach(late);
    fake_detach(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_post_between_the_snapshot_and_the_subscription, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_hears_from_where_it_attached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settles_as_soon_as_attached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join_while_the_store_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leave_while_the_store_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshot_ahead_of_the_shard_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshot_never_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_behind_the_shard_is_asked_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_store_errors_are_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_workers_are_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detached_while_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_changes_attach_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshot_ahead_in_one_partition_waits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_creations_of_all_partitions_are_told_once, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("fanout/attach", tests, NULL, NULL);
}
