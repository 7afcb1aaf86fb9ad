/* Passes: joins, leaves and creations among what is said, and what waits for its turn. */
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

static struct fake *crowd[100];

/* A hundred members, so that what happens waits for its turn. */
static void crowd_attach(unsigned channel)
{
    kit_members(&k, channel, 100, 100);
    for (unsigned i = 0; i < 100; i++)
        crowd[i] = kit_old_client(&k, 0, 100 + i);
}

static void crowd_detach(void)
{
    for (unsigned i = 0; i < 100; i++)
        fake_detach(crowd[i]);
}

/* What arrives while a walk is under way goes along with it: whoever it has still to visit gets
 * both in one visit, the others in the next lap, which ends where it began; its author is not kept
 * waiting. */
static void test_what_arrives_joins_the_walk(void **state)
{
    (void)state;
    crowd_attach(1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    assert_true(shard_step(k.shards[0]));
    assert_record(crowd[0], "+101:m ");
    assert_record(crowd[3], "+101:m ");
    assert_record(crowd[63], "+101:m ");
    assert_record(crowd[64], "");
    kit_from(kit_post(&k, 1, 103), crowd[3]);
    kit_from(kit_post(&k, 1, 199), crowd[99]);
    kit_publish(&k);
    kit_receive(&k, 0);
    assert_true(shard_step(k.shards[0]));
    assert_record(crowd[3], "=102:m ");
    assert_record(crowd[99], "+101:m +102:m =103:m ");
    assert_record(crowd[64], "+101:m +102:m +103:m ");
    assert_record(crowd[0], "");
    assert_false(shard_step(k.shards[0])); /* 36 more would be visited in vain */
    assert_record(crowd[0], "+102:m +103:m ");
    assert_record(crowd[3], "+103:m ");
    assert_record(crowd[63], "+102:m +103:m ");
    assert_record(crowd[64], "");
    crowd_detach();
}

/* Members who go and come in the middle of a walk change places: nobody is forgotten, nobody is
 * visited twice. */
static void test_going_and_coming_during_a_walk(void **state)
{
    (void)state;
    crowd_attach(1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    assert_true(shard_step(k.shards[0]));
    fake_detach(crowd[5]);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    fake_detach(crowd[70]);
    fake_detach(crowd[62]);
    crowd[5] = kit_attach(&k, 0, 105);
    kit_flow(&k);
    session_settle(&crowd[5]->super);
    kit_run(&k);
    assert_record(crowd[5], "attached");
    for (unsigned i = 0; i < 100; i++)
        if (i != 5 && i != 62 && i != 70)
            assert_record(crowd[i], "+101:m +102:m ");
    for (unsigned i = 0; i < 100; i++)
        if (i != 62 && i != 70)
            fake_detach(crowd[i]);
}

static void test_join_and_leave_bound_what_is_heard(void **state)
{
    (void)state;
    kit_members(&k, 2, 1, 1);
    struct fake *f = kit_client(&k, 0, 1), *old = kit_old_client(&k, 0, 1);
    kit_post(&k, 1, 9);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_leave(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+3:J +4:m +5:L ");
    assert_record(old, "+4:m ");
    kit_join(&k, 1, 1);
    kit_leave(&k, 1, 1);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+7:J +8:L +9:J +10:m ");
    assert_record(old, "+10:m ");
    fake_detach(f);
    fake_detach(old);
}

static void test_may_send_as_soon_as_the_join_arrives(void **state)
{
    (void)state;
    kit_members(&k, 1, 100, 100);
    for (unsigned i = 0; i < 100; i++)
        crowd[i] = kit_client(&k, 0, 100 + i);
    struct fake *f = kit_client(&k, 0, 1);
    for (unsigned i = 0; i < 100; i++)
        fake_record(crowd[i]);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_join(&k, 1, 1);
    kit_publish(&k);
    kit_receive(&k, 0); /* the large audience has not had its turn */
    const struct uuid channel = kit_channel(1);
    assert_record(f, "+102:J ");
    assert_true(session_has(&f->super, &channel));
    kit_from(kit_post(&k, 1, 1), f);
    kit_flow(&k);
    assert_record(f, "=103:m ");
    assert_record(crowd[0], "+101:m +102:j +103:m ");
    crowd_detach();
    fake_detach(f);
}

static void test_back_before_the_leave_had_its_turn(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 100);
    for (unsigned i = 0; i < 100; i++)
        crowd[i] = kit_client(&k, 0, 1 + i);
    kit_leave(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    struct fake *late = kit_attach(&k, 0, 1); /* accounts for both already */
    assert_int_equal(session_hello(&late->super, NULL, 0, NULL, 0), ERR_OK);
    kit_run_work(&k);
    kit_receive(&k, 0);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(crowd[0], "+101:L +103:J +104:m +105:m ");
    assert_record(crowd[1], "+101:l +102:m +103:j +104:m +105:m ");
    assert_record(late, "attachedhello(c1 104)+105:m ");
    crowd_detach();
    fake_detach(late);
}

static void test_hello_while_a_leave_and_a_join_wait(void **state)
{
    (void)state;
    crowd_attach(1);
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    kit_leave(&k, 1, 1);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    assert_int_equal(session_hello(&f->super, NULL, 0, NULL, 0), ERR_OK);
    assert_record(f, "attachedhello(c1 104)");
    kit_run(&k);
    assert_record(f, "+102:L +103:J +104:m "); /* what follows the join, whatever Hello told */
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+105:m ");
    fake_detach(f);
    crowd_detach();
}

static void test_joins_and_leaves_wait_for_one_another(void **state)
{
    (void)state;
    crowd_attach(1);
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_client(&k, 0, 1);
    kit_leave(&k, 1, 1);
    kit_join(&k, 1, 1);
    kit_publish(&k);
    kit_receive(&k, 0);
    shard_step(k.shards[0]); /* the leave has begun, the join waits */
    assert_record(f, "+102:L ");
    kit_leave(&k, 1, 1);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+103:J +104:L +105:J +106:m ");
    fake_detach(f);
    crowd_detach();
}

static void test_hello_ahead_of_a_leave_that_waits(void **state)
{
    (void)state;
    crowd_attach(1);
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    kit_run(&k);
    kit_leave(&k, 1, 1);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    assert_int_equal(session_hello(&f->super, NULL, 0, NULL, 0), ERR_OK);
    kit_run(&k);
    assert_record(f, "attachedhello(c1 103)+102:L ");
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "");
    fake_detach(f);
    crowd_detach();
}

static void test_resume_behind_what_waits(void **state)
{
    (void)state;
    crowd_attach(1);
    kit_members(&k, 1, 1, 1);
    for (unsigned i = 0; i < 4; i++) {
        kit_post(&k, 1, 9);
        kit_publish(&k);
    }
    kit_receive(&k, 0); /* 102 to 105 wait; the session attaches after them */
    struct fake *f = kit_attach(&k, 0, 1);
    fake_hello(f, 1, 102);
    kit_run_work(&k);
    kit_receive(&k, 0);
    assert_record(f, "attachedhello(c1 105 yes)");
    kit_run_loops(&k);
    assert_record(f, "~103:m ~104:m ~105:m ");
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(f, "+106:m ");
    fake_detach(f);
    crowd_detach();
}

static void test_creation_subscribes_the_owner_and_tells_everyone(void **state)
{
    (void)state;
    struct fake *owner = kit_client(&k, 0, 1), *other = kit_client(&k, 1, 2);
    struct fake *old = kit_old_client(&k, 1, 3);
    kit_create(&k, 1, 1);
    kit_join(&k, 1, 1);
    kit_post(&k, 1, 1);
    kit_flow(&k);
    const char *record = fake_record(owner); /* creation and channel are told side by side */
    assert_non_null(strstr(record, "+1:c "));
    assert_non_null(strstr(record, "+2:J +3:m "));
    assert_record(other, "+1:c ");
    assert_record(old, "");
    fake_detach(owner);
    fake_detach(other);
    fake_detach(old);
}

static void test_large_channels_tell_joins_to_few(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 3);
    struct fake *f = kit_client(&k, 0, 1), *watcher = kit_client(&k, 0, 2);
    const struct uuid channel = kit_channel(1);
    assert_int_equal(session_watch(&watcher->super, &channel, 1), ERR_OK);
    kit_run(&k);
    fake_record(watcher);
    kit_join(&k, 1, 7)->members = LIMIT_MEMBERS_TOLD;
    kit_join(&k, 1, 8)->members = LIMIT_MEMBERS_TOLD + 1;
    struct fake *own = kit_client(&k, 0, 3);
    kit_leave(&k, 1, 3)->members = LIMIT_MEMBERS_TOLD + 1;
    kit_flow(&k);
    assert_record(f, "+4:j ");
    assert_record(watcher, "+4:j +5:j +6:l ");
    assert_record(own, "+4:j +6:L ");
    fake_detach(f);
    fake_detach(watcher);
    fake_detach(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_arrives_joins_the_walk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_going_and_coming_during_a_walk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join_and_leave_bound_what_is_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_may_send_as_soon_as_the_join_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_back_before_the_leave_had_its_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_while_a_leave_and_a_join_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joins_and_leaves_wait_for_one_another, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_hello_ahead_of_a_leave_that_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_behind_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_creation_subscribes_the_owner_and_tells_everyone,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_channels_tell_joins_to_few, setup, teardown),
    };
    return cmocka_run_group_tests_name("fanout/pass", tests, NULL, NULL);
}
