/* Live fan-out: who hears what, in which order, and where the acks stand. */
#include "kit.h"

#include <stdlib.h>

#include "base/mem.h"

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

static void test_members_hear_and_others_do_not(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    kit_members(&k, 2, 3, 1);
    struct fake *one = kit_old_client(&k, 0, 1), *two = kit_old_client(&k, 1, 2);
    struct fake *other = kit_old_client(&k, 1, 3);
    kit_post(&k, 1, 9);
    kit_post(&k, 1, 9);
    kit_flow(&k);
    assert_record(one, "+4:m +5:m ");
    assert_record(two, "+4:m +5:m ");
    assert_record(other, "");
    fake_detach(one);
    fake_detach(two);
    fake_detach(other);
}

static void test_author_gets_acks_in_place_of_pushes(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    struct fake *author = kit_old_client(&k, 0, 1), *same_user = kit_old_client(&k, 1, 1);
    struct fake *other = kit_old_client(&k, 0, 2);
    kit_post(&k, 1, 9);
    kit_from(kit_post(&k, 1, 1), author);
    kit_post(&k, 1, 9);
    kit_from(kit_post(&k, 1, 1), author);
    kit_from(kit_post(&k, 1, 2), other);
    kit_flow(&k);
    assert_record(author, "+3:m =4:m +5:m =6:m +7:m ");
    assert_record(same_user, "+3:m +4:m +5:m +6:m +7:m ");
    assert_record(other, "+3:m +4:m +5:m +6:m =7:m ");
    fake_detach(author);
    fake_detach(same_user);
    fake_detach(other);
}

static void test_author_who_left_still_gets_the_ack(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    struct fake *author = kit_old_client(&k, 0, 1), *other = kit_old_client(&k, 0, 2);
    kit_leave(&k, 1, 1);
    kit_from(kit_post(&k, 1, 1), author);
    kit_post(&k, 1, 2);
    kit_flow(&k);
    assert_record(author, "=4:m ");
    assert_record(other, "+4:m +5:m ");
    fake_detach(other);
    kit_from(kit_post(&k, 1, 1), author); /* now nobody here hears the channel at all */
    kit_flow(&k);
    assert_record(author, "=6:m ");
    fake_detach(author);
}

static void test_discarded_batch_is_never_heard(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_old_client(&k, 0, 1);
    kit_post(&k, 1, 1);
    struct journal_sink *sink = hub_sink(k.hub);
    sink->discard(sink, sink->prepare(sink, &k.log[k.n_published], 1));
    k.n_log--;
    kit_run(&k);
    assert_record(f, "");
    kit_post(&k, 1, 1);
    kit_flow(&k);
    assert_record(f, "+2:m ");
    fake_detach(f);
}

static void test_large_run_is_split_and_whole(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_old_client(&k, 0, 1);
    char *text = mem_zalloc(100000);
    memset(text, 'x', 100000);
    for (unsigned i = 0; i < 5; i++)
        kit_post(&k, 1, 9)->content = (struct str){text, 100000};
    kit_flow(&k);
    for (unsigned i = 0; i < 1500; i++)
        kit_post(&k, 1, 9);
    kit_flow(&k);
    const char *record = fake_record(f);
    unsigned n = 0;
    for (const char *at = record; (at = strchr(at, '+')) != NULL; at++)
        assert_int_equal(strtoul(at + 1, NULL, 10), 2 + n++);
    assert_int_equal(n, 1505);
    mem_free(text);
    fake_detach(f);
}

static void test_small_channels_overtake_large_ones(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 200);
    kit_members(&k, 2, 500, 1);
    struct fake *crowd[200], *single = kit_old_client(&k, 0, 500);
    for (unsigned i = 0; i < 200; i++)
        crowd[i] = kit_old_client(&k, 0, 1 + i);
    kit_from(kit_post(&k, 1, 200), crowd[199]);
    kit_publish(&k);
    kit_post(&k, 2, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    assert_true(k.loops[0].n_kicks > 0);
    assert_record(single, "+203:m ");
    assert_record(crowd[0], "");
    assert_true(shard_step(k.shards[0]));
    assert_record(crowd[199], "=202:m "); /* the author before the crowd */
    assert_record(crowd[63], "+202:m ");
    assert_record(crowd[64], "");
    assert_true(shard_step(k.shards[0]));
    assert_true(shard_step(k.shards[0]));
    assert_false(shard_step(k.shards[0]));
    for (unsigned i = 64; i < 199; i++)
        assert_record(crowd[i], "+202:m ");
    assert_record(crowd[199], "");
    for (unsigned i = 0; i < 200; i++)
        fake_detach(crowd[i]);
    fake_detach(single);
}

static void test_coming_and_going_during_a_pass(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 200);
    struct fake *crowd[201];
    for (unsigned i = 0; i < 200; i++)
        crowd[i] = kit_old_client(&k, 0, 1 + i);
    crowd[10]->detaches_on_push = true;
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_run_loops(&k); /* all: nobody is left half served */
    fake_free(crowd[10]);
    crowd[10] = NULL;
    for (unsigned i = 0; i < 200; i++)
        if (crowd[i] != NULL)
            assert_record(crowd[i], "+201:m +202:m ");
    kit_post(&k, 1, 9);
    kit_publish(&k);
    kit_receive(&k, 0);
    shard_step(k.shards[0]);                /* 64 of them are served */
    for (unsigned i = 0; i < 200; i += 3) { /* visited and not visited ones go */
        if (crowd[i] != NULL)
            fake_detach(crowd[i]);
        crowd[i] = NULL;
    }
    crowd[200] = kit_attach(&k, 0, 50);
    kit_run(&k);
    session_settle(&crowd[200]->super);
    assert_record(crowd[200], "attached");
    for (unsigned i = 0; i < 200; i++) {
        if (crowd[i] == NULL)
            continue;
        assert_record(crowd[i], "+203:m ");
        fake_detach(crowd[i]);
    }
    fake_detach(crowd[200]);
}

static void count_session(struct session *s, void *arg)
{
    (void)s;
    ++*(unsigned *)arg;
}

static void test_sessions_are_found_and_ids_never_return(void **state)
{
    (void)state;
    struct fake *a = kit_attach(&k, 0, 1), *b = kit_attach(&k, 0, 1);
    const uint64_t id = a->super.id;
    assert_true(id != b->super.id && shard_session(k.shards[0], id) == &a->super);
    assert_null(shard_session(k.shards[1], id));
    unsigned n = 0;
    shard_each_session(k.shards[0], count_session, &n);
    assert_int_equal(n, 2);
    fake_detach(a);
    assert_null(shard_session(k.shards[0], id));
    a = kit_attach(&k, 0, 1);
    assert_true(a->super.id > b->super.id);
    kit_run(&k);
    fake_detach(a);
    fake_detach(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_members_hear_and_others_do_not, setup, teardown),
        cmocka_unit_test_setup_teardown(test_author_gets_acks_in_place_of_pushes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_author_who_left_still_gets_the_ack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_discarded_batch_is_never_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_run_is_split_and_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_channels_overtake_large_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_coming_and_going_during_a_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sessions_are_found_and_ids_never_return, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("fanout/hub", tests, NULL, NULL);
}
