/* Hello and Resume: what is recovered, and what is refused. */
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

static void posts(unsigned channel, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        kit_post(&k, channel, 9);
    kit_flow(&k);
}

static void test_live_begins_after_hello(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    posts(1, 2);
    assert_int_equal(session_hello(&f->super, NULL, 0, NULL, 0), ERR_OK);
    assert_record(f, "attachedhello(c1 3)");
    posts(1, 1);
    assert_record(f, "+4:m ");
    fake_detach(f);
}

static void test_hello_before_attached(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    struct fake *f = kit_attach(&k, 0, 1);
    fake_hello(f, 1, 2);
    assert_record(f, "");
    posts(1, 1);
    assert_record(f, "attachedhello(c1 5 yes)~3:m ~4:m ~5:m ");
    session_settle(&f->super);
    posts(1, 1);
    assert_record(f, "+6:m ");
    fake_detach(f);
}

static void test_resume_at_and_above_the_head(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    struct fake *f = kit_attach(&k, 0, 1), *g = kit_attach(&k, 0, 1);
    fake_hello(f, 1, 4);
    fake_hello(g, 1, 5);
    kit_run(&k);
    assert_record(f, "attachedhello(c1 4 yes)");
    assert_record(g, "attachedhello(c1 4 no)");
    posts(1, 1);
    assert_record(f, "+5:m ");
    assert_record(g, "+5:m ");
    assert_int_equal(k.n_reads, 1); /* another node may have been ahead: the store is asked */
    fake_detach(f);
    fake_detach(g);
}

static unsigned count(const char *text, char c)
{
    unsigned n = 0;
    for (; *text != '\0'; text++)
        n += *text == c;
    return n;
}

static void test_at_most_a_thousand_are_replayed(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 1001);
    for (unsigned round = 0; round < 2; round++) { /* from the tail, then from the store */
        struct fake *f = kit_attach(&k, 0, 1), *g = kit_attach(&k, 0, 1);
        fake_hello(f, 1, 1);
        fake_hello(g, 1, 2);
        kit_run(&k);
        assert_record(f, "attachedhello(c1 1002 no)");
        assert_int_equal(count(fake_record(g), '~'), 1000);
        fake_detach(f);
        fake_detach(g);
        kit_close_hub(&k);
        kit_open_hub(&k);
    }
    assert_true(k.n_reads > 0);
}

static void test_store_decides_where_the_tail_cannot(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    kit_close_hub(&k);
    kit_open_hub(&k);
    struct fake *f = kit_attach(&k, 0, 1), *g = kit_attach(&k, 0, 1), *h = kit_attach(&k, 0, 1);
    fake_hello(f, 1, 2);
    fake_hello(g, 1, 4);
    kit_run(&k);
    assert_record(f, "attachedhello(c1 4 yes)~3:m ~4:m ");
    assert_record(g, "attachedhello(c1 4 yes)");
    k.store_err = ERR_UNAVAILABLE;
    fake_hello(h, 1, 2);
    kit_run(&k);
    assert_record(h, "attachedhello(c1 4 no)");
    k.store_err = ERR_OK;
    posts(1, 1);
    assert_record(f, "+5:m ");
    assert_record(g, "+5:m ");
    assert_record(h, "+5:m ");
    fake_detach(f);
    fake_detach(g);
    fake_detach(h);
}

static void test_busy_workers_refuse_a_resume_in_the_end(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    kit_close_hub(&k);
    kit_open_hub(&k);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    k.work_max = 0;
    fake_hello(f, 1, 2);
    posts(1, 1);
    for (unsigned i = 0; i < 5; i++)
        kit_tick(&k);
    assert_record(f, "attachedhello(c1 5 no)");
    posts(1, 1);
    assert_record(f, "+6:m ");
    fake_detach(f);
}

static void test_live_is_held_while_the_store_decides(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    kit_close_hub(&k);
    kit_open_hub(&k);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    fake_hello(f, 1, 2);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_run_loops(&k);
    assert_record(f, "attached");
    kit_run_work(&k); /* decides: up to 5 it is a replay */
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_run(&k);
    assert_record(f, "hello(c1 5 yes)~3:m ~4:m ~5:m +6:m ");
    fake_detach(f);
}

