/* One recorded log, and followers that start anywhere in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "domain/id.h"
#include "log_rig.h"

#define EPOCH     3
#define PARTITION 5

static struct follower *follower_small(uint64_t seed)
{
    return follower_new(&(struct follower_config){.epoch = EPOCH,
                                                  .partition = PARTITION,
                                                  .seed = seed,
                                                  .window_ms = 5000,
                                                  .window_ids = 16,
                                                  .others = 8});
}

enum { RECORDS = 1500 };

/* What a follower leaves behind at one point of the log. */
struct mark {
    struct log_snapshot snapshot;
    struct channel_head heads[4];
    size_t n_heads;
};

static struct mark mark_take(const struct follower *f, struct arena *arena)
{
    struct mark m = {.n_heads = 0};
    struct buf blob;
    buf_init(&blob, LOG_NOT_FIRST_MAX);
    follower_snapshot(f, &blob, &m.snapshot);
    m.snapshot.not_first = arena_str(arena, m.snapshot.not_first);
    buf_fini(&blob);
    for (unsigned c = 0; c < 10; c++) {
        struct uuid id = log_rig_channel(c);
        const struct channel_head *head = follower_head(f, &id);
        if (head != NULL)
            m.heads[m.n_heads++] = *head;
    }
    return m;
}

static void assert_same_mark(const struct mark *a, const struct mark *b)
{
    assert_int_equal(a->snapshot.next_offset, b->snapshot.next_offset);
    assert_int_equal(a->snapshot.last_id, b->snapshot.last_id);
    assert_int_equal(a->snapshot.window_from, b->snapshot.window_from);
    assert_true(str_eq(a->snapshot.not_first, b->snapshot.not_first));
    assert_int_equal(a->n_heads, b->n_heads);
    for (size_t i = 0; i < a->n_heads; i++)
        assert_memory_equal(&a->heads[i], &b->heads[i], sizeof a->heads[i]);
}

/* The log, what a follower said of it from its beginning, and its marks before each record. */
struct whole {
    struct log_rig log;
    struct judgement judged[RECORDS];
    struct mark marks[RECORDS + 1];
};

static struct whole *whole_make(uint64_t seed)
{
    struct whole *w = MEM_NEW(struct whole);
    log_rig_make(&w->log, seed, RECORDS, PARTITION);
    struct follower *f = follower_small(seed);
    follower_begin(f, 0);
    for (size_t i = 0; i < RECORDS; i++) {
        w->marks[i] = mark_take(f, &w->log.arena);
        follower_judge(f, &w->log.records[i], &w->judged[i]);
    }
    w->marks[RECORDS] = mark_take(f, &w->log.arena);
    follower_free(f);
    return w;
}

static void whole_free(struct whole *w)
{
    log_rig_free(&w->log);
    mem_free(w);
}

static struct follower *follower_at(const struct whole *w, size_t snapshot, size_t heads)
{
    struct follower *f = follower_small(snapshot + 1000);
    if (snapshot == 0)
        follower_begin(f, 0);
    else
        assert_true(follower_load(f, &w->marks[snapshot].snapshot));
    for (size_t i = 0; i < w->marks[heads].n_heads; i++)
        assert_true(follower_load_head(f, &w->marks[heads].heads[i]));
    return f;
}

static void assert_same_judgement(const struct judgement *got, const struct judgement *wanted,
                                  uint64_t snapshot_offset)
{
    assert_int_equal(got->verdict, wanted->verdict);
    if (got->verdict == VERDICT_INVALID)
        return;
    assert_int_equal(got->event.seq, wanted->event.seq);
    assert_int_equal(got->event.id, wanted->event.id);
    assert_int_equal(got->event.at_us, wanted->event.at_us);
    if (got->knows_prev)
        assert_int_equal(got->event.prev_seq, wanted->event.prev_seq);
    else
        assert_true(
            got->verdict == VERDICT_CONFLICT ||
            (got->verdict == VERDICT_REPEAT && seq_offset(got->event.seq) < snapshot_offset));
}

static void start_anywhere_compares(const struct whole *w, size_t start)
{
    struct follower *f = follower_at(w, start, start);
    uint64_t from = follower_read_from(f), snapshot = w->marks[start].snapshot.next_offset;
    for (size_t i = 0; i < RECORDS; i++) {
        struct judgement j;
        if (w->log.records[i].offset < from)
            continue;
        follower_judge(f, &w->log.records[i], &j);
        if (i < start) {
            assert_int_equal(j.verdict, VERDICT_KNOWN);
            continue;
        }
        assert_false(j.covered);
        assert_same_judgement(&j, &w->judged[i], snapshot);
    }
    assert_true(follower_is_sound(f));
    if (start < RECORDS) {
        struct arena arena;
        arena_init(&arena);
        struct mark end = mark_take(f, &arena);
        assert_same_mark(&end, &w->marks[RECORDS]);
        arena_fini(&arena);
    }
    follower_free(f);
}

