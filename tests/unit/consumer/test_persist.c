#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cluster/recent.h"
#include "engine_rig.h"
#include "telemetry/metrics.h"

#define PARTITIONS 3

enum { RECORDS = 400, CHANNELS = 4 };

/* A recorded log in each partition. Channels of the rig are not where a key would put them, which
 * does not matter to persist. */
static void log_fill(struct engine_rig *r, uint64_t seed, size_t from, size_t to)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        struct log_rig l;
        log_rig_make(&l, seed + p, RECORDS, p);
        for (size_t i = from; i < to; i++) {
            /* each partition has channels of its own */
            struct log_record record = l.records[i];
            struct record decoded;
            struct uuid channel = log_rig_channel(100 * (p + 1) + record.key.b[15]);
            if (record_decode(record.value, &decoded) &&
                uuid_eq(&decoded.event.channel, &record.key)) {
                decoded.event.channel = channel;
                record.value = log_rig_encode(&l.arena, &decoded.event, decoded.version);
            }
            memory_event_log_put(r->log, p, record.time_ms, &channel, record.value, STR_NONE);
        }
        log_rig_free(&l);
    }
}

/* What a store holds, for comparison. */
struct contents {
    struct arena arena;
    struct event *posts[PARTITIONS][CHANNELS];
    size_t n[PARTITIONS][CHANNELS];
    struct log_snapshot snapshots[PARTITIONS];
    struct channel_head heads[PARTITIONS][16];
    size_t n_heads[PARTITIONS];
};

struct heads_take {
    struct contents *c;
    unsigned partition;
};

static bool head_take(const struct channel_head *head, void *arg)
{
    const struct heads_take *t = arg;
    assert_true(t->c->n_heads[t->partition] < 16);
    t->c->heads[t->partition][t->c->n_heads[t->partition]++] = *head;
    return true;
}

static int head_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

static struct contents *contents_read(struct engine_rig *r)
{
    struct contents *c = MEM_NEW(struct contents);
    struct history_store *s = memory_history_door(r->store);
    arena_init(&c->arena);
    for (unsigned p = 0; p < PARTITIONS; p++) {
        for (unsigned k = 0; k < CHANNELS; k++)
            c->n[p][k] = history_walk(s->messages, 100 * (p + 1) + k, &c->arena, &c->posts[p][k]);
        assert_int_equal(s->ops->read_snapshot(s, RIG_EPOCH, p, &c->arena, &c->snapshots[p]),
                         ERR_OK);
        struct heads_take take = {c, p};
        assert_int_equal(s->ops->read_heads(s, RIG_EPOCH, p, head_take, &take), ERR_OK);
        qsort(c->heads[p], c->n_heads[p], sizeof c->heads[p][0], head_compare);
    }
    return c;
}

static void contents_free(struct contents *c)
{
    arena_fini(&c->arena);
    mem_free(c);
}

static void assert_same_contents(const struct contents *a, const struct contents *b)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        for (unsigned k = 0; k < CHANNELS; k++) {
            assert_int_equal(a->n[p][k], b->n[p][k]);
            for (size_t i = 0; i < a->n[p][k]; i++) {
                const struct event *x = &a->posts[p][k][i], *y = &b->posts[p][k][i];
                assert_int_equal(x->seq, y->seq);
                assert_int_equal(x->id, y->id);
                assert_int_equal(x->prev_seq, y->prev_seq);
                assert_true(str_eq(x->content, y->content));
            }
        }
        assert_int_equal(a->snapshots[p].next_offset, b->snapshots[p].next_offset);
        assert_int_equal(a->snapshots[p].last_id, b->snapshots[p].last_id);
        assert_true(str_eq(a->snapshots[p].not_first, b->snapshots[p].not_first));
        assert_int_equal(a->n_heads[p], b->n_heads[p]);
        assert_memory_equal(a->heads[p], b->heads[p], a->n_heads[p] * sizeof a->heads[p][0]);
    }
}

static void assert_committed(struct engine_rig *r, uint64_t offset)
{
    uint64_t committed[LOG_PARTITIONS_MAX];
    struct event_log *log = memory_event_log_door(r->log);
    assert_int_equal(log->ops->committed(log, RIG_PERSIST_GROUP, committed), ERR_OK);
    for (unsigned p = 0; p < PARTITIONS; p++)
        assert_int_equal(committed[p], offset);
}

/* The same log written by one persist without a fault. */
static struct contents *written_well(uint64_t seed)
{
    struct engine_rig r;
    rig_open(&r, PARTITIONS);
    log_fill(&r, seed, 0, RECORDS);
    struct persist *p = rig_persist(&r);
    rig_persist_all(p);
    assert_committed(&r, RECORDS);
    persist_free(p);
    struct contents *c = contents_read(&r);
    rig_close(&r);
    return c;
}

