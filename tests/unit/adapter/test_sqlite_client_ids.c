/* The two generations in memory and the table behind them, without a log: the n-th id stands for
 * the event with seq n. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "adapter/sqlite/client_ids.h"
#include "adapter/sqlite/dir.h"
#include "adapter/sqlite/schema.h"
#include "base/mem.h"
#include "scratch.h"

#define BATCH    1000
#define START_MS INT64_C(1767225600000)

struct rig {
    char dir[SCRATCH_SIZE];
    struct db db;
    struct client_ids ids;
    uint64_t n; /* events so far */
};

static int setup(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    char path[DIR_PATH_SIZE], reason[256];
    scratch_make(r->dir);
    assert_true(dir_path(r->dir, DIR_DB, path));
    assert_int_equal(dir_touch(r->dir, path, reason, sizeof reason), ERR_OK);
    assert_int_equal(db_open(&r->db, path, DB_WRITE, 2048, 1000, reason, sizeof reason), ERR_OK);
    db_exec(&r->db, "PRAGMA synchronous=OFF");
    assert_int_equal(schema_prepare(&r->db, reason, sizeof reason), ERR_OK);
    assert_int_equal(client_ids_open(&r->ids, &r->db), ERR_OK);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    client_ids_close(&r->ids);
    db_close(&r->db);
    scratch_remove(r->dir);
    mem_free(r);
    return 0;
}

/* A UUIDv7 of `ms`, the n-th; or a random-looking one. */
struct id {
    char text[64];
};

static struct id id_v7(int64_t ms, uint64_t n)
{
    struct id id;
    snprintf(id.text, sizeof id.text, "%08llx-%04llx-7%03llx-8%03llx-%012llx",
             (unsigned long long)(ms >> 16), (unsigned long long)(ms & 0xffff),
             (unsigned long long)(n % 0x1000), (unsigned long long)(n % 0x1000),
             (unsigned long long)n);
    return id;
}

static struct id id_plain(uint64_t n)
{
    struct id id;
    snprintf(id.text, sizeof id.text, "plain-%llu", (unsigned long long)n);
    return id;
}

static void add(struct rig *r, const struct id *id, int64_t at_ms)
{
    struct str text = str_of(id->text);
    client_ids_count(&r->ids, ++r->n);
    client_ids_add(&r->ids, text, client_ids_hash(&r->ids, 1, 1, text), r->n, at_ms);
}

static void write_due(struct rig *r, size_t n, size_t at_least)
{
    size_t due = client_ids_due(&r->ids, n);
    if (due < at_least)
        due = at_least;
    if (r->ids.behind && due > 0 && client_ids_write(&r->ids, &r->db, due))
        client_ids_write_watermark(&r->ids, &r->db);
}

/* `n` ids of one millisecond each, in batches. */
static void add_many(struct rig *r, uint64_t n, bool v7)
{
    for (uint64_t end = r->n + n; r->n < end;) {
        uint64_t first = r->n;
        client_ids_begin(&r->ids);
        db_begin_write(&r->db);
        while (r->n < end && r->n < first + BATCH) {
            struct id id = v7 ? id_v7(START_MS + (int64_t)r->n, r->n) : id_plain(r->n);
            add(r, &id, START_MS + (int64_t)r->n);
        }
        write_due(r, r->n - first, 0);
        assert_int_equal(db_commit(&r->db), ERR_OK);
        client_ids_commit(&r->ids);
    }
}

static uint64_t find(struct rig *r, const struct id *id)
{
    struct client_ids_cursor cursor = {0};
    struct str text = str_of(id->text);
    return client_ids_next(&r->ids, &r->db, text, client_ids_hash(&r->ids, 1, 1, text), &cursor);
}

static void assert_all_found(struct rig *r, uint64_t n, bool v7, uint64_t step)
{
    for (uint64_t i = 0; i < n; i += step) {
        struct id id = v7 ? id_v7(START_MS + (int64_t)i, i) : id_plain(i);
        assert_int_equal(find(r, &id), i + 1);
    }
}

static void ids_are_known_after_many_turns(void **state)
{
    struct rig *r = *state;
    const uint64_t n = 5 * GENERATION_EVENTS + 123;
    add_many(r, n, false);
    assert_true(r->ids.indexed_seq >= n - 2 * GENERATION_EVENTS - 2 * BATCH);
    assert_true(r->ids.current.n <= GENERATION_EVENTS + BATCH);
    assert_all_found(r, n, false, 97);
    struct id unknown = id_plain(n);
    assert_int_equal(find(r, &unknown), 0);
}

/* It always keeps pace: when the current generation is full, the older one is in the table. */
static void table_keeps_pace(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < 4; i++) {
        add_many(r, GENERATION_EVENTS, false);
        assert_true(r->ids.current.n_events < GENERATION_EVENTS);
    }
    assert_int_equal(r->ids.indexed_seq, 3 * GENERATION_EVENTS);
}

static void young_ids_are_not_looked_up(void **state)
{
    struct rig *r = *state;
    const uint64_t n = 3 * GENERATION_EVENTS;
    add_many(r, n, true);
    r->ids.lookups = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct id young = id_v7(START_MS + (int64_t)n + (int64_t)i, i);
        assert_int_equal(find(r, &young), 0);
    }
    assert_int_equal(r->ids.lookups, 0);
    struct id old = id_v7(START_MS + 5, 777777); /* never used, but not younger than what left */
    assert_int_equal(find(r, &old), 0);
    assert_int_equal(r->ids.lookups, 1);
    struct id plain = id_plain(1);
    assert_int_equal(find(r, &plain), 0);
    assert_int_equal(r->ids.lookups, 2);
    assert_all_found(r, n, true, 97);
}

