/* The relay: its order, what the log does to it, and its end at every step. */
#include <string.h>
#include <time.h>

#include "town.h"

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Channels 1..3 of user 1, with 2 joining and leaving them, and 3 joining: 5 rows each. */
static void write_changes(struct town *t)
{
    struct channel_table *s = t->tables.node[0];
    uint64_t version;
    town_add_users(t, 3);
    for (unsigned i = 1; i <= 3; i++) {
        const struct channel c = {kit_channel_id(i), STR("channel"), kit_user_id(1), KIT_START_US};
        struct uuid u2 = kit_user_id(2), u3 = kit_user_id(3);
        assert_int_equal(s->ops->create(s, &c, KIT_MANY, &version), ERR_OK);
        assert_int_equal(s->ops->join(s, &u2, &c.id, KIT_MANY, &version), ERR_OK);
        assert_int_equal(s->ops->leave(s, &u2, &c.id, &version), ERR_OK);
        assert_int_equal(s->ops->join(s, &u3, &c.id, KIT_MANY, &version), ERR_OK);
    }
}

#define CHANGES 15

/* Everything was heard once and in order, by both nodes, and the tables know where. */
static void assert_all_published(struct town *t)
{
    static struct heard_event heard[CHANGES + 1];
    struct arena arena;
    struct membership_row row;
    struct uuid u3 = kit_user_id(3);
    for (unsigned node = 0; node < TABLE_NODES; node++)
        town_wait_heard(t, node, CHANGES);
    for (unsigned user = 1; user <= 3; user++)
        town_wait_told(t, user);
    assert_int_equal(town_heard(t, 0, heard, CHANGES + 1), CHANGES);
    arena_init(&arena);
    for (unsigned i = 1; i <= 3; i++) {
        struct uuid c = kit_channel_id(i);
        struct channel_table *s = t->tables.node[1];
        uint64_t seq = 0;
        assert_int_equal(town_check_versions(t, i), 5);
        assert_int_equal(s->ops->membership(s, &u3, &c, &arena, &row), ERR_OK);
        for (size_t h = 0; h < CHANGES; h++)
            if (heard[h].channel == i && heard[h].version == 5)
                seq = heard[h].seq;
        assert_true(row.join_seq >= seq && seq != 0); /* or where it came a second time */
    }
    arena_fini(&arena);
}

static void one_pass_publishes_all(void **state)
{
    struct town *t = *state;
    write_changes(t);
    struct relay *r = town_relay(t, 0, NULL, NULL);
    assert_int_equal(relay_pass(r), CHANGES);
    assert_all_published(t);
    assert_int_equal(town_stale(t, 0), 0);
    assert_int_equal(relay_pass(r), 0);
}

/* A refused record is put off with all that follow in its channel; the others go on. */
static void a_refused_record_holds_only_its_channel(void **state)
{
    struct town *t = *state;
    write_changes(t);
    struct relay *r = town_relay(t, 0, NULL, NULL);
    memory_event_log_fail(t->log, MEMORY_FAULT_REFUSED, 1);
    assert_int_equal(relay_pass(r), CHANGES - 5);
    town_wait_heard(t, 0, CHANGES - 5);
    assert_int_equal(relay_pass(r), 5);
    assert_all_published(t);
    assert_int_equal(town_stale(t, 0), 0);
}

static void a_lost_report_is_published_twice_and_heard_once(void **state)
{
    struct town *t = *state;
    write_changes(t);
    struct relay *r = town_relay(t, 0, NULL, NULL);
    memory_event_log_fail(t->log, MEMORY_FAULT_ANSWER_LOST, 2);
    size_t done = 0;
    for (int i = 0; i < 10 && done < CHANGES; i++)
        done += relay_pass(r);
    assert_int_equal(done, CHANGES);
    assert_all_published(t);
    town_wait_heard(t, 0, CHANGES);
    assert_int_equal(town_stale(t, 0), 2);
}

static void a_lost_record_is_published_again(void **state)
{
    struct town *t = *state;
    write_changes(t);
    struct relay *r = town_relay(t, 0, NULL, NULL);
    memory_event_log_fail(t->log, MEMORY_FAULT_LOST, 3);
    size_t done = 0;
    for (int i = 0; i < 10 && done < CHANGES; i++)
        done += relay_pass(r);
    assert_int_equal(done, CHANGES);
    assert_all_published(t);
    assert_int_equal(town_stale(t, 0), 0);
}

static void relays_go_on_when_the_log_comes_back(void **state)
{
    struct town *t = *state;
    memory_event_log_cut(t->log, true);
    write_changes(t);
    town_start_relays(t);
    pause_ms(300);
    struct heard_event none;
    assert_int_equal(town_heard(t, 0, &none, 0), 0);
    memory_event_log_cut(t->log, false);
    assert_all_published(t);
}

