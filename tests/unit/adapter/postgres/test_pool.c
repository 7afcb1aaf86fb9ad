/* What networks and servers do in the middle of a call: a commit whose answer is lost, a server
 * that is stopped without a word, one that is gone. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "postgres_proxy.h"

/* The time limits of kit_open: 500 ms of the server, and the client's second of grace. */
#define LIMIT_MS 1500

static int proxied(void **state)
{
    postgres_rig_reset();
    postgres_rig_migrate();
    *state = kit_open(postgres_proxy_start("proxied"));
    kit_add_users(*state, 3);
    assert_int_equal(kit_create(*state, 1, 1), ERR_OK);
    return 0;
}

static int ended(void **state)
{
    postgres_close(*state);
    postgres_proxy_stop();
    return 0;
}

static int64_t members_of_1(void)
{
    return postgres_rig_int("SELECT count(*) FROM user_to_channel WHERE"
                            " channel_id='cc000000-0000-4000-8000-000000000001'");
}

static void a_lost_commit_is_unknown(void **state)
{
    struct membership_row row;
    postgres_proxy_set(PROXY_LOSE_COMMIT);
    assert_int_equal(kit_join(*state, 2, 1), ERR_UNKNOWN);
    assert_int_equal(members_of_1(), 1);
    postgres_proxy_set(PROXY_LOSE_ANSWER);
    assert_int_equal(kit_join(*state, 2, 1), ERR_UNKNOWN);
    assert_int_equal(members_of_1(), 2);
    /* asked again, it answers as what it finds */
    assert_int_equal(kit_join(*state, 2, 1), ERR_ALREADY_MEMBER);
    assert_int_equal(kit_membership(*state, 2, 1, &row), ERR_OK);
    assert_int_equal(row.join_version, 3);
    postgres_proxy_set(PROXY_LOSE_ANSWER);
    assert_int_equal(kit_leave(*state, 2, 1), ERR_UNKNOWN);
    assert_int_equal(kit_leave(*state, 2, 1), ERR_NOT_JOINED);
    postgres_proxy_set(PROXY_LOSE_ANSWER);
    assert_int_equal(kit_create(*state, 2, 3), ERR_UNKNOWN);
    assert_int_equal(kit_create(*state, 2, 3), ERR_OK);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_outbox"), 2 + 2 + 2);
}

/* Before the commit nothing can have happened: a call whose connection turns out to be dead is
 * simply done on another. */
static void a_dead_connection_is_replaced(void **state)
{
    struct membership_row row;
    for (int i = 0; i < 5; i++) {
        postgres_rig_cut("proxied");
        assert_int_equal(kit_join(*state, 2, 1), ERR_OK);
        postgres_rig_cut("proxied");
        assert_int_equal(kit_membership(*state, 2, 1, &row), ERR_OK);
        postgres_rig_cut("proxied");
        assert_int_equal(kit_leave(*state, 2, 1), ERR_OK);
    }
}

/* Stopped: it accepts connections and says nothing. */
static void a_stopped_server_costs_the_time_limit_once(void **state)
{
    struct postgres_store *s = *state;
    struct channel_table *t = postgres_channels(s);
    struct membership_row row;
    char detail[256];
    postgres_proxy_set(PROXY_HOLE);
    int64_t start_ms = kit_now_ms();
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_UNAVAILABLE);
    assert_in_range(kit_now_ms() - start_ms, LIMIT_MS - 100, 4 * LIMIT_MS);
    assert_false(t->ops->is_ready(t, detail, sizeof detail));
    assert_true(strlen(detail) > 5);
    /* within the pause after it, at once */
    start_ms = kit_now_ms();
    assert_int_equal(kit_join(s, 2, 1), ERR_UNAVAILABLE);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_UNAVAILABLE);
    assert_in_range(kit_now_ms() - start_ms, 0, 700); /* one try to connect at most */
    postgres_proxy_set(PROXY_PASS);
    kit_sleep_ms(2100);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_OK);
    assert_true(t->ops->is_ready(t, detail, sizeof detail));
    assert_int_equal(kit_join(s, 2, 1), ERR_OK);
}

struct caller {
    pthread_t thread;
    struct postgres_store *store;
    unsigned calls, failed;
    int64_t longest_ms;
};

