/* Gaps: read at the reader's pace, with what is owed in its place, and never a silent hole. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

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

static void restart(void)
{
    kit_close_hub(&k);
    kit_open_hub(&k);
}

static void resume(struct fake *f, unsigned channel, uint64_t seq)
{
    const struct resume_point point = {kit_channel(channel), seq};
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    kit_run(&k);
}

static void test_goes_at_the_readers_pace(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 250);
    for (unsigned round = 0; round < 2; round++) {
        struct fake *f = kit_client(&k, 0, 1);
        f->writable_for = 1; /* full after each chunk */
        resume(f, 1, 1);
        assert_int_equal(strtoul(strchr(fake_record(f), '~') + 1, NULL, 10), 2);
        const unsigned first = round * 1;
        posts(1, 1); /* held: it is in the gap now */
        assert_record(f, "");
        unsigned n_replayed = 100;
        while (n_replayed < 250 + first) {
            f->is_writable = true;
            f->writable_for = 1;
            session_writable(&f->super);
            kit_run(&k);
            const char *record = fake_record(f);
            assert_true(record[0] == '~');
            for (const char *at = record; (at = strchr(at, '~')) != NULL; at++)
                assert_int_equal(strtoul(at + 1, NULL, 10), 2 + n_replayed++);
        }
        f->is_writable = true;
        session_writable(&f->super);
        kit_run(&k);
        char last[32];
        snprintf(last, sizeof last, "+%u:m ", 252 + first);
        assert_record(f, last);
        fake_detach(f);
        restart(); /* the second time from the store */
    }
    assert_true(k.n_reads > 0);
}

static void test_acks_stand_in_their_place(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    posts(1, 2);
    struct fake *f = kit_client(&k, 0, 1);
    f->writable_for = 1;
    resume(f, 1, 2);
    assert_record(f, "resumed(c1 4 yes)~3:m ~4:m ");
    f->writable_for = 1;
    f->is_writable = true;
    resume(f, 1, 2); /* full again: the gap is open from here on */
    f->is_writable = false;
    assert_record(f, "resumed(c1 4 yes)~3:m ~4:m ");
    resume(f, 1, 2);
    assert_record(f, "resumed(c1 4 yes)");
    kit_post(&k, 1, 2);
    kit_from(kit_post(&k, 1, 1), f);
    kit_post(&k, 1, 2);
    kit_join(&k, 1, 8);
    kit_from(kit_post(&k, 1, 1), f);
    kit_flow(&k);
    assert_record(f, "");
    f->is_writable = true;
    f->writable_for = 0;
    session_writable(&f->super);
    assert_record(f, "~3:m ~4:m +5:m =6:m +7:m +8:j =9:m ");
    posts(1, 1);
    assert_record(f, "+10:m ");
    fake_detach(f);
}

static void test_what_was_acked_is_replayed_as_a_push(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_client(&k, 0, 1);
    kit_from(kit_post(&k, 1, 1), f);
    kit_flow(&k);
    assert_record(f, "=2:m ");
    resume(f, 1, 1);
    assert_record(f, "resumed(c1 2 yes)~2:m ");
    fake_detach(f);
}

static void test_leaving_ends_it(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    struct fake *f = kit_client(&k, 0, 1);
    f->is_writable = false;
    resume(f, 1, 1);
    kit_from(kit_post(&k, 1, 1), f);
    kit_leave(&k, 1, 1);
    kit_flow(&k);
    assert_record(f, "resumed(c1 4 yes)+6:L =5:m ");
    f->is_writable = true;
    session_writable(&f->super);
    posts(1, 1);
    assert_record(f, "");
    fake_detach(f);
}

static void test_page_that_comes_too_late(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    restart();
    struct fake *f = kit_client(&k, 0, 1);
    const struct resume_point point = {kit_channel(1), 1};
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    kit_run_work(&k);
    kit_run_loops(&k); /* answered; a page is asked for */
    kit_run_work(&k);
    kit_leave(&k, 1, 1);
    kit_flow(&k);
    kit_join(&k, 1, 1);
    kit_flow(&k);
    assert_record(f, "resumed(c1 4 yes)~2:m ~3:m ~4:m +5:L +6:J ");
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    kit_run_work(&k);
    kit_receive(&k, 0);
    kit_run_work(&k);
    kit_leave(&k, 1, 1);
    kit_publish(&k);
    fake_detach(f);
    kit_run(&k);
}

