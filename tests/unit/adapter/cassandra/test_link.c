/* Cassandra paused, killed and started again, by tools/stack.sh (PARLEY_STACK says where it is):
 * each call is answered within its limit, and everything goes on by itself afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cassandra_rig.h"
#include "posts.h"

#define START_MS   INT64_C(1767225600000)
#define CALL_MS    1000
#define SLACK_MS   1500 /* of a loaded machine, under sanitizers */
#define RECOVER_MS 30000
#define NOTICED_MS 3000 /* that it went away or came back */

static const char *keyspace;

static int group_setup(void **state)
{
    (void)state;
    keyspace = cassandra_rig_keyspace();
    cassandra_rig_migrate(keyspace);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    cassandra_rig_drop(keyspace);
    return 0;
}

static void stack_of(const char *step, const char *node)
{
    char command[512];
    const char *script = getenv("PARLEY_STACK");
    assert_non_null(script);
    snprintf(command, sizeof command, "%s %s %s >/dev/null", script, step, node);
    assert_int_equal(system(command), 0);
}

/* Every node there is. */
static void stack(const char *step)
{
    static const char *const nodes[] = {"cassandra", "cassandra-2", "cassandra-3"};
    for (size_t i = 0; i < cassandra_rig_config(keyspace).n_hosts; i++)
        stack_of(step, nodes[i]);
}

static struct cassandra *open_impatient(void)
{
    struct cassandra *c;
    char reason[256];
    struct cassandra_config config = cassandra_rig_config(keyspace);
    config.call_ms = config.connect_ms = CALL_MS;
    assert_int_equal(cassandra_open(&config, &c, reason, sizeof reason), ERR_OK);
    return c;
}

/* What each call answers, all the same; none takes longer than it may. */
static enum err answer_of_all(struct history_store *h, const struct event *e)
{
    struct message_store *m = h->messages;
    struct arena arena;
    struct post_page page;
    struct log_snapshot snapshot = {.epoch = 1, .next_offset = 1};
    struct event found;
    struct uuid channel;
    unsigned n;
    uint64_t head;
    arena_init(&arena);
    const struct history_store_ops *o = h->ops;
    enum err first = ERR_OK;
    for (int call = 0; call < 8; call++) {
        int64_t began = clock_steady_us(&clock_system);
        enum err got = call == 0   ? o->write(h, e, 1)
                       : call == 1 ? o->write_snapshot(h, &snapshot)
                       : call == 2 ? o->read_snapshot(h, 1, 0, &arena, &snapshot)
                       : call == 3 ? o->unread(h, &e->user, &e->channel, 0, 10, &n)
                       : call == 4 ? m->ops->messages(m, &e->channel, 0, 10, &arena, &page)
                       : call == 5 ? m->ops->missed(m, &e->channel, 0, 10, &n, &head)
                       : call == 6 ? m->ops->channel_of(m, e->id, &channel)
                                   : o->by_client_id(h, &e->user, &e->channel, e->client_msg_id,
                                                     &arena, &found);
        assert_in_range((clock_steady_us(&clock_system) - began) / 1000, 0, CALL_MS + SLACK_MS);
        if (call == 0)
            first = got;
        assert_int_equal(got, first);
    }
    arena_fini(&arena);
    return first;
}

/* How long it takes until `h` says so, with nobody calling it; the test fails after RECOVER_MS. */
static int64_t ms_until(struct history_store *h, bool ready)
{
    char why[256];
    int64_t began = clock_steady_us(&clock_system), took_ms = 0;
    while (h->ops->is_ready(h, why, sizeof why) != ready && took_ms < RECOVER_MS) {
        usleep(20000);
        took_ms = (clock_steady_us(&clock_system) - began) / 1000;
    }
    assert_in_range(took_ms, 0, RECOVER_MS - 1);
    return took_ms;
}

static void await_ready(struct history_store *h)
{
    char why[256];
    int64_t until = clock_steady_us(&clock_system) + (int64_t)RECOVER_MS * 1000;
    while (!h->ops->is_ready(h, why, sizeof why) && clock_steady_us(&clock_system) < until)
        usleep(50000);
    assert_true(h->ops->is_ready(h, why, sizeof why));
}

static struct event one_post(struct posts *p)
{
    struct event e = posts_next(p, 1, 0, START_MS, "still here");
    e.client_msg_id = STR("c-1");
    return e;
}

static void is_missed_while_nobody_calls(void **state)
{
    (void)state;
    static const char *const steps[][2] = {{"pause", "resume"}, {"kill", "start"}};
    struct cassandra *c = open_impatient();
    struct history_store *h = cassandra_history(c);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        stack(steps[i][0]);
        int64_t missed_ms = ms_until(h, false);
        stack(steps[i][1]);
        int64_t found_ms = ms_until(h, true);
        assert_in_range(missed_ms, 0, NOTICED_MS);
        assert_in_range(found_ms, 0, NOTICED_MS);
    }
    cassandra_close(c);
}