static void *call_often(void *arg)
{
    struct caller *c = arg;
    struct membership_row row;
    int64_t end_ms = kit_now_ms() + 3000;
    while (kit_now_ms() < end_ms) {
        int64_t start_ms = kit_now_ms();
        c->failed += kit_membership(c->store, 1, 1, &row) != ERR_OK;
        c->calls++;
        int64_t took_ms = kit_now_ms() - start_ms;
        c->longest_ms = took_ms > c->longest_ms ? took_ms : c->longest_ms;
        kit_sleep_ms(2);
    }
    return NULL;
}

/* Gone: eight threads ask all the time; nobody waits, and one at a time tries. */
static void a_server_that_is_gone_holds_up_nobody(void **state)
{
    struct caller c[8];
    struct membership_row row;
    postgres_proxy_set(PROXY_CLOSED);
    for (size_t i = 0; i < 8; i++) {
        c[i] = (struct caller){.store = *state};
        assert_int_equal(pthread_create(&c[i].thread, NULL, call_often, &c[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].failed, c[i].calls);
        assert_true(c[i].calls > 100);
        assert_in_range(c[i].longest_ms, 0, 600);
    }
    postgres_proxy_set(PROXY_PASS);
    kit_sleep_ms(2100);
    assert_int_equal(kit_membership(*state, 1, 1, &row), ERR_OK);
}

static void connections_are_bounded(void **state)
{
    struct caller c[8];
    unsigned most = 0;
    for (size_t i = 0; i < 8; i++) {
        c[i] = (struct caller){.store = *state};
        assert_int_equal(pthread_create(&c[i].thread, NULL, call_often, &c[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        unsigned now = postgres_proxy_connections();
        most = now > most ? now : most;
        kit_sleep_ms(50);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].failed, 0);
    }
    assert_in_range(most, 2, 4);
}

/* Accounts: their answer is asked for again by the store itself. */
static void accounts_survive_a_lost_answer(void **state)
{
    struct postgres_store *s = *state;
    struct account_store *a = postgres_accounts(s);
    struct uuid u1 = kit_user_id(1);
    struct account got;
    struct arena arena;
    arena_init(&arena);
    for (unsigned i = 0; i < 20; i++) {
        char email[48];
        snprintf(email, sizeof email, "new-%u@example.org", i);
        const struct user u = {kit_user_id(100 + i), STR("new"), str_of(email), 1};
        postgres_rig_cut("proxied");
        assert_int_equal(a->ops->add(a, &u, STR("h")), ERR_OK);
        /* the very same, as after an answer that was lost */
        assert_int_equal(a->ops->add(a, &u, STR("h")), ERR_OK);
    }
    assert_int_equal(a->ops->set_password(a, &u1, STR("new"), 77), ERR_OK);
    assert_int_equal(a->ops->set_password(a, &u1, STR("old clock"), 55), ERR_OK);
    assert_int_equal(a->ops->by_id(a, &u1, &arena, &got), ERR_OK);
    assert_int_equal(got.valid_after_us, 77); /* tokens that are void stay so */
    arena_fini(&arena);
}

/* Somebody holds the row for longer than a statement may take. */
static void a_statement_that_waits_too_long_is_given_up(void **state)
{
    postgres_rig_exec("BEGIN; SELECT FROM users WHERE email='user-2@example.org' FOR UPDATE");
    int64_t start_ms = kit_now_ms();
    assert_int_equal(kit_join(*state, 2, 1), ERR_UNAVAILABLE);
    assert_in_range(kit_now_ms() - start_ms, 400, 1400);
    postgres_rig_exec("COMMIT");
    assert_int_equal(members_of_1(), 1);
    assert_int_equal(kit_join(*state, 2, 1), ERR_OK);
}

int main(void)
{
#define FAULT_TEST(f) cmocka_unit_test_setup_teardown(f, proxied, ended)
    const struct CMUnitTest tests[] = {
        FAULT_TEST(a_lost_commit_is_unknown),
        FAULT_TEST(a_dead_connection_is_replaced),
        FAULT_TEST(a_stopped_server_costs_the_time_limit_once),
        FAULT_TEST(a_server_that_is_gone_holds_up_nobody),
        FAULT_TEST(connections_are_bounded),
        FAULT_TEST(accounts_survive_a_lost_answer),
        FAULT_TEST(a_statement_that_waits_too_long_is_given_up),
    };
    return KIT_MAIN(tests);
}
