#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "cluster/follower.h"
#include "domain/id.h"
#include "engine_rig.h"
#include "telemetry/metrics.h"

#define MINUTE_US    INT64_C(60000000)
#define WINDOW_POSTS 1200

static int open_rig(void **state)
{
    struct engine_rig *r = MEM_NEW(struct engine_rig);
    rig_open(r, 2);
    *state = r;
    return 0;
}

static int close_rig(void **state)
{
    struct engine_rig *r = *state;
    rig_close(r);
    mem_free(r);
    return 0;
}

static size_t stored(struct node *n, unsigned channel)
{
    struct arena arena;
    struct event *posts;
    arena_init(&arena);
    size_t count = history_walk(cluster_history_door(n->history), channel, &arena, &posts);
    arena_fini(&arena);
    return count;
}

static void both_nodes_hear_the_same(void **state)
{
    struct engine_rig *r = *state;
    struct node *a = node_open(r), *b = node_open(r);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(node_say(a, 1, i % 5, "from a", NULL).err, ERR_OK);
        assert_int_equal(node_say(b, 2, i % 5, "from b", NULL).err, ERR_OK);
    }
    node_await(a, 100);
    node_await(b, 100);
    for (size_t i = 0; i < 100; i++) {
        const struct event *x = &a->heard[i];
        size_t k = 0;
        while (k < 100 && !(b->heard[k].seq == x->seq && b->heard[k].partition == x->partition))
            k++;
        assert_true(k < 100);
        const struct event *y = &b->heard[k];
        assert_int_equal(x->id, y->id);
        assert_int_equal(x->prev_seq, y->prev_seq);
        /* only where it was sent does a session wait */
        assert_int_equal(x->origin.shard == 7, y->origin.shard == ORIGIN_NO_SHARD);
    }
    node_close(a);
    node_close(b);
}

/* The record went in, and the word that it did was lost: the node reads it back. */
static void lost_answer_is_made_up_for(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    memory_event_log_fail(r->log, MEMORY_FAULT_ANSWER_LOST, 1);
    struct append a = node_say(n, 1, 1, "text", "id");
    assert_int_equal(a.err, ERR_OK);
    struct append b = node_say(n, 1, 1, "text", "id");
    assert_true(b.duplicate);
    assert_int_equal(b.id, a.id);
    assert_int_equal(stored(n, 1), 1);
    node_close(n);
}

static void unknown_outcome_is_told_and_a_retry_is_harmless(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    memory_event_log_hold(r->log, true);
    struct sent *s = node_queue(n, 1, 1, 0, "text", "id");
    assert_non_null(s);
    clock_manual_advance(&r->clock, 16000000);
    struct append a = node_finish(s);
    assert_int_equal(a.err, ERR_UNKNOWN);
    assert_int_equal(a.seq | a.id, 0);
    /* it was in after all */
    memory_event_log_hold(r->log, false);
    node_await(n, 1);
    assert_int_equal(n->heard[0].origin.shard, ORIGIN_NO_SHARD);
    struct append b = node_say(n, 1, 1, "text", "id");
    assert_int_equal(b.err, ERR_OK);
    assert_true(b.duplicate);
    assert_int_equal(b.seq, n->heard[0].seq);
    assert_int_equal(stored(n, 1), 1);

    /* and here it was not */
    memory_event_log_fail(r->log, MEMORY_FAULT_LOST, 1);
    s = node_queue(n, 1, 1, 0, "two", "id-2");
    const struct timespec pause = {.tv_nsec = 100000000};
    nanosleep(&pause, NULL); /* until it was reported: the grace begins then */
    clock_manual_advance(&r->clock, 1100000);
    assert_int_equal(node_finish(s).err, ERR_UNKNOWN);
    struct append c = node_say(n, 1, 1, "two", "id-2");
    assert_int_equal(c.err, ERR_OK);
    assert_false(c.duplicate);
    assert_int_equal(stored(n, 1), 2);
    node_close(n);
}

