/* What port/channel_table.h promises of the outbox, the relay, the epochs, and of many at once. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "table_kit.h"

#define ROWS_MAX 1000

static struct channel_table *taken(struct tables *t, unsigned node)
{
    struct channel_table *s = t->node[node];
    assert_int_equal(s->ops->relay_take(s), ERR_OK);
    return s;
}

static size_t rows_of(struct channel_table *s, unsigned max, struct arena *arena,
                      struct outbox_row **rows)
{
    size_t n;
    assert_int_equal(s->ops->outbox(s, max, 0, arena, rows, &n), ERR_OK);
    return n;
}

static void assert_row(const struct outbox_row *r, enum event_kind kind, unsigned user,
                       unsigned channel, uint64_t version, uint32_t members)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel), owner = kit_user_id(1);
    assert_int_equal(r->event.kind, kind);
    assert_int_equal(r->version, version);
    assert_int_equal(r->event.members, members);
    assert_true(uuid_eq(&r->event.user, &u));
    assert_true(uuid_eq(&r->event.channel, &c));
    assert_true(uuid_eq(&r->event.channel_info.id, &c));
    assert_true(uuid_eq(&r->event.channel_info.owner, &owner));
    assert_int_equal(r->event.channel_info.created_us, KIT_START_US);
    assert_true(r->event.channel_info.name.n > 0);
    assert_int_equal(r->event.username.n, strlen("user-1"));
    assert_true(r->event.at_us >= KIT_START_US);
    assert_int_equal(r->event.origin.shard, ORIGIN_NO_SHARD);
}

static void every_change_waits_in_the_outbox(void **state)
{
    struct tables *t = *state;
    struct outbox_row *rows;
    struct arena arena;
    arena_init(&arena);
    table_add_users(t, 2);
    struct channel_table *s = taken(t, 0);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 0);
    table_add_channel(t, 1, 1);
    assert_int_equal(table_join(t, 1, 2, 1, NULL) | table_leave(t, 0, 2, 1, NULL), ERR_OK);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 4);
    assert_row(&rows[0], EVENT_CREATED, 1, 1, 1, 0);
    assert_row(&rows[1], EVENT_JOINED, 1, 1, 2, 1);
    assert_row(&rows[2], EVENT_JOINED, 2, 1, 3, 2);
    assert_row(&rows[3], EVENT_LEFT, 2, 1, 4, 1);
    for (size_t i = 1; i < 4; i++)
        assert_true(rows[i].id > rows[i - 1].id);
    assert_int_equal(rows_of(s, 3, &arena, &rows), 3);
    assert_row(&rows[2], EVENT_JOINED, 2, 1, 3, 2);
    arena_fini(&arena);
}

static void done_rows_tell_their_membership(void **state)
{
    struct tables *t = *state;
    struct outbox_row *rows;
    struct arena arena;
    struct membership_row *m;
    arena_init(&arena);
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    struct channel_table *s = taken(t, 1);
    assert_int_equal(table_join(t, 0, 2, 1, NULL), ERR_OK);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(s->ops->outbox_done(s, &rows[i], 100 + i), ERR_OK);
    assert_int_equal(table_row(t, 1, 1, &arena).join_seq, 101);
    assert_int_equal(table_row(t, 2, 1, &arena).join_seq, 102);
    assert_int_equal(table_leave(t, 0, 2, 1, NULL) | table_join(t, 0, 2, 1, NULL), ERR_OK);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(s->ops->outbox_done(s, &rows[i], 200 + i), ERR_OK);
    /* once more, as after a crash in between */
    assert_int_equal(s->ops->outbox_done(s, &rows[0], 200), ERR_OK);
    assert_int_equal(table_rows(t, 2, &arena, &m), 2);
    assert_int_equal(m[0].join_seq, 102);
    assert_int_equal(m[0].leave_seq, 200);
    assert_int_equal(m[1].join_seq, 201);
    assert_int_equal(m[1].leave_seq, 0);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 0);
    arena_fini(&arena);
}

