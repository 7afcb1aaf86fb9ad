/* Presence, typing, read positions and revocations: what is told between shards. */
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

static void watch(struct fake *f, unsigned channel)
{
    const struct uuid c = kit_channel(channel);
    assert_int_equal(session_watch(&f->super, &c, 1), ERR_OK);
    kit_run(&k);
}

static void test_newcomer_is_told_who_is_online(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 3);
    struct fake *one = kit_client(&k, 0, 1), *two = kit_client(&k, 1, 2);
    watch(one, 1);
    assert_record(one, "frame(presence c1 +u1 +u2)");
    assert_record(two, "");
    fake_detach(one);
    fake_detach(two);
}

static void test_hello_watches(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_attach(&k, 0, 1);
    const struct uuid watched[] = {kit_channel(7), kit_channel(1)}; /* not in 7 */
    assert_int_equal(session_hello(&f->super, NULL, 0, watched, 2), ERR_OK);
    kit_run(&k);
    assert_record(f, "attachedhello(c1 0)frame(presence c1 +u1)");
    fake_detach(f);
}

static void test_changes_come_once_a_second(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 5);
    struct fake *f = kit_client(&k, 0, 1);
    watch(f, 1);
    fake_record(f);
    struct fake *two = kit_old_client(&k, 1, 2), *three = kit_old_client(&k, 1, 3);
    struct fake *second = kit_old_client(&k, 0, 3);
    kit_run(&k);
    assert_record(f, "");
    kit_tick(&k);
    assert_record(f, "frame(presence c1 +u2 +u3)");
    fake_detach(two);
    fake_detach(three); /* still there on the other shard */
    kit_run(&k);
    kit_tick(&k);
    assert_record(f, "frame(presence c1 -u2)");
    fake_detach(second);
    second = kit_old_client(&k, 0, 3); /* gone and back within the second */
    two = kit_old_client(&k, 1, 2);
    fake_detach(two);
    kit_run(&k);
    kit_tick(&k);
    assert_record(f, "frame(presence c1 +u3 -u2)");
    kit_tick(&k);
    assert_record(f, "");
    fake_detach(second);
    fake_detach(f);
}

static void test_one_question_however_many_newcomers(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 3);
    struct fake *one = kit_client(&k, 0, 1), *two = kit_client(&k, 0, 2);
    const struct uuid c = kit_channel(1);
    session_watch(&one->super, &c, 1);
    session_watch(&two->super, &c, 1); /* the question is on its way already */
    assert_int_equal(k.n_work, 1);
    struct fake *three = kit_attach(&k, 1, 3);
    kit_run(&k);
    assert_record(one, "frame(presence c1 +u1 +u2)");
    assert_record(two, "");
    kit_tick(&k);
    assert_record(one, "frame(presence c1 +u3)");
    assert_record(two, "frame(presence c1 +u3)frame(presence c1 +u1 +u2 +u3)");
    session_watch(&one->super, NULL, 0);
    fake_detach(three);
    kit_run(&k);
    kit_tick(&k);
    assert_record(one, "");
    assert_record(two, "frame(presence c1 -u3)");
    fake_detach(one);
    fake_detach(two);
}

static void test_store_that_fails_is_asked_again(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_client(&k, 0, 1);
    k.store_err = ERR_UNAVAILABLE;
    watch(f, 1);
    kit_tick(&k);
    assert_record(f, "");
    k.store_err = ERR_OK;
    kit_tick(&k);
    assert_record(f, "frame(presence c1 +u1)");
    fake_detach(f);
}

static void test_joining_shows_who_is_online(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 1);
    struct fake *f = kit_client(&k, 0, 1), *two = kit_old_client(&k, 1, 2);
    watch(f, 1);
    fake_record(f);
    kit_join(&k, 1, 2);
    kit_join(&k, 1, 3);
    kit_flow(&k);
    kit_tick(&k);
    assert_record(f, "+2:j +3:j frame(presence c1 +u2 -u3)");
    fake_detach(f);
    fake_detach(two);
}

static void test_leaving_the_channel_ends_watching(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    struct fake *f = kit_client(&k, 0, 1), *two = kit_client(&k, 1, 2);
    const struct uuid c = kit_channel(1);
    watch(f, 1);
    kit_leave(&k, 1, 1);
    kit_flow(&k);
    fake_record(f);
    assert_int_equal(session_typing(&two->super, &c), ERR_OK);
    fake_detach(two);
    kit_run(&k);
    kit_tick(&k);
    assert_record(f, "");
    fake_detach(f);
}

static void test_presence_overflow_tells_all_anew(void **state)
{
    (void)state;
    const unsigned n = LIMIT_MEMBERS_TOLD + 1;
    kit_members(&k, 1, 1, n + 1);
    struct fake *f = kit_client(&k, 0, 1);
    watch(f, 1);
    fake_record(f);
    struct fake **crowd = test_malloc(n * sizeof(struct fake *));
    for (unsigned i = 0; i < n; i++)
        crowd[i] = kit_old_client(&k, 1, 2 + i);
    fake_detach(crowd[0]);
    kit_run(&k);
    kit_tick(&k);
    const char *record = fake_record(f);
    assert_non_null(strstr(record, "frame(presence c1 +u1 +u3 "));
    assert_non_null(strstr(record, " -u2)"));
    for (unsigned i = 1; i < n; i++)
        fake_detach(crowd[i]);
    kit_run(&k);
    test_free(crowd);
    fake_detach(f);
}