static void every_start_comes_to_the_same_verdicts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct whole *w = whole_make(seed);
        size_t counts[VERDICT_KNOWN + 1] = {0};
        for (size_t i = 0; i < RECORDS; i++)
            counts[w->judged[i].verdict]++;
        for (int v = 0; v < VERDICT_KNOWN; v++)
            assert_true(counts[v] > 20); /* the log holds enough of everything */
        for (size_t start = 0; start <= RECORDS; start += 1 + start % 3)
            start_anywhere_compares(w, start);
        whole_free(w);
    }
}

/* persist ended between heads and snapshot, or goes on while they are read. */
static void heads_ahead_of_the_snapshot_are_covered(void **state)
{
    (void)state;
    struct whole *w = whole_make(4);
    for (size_t start = 1; start + 200 < RECORDS; start += 37) {
        struct follower *f = follower_at(w, start, start + start % 150);
        uint64_t from = follower_read_from(f), exact = follower_exact_from(f);
        assert_true(exact <= w->marks[start + start % 150].snapshot.next_offset);
        for (size_t i = 0; i < RECORDS; i++) {
            struct judgement j;
            if (w->log.records[i].offset < from)
                continue;
            follower_judge(f, &w->log.records[i], &j);
            if (i < start)
                continue;
            assert_int_equal(j.covered, w->log.records[i].offset < exact);
            if (!j.covered)
                assert_same_judgement(&j, &w->judged[i], exact);
            else if (j.verdict == VERDICT_POST || w->judged[i].verdict == VERDICT_POST)
                assert_int_equal(j.event.id, w->judged[i].event.id);
        }
        struct arena arena;
        arena_init(&arena);
        struct mark end = mark_take(f, &arena);
        assert_same_mark(&end, &w->marks[RECORDS]);
        arena_fini(&arena);
        follower_free(f);
    }
    whole_free(w);
}

/* The log of another installation under the same snapshot. */
static void foreign_log_is_noticed(void **state)
{
    (void)state;
    struct whole *w = whole_make(5), *other = whole_make(6);
    struct follower *f = follower_at(w, 700, 700);
    struct judgement j;
    for (size_t i = 0; i < 750; i++)
        follower_judge(f, &other->log.records[i], &j);
    assert_false(follower_is_sound(f));
    follower_free(f);
    whole_free(other);
    whole_free(w);
}

static void lost_past_costs_the_window_only(void **state)
{
    (void)state;
    struct whole *w = whole_make(7);
    struct follower *f = follower_at(w, 700, 700);
    struct judgement j;
    uint64_t next = follower_next(f);
    assert_true(follower_lose_before(f, follower_read_from(f)));
    assert_true(follower_read_from(f) < next);
    assert_true(follower_lose_before(f, follower_read_from(f) + 1));
    assert_int_equal(follower_read_from(f), next);
    assert_int_equal(follower_window_safe(f, 0, 0), next);
    for (size_t i = 700; i < RECORDS; i++)
        follower_judge(f, &w->log.records[i], &j);
    assert_true(follower_is_sound(f));
    assert_int_equal(follower_next(f), w->marks[RECORDS].snapshot.next_offset);
    follower_free(f);
    f = follower_at(w, 700, 700);
    assert_false(follower_lose_before(f, next + 1));
    follower_free(f);
    whole_free(w);
}

static void nonsense_is_no_snapshot(void **state)
{
    (void)state;
    struct whole *w = whole_make(8);
    const struct log_snapshot good = w->marks[900].snapshot;
    struct log_snapshot bad[] = {good, good, good, good, good, good, good, good};
    char blob[64] = {1}; /* version; no window before; no marks; then numbers */
    bad[0].epoch++;
    bad[1].partition++;
    bad[2].last_id = ID_MAX;
    bad[3].window_from = good.next_offset + 1;
    bad[4].not_first = STR_NONE;
    bad[5].not_first.n -= 1;
    bad[6].not_first = (struct str){blob, 11}; /* fits, but for the next one: */
    bad[7].not_first = (struct str){blob, sizeof blob};
    bad[2].next_offset = UINT64_MAX;
    memset(blob + 11, 0xff, sizeof blob - 11);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct follower *f = follower_small(1);
        /* 5 cuts a number only where its last one has two bytes */
        if (i != 5 && i != 6)
            assert_false(follower_load(f, &bad[i]));
        else
            (void)follower_load(f, &bad[i]);
        follower_free(f);
    }
    struct follower *f = follower_small(1);
    assert_true(follower_load(f, &good));
    assert_false(follower_load_head(f, &(struct channel_head){.seq = seq_of(EPOCH + 1, 0)}));
    assert_false(follower_load_head(f, &(struct channel_head){.id = UINT64_MAX}));
    follower_free(f);
    whole_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_start_comes_to_the_same_verdicts),
        cmocka_unit_test(heads_ahead_of_the_snapshot_are_covered),
        cmocka_unit_test(foreign_log_is_noticed),
        cmocka_unit_test(lost_past_costs_the_window_only),
        cmocka_unit_test(nonsense_is_no_snapshot),
    };
    return cmocka_run_group_tests_name("follower_start", tests, NULL, NULL);
}