/* A join is published when she has left already. */
static void done_rows_find_past_memberships(void **state)
{
    struct tables *t = *state;
    struct outbox_row *rows;
    struct arena arena;
    struct membership_row m;
    arena_init(&arena);
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    assert_int_equal(table_join(t, 0, 2, 1, NULL) | table_leave(t, 0, 2, 1, NULL), ERR_OK);
    struct channel_table *s = taken(t, 0);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(s->ops->outbox_done(s, &rows[i], 100 + i), ERR_OK);
    assert_int_equal(table_ask_row(t, 2, 1, &arena, &m), ERR_OK);
    assert_int_equal(m.join_seq, 102);
    assert_int_equal(m.leave_seq, 103);
    arena_fini(&arena);
}

static void one_of_all_is_the_relay(void **state)
{
    struct tables *t = *state;
    struct outbox_row *rows;
    struct arena arena;
    size_t n = 7;
    arena_init(&arena);
    struct channel_table *a = taken(t, 0), *b = t->node[1];
    assert_int_equal(b->ops->relay_take(b), ERR_UNAVAILABLE);
    assert_int_equal(b->ops->outbox(b, ROWS_MAX, 0, &arena, &rows, &n), ERR_UNAVAILABLE);
    assert_int_equal(n, 0);
    assert_int_equal(a->ops->relay_take(a), ERR_OK); /* is it still */
    a->ops->relay_let_go(a);
    assert_int_equal(b->ops->relay_take(b), ERR_OK);
    assert_int_equal(a->ops->relay_take(a), ERR_UNAVAILABLE);
    a->ops->relay_let_go(a); /* lets go of nothing */
    assert_int_equal(a->ops->relay_take(a), ERR_UNAVAILABLE);
    arena_fini(&arena);
}

/* A former relay that does not know it yet. */
static void who_lost_the_lock_is_refused(void **state)
{
    struct tables *t = *state;
    struct outbox_row *rows, *again;
    struct arena arena;
    size_t n;
    arena_init(&arena);
    table_add_users(t, 1);
    table_add_channel(t, 1, 1);
    struct channel_table *a = taken(t, 0);
    assert_int_equal(rows_of(a, ROWS_MAX, &arena, &rows), 2);
    table_driver->cut(t, 0);
    struct channel_table *b = taken(t, 1);
    assert_int_equal(a->ops->outbox_done(a, &rows[0], 7), ERR_UNAVAILABLE);
    assert_int_equal(a->ops->outbox_done(a, &rows[0], 7), ERR_UNAVAILABLE);
    assert_int_equal(a->ops->outbox(a, ROWS_MAX, 0, &arena, &again, &n), ERR_UNAVAILABLE);
    assert_int_equal(rows_of(b, ROWS_MAX, &arena, &again), 2);
    assert_int_equal(again[0].id, rows[0].id);
    assert_int_equal(a->ops->relay_take(a), ERR_UNAVAILABLE);
    arena_fini(&arena);
}

struct waiter {
    pthread_t thread;
    struct channel_table *table;
    unsigned wait_ms;
    enum err err;
    size_t n;
    int64_t took_ms;
};

static void *wait_outbox(void *arg)
{
    struct waiter *w = arg;
    struct outbox_row *rows;
    struct arena arena;
    int64_t start_us = clock_steady_us(&clock_system);
    arena_init(&arena);
    w->err = w->table->ops->outbox(w->table, ROWS_MAX, w->wait_ms, &arena, &rows, &w->n);
    w->took_ms = (clock_steady_us(&clock_system) - start_us) / 1000;
    arena_fini(&arena);
    return NULL;
}