static void log_that_refuses_is_unavailable(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    char detail[128];
    assert_true(cluster_journal_is_ready(n->journal, detail, sizeof detail));
    memory_event_log_fail(r->log, MEMORY_FAULT_REFUSED, 1);
    assert_int_equal(node_say(n, 1, 1, "text", "id").err, ERR_UNAVAILABLE);
    memory_event_log_cut(r->log, true);
    assert_int_equal(node_say(n, 1, 1, "text", "id").err, ERR_UNAVAILABLE);
    assert_false(cluster_journal_is_ready(n->journal, detail, sizeof detail));
    memory_event_log_cut(r->log, false);
    struct append a = node_say(n, 1, 1, "text", "id");
    assert_int_equal(a.err, ERR_OK);
    assert_false(a.duplicate);
    assert_int_equal(stored(n, 1), 1);
    node_close(n);
}

/* ---- Client ids that are older than the window ---- */

static void uuid7(const struct engine_rig *r, char out[64], unsigned n)
{
    uint64_t ms = (uint64_t)clock_wall_us(&r->clock.super) / 1000;
    snprintf(out, 64, "%08x-%04x-7000-8000-%012x", (unsigned)(ms >> 16), (unsigned)(ms & 0xffff),
             n);
}

static void old_client_id_is_looked_up(void **state)
{
    struct engine_rig *r = *state;
    char young[64];
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    struct append m = node_say(n, 1, 1, "message", NULL);
    struct append first = node_reply(n, 1, 1, m.id, "text", "old");
    /* the window moves on */
    for (int i = 0; i < 12; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%d", i);
        clock_manual_advance(&r->clock, MINUTE_US);
        if (i < 9)
            assert_int_equal(node_say(n, 1, 1, "x", id).err, ERR_OK);
    }
    assert_int_equal(node_say(n, 1, 1, "x", NULL).err, ERR_OK);
    /* what the window let go of is not in the store yet: nobody can know */
    assert_int_equal(node_reply(n, 1, 1, m.id, "text", "old").err, ERR_UNAVAILABLE);
    rig_persist_all(p);
    node_await_persisted(n, n->heard[0].partition, 10);
    struct append retry = node_reply(n, 1, 1, m.id, "text", "old");
    assert_int_equal(retry.err, ERR_OK);
    assert_true(retry.duplicate);
    assert_int_equal(retry.id, first.id);
    assert_int_equal(retry.seq, first.seq);
    assert_int_equal(retry.prev_seq, first.prev_seq);
    assert_int_equal(node_reply(n, 1, 1, m.id, "other", "old").err, ERR_CLIENT_ID_CONFLICT);
    assert_int_equal(node_say(n, 1, 1, "text", "old").err, ERR_CLIENT_ID_CONFLICT);

    int64_t lookups = metric_value(M_LOOKUPS);
    uuid7(r, young, 1);
    assert_int_equal(node_say(n, 1, 1, "young", young).err, ERR_OK);
    assert_int_equal(metric_value(M_LOOKUPS), lookups);
    assert_int_equal(node_say(n, 1, 1, "new", "never-used").err, ERR_OK);
    assert_int_equal(metric_value(M_LOOKUPS), lookups + 1);

    memory_history_refuse(r->store, true);
    uuid7(r, young, 2);
    assert_int_equal(node_say(n, 1, 1, "young", young).err, ERR_OK);
    assert_int_equal(node_say(n, 1, 1, "text", "another").err, ERR_UNAVAILABLE);
    memory_history_refuse(r->store, false);
    assert_int_equal(stored(n, 1), 2 + 9 + 1 + 3);
    persist_free(p);
    node_close(n);
}

/* Somebody's clock is five minutes ahead. When he tries again, his id seems to be younger than the
 * window, which has let go of it. */