static void everything_is_written(void **state)
{
    (void)state;
    struct contents *c = written_well(1);
    size_t n = 0;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        assert_int_equal(c->snapshots[p].next_offset, RECORDS);
        for (unsigned k = 0; k < CHANNELS; k++)
            n += c->n[p][k];
    }
    assert_true(n > RECORDS / 4);
    contents_free(c);
}

/* The process ends in the middle of the k-th write, whichever that is, and the next one goes on. */
static void killed_at_every_step(void **state)
{
    (void)state;
    struct contents *wanted = written_well(2);
    unsigned steps = 0;
    bool was_hit = true;
    for (size_t k = 0; was_hit; k++, steps++) {
        struct engine_rig r;
        rig_open(&r, PARTITIONS);
        memory_history_fail_after(r.store, k);
        was_hit = false;
        for (size_t at = 0; at < RECORDS; at += RECORDS / 4) {
            log_fill(&r, 2, at, at + RECORDS / 4);
            struct persist *p = rig_persist(&r);
            for (int i = 0; i < 4; i++)
                persist_step(p, 0);
            char detail[128];
            was_hit = was_hit || !persist_is_ready(p, detail, sizeof detail);
            if (at % (RECORDS / 2) == 0)
                persist_abandon(p); /* what it had not written is gone with it */
            memory_history_refuse(r.store, false);
            rig_persist_all(p);
            persist_free(p);
        }
        struct contents *got = contents_read(&r);
        assert_same_contents(got, wanted);
        assert_committed(&r, RECORDS);
        contents_free(got);
        rig_close(&r);
    }
    assert_true(steps > 7); /* posts, three heads, three snapshots, and the good one */
    contents_free(wanted);
}

/* Three members come, go, are expelled, lose the store, each at any moment. */
static void members_come_and_go(uint64_t seed)
{
    enum { MEMBERS = 3 };
    struct contents *wanted = written_well(seed);
    struct engine_rig r;
    struct persist *all[MEMBERS] = {NULL};
    struct rand_seeded rand;
    size_t at = 0;
    rand_seed(&rand, seed);
    rig_open(&r, PARTITIONS);
    for (unsigned i = 0; i < 300; i++) {
        struct persist **p = &all[rand_next_below(&rand, MEMBERS)];
        unsigned dice = (unsigned)rand_next_below(&rand, 20);
        if (dice < 3 && at < RECORDS) {
            size_t to = at + 1 + rand_next_below(&rand, 40);
            to = to < RECORDS ? to : RECORDS;
            log_fill(&r, seed, at, to);
            at = to;
        }
        if (*p == NULL)
            *p = rig_persist(&r);
        persist_step(*p, 0);
        if (dice == 4)
            memory_history_fail_after(r.store, rand_next_below(&rand, 4));
        if (dice == 5 || dice == 6)
            memory_history_refuse(r.store, false);
        if (dice == 7) {
            persist_abandon(*p);
            persist_free(*p);
            *p = NULL;
        }
        if (dice == 8)
            memory_event_log_cut(r.log, rand_next_below(&rand, 2) == 0);
    }
    memory_event_log_cut(r.log, false);
    memory_history_refuse(r.store, false);
    if (at < RECORDS)
        log_fill(&r, seed, at, RECORDS);
    for (unsigned i = 0; i < 40; i++)
        for (unsigned k = 0; k < MEMBERS; k++)
            if (all[k] != NULL)
                persist_step(all[k], 0);
    struct contents *got = contents_read(&r);
    assert_same_contents(got, wanted);
    assert_committed(&r, RECORDS);
    for (unsigned k = 0; k < MEMBERS; k++)
        persist_free(all[k]);
    contents_free(got);
    contents_free(wanted);
    rig_close(&r);
}

static void no_gap_and_no_double_under_rebalance(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 40; seed++)
        members_come_and_go(seed);
}

/* While the store is down the log keeps what comes, and nothing is lost of memory. */
static void store_that_is_down_is_waited_for(void **state)
{
    (void)state;
    struct contents *wanted = written_well(3);
    struct engine_rig r;
    char detail[128] = "";
    rig_open(&r, PARTITIONS);
    log_fill(&r, 3, 0, 100);
    struct persist *p = rig_persist(&r);
    rig_persist_all(p);
    memory_history_refuse(r.store, true);
    for (size_t at = 100; at < RECORDS; at += 100) {
        log_fill(&r, 3, at, at + 100);
        for (int i = 0; i < 5; i++)
            assert_int_equal(persist_step(p, 0), 0);
        assert_false(persist_is_ready(p, detail, sizeof detail));
        assert_true(detail[0] != '\0');
    }
    assert_committed(&r, 100);
    memory_history_refuse(r.store, false);
    rig_persist_all(p);
    assert_true(persist_is_ready(p, detail, sizeof detail));
    persist_free(p);
    struct contents *got = contents_read(&r);
    assert_same_contents(got, wanted);
    contents_free(got);
    contents_free(wanted);
    rig_close(&r);
}