static void the_outbox_is_waited_for(void **state)
{
    struct tables *t = *state;
    struct waiter none = {.table = taken(t, 0), .wait_ms = 200};
    struct waiter some = {.table = none.table, .wait_ms = 30000};
    table_add_users(t, 1);
    wait_outbox(&none);
    assert_int_equal(none.err, ERR_OK);
    assert_int_equal(none.n, 0);
    assert_in_range(none.took_ms, 190, 5000);
    assert_int_equal(pthread_create(&some.thread, NULL, wait_outbox, &some), 0);
    table_add_channel(t, 1, 1);
    pthread_join(some.thread, NULL);
    assert_int_equal(some.err, ERR_OK);
    assert_int_equal(some.n, 2);
    assert_in_range(some.took_ms, 0, 20000);
}

static void every_log_has_its_epoch(void **state)
{
    struct tables *t = *state;
    struct channel_table *a = t->node[0], *b = t->node[1];
    struct uuid log1 = kit_channel_id(1), log2 = kit_channel_id(2);
    uint32_t epoch = 0;
    assert_int_equal(a->ops->epoch(a, &log1, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 1);
    assert_int_equal(b->ops->epoch(b, &log1, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 1);
    assert_int_equal(b->ops->epoch(b, &log1, 32, &epoch), ERR_OK);
    assert_int_equal(epoch, 2);
    assert_int_equal(b->ops->epoch(b, &log2, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 3);
    assert_int_equal(a->ops->epoch(a, &log1, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 1);
    assert_int_equal(a->ops->epoch(a, &log2, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 3);
}

/* ---- Many at once ---- */

#define JOINERS 20

struct joiner {
    pthread_t thread;
    struct tables *tables;
    unsigned node;
    bool same_user; /* many channels of one user, instead of many users of one channel */
    unsigned joined;
    uint64_t versions[JOINERS];
    uint32_t epoch;
};

static void *join_all(void *arg)
{
    struct joiner *j = arg;
    struct channel_table *s = j->tables->node[j->node];
    struct uuid log = kit_channel_id(1000);
    for (unsigned i = 0; i < JOINERS; i++) {
        struct uuid u = kit_user_id(j->same_user ? 2 : 2 + j->node * JOINERS + i);
        struct uuid c = kit_channel_id(j->same_user ? 1 + j->node * JOINERS + i : 1);
        uint32_t channels_max = j->same_user ? 5 : KIT_MANY;
        if (s->ops->join(s, &u, &c, channels_max, &j->versions[i]) == ERR_OK)
            j->joined++;
    }
    if (s->ops->epoch(s, &log, 4, &j->epoch) != ERR_OK)
        j->epoch = 0;
    return NULL;
}

static void join_on_both(struct tables *t, bool same_user, struct joiner j[TABLE_NODES])
{
    for (unsigned i = 0; i < TABLE_NODES; i++) {
        j[i] = (struct joiner){.tables = t, .node = i, .same_user = same_user};
        assert_int_equal(pthread_create(&j[i].thread, NULL, join_all, &j[i]), 0);
    }
    for (unsigned i = 0; i < TABLE_NODES; i++)
        pthread_join(j[i].thread, NULL);
}

static void joins_of_many_nodes_have_one_order(void **state)
{
    struct tables *t = *state;
    struct joiner j[TABLE_NODES];
    struct outbox_row *rows;
    struct arena arena;
    bool seen[2 * JOINERS] = {false};
    arena_init(&arena);
    table_add_users(t, 1 + 2 * JOINERS);
    table_add_channel(t, 1, 1);
    join_on_both(t, false, j);
    assert_int_equal(j[0].joined + j[1].joined, 2 * JOINERS);
    assert_int_equal(j[0].epoch, 1);
    assert_int_equal(j[1].epoch, 1);
    for (unsigned i = 0; i < 2 * JOINERS; i++) {
        uint64_t v = j[i / JOINERS].versions[i % JOINERS];
        assert_in_range(v, 3, 2 + 2 * JOINERS);
        assert_false(seen[v - 3]);
        seen[v - 3] = true;
    }
    struct channel_table *s = taken(t, 0);
    assert_int_equal(rows_of(s, ROWS_MAX, &arena, &rows), 2 + 2 * JOINERS);
    for (size_t i = 0; i < 2 + 2 * JOINERS; i++) {
        assert_int_equal(rows[i].version, i + 1);
        assert_int_equal(rows[i].event.members, i);
    }
    arena_fini(&arena);
}

static void nobody_slips_into_too_many_channels(void **state)
{
    struct tables *t = *state;
    struct joiner j[TABLE_NODES];
    struct arena arena;
    arena_init(&arena);
    table_add_users(t, 2);
    for (unsigned i = 1; i <= 2 * JOINERS; i++)
        table_add_channel(t, i, 1);
    join_on_both(t, true, j);
    assert_int_equal(j[0].joined + j[1].joined, 5);
    assert_int_equal(table_rows(t, 2, &arena, NULL), 5);
    arena_fini(&arena);
}

/* A node whose connections were cut goes on with new ones. */
static void calls_go_on_after_a_cut(void **state)
{
    struct tables *t = *state;
    char detail[128];
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    table_driver->cut(t, 0);
    assert_int_equal(table_join(t, 0, 2, 1, NULL), ERR_OK);
    table_driver->cut(t, 0);
    assert_int_equal(table_get(t, 1), ERR_OK);
    table_driver->cut(t, 0);
    table_mark(t, 2, 1, 5, ERR_OK, 5, true);
    assert_true(t->node[0]->ops->is_ready(t->node[0], detail, sizeof detail));
}

/* The connection is lost during the commit: nobody knows, but who asks again. */
static void a_lost_commit_is_unknown(void **state)
{
    struct tables *t = *state;
    struct arena arena;
    arena_init(&arena);
    table_add_users(t, 2);
    table_driver->lose_commit(t, true);
    assert_int_equal(table_create_as(t, 1, 1, KIT_MANY), ERR_UNKNOWN);
    assert_int_equal(table_create_as(t, 1, 1, KIT_MANY), ERR_OK);
    table_driver->lose_commit(t, false);
    assert_int_equal(table_join(t, 0, 2, 1, NULL), ERR_UNKNOWN);
    assert_int_equal(table_rows(t, 2, &arena, NULL), 0);
    table_driver->lose_commit(t, true);
    assert_int_equal(table_join(t, 0, 2, 1, NULL), ERR_UNKNOWN);
    assert_int_equal(table_join(t, 0, 2, 1, NULL), ERR_ALREADY_MEMBER);
    assert_int_equal(table_row(t, 2, 1, &arena).join_version, 3);
    table_driver->lose_commit(t, true);
    assert_int_equal(table_leave(t, 0, 2, 1, NULL), ERR_UNKNOWN);
    assert_int_equal(table_leave(t, 0, 2, 1, NULL), ERR_NOT_JOINED);
    assert_int_equal(table_row(t, 2, 1, &arena).leave_version, 4);
    assert_int_equal(table_outbox_size(t), 4);
    arena_fini(&arena);
}

int contract_channel_outbox(void)
{
#define OUTBOX_TEST(f) cmocka_unit_test_setup_teardown(f, table_setup, table_teardown)
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(every_change_waits_in_the_outbox),
        OUTBOX_TEST(done_rows_tell_their_membership),
        OUTBOX_TEST(done_rows_find_past_memberships),
        OUTBOX_TEST(one_of_all_is_the_relay),
        OUTBOX_TEST(who_lost_the_lock_is_refused),
        OUTBOX_TEST(the_outbox_is_waited_for),
        OUTBOX_TEST(every_log_has_its_epoch),
        OUTBOX_TEST(joins_of_many_nodes_have_one_order),
        OUTBOX_TEST(nobody_slips_into_too_many_channels),
        OUTBOX_TEST(calls_go_on_after_a_cut),
        OUTBOX_TEST(a_lost_commit_is_unknown),
    };
    return cmocka_run_group_tests_name("channel_outbox", tests, NULL, NULL);
}