static void id_of_a_clock_that_is_ahead_is_looked_up(void **state)
{
    struct engine_rig *r = *state;
    char early[64], young[64];
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    clock_manual_step(&r->clock, 5 * MINUTE_US);
    uuid7(r, early, 1);
    clock_manual_step(&r->clock, -5 * MINUTE_US);
    struct append first = node_say(n, 1, 1, "text", early);
    assert_int_equal(first.err, ERR_OK);
    clock_manual_advance(&r->clock, 12 * MINUTE_US);
    uuid7(r, young, 2);
    assert_int_equal(node_say(n, 2, 1, "x", young).err, ERR_OK);
    rig_persist_all(p);
    for (int round = 0; round < 2; round++) {
        node_await_persisted(n, (unsigned)id_partition(first.id), 2);
        struct append retry = node_say(n, 1, 1, "text", early);
        assert_int_equal(retry.err, ERR_OK);
        assert_true(retry.duplicate);
        assert_int_equal(retry.id, first.id);
        /* others need no look-up for ids of that time */
        int64_t lookups = metric_value(M_LOOKUPS);
        uuid7(r, young, 3 + (unsigned)round);
        assert_int_equal(node_say(n, 2, 1, "x", young).err, ERR_OK);
        assert_int_equal(metric_value(M_LOOKUPS), lookups);
        rig_persist_all(p);
        node_close(n); /* and so it is on a node that started later */
        n = node_open(r);
    }
    persist_free(p);
    node_close(n);
}

/* A node that started late knows of a repeat, but not what was before the first one. */
static void what_only_the_store_knows_is_asked(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    assert_int_equal(node_say(n, 1, 1, "before the window", NULL).err, ERR_OK);
    clock_manual_advance(&r->clock, 11 * MINUTE_US);
    struct append first = node_say(n, 1, 1, "text", "id");
    rig_persist_all(p);
    struct node *late = node_open(r);
    struct append retry = node_say(late, 1, 1, "text", "id");
    assert_int_equal(retry.err, ERR_OK);
    assert_true(retry.duplicate);
    assert_int_equal(retry.seq, first.seq);
    assert_true(first.prev_seq != 0);
    assert_int_equal(retry.prev_seq, first.prev_seq);
    persist_free(p);
    node_close(late);
    node_close(n);
}

/* ---- Replies ---- */