static void thread_writes_and_stops(void **state)
{
    (void)state;
    struct contents *wanted = written_well(4);
    struct engine_rig r;
    rig_open(&r, PARTITIONS);
    struct persist *p = rig_persist(&r);
    persist_start(p);
    for (size_t at = 0; at < RECORDS; at += 40)
        log_fill(&r, 4, at, at + 40);
    struct node *n = node_open(&r);
    for (unsigned i = 0; i < PARTITIONS; i++)
        node_await_persisted(n, i, RECORDS);
    node_close(n);
    persist_stop(p);
    persist_stop(p);
    struct contents *got = contents_read(&r);
    assert_same_contents(got, wanted);
    persist_free(p);
    contents_free(got);
    contents_free(wanted);
    rig_close(&r);
}

static void *fill_later(void *arg)
{
    clock_sleep_ms(50);
    log_fill(arg, 6, 1, 20);
    return NULL;
}

/* What comes while a batch gathers is in it. */
static void batch_gathers(void **state)
{
    (void)state;
    struct engine_rig r;
    pthread_t thread;
    rig_open(&r, PARTITIONS);
    struct persist *p = persist_new(&(struct persist_config){.log = memory_event_log_door(r.log),
                                                             .store = memory_history_door(r.store),
                                                             .group = RIG_PERSIST_GROUP,
                                                             .epoch = r.epoch,
                                                             .linger_ms = 300});
    log_fill(&r, 6, 0, 1);
    int64_t batches = metric_value(M_PERSIST_BATCH), ages = metric_value(M_PERSIST_AGE);
    assert_int_equal(pthread_create(&thread, NULL, fill_later, &r), 0);
    assert_int_equal(persist_step(p, 0), 20 * PARTITIONS);
    pthread_join(thread, NULL);
    assert_int_equal(metric_value(M_PERSIST_BATCH), batches + 1);
    assert_int_equal(metric_value(M_PERSIST_AGE), ages + 1);
    persist_free(p);
    rig_close(&r);
}

/* A partition that can never be right is left alone, and that is said for as long as it is so. */
static void broken_partition_is_named(void **state)
{
    (void)state;
    struct engine_rig r;
    char detail[128] = "";
    rig_open(&r, PARTITIONS);
    struct history_store *s = memory_history_door(r.store);
    /* as if the log had lost its end */
    const struct log_snapshot beyond = {
        .epoch = RIG_EPOCH, .partition = 1, .next_offset = RECORDS + 1, .window_from = RECORDS + 1};
    assert_int_equal(s->ops->write_snapshot(s, &beyond), ERR_OK);
    log_fill(&r, 3, 0, RECORDS);
    struct persist *p = rig_persist(&r);
    rig_persist_all(p);
    assert_false(persist_is_ready(p, detail, sizeof detail));
    assert_non_null(strstr(detail, "partition 1"));
    assert_int_equal(metric_value(M_PERSIST_BROKEN), 1);
    persist_free(p); /* another member's from here on */
    assert_int_equal(metric_value(M_PERSIST_BROKEN), 0);
    rig_close(&r);
}

/* The window of each channel ends where the store does. */
static void windows_are_pushed(void **state)
{
    (void)state;
    struct engine_rig r;
    rig_open(&r, PARTITIONS);
    struct memory_cache *memory = memory_cache_new(&r.clock.super, 0);
    r.cache = memory_cache_port(memory);
    struct persist *p = rig_persist(&r);
    for (size_t at = 0; at < RECORDS; at += 50) {
        log_fill(&r, 5, at, at + 50);
        rig_persist_all(p);
    }
    persist_free(p);
    struct contents *c = contents_read(&r);
    for (unsigned i = 0; i < PARTITIONS; i++)
        for (unsigned k = 0; k < CHANNELS; k++) {
            size_t n = c->n[i][k], got;
            struct event *posts;
            uint64_t floor;
            struct uuid channel = log_rig_channel(100 * (i + 1) + k);
            if (n == 0)
                continue;
            uint64_t last = c->posts[i][k][n - 1].seq;
            assert_true(recent_read(r.cache, &channel, last, &c->arena, &posts, &got, &floor));
            assert_int_equal(got, n < RECENT_POSTS ? n : RECENT_POSTS);
            for (size_t m = 0; m < got; m++)
                assert_int_equal(posts[m].id, c->posts[i][k][n - got + m].id);
            assert_int_equal(floor, posts[0].prev_seq);
            assert_false(recent_read(r.cache, &channel, last + 1, &c->arena, &posts, &got, &floor));
        }
    contents_free(c);
    rig_close(&r);
    memory_cache_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_written),
        cmocka_unit_test(killed_at_every_step),
        cmocka_unit_test(no_gap_and_no_double_under_rebalance),
        cmocka_unit_test(store_that_is_down_is_waited_for),
        cmocka_unit_test(thread_writes_and_stops),
        cmocka_unit_test(batch_gathers),
        cmocka_unit_test(broken_partition_is_named),
        cmocka_unit_test(windows_are_pushed),
    };
    return cmocka_run_group_tests_name("persist", tests, NULL, NULL);
}