static void test_full_reader_leaves_the_page(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    restart();
    struct fake *f = kit_client(&k, 0, 1);
    const struct resume_point point = {kit_channel(1), 1};
    assert_int_equal(session_resume(&f->super, &point, 1), ERR_OK);
    kit_run_work(&k);
    kit_receive(&k, 0);
    f->is_writable = false;
    const unsigned n_reads = k.n_reads;
    kit_run(&k);
    kit_tick(&k);
    assert_record(f, "resumed(c1 4 yes)");
    assert_int_equal(k.n_reads, n_reads + 1); /* and is not read over and over meanwhile */
    f->is_writable = true;
    session_writable(&f->super);
    kit_run(&k);
    assert_record(f, "~2:m ~3:m ~4:m ");
    fake_detach(f);
}

static void test_store_that_fails_is_asked_again_then_the_client_is_told(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 3);
    restart();
    struct fake *f = kit_client(&k, 0, 1), *g = kit_client(&k, 0, 1);
    const struct resume_point point = {kit_channel(1), 1};
    for (unsigned i = 0; i < 2; i++) {
        struct fake *who = i == 0 ? f : g;
        assert_int_equal(session_resume(&who->super, &point, 1), ERR_OK);
    }
    kit_run_work(&k);
    k.store_err = ERR_UNAVAILABLE;
    kit_run(&k);
    assert_record(f, "resumed(c1 4 yes)");
    k.store_err = ERR_OK;
    kit_tick(&k);
    assert_record(f, "~2:m ~3:m ~4:m ");
    assert_record(g, "resumed(c1 4 yes)~2:m ~3:m ~4:m ");

    assert_int_equal(session_resume(&g->super, &point, 1), ERR_OK);
    kit_run_work(&k);
    k.store_err = ERR_UNAVAILABLE;
    kit_run(&k);
    posts(1, 1);
    assert_record(f, "+5:m ");
    for (unsigned i = 0; i < 11; i++)
        kit_tick(&k);
    assert_record(g, "resumed(c1 4 yes)resumed(c1 5 no)");
    posts(1, 1);
    assert_record(g, "+6:m ");
    fake_detach(f);
    fake_detach(g);
}

static void test_old_client_waits_for_the_store(void **state)
{
    (void)state;
    k.config.tail_bytes_max = 0;
    kit_members(&k, 1, 1, 1);
    restart();
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    posts(1, 1);
    k.store_err = ERR_UNAVAILABLE;
    session_settle(&f->super);
    for (unsigned i = 0; i < 30; i++)
        kit_tick(&k);
    kit_from(kit_post(&k, 1, 1), f);
    kit_flow(&k);
    assert_record(f, "attached");
    k.store_err = ERR_OK;
    kit_tick(&k);
    assert_record(f, "+2:m =3:m ");
    fake_detach(f);
}

static void test_detaching_in_a_callback(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    for (unsigned i = 0; i < 3; i++) {
        struct fake *f = kit_attach(&k, 0, 1);
        kit_run(&k);
        posts(1, 2);
        f->detaches_on_push = true;
        session_settle(&f->super);
        fake_free(f);
        f = kit_client(&k, 0, 1);
        f->is_writable = false;
        resume(f, 1, 0);
        posts(1, 1);
        kit_join(&k, 1, 20 + i);
        kit_flow(&k);
        f->detaches_on_push = f->is_writable = true;
        session_writable(&f->super);
        kit_run(&k);
        fake_free(f);
    }
}

static void test_owes_only_so_much(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    posts(1, 1);
    struct fake *f = kit_client(&k, 0, 1);
    f->is_writable = false;
    resume(f, 1, 1);
    fake_record(f);
    for (unsigned i = 0; i < 257; i++)
        kit_from(kit_post(&k, 1, 1), f);
    kit_flow(&k);
    assert_record(f, "=259:m "); /* the one too many comes at once */
    f->is_writable = true;
    session_writable(&f->super);
    const char *record = fake_record(f);
    assert_true(strncmp(record, "~2:m =3:m =4:m ", 15) == 0);
    assert_non_null(strstr(record, "=258:m +259:m "));
    fake_detach(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_at_the_readers_pace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_acks_stand_in_their_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_acked_is_replayed_as_a_push, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_that_comes_too_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_reader_leaves_the_page, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_store_that_fails_is_asked_again_then_the_client_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_client_waits_for_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detaching_in_a_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owes_only_so_much, setup, teardown),
    };
    return cmocka_run_group_tests_name("fanout/catchup", tests, NULL, NULL);
}