static void message_that_is_ahead_is_waited_for(void **state)
{
    struct engine_rig *r = *state;
    struct node *a = node_open(r), *b = node_open(r);
    struct append first = node_say(a, 1, 1, "first", NULL);
    node_await(b, 1);
    node_hold(b);
    assert_int_equal(node_say(a, 1, 1, "keeps b busy", NULL).err, ERR_OK);
    node_await(b, 2);
    struct append m = node_say(a, 1, 1, "b has not read this", NULL);
    struct sent *reply = node_queue(b, 2, 1, m.id, "but replies", NULL);
    assert_non_null(reply);
    const struct timespec pause = {.tv_nsec = 50000000};
    nanosleep(&pause, NULL);
    assert_false(reply->done);
    node_release(b);
    struct append answer = node_finish(reply);
    assert_int_equal(answer.err, ERR_OK);
    assert_int_equal(answer.prev_seq, m.seq);
    assert_int_equal(node_reply(b, 2, 1, m.id + 1, "nothing", NULL).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(node_reply(b, 2, 2, first.id, "elsewhere", NULL).err, ERR_MESSAGE_NOT_FOUND);
    node_close(a);
    node_close(b);
}

static void order_of_a_channel_is_kept_around_a_lookup(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    struct append m = node_say(n, 1, 1, "old", NULL);
    rig_persist_all(p);
    node_await_persisted(n, n->heard[0].partition, 1);
    for (unsigned round = 0; round < 50; round++) {
        /* of the store only: the overlay has let go of it */
        struct sent *a = node_queue(n, 1, 1, m.id, "reply", NULL);
        struct sent *b = node_queue(n, 1, 1, 0, "message", NULL);
        struct append first = node_finish(a), second = node_finish(b);
        assert_int_equal(first.err | second.err, ERR_OK);
        assert_int_equal(second.prev_seq, first.seq);
    }
    persist_free(p);
    node_close(n);
}

/* ---- Starting ---- */

static void node_that_reads_the_log_takes_nothing(void **state)
{
    struct engine_rig *r = *state;
    char detail[128] = "";
    struct node *n = node_new(r);
    assert_null(node_queue(n, 1, 1, 0, "too early", NULL));
    assert_false(cluster_journal_is_ready(n->journal, detail, sizeof detail));
    assert_true(detail[0] != '\0');
    memory_event_log_cut(r->log, true);
    assert_int_equal(cluster_journal_start(n->journal, &n->sink), ERR_UNAVAILABLE);
    memory_event_log_cut(r->log, false);
    memory_history_refuse(r->store, true);
    assert_int_equal(cluster_journal_start(n->journal, &n->sink), ERR_UNAVAILABLE);
    memory_history_refuse(r->store, false);
    assert_int_equal(cluster_journal_start(n->journal, &n->sink), ERR_OK);
    assert_true(cluster_journal_wait_ready(n->journal, 10000));
    assert_int_equal(node_say(n, 1, 1, "now", NULL).err, ERR_OK);
    node_close(n);
}

/* The window of a node that starts is more than one poll brings, and nothing follows it. */
static void window_is_read_before_the_door_opens(void **state)
{
    enum { SENDS = 1200 };
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    struct append first = node_say(n, 1, 1, "text", "id-0");
    for (int i = 1; i < SENDS; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%d", i);
        assert_int_equal(node_say(n, 1, 1, "text", id).err, ERR_OK);
    }
    rig_persist_all(p);
    persist_free(p);
    node_close(n);
    n = node_open(r);
    int64_t repeats = metric_value(M_JUDGED_REPEAT);
    struct append retry = node_say(n, 1, 1, "text", "id-0");
    assert_true(retry.duplicate);
    assert_int_equal(retry.id, first.id);
    retry = node_say(n, 1, 1, "text", "id-1199");
    assert_true(retry.duplicate);
    assert_int_equal(metric_value(M_JUDGED_REPEAT), repeats + 2);
    node_close(n);
}

static void foreign_log_is_never_ready(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    for (unsigned i = 0; i < 20; i++)
        node_say(n, 1, i, "x", "id");
    rig_persist_all(p);
    persist_free(p);
    node_close(n);
    /* a shorter one under the same epoch, as if somebody had deleted the topic */
    rig_new_log(r, 2);
    r->epoch--;
    n = node_new(r);
    assert_int_equal(cluster_journal_start(n->journal, &n->sink), ERR_INTERNAL);
    node_close(n);
}

static void new_log_continues_the_old_one(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    struct append last[6];
    for (unsigned i = 0; i < 60; i++)
        last[i % 6] = node_say(n, 1, i % 6, "old", NULL);
    rig_persist_all(p);
    persist_free(p);
    node_close(n);

    rig_new_log(r, 5);
    for (unsigned round = 0; round < 2; round++) {
        n = node_open(r);
        for (unsigned i = 0; i < 6; i++) {
            struct uuid channel = log_rig_channel(i);
            unsigned at = journal_partition_of(cluster_journal_door(n->journal), &channel);
            assert_true(journal_position(cluster_journal_door(n->journal), at) >= last[i].seq);
            struct append a = node_say(n, 1, i, "new", NULL);
            assert_int_equal(a.err, ERR_OK);
            assert_int_equal(a.prev_seq, last[i].seq);
            assert_true(a.seq > last[i].seq && a.id > last[i].id);
            last[i] = a;
            assert_int_equal(stored(n, i), 11 + round);
        }
        p = rig_persist(r);
        rig_persist_all(p);
        persist_free(p);
        node_close(n);
    }
}

/* More than one poll brings: the follower is at the end of the log from its snapshot on, and sound
 * only when it has all of its window again. */
static void window_of_many_polls_is_read_again(void **state)
{
    struct engine_rig *r = *state;
    struct sent *sends[WINDOW_POSTS];
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    for (unsigned i = 0; i < WINDOW_POSTS; i++) {
        char id[32];
        snprintf(id, sizeof id, "id-%u", i);
        sends[i] = node_queue(n, 1, 1, 0, "text", id);
        assert_non_null(sends[i]);
    }
    for (unsigned i = 0; i < WINDOW_POSTS; i++)
        assert_int_equal(node_finish(sends[i]).err, ERR_OK);
    rig_persist_all(p);
    persist_free(p);
    node_close(n);
    n = node_open(r);
    assert_true(node_say(n, 1, 1, "text", "id-0").duplicate);
    assert_true(node_say(n, 1, 1, "text", "id-1199").duplicate);
    node_close(n);
}

/* ---- Stopping ---- */

static void stop_answers_what_waits(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    memory_event_log_hold(r->log, true);
    struct sent *s = node_queue(n, 1, 1, 0, "text", "id");
    cluster_journal_stop(n->journal);
    assert_int_equal(node_finish(s).err, ERR_UNKNOWN);
    assert_null(node_queue(n, 1, 1, 0, "too late", NULL));
    memory_event_log_hold(r->log, false);
    const struct timespec pause = {.tv_nsec = 100000000};
    nanosleep(&pause, NULL); /* the log reports to a place that nobody waits at */
    node_close(n);
}

static atomic_uint polls;
static const struct event_log_ops *plain_ops;

static enum err counted_poll(struct log_reader *r, unsigned max, unsigned wait_ms)
{
    atomic_fetch_add(&polls, 1);
    return plain_ops->poll(r, max, wait_ms);
}

/* What it must read is gone: it says so, answers, and does not ask again as fast as it can. */
static void lost_log_is_told_at_rest(void **state)
{
    struct engine_rig *r = *state;
    char detail[128];
    struct uuid channel = log_rig_channel(1);
    struct event_log *log = memory_event_log_door(r->log);
    plain_ops = log->ops;
    struct event_log_ops counted = *plain_ops;
    counted.poll = counted_poll;
    log->ops = &counted;
    struct node *n = node_open(r);
    unsigned partition = log->ops->partition_of(log, &channel);
    memory_event_log_skip(r->log, partition, 100);
    memory_event_log_trim(r->log, partition, 50);
    for (int i = 0; i < 500 && cluster_journal_is_ready(n->journal, detail, sizeof detail); i++)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    assert_false(cluster_journal_is_ready(n->journal, detail, sizeof detail));
    assert_non_null(strstr(detail, "no longer holds"));
    unsigned before = atomic_load(&polls);
    nanosleep(&(struct timespec){0, 500000000}, NULL);
    assert_in_range(atomic_load(&polls) - before, 1, 100);
    assert_int_equal(node_say(n, 1, 1, "text", NULL).err, ERR_UNAVAILABLE);
    node_close(n);
    log->ops = plain_ops;
}

int main(void)
{
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIG_TEST(both_nodes_hear_the_same),
        RIG_TEST(lost_answer_is_made_up_for),
        RIG_TEST(lost_log_is_told_at_rest),
        RIG_TEST(unknown_outcome_is_told_and_a_retry_is_harmless),
        RIG_TEST(log_that_refuses_is_unavailable),
        RIG_TEST(old_client_id_is_looked_up),
        RIG_TEST(id_of_a_clock_that_is_ahead_is_looked_up),
        RIG_TEST(what_only_the_store_knows_is_asked),
        RIG_TEST(message_that_is_ahead_is_waited_for),
        RIG_TEST(order_of_a_channel_is_kept_around_a_lookup),
        RIG_TEST(node_that_reads_the_log_takes_nothing),
        RIG_TEST(window_is_read_before_the_door_opens),
        RIG_TEST(foreign_log_is_never_ready),
        RIG_TEST(new_log_continues_the_old_one),
        RIG_TEST(window_of_many_polls_is_read_again),
        RIG_TEST(stop_answers_what_waits),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