static void paused_and_resumed(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    const struct event e = one_post(&p);
    char why[256] = "";
    struct cassandra *c = open_impatient();
    struct history_store *h = cassandra_history(c);
    assert_int_equal(answer_of_all(h, &e), ERR_OK);
    stack("pause");
    enum err paused = answer_of_all(h, &e);
    bool ready = h->ops->is_ready(h, why, sizeof why);
    stack("resume");
    assert_int_equal(paused, ERR_UNAVAILABLE);
    assert_false(ready);
    assert_true(why[0] != '\0');
    await_ready(h);
    assert_int_equal(answer_of_all(h, &e), ERR_OK);
    cassandra_close(c);
}

static void killed_and_started_again(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    const struct event e = one_post(&p);
    char why[256] = "";
    struct cassandra *c = open_impatient();
    struct history_store *h = cassandra_history(c);
    assert_int_equal(answer_of_all(h, &e), ERR_OK);
    stack("kill");
    enum err killed = answer_of_all(h, &e);
    bool ready = h->ops->is_ready(h, why, sizeof why);
    stack("start");
    assert_int_equal(killed, ERR_UNAVAILABLE);
    assert_false(ready);
    await_ready(h);
    assert_int_equal(answer_of_all(h, &e), ERR_OK);
    cassandra_close(c);
}

/* A node that starts while Cassandra is away has a store all the same, and it comes to life. */
static void opened_while_away(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    const struct event e = one_post(&p);
    stack("stop");
    int64_t began = clock_steady_us(&clock_system);
    struct cassandra *c = open_impatient();
    int64_t took = (clock_steady_us(&clock_system) - began) / 1000;
    struct history_store *h = cassandra_history(c);
    enum err away = answer_of_all(h, &e);
    stack("start");
    assert_in_range(took, 0, CALL_MS + SLACK_MS);
    assert_int_equal(away, ERR_UNAVAILABLE);
    await_ready(h);
    assert_int_equal(answer_of_all(h, &e), ERR_OK);
    cassandra_close(c);
}

/* What was acknowledged before a kill is there after it. */
static void acknowledged_is_durable(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event all[200];
    struct arena arena;
    struct post_page page;
    for (size_t i = 0; i < 200; i++)
        all[i] = posts_next(&p, 1, 0, START_MS, "for good");
    struct cassandra *c = cassandra_rig_open(keyspace);
    struct history_store *h = cassandra_history(c);
    assert_int_equal(h->ops->write(h, all, 200), ERR_OK);
    stack("kill");
    stack("start");
    arena_init(&arena);
    enum err e = ERR_UNAVAILABLE;
    for (int i = 0; i < RECOVER_MS / 100 && e != ERR_OK; i++) {
        usleep(100000);
        e = h->messages->ops->after(h->messages, &p.channel, 0, 300, &arena, &page);
    }
    assert_int_equal(e, ERR_OK);
    assert_int_equal(page.n, 200);
    arena_fini(&arena);
    cassandra_close(c);
}

/* Of three nodes with three copies one may be gone, and hang before that: calls that meet it are
 * answered in time, and soon none meets it any more. */
static void one_of_three_may_be_away(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    const struct event e = one_post(&p);
    static const char *const steps[] = {"kill", "start", "pause", "resume"};
    struct cassandra *c = open_impatient();
    struct history_store *h = cassandra_history(c);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        unsigned good = 0, calls = 0, count;
        stack_of(steps[i], "cassandra-3");
        for (; good < 100 && calls < 400; calls++) {
            int64_t began = clock_steady_us(&clock_system);
            enum err got = calls % 2 == 0 ? h->ops->write(h, &e, 1)
                                          : h->ops->unread(h, &e.user, &e.channel, 0, 10, &count);
            assert_in_range((clock_steady_us(&clock_system) - began) / 1000, 0, CALL_MS + SLACK_MS);
            assert_true(got == ERR_OK || got == ERR_UNAVAILABLE);
            good = got == ERR_OK ? good + 1 : 0;
        }
        assert_int_equal(good, 100);
    }
    cassandra_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_missed_while_nobody_calls), cmocka_unit_test(paused_and_resumed),
        cmocka_unit_test(killed_and_started_again),     cmocka_unit_test(opened_while_away),
        cmocka_unit_test(acknowledged_is_durable),      cmocka_unit_test(one_of_three_may_be_away),
    };
    /* The last one needs three nodes: CASSANDRA_NODES=3 tools/stack.sh up cassandra */
    size_t n = sizeof tests / sizeof tests[0] - (cassandra_rig_config("system").n_hosts < 3);
    return _cmocka_run_group_tests("cassandra link", tests, n, group_setup, group_teardown);
}