/* One client's clock is years ahead: its retries are recognised, and the others stay fast. */
static void id_from_the_future_is_known_and_slows_nobody(void **state)
{
    struct rig *r = *state;
    struct id future = id_v7(START_MS + INT64_C(400000000000), 1), beside = future;
    beside.text[35] = '7';
    client_ids_begin(&r->ids);
    add(r, &future, START_MS);
    client_ids_commit(&r->ids);
    uint64_t seq = r->n;
    add_many(r, 3 * GENERATION_EVENTS, true);
    assert_int_equal(find(r, &future), seq);
    assert_int_equal(find(r, &beside), 0);
    r->ids.lookups = 0;
    struct id young = id_v7(START_MS + INT64_C(3) * GENERATION_EVENTS + 1, 5);
    assert_int_equal(find(r, &young), 0);
    assert_int_equal(r->ids.lookups, 0);
    /* and after a restart, when nothing is left in memory */
    client_ids_close(&r->ids);
    assert_int_equal(client_ids_open(&r->ids, &r->db), ERR_OK);
    assert_int_equal(find(r, &future), seq);
    assert_int_equal(find(r, &young), 0);
    assert_int_equal(r->ids.lookups, 1); /* of the one from the future */
}

static void what_is_below_the_watermark_is_in_the_table(void **state)
{
    struct rig *r = *state;
    add_many(r, 2 * GENERATION_EVENTS + GENERATION_EVENTS / 2, true);
    uint64_t indexed = r->ids.indexed_seq;
    assert_true(indexed >= GENERATION_EVENTS);
    client_ids_close(&r->ids);
    assert_int_equal(client_ids_open(&r->ids, &r->db), ERR_OK);
    assert_int_equal(r->ids.indexed_seq, indexed);
    assert_all_found(r, indexed, true, 31);
}

static void rest_is_written_when_nobody_writes(void **state)
{
    struct rig *r = *state;
    add_many(r, 1500, true);
    assert_true(client_ids_is_behind(&r->ids));
    for (int i = 0; client_ids_is_behind(&r->ids); i++) {
        assert_true(i < 10);
        client_ids_turn(&r->ids);
        client_ids_begin(&r->ids);
        db_begin_write(&r->db);
        write_due(r, 0, 1000);
        assert_int_equal(db_commit(&r->db), ERR_OK);
        client_ids_commit(&r->ids);
    }
    assert_int_equal(r->ids.indexed_seq, 1500);
    client_ids_turn(&r->ids); /* and its memory is given back */
    assert_null(r->ids.older.ids);
    assert_all_found(r, 1500, true, 1);
}

static void transaction_that_failed_leaves_nothing(void **state)
{
    struct rig *r = *state;
    add_many(r, GENERATION_EVENTS + 10 * BATCH, false);
    uint64_t n = r->n;
    unsigned bucket = r->ids.bucket;
    size_t events = r->ids.current.n_events;
    client_ids_begin(&r->ids);
    db_begin_write(&r->db);
    for (int i = 0; i < BATCH; i++) {
        struct id id = id_plain(r->n);
        add(r, &id, START_MS);
    }
    write_due(r, BATCH, 0);
    db_rollback(&r->db);
    client_ids_undo(&r->ids);
    assert_int_equal(r->ids.bucket, bucket);
    assert_int_equal(r->ids.current.n_events, events);
    assert_int_equal(r->ids.current.last_seq, n);
    struct id gone = id_plain(n + 5);
    assert_int_equal(find(r, &gone), 0);
    r->n = n;
    add_many(r, 2 * GENERATION_EVENTS, false);
    assert_all_found(r, r->n, false, 97);
}

/* Two posts with one hash, whatever their ids. */
static void colliding_hashes_are_both_kept(void **state)
{
    struct rig *r = *state;
    struct id id = id_plain(0);
    struct str text = str_of(id.text);
    uint64_t hash = client_ids_hash(&r->ids, 1, 1, text);
    client_ids_begin(&r->ids);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        client_ids_count(&r->ids, seq);
        client_ids_add(&r->ids, text, hash, seq, START_MS);
    }
    client_ids_commit(&r->ids);
    for (int pass = 0; pass < 2; pass++) {
        struct client_ids_cursor cursor = {0};
        uint64_t sum = 0, seq;
        while ((seq = client_ids_next(&r->ids, &r->db, text, hash, &cursor)) != 0)
            sum += seq;
        assert_int_equal(sum, 1 + 2 + 3);
        client_ids_turn(&r->ids);
        client_ids_begin(&r->ids);
        db_begin_write(&r->db);
        write_due(r, 0, 10);
        assert_int_equal(db_commit(&r->db), ERR_OK);
        client_ids_commit(&r->ids);
        client_ids_turn(&r->ids); /* only the table knows them now */
    }
}

int main(void)
{
#define IDS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        IDS_TEST(ids_are_known_after_many_turns),
        IDS_TEST(table_keeps_pace),
        IDS_TEST(young_ids_are_not_looked_up),
        IDS_TEST(id_from_the_future_is_known_and_slows_nobody),
        IDS_TEST(what_is_below_the_watermark_is_in_the_table),
        IDS_TEST(rest_is_written_when_nobody_writes),
        IDS_TEST(transaction_that_failed_leaves_nothing),
        IDS_TEST(colliding_hashes_are_both_kept),
    };
    return cmocka_run_group_tests_name("client_ids", tests, NULL, NULL);
}