static void relays_go_on_when_the_tables_refused(void **state)
{
    struct town *t = *state;
    write_changes(t);
    table_driver->refuse(&t->tables, true);
    town_start_relays(t);
    town_wait_heard(t, 0, 3); /* into the log it can; a channel stops at its first row */
    pause_ms(200);
    struct heard_event none;
    assert_int_equal(town_heard(t, 0, &none, 0), 3);
    table_driver->refuse(&t->tables, false);
    assert_all_published(t);
    assert_true(town_stale(t, 0) > 0);
}

/* Two relays, and the one that has the lock loses it again and again. */
static void relays_take_turns(void **state)
{
    struct town *t = *state;
    town_add_users(t, 3);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    for (int i = 0; i < 10; i++) {
        table_driver->cut(&t->tables, (unsigned)i % TABLE_NODES);
        assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
        table_driver->cut(&t->tables, (unsigned)(i + 1) % TABLE_NODES);
        assert_int_equal(town_leave(t, 1, 2, 1), ERR_OK);
    }
    town_wait_heard(t, 0, 22);
    assert_int_equal(town_check_versions(t, 1), 22);
}

/* ---- Stopped at every step ---- */

/* Stops a relay's thread the `nth` time that it comes to `step`, until it is let go. */
struct stop {
    enum relay_step step;
    int nth;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopped, go;
};

static void stop_at(enum relay_step step, void *arg)
{
    struct stop *s = arg;
    pthread_mutex_lock(&s->mutex);
    if (step == s->step && s->nth > 0 && --s->nth == 0) {
        s->stopped = true;
        pthread_cond_broadcast(&s->changed);
        while (!s->go)
            pthread_cond_wait(&s->changed, &s->mutex);
    }
    pthread_mutex_unlock(&s->mutex);
}

static void stop_wait(struct stop *s)
{
    pthread_mutex_lock(&s->mutex);
    while (!s->stopped)
        pthread_cond_wait(&s->changed, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

static void stop_end(struct stop *s)
{
    pthread_mutex_lock(&s->mutex);
    s->go = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

/* Node 0 stops in the middle, as a paused process does, and loses its session; node 1 takes over
 * and does the rest; then node 0 wakes up, does not know what happened, and does no harm. */
static void stopped_at(struct town *t, enum relay_step step, int nth)
{
    struct stop s = {.step = step, .nth = nth};
    pthread_mutex_init(&s.mutex, NULL);
    pthread_cond_init(&s.changed, NULL);
    write_changes(t);
    relay_start(town_relay(t, 0, stop_at, &s));
    stop_wait(&s);
    table_driver->cut(&t->tables, 0);
    relay_start(town_relay(t, 1, NULL, NULL));
    assert_all_published(t);
    stop_end(&s);
    relay_stop(t->node[0].relay);
    assert_all_published(t);
    pthread_cond_destroy(&s.changed);
    pthread_mutex_destroy(&s.mutex);
}

/* At the first time; and, of the steps of a row, in the second wave. */
#define STOPPED(step)                           \
    static void stopped_at_##step(void **state) \
    {                                           \
        stopped_at(*state, RELAY_##step, 1);    \
    }
#define STOPPED_LATER(step, nth)                      \
    static void stopped_later_at_##step(void **state) \
    {                                                 \
        stopped_at(*state, RELAY_##step, nth);        \
    }
STOPPED(TOOK)
STOPPED(READ)
STOPPED(PRODUCED)
STOPPED(REPORTED)
STOPPED(CACHED)
STOPPED(DONE)
STOPPED_LATER(PRODUCED, 2)
STOPPED_LATER(REPORTED, 5)
STOPPED_LATER(CACHED, 5)
STOPPED_LATER(DONE, 5)

int saga_relay(void)
{
#define RELAY_TEST(f) cmocka_unit_test_setup_teardown(f, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        RELAY_TEST(one_pass_publishes_all),
        RELAY_TEST(a_refused_record_holds_only_its_channel),
        RELAY_TEST(a_lost_report_is_published_twice_and_heard_once),
        RELAY_TEST(a_lost_record_is_published_again),
        RELAY_TEST(relays_go_on_when_the_log_comes_back),
        RELAY_TEST(relays_go_on_when_the_tables_refused),
        RELAY_TEST(relays_take_turns),
        RELAY_TEST(stopped_at_TOOK),
        RELAY_TEST(stopped_at_READ),
        RELAY_TEST(stopped_at_PRODUCED),
        RELAY_TEST(stopped_at_REPORTED),
        RELAY_TEST(stopped_at_CACHED),
        RELAY_TEST(stopped_at_DONE),
        RELAY_TEST(stopped_later_at_PRODUCED),
        RELAY_TEST(stopped_later_at_REPORTED),
        RELAY_TEST(stopped_later_at_CACHED),
        RELAY_TEST(stopped_later_at_DONE),
    };
    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
