#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cluster/follower.h"
#include "engine_rig.h"
#include "telemetry/metrics.h"

enum { POSTS = 1500 };

struct rig {
    struct engine_rig super;
    struct memory_cache *cache;
    struct node *node;
    struct message_store *history;
    struct persist *persist;
    struct uuid channel;
};

static int open_rig(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    rig_open(&r->super, 1);
    r->cache = memory_cache_new(&r->super.clock.super, 0);
    r->node = node_open(&r->super);
    r->history = cluster_history_door(r->node->history);
    r->persist = rig_persist(&r->super);
    r->channel = log_rig_channel(1);
    *state = r;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *r = *state;
    node_close(r->node);
    persist_free(r->persist);
    rig_close(&r->super);
    memory_cache_free(r->cache);
    mem_free(r);
    return 0;
}

/* Another node over the same, with what is configured now. */
static void node_again(struct rig *r)
{
    node_close(r->node);
    r->node = node_open(&r->super);
    r->history = cluster_history_door(r->node->history);
}

static void persist_here(struct rig *r)
{
    rig_persist_all(r->persist);
    node_await_persisted(r->node, 0, seq_offset(r->node->heard[r->node->n_heard - 1].seq) + 1);
}

static enum err page(struct rig *r, uint64_t from_id, unsigned limit, struct arena *arena,
                     struct post_page *out)
{
    return r->history->ops->messages(r->history, &r->channel, from_id, limit, arena, out);
}

/* ---- Readers while persist writes ---- */

struct reader {
    pthread_t thread;
    struct rig *r;
    atomic_uint said;    /* posts acknowledged, every third message's reply goes to the first one */
    atomic_uint replied; /* replies acknowledged */
    uint64_t first_id;
    atomic_bool ends;
    unsigned rounds;
};