static void test_typing_reaches_the_watchers(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 3);
    struct fake *typist = kit_client(&k, 0, 1), *again = kit_client(&k, 1, 1);
    struct fake *watcher = kit_client(&k, 1, 2), *other = kit_client(&k, 0, 3);
    watch(again, 1);
    watch(watcher, 1);
    fake_record(again);
    fake_record(watcher);
    const struct uuid c = kit_channel(1), foreign = kit_channel(2);
    assert_int_equal(session_typing(&typist->super, &c), ERR_OK);
    assert_int_equal(session_typing(&typist->super, &foreign), ERR_NOT_MEMBER);
    kit_run(&k);
    assert_record(watcher, "frame(typing c1 u1 x)");
    assert_record(typist, "");
    assert_record(again, "");
    assert_record(other, "");
    for (unsigned i = 0; i < 10050; i++) /* the loop does not run: the rest is lost */
        session_typing(&typist->super, &c);
    kit_run(&k);
    unsigned n = 0;
    for (const char *at = fake_record(watcher); (at = strstr(at, "typing")) != NULL; at++)
        n++;
    assert_int_equal(n, 10000);
    fake_detach(typist);
    fake_detach(again);
    fake_detach(watcher);
    fake_detach(other);
}

static void test_read_positions_go_to_the_other_sessions(void **state)
{
    (void)state;
    kit_members(&k, 1, 1, 2);
    struct fake *reader = kit_client(&k, 0, 1), *same = kit_client(&k, 0, 1);
    struct fake *far = kit_client(&k, 1, 1), *old = kit_old_client(&k, 1, 1);
    struct fake *other = kit_client(&k, 1, 2);
    struct notifier *n = hub_notifier(k.hub);
    const struct uuid user = kit_user(1), c = kit_channel(1);
    n->ops->read_moved(n, &user, &c, 5, 0, reader->super.id);
    kit_run(&k);
    assert_record(reader, "");
    assert_record(same, "frame(read c1 5)");
    assert_record(far, "frame(read c1 5)");
    assert_record(old, "");
    assert_record(other, "");
    n->ops->read_moved(n, &user, &c, 6, ORIGIN_NO_SHARD, 0);
    kit_run(&k);
    assert_record(reader, "frame(read c1 6)");
    fake_detach(reader);
    fake_detach(same);
    fake_detach(far);
    fake_detach(old);
    fake_detach(other);
}

static void test_revocations_end_sessions(void **state)
{
    (void)state;
    struct fake *f[4];
    for (unsigned i = 0; i < 4; i++) {
        f[i] = kit_attach(&k, i % 2, i == 3 ? 2 : 1);
        f[i]->super.jti = kit_user(100 + i);
        f[i]->super.issued_us = 1000 * i;
    }
    kit_run(&k);
    struct notifier *n = hub_notifier(k.hub);
    const struct uuid user = kit_user(1), jti = kit_user(101);
    n->ops->revoked(n, &user, &jti, 0);
    kit_run(&k);
    assert_record(f[1], "attachedrevoked");
    assert_record(f[0], "attached");
    n->ops->revoked(n, &user, &UUID_NIL, 2000); /* issued before 2000 */
    kit_run(&k);
    assert_record(f[0], "revoked");
    assert_record(f[2], "attached");
    n->ops->revoked(n, &user, &UUID_NIL, 2001);
    kit_run(&k);
    assert_record(f[2], "revoked");
    assert_record(f[3], "attached");
    for (unsigned i = 0; i < 3; i++)
        fake_free(f[i]);
    fake_detach(f[3]);
}

static void test_online(void **state)
{
    (void)state;
    struct fake *a = kit_client(&k, 0, 1), *b = kit_client(&k, 1, 1);
    struct notifier *n = hub_notifier(k.hub);
    const struct uuid users[] = {kit_user(1), kit_user(2)};
    bool online[2];
    fake_detach(a);
    n->ops->online(n, users, 2, online);
    assert_true(online[0] && !online[1]);
    fake_detach(b);
    n->ops->online(n, users, 2, online);
    assert_false(online[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_newcomer_is_told_who_is_online, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_watches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_come_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_question_however_many_newcomers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_that_fails_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joining_shows_who_is_online, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving_the_channel_ends_watching, setup, teardown),
        cmocka_unit_test_setup_teardown(test_presence_overflow_tells_all_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_typing_reaches_the_watchers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_positions_go_to_the_other_sessions, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_revocations_end_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_online, setup, teardown),
    };
    return cmocka_run_group_tests_name("fanout/watch", tests, NULL, NULL);
}