static void test_point_beyond_what_the_shard_received(void **state)
{
    (void)state;
    k.config.tail_bytes_max = 0;
    kit_close_hub(&k);
    kit_open_hub(&k);
    kit_members(&k, 1, 1, 1);
    posts(1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    kit_post(&k, 1, 9); /* the client has it, over another connection; this shard has not */
    kit_publish(&k);
    fake_hello(f, 1, 3);
    kit_run(&k);
    assert_record(f, "attachedhello(c1 3 yes)");
    posts(1, 1);
    assert_record(f, "+4:m ");
    fake_detach(f);
}

static void test_late_hello(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    kit_members(&k, 2, 1, 1);
    struct fake *f = kit_old_client(&k, 0, 1);
    posts(1, 2);
    assert_record(f, "+3:m +4:m ");
    fake_hello(f, 1, 3);
    kit_post(&k, 2, 9);
    kit_publish(&k);
    kit_run_loops(&k);
    assert_record(f, ""); /* nothing between Hello and its answer */
    kit_run(&k);
    assert_record(f, "hello(c1 4 yes, c2 5)~4:m +5:m ");
    posts(1, 1);
    assert_record(f, "+6:m ");
    fake_detach(f);
}

static void test_hello_is_said_once_and_within_limits(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    static struct resume_point many[1001];
    struct uuid watch[LIMIT_WATCHED_CHANNELS + 1] = {0};
    assert_int_equal(session_hello(&f->super, many, 1001, NULL, 0), ERR_BAD_REQUEST);
    assert_int_equal(session_hello(&f->super, NULL, 0, watch, LIMIT_WATCHED_CHANNELS + 1),
                     ERR_BAD_REQUEST);
    assert_int_equal(session_resume(&f->super, many, 1), ERR_BAD_REQUEST);
    assert_int_equal(session_hello(&f->super, many, 1000, watch, LIMIT_WATCHED_CHANNELS), ERR_OK);
    assert_int_equal(session_hello(&f->super, NULL, 0, NULL, 0), ERR_BAD_REQUEST);
    assert_int_equal(session_resume(&f->super, many, 1), ERR_RATE_LIMITED);
    kit_run(&k);
    assert_record(f, "attachedhello(c1 0)");
    assert_int_equal(session_resume(&f->super, many, 1001), ERR_BAD_REQUEST);
    assert_int_equal(session_watch(&f->super, watch, LIMIT_WATCHED_CHANNELS + 1), ERR_BAD_REQUEST);
    fake_detach(f);
}

static void test_resume_fills_a_hole(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    kit_members(&k, 2, 1, 1);
    struct fake *f = kit_client(&k, 0, 1);
    posts(1, 3);
    assert_record(f, "+3:m +4:m +5:m ");
    const struct resume_point points[] = {
        {kit_channel(1), 3}, {kit_channel(2), 0}, {kit_channel(3), 1}, {kit_channel(2), 9}};
    assert_int_equal(session_resume(&f->super, points, 3), ERR_OK);
    assert_record(f, "resumed(c1 5 yes, c2 0 yes, c3 0 no)~4:m ~5:m ");
    assert_int_equal(session_resume(&f->super, &points[3], 1), ERR_OK);
    kit_run(&k); /* the store is asked: the shard may not have received it all */
    assert_record(f, "resumed(c2 0 no)");
    posts(2, 1);
    posts(1, 1);
    assert_record(f, "+6:m +7:m ");
    fake_detach(f);
}

static void test_resume_one_at_a_time_and_live_held(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    kit_members(&k, 2, 1, 1);
    posts(1, 3);
    kit_close_hub(&k);
    kit_open_hub(&k);
    struct fake *f = kit_client(&k, 0, 1);
    const struct resume_point point = {kit_channel(1), 3};
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_RATE_LIMITED);
    kit_post(&k, 1, 9);
    kit_post(&k, 2, 9);
    kit_publish(&k);
    kit_run_loops(&k);
    assert_record(f, "+7:m "); /* the other channel goes on */
    kit_run(&k);
    assert_record(f, "resumed(c1 6 yes)~4:m ~5:m ~6:m ");
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    fake_detach(f);
    kit_run(&k);
}

static void test_leaving_while_a_resume_is_decided(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    kit_close_hub(&k);
    kit_open_hub(&k);
    struct fake *f = kit_client(&k, 0, 1);
    const struct resume_point point = {kit_channel(1), 2};
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    kit_leave(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_run_loops(&k);
    kit_run(&k);
    assert_record(f, "+5:L resumed(c1 0 no)");
    fake_detach(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_point_beyond_what_the_shard_received, setup, teardown),
        cmocka_unit_test_setup_teardown(test_live_begins_after_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_before_attached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_at_and_above_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_most_a_thousand_are_replayed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_decides_where_the_tail_cannot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_workers_refuse_a_resume_in_the_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_live_is_held_while_the_store_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_is_said_once_and_within_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_fills_a_hole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_one_at_a_time_and_live_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving_while_a_resume_is_decided, setup, teardown),
    };
    return cmocka_run_group_tests_name("fanout/request", tests, NULL, NULL);
}