static void read_once(struct reader *reader, struct rand_seeded *rand)
{
    struct rig *r = reader->r;
    struct arena arena;
    struct event *posts;
    struct post_page p;
    unsigned said = atomic_load(&reader->said), replied = atomic_load(&reader->replied), count;
    uint64_t head;
    arena_init(&arena);
    size_t n = history_walk(r->history, 1, &arena, &posts); /* a chain, no hole */
    assert_true(n >= said);
    assert_int_equal(page(r, reader->first_id, 1, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 1);
    assert_in_range(p.rows[0].reply_count, replied, replied + 200);
    assert_true(p.rows[0].reply_count >= replied);

    /* a page back, from anywhere: all messages of the walk, none twice */
    size_t i = rand_next_below(rand, n);
    assert_int_equal(page(r, posts[i].id, 20, &arena, &p), ERR_OK);
    for (size_t row = 0; row < p.n; row++, i--) {
        while (posts[i].kind != EVENT_MESSAGE)
            i--;
        assert_int_equal(p.rows[row].event.id, posts[i].id);
    }
    i = rand_next_below(rand, n);
    assert_int_equal(
        r->history->ops->missed(r->history, &r->channel, posts[i].seq, 100000, &count, &head),
        ERR_OK);
    assert_true(count >= n - 1 - i);
    assert_true(head >= posts[n - 1].seq);

    assert_int_equal(r->history->ops->replies(r->history, reader->first_id, 0, 100, &arena, &p),
                     ERR_OK);
    assert_true(p.n >= (replied < 100 ? replied : 100));
    for (size_t row = 1; row < p.n; row++)
        assert_true(p.rows[row].event.id < p.rows[row - 1].event.id);
    arena_fini(&arena);
}

static void *read_on(void *arg)
{
    struct reader *reader = arg;
    struct rand_seeded rand;
    rand_seed(&rand, (uint64_t)(uintptr_t)pthread_self());
    for (; !atomic_load(&reader->ends); reader->rounds++)
        read_once(reader, &rand);
    return NULL;
}

static void pages_are_whole_while_persist_writes(void **state)
{
    struct rig *r = *state;
    static struct reader reader;
    reader = (struct reader){.r = r};
    reader.first_id = node_say(r->node, 1, 1, "first", NULL).id;
    atomic_store(&reader.said, 1);
    persist_start(r->persist);
    assert_int_equal(pthread_create(&reader.thread, NULL, read_on, &reader), 0);
    for (unsigned i = 0; i < POSTS; i++) {
        struct append a = i % 3 == 0 ? node_reply(r->node, 1, 1, reader.first_id, "re", NULL)
                                     : node_say(r->node, 1, 1, "text", NULL);
        assert_int_equal(a.err, ERR_OK);
        atomic_fetch_add(&reader.said, 1);
        if (i % 3 == 0)
            atomic_fetch_add(&reader.replied, 1);
    }
    atomic_store(&reader.ends, true);
    pthread_join(reader.thread, NULL);
    assert_true(reader.rounds > 3);
    struct arena arena;
    struct post_page p;
    arena_init(&arena);
    assert_int_equal(page(r, reader.first_id, 1, &arena, &p), ERR_OK);
    assert_int_equal(p.rows[0].reply_count, POSTS / 3);
    arena_fini(&arena);
}

/* ---- Without the store ---- */

static void what_is_in_memory_needs_no_store(void **state)
{
    struct rig *r = *state;
    struct arena arena;
    struct post_page p;
    struct uuid nothing = log_rig_channel(2);
    arena_init(&arena);
    uint64_t ids[30];
    for (unsigned i = 0; i < 30; i++)
        ids[i] = node_say(r->node, 1, 1, "text", NULL).id;
    node_reply(r->node, 1, 1, ids[3], "re", NULL);
    memory_history_refuse(r->super.store, true);
    assert_int_equal(page(r, 0, 100, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 30);
    assert_int_equal(p.next_id, 0);
    assert_int_equal(p.rows[26].reply_count, 1);
    assert_int_equal(r->history->ops->replies(r->history, ids[3], 0, 10, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(r->history->ops->messages(r->history, &nothing, 0, 10, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 0);
    memory_history_refuse(r->super.store, false);

    persist_here(r);
    uint64_t last = node_say(r->node, 1, 1, "after", NULL).seq;
    memory_history_refuse(r->super.store, true);
    assert_int_equal(page(r, 0, 1, &arena, &p), ERR_UNAVAILABLE);
    assert_int_equal(r->history->ops->after(r->history, &r->channel, last - 2, 10, &arena, &p),
                     ERR_UNAVAILABLE);
    assert_int_equal(r->history->ops->after(r->history, &r->channel, last - 1, 10, &arena, &p),
                     ERR_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(r->history->ops->replies(r->history, ids[3], 0, 10, &arena, &p),
                     ERR_UNAVAILABLE);
    memory_history_refuse(r->super.store, false);
    assert_int_equal(page(r, 0, 1, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.next_id, ids[29]);
    arena_fini(&arena);
}

/* What the node can count of the unread, and whether it knows that it is all. */
static void expect_unread(struct rig *r, uint64_t seq, unsigned count, bool is_all)
{
    struct channel_view *view = cluster_journal_view(r->node->journal);
    struct uuid other = log_rig_channel(77);
    uint64_t from;
    bool has_gap;
    unsigned n = view->unread(view, &other, &r->channel, seq, 100, &from, &has_gap);
    assert_int_equal(n, count);
    assert_int_equal(has_gap, !is_all);
}

/* The overlay is too small for what persist leaves: a gap, and never an empty page. */
static void gap_is_unavailable(void **state)
{
    struct rig *r = *state;
    struct arena arena;
    struct post_page p;
    unsigned count;
    uint64_t head;
    struct uuid channel;
    r->super.overlay_bytes = 200000;
    node_again(r);
    arena_init(&arena);
    uint64_t first = node_say(r->node, 1, 1, "first", NULL).id, last_seq = 0;
    int64_t dropped = metric_value(M_OVERLAY_DROPPED);
    for (unsigned i = 0; i < 3000; i++)
        last_seq = node_say(r->node, 1, 1, "text", NULL).seq;
    assert_true(metric_value(M_OVERLAY_DROPPED) > dropped);
    assert_true(overlay_bytes(cluster_journal_overlay(r->node->journal)) <= 200000 + 65536);
    struct message_store *h = r->history;
    assert_int_equal(page(r, 0, 10, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 10);
    assert_int_equal(page(r, first, 10, &arena, &p), ERR_UNAVAILABLE);
    assert_int_equal(h->ops->after(h, &r->channel, 0, 10, &arena, &p), ERR_UNAVAILABLE);
    assert_int_equal(h->ops->after(h, &r->channel, last_seq - 1, 10, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(h->ops->missed(h, &r->channel, 0, 5000, &count, &head), ERR_UNAVAILABLE);
    assert_int_equal(h->ops->missed(h, &r->channel, 0, 10, &count, &head), ERR_OK);
    assert_int_equal(count, 10);
    expect_unread(r, last_seq - 2, 2, false);
    assert_int_equal(h->ops->channel_of(h, first, &channel), ERR_UNAVAILABLE);
    assert_int_equal(h->ops->replies(h, first, 0, 10, &arena, &p), ERR_UNAVAILABLE);
    assert_int_equal(node_reply(r->node, 1, 1, first, "re", NULL).err, ERR_UNAVAILABLE);
    persist_here(r);
    assert_int_equal(page(r, first, 10, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(h->ops->missed(h, &r->channel, 0, 5000, &count, &head), ERR_OK);
    assert_int_equal(count, 3001);
    assert_int_equal(node_reply(r->node, 1, 1, first, "re", NULL).err, ERR_OK);
    expect_unread(r, last_seq, 1, true);
    arena_fini(&arena);
}

/* ---- The recent window ---- */

static void window_spares_the_store(void **state)
{
    struct rig *r = *state;
    struct arena arena;
    struct post_page p;
    uint64_t ids[150], seqs[150];
    arena_init(&arena);
    r->super.cache = memory_cache_port(r->cache);
    persist_free(r->persist);
    r->persist = rig_persist(&r->super);
    node_again(r);
    for (unsigned i = 0; i < 150; i++) {
        struct append a = i % 50 == 49 ? node_reply(r->node, 1, 1, ids[i - 20], "re", NULL)
                                       : node_say(r->node, 1, 1, "text", NULL);
        ids[i] = a.id;
        seqs[i] = a.seq;
        if (i % 40 == 39)
            persist_here(r);
    }
    memory_history_refuse(r->super.store, true);
    /* 120 are written, of which the window has the newest 100; 30 are in the overlay */
    assert_int_equal(page(r, 0, 100, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 100);
    assert_int_equal(p.rows[0].event.id, ids[148]);
    for (size_t i = 0; i < p.n; i++)
        assert_int_equal(p.rows[i].reply_count,
                         p.rows[i].event.id == ids[79] || p.rows[i].event.id == ids[129]);
    assert_int_equal(r->history->ops->after(r->history, &r->channel, seqs[30], 100, &arena, &p),
                     ERR_OK);
    assert_int_equal(p.n, 100);
    assert_true(p.more);
    for (size_t i = 0; i < p.n; i++)
        assert_int_equal(p.rows[i].event.seq, seqs[31 + i]);
    assert_int_equal(r->history->ops->after(r->history, &r->channel, seqs[10], 100, &arena, &p),
                     ERR_UNAVAILABLE); /* below its floor */
    memory_cache_lose(r->cache, true);
    assert_int_equal(page(r, 0, 100, &arena, &p), ERR_UNAVAILABLE);
    memory_history_refuse(r->super.store, false);
    assert_int_equal(page(r, 0, 100, &arena, &p), ERR_OK); /* without a cache, slower */
    assert_int_equal(p.n, 100);

    /* what was written meanwhile the window has not: it ends too early, and does not count */
    persist_here(r);
    memory_cache_lose(r->cache, false);
    int64_t misses = metric_value(M_WINDOW_MISS);
    assert_int_equal(page(r, 0, 100, &arena, &p), ERR_OK);
    assert_int_equal(p.rows[0].event.id, ids[148]);
    assert_int_equal(metric_value(M_WINDOW_MISS), misses + 1);
    memory_cache_flush(r->cache);
    assert_int_equal(page(r, 0, 100, &arena, &p), ERR_OK);
    assert_int_equal(p.n, 100);
    arena_fini(&arena);
}

/* ---- A position that another node has shown ---- */

struct question {
    pthread_t thread;
    struct rig *r;
    uint64_t seq, head_seq;
    unsigned count;
    enum err err;
    atomic_bool answered;
};

static void *question_ask(void *arg)
{
    struct question *q = arg;
    struct message_store *m = q->r->history;
    q->err = m->ops->missed(m, &q->r->channel, q->seq, 10, &q->count, &q->head_seq);
    atomic_store(&q->answered, true);
    return NULL;
}

static void position_shown_elsewhere_is_waited_for(void **state)
{
    struct rig *r = *state;
    struct node *quick = node_open(&r->super);
    assert_int_equal(node_say(quick, 1, 1, "known to both", NULL).err, ERR_OK);
    node_await(r->node, 1);
    node_hold(r->node);
    struct question q = {.r = r, .seq = node_say(quick, 1, 1, "known to one", NULL).seq};
    assert_int_equal(pthread_create(&q.thread, NULL, question_ask, &q), 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    assert_false(atomic_load(&q.answered));
    node_release(r->node);
    pthread_join(q.thread, NULL);
    assert_int_equal(q.err, ERR_OK);
    assert_int_equal(q.head_seq, q.seq);
    assert_int_equal(q.count, 0);
    node_close(quick);
}

static void position_that_nobody_has_shown_is_not(void **state)
{
    struct rig *r = *state;
    uint64_t seq = node_say(r->node, 1, 1, "all there is", NULL).seq;
    const uint64_t invented[] = {seq + 1, seq + 1000, UINT64_C(1) << 52, UINT64_MAX};
    int64_t began_us = clock_steady_us(&clock_system);
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        struct question q = {.r = r, .seq = invented[i]};
        question_ask(&q);
        assert_int_equal(q.err, ERR_OK);
        assert_int_equal(q.head_seq, seq);
        assert_int_equal(q.count, 0);
    }
    assert_true(clock_steady_us(&clock_system) - began_us < INT64_C(1000) * CLUSTER_REACH_MS);
}

int main(void)
{
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIG_TEST(pages_are_whole_while_persist_writes),
        RIG_TEST(what_is_in_memory_needs_no_store),
        RIG_TEST(gap_is_unavailable),
        RIG_TEST(window_spares_the_store),
        RIG_TEST(position_shown_elsewhere_is_waited_for),
        RIG_TEST(position_that_nobody_has_shown_is_not),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
