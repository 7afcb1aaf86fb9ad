/* Every statement goes through an index, and a page of a big channel takes as long as one of a
 * small channel. */
#include <stdio.h>
#include <string.h>

#include "adapter/sqlite/db.h"
#include "adapter/sqlite/dir.h"
#include "driver_sqlite.h"
#include "kit.h"

static const char *const sql_of[STATEMENT_COUNT] = {
#define STATEMENT_SQL(id, sql) [id] = sql,
    STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

static int setup(void **state)
{
    kit_driver = &driver_sqlite;
    return kit_setup(state);
}

static bool is_excused(enum statement id, const char *line)
{
    /* the last row: one step down the tree's right edge */
    if (id == ST_EVENT_LAST)
        return strcmp(line, "SCAN event") == 0;
    /* all that were voided, of an index that holds only those */
    if (id == ST_USERS_VOIDED)
        return strstr(line, "USING INDEX user_voided") != NULL ||
               strstr(line, "USING COVERING INDEX user_voided") != NULL;
    /* one user's channels, at most a thousand, are sorted */
    /* who moves the store elsewhere reads all of it, once */
    if (id == ST_EXPORT_CHANNELS || id == ST_EXPORT_MEMBERS)
        return true;
    if (id == ST_MEMBERSHIPS)
        return strstr(line, "TEMP B-TREE") != NULL;
    /* the counted rows come out of the SEARCH that stands beside it */
    return strncmp(line, "SCAN (subquery", 14) == 0 || strncmp(line, "SCAN SUBQUERY", 13) == 0;
}

static void check_plan(struct db *db, enum statement id)
{
    char sql[1024];
    sqlite3_stmt *st = NULL;
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", sql_of[id]);
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(st, 3);
        if ((strstr(line, "SCAN") != NULL || strstr(line, "TEMP B-TREE") != NULL) &&
            !is_excused(id, line))
            fail_msg("%s: %s", sql_of[id], line);
    }
    sqlite3_finalize(st);
}

static struct db open_beside(struct kit *k)
{
    struct db db;
    char path[DIR_PATH_SIZE], reason[256];
    assert_true(dir_path(driver_sqlite_dir(k->driver), DIR_DB, path));
    assert_int_equal(db_open(&db, path, DB_READ, 256, 1000, reason, sizeof reason), ERR_OK);
    return db;
}

static void no_statement_scans(void **state)
{
    struct db db = open_beside(*state);
    for (int id = 0; id < STATEMENT_COUNT; id++)
        check_plan(&db, (enum statement)id);
    db_close(&db);
}

/* A message costs one index entry, a reply two. */
static void posts_have_as_few_index_entries_as_promised(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 1);
    kit_add_channel(k, 1, 1);
    struct append m = *kit_say(k, 1, 1, "m");
    kit_say(k, 1, 1, "n");
    kit_send(kit_reply(k, 1, 1, m.id, "r", NULL));
    struct db db = open_beside(k);
    assert_int_equal(db_query_int(&db, "SELECT count(*) FROM sqlite_master WHERE type='index' "
                                       "AND tbl_name='event'"),
                     3);
    assert_int_equal(db_query_int(&db, "SELECT count(*) FROM event INDEXED BY message_by_channel "
                                       "WHERE kind=1"),
                     2);
    assert_int_equal(db_query_int(&db, "SELECT count(*) FROM event INDEXED BY reply_by_channel "
                                       "WHERE kind=2"),
                     1);
    assert_int_equal(db_query_int(&db, "SELECT count(*) FROM event INDEXED BY reply_by_message "
                                       "WHERE parent IS NOT NULL"),
                     1);
    db_close(&db);
}

enum { BIG = 60000, REPLIES = 5000 };

static void fill(struct kit *k)
{
    static struct sent *waiting[BIG];
    for (int i = 0; i < BIG; i++) {
        waiting[i] = kit_message(k, 1, 1, "text", NULL);
        assert_int_equal(kit_queue(waiting[i]), ERR_OK);
    }
    uint64_t first = 0;
    for (int i = 0; i < BIG; i++) {
        uint64_t id = kit_finish(waiting[i])->id;
        first = i == 0 ? id : first;
    }
    for (int i = 0; i < REPLIES; i++) {
        waiting[i] = kit_reply(k, 1, 1, first, "re", NULL);
        assert_int_equal(kit_queue(waiting[i]), ERR_OK);
    }
    for (int i = 0; i < REPLIES; i++)
        kit_finish(waiting[i]);
}

static int64_t time_reads(struct kit *k)
{
    struct message_store *s = k->driver->messages;
    struct uuid c = kit_channel_id(1), found;
    struct post_page p;
    unsigned count;
    uint64_t head;
    struct arena arena;
    arena_init(&arena);
    int64_t start = clock_steady_us(&clock_system);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(s->ops->messages(s, &c, 0, 100, &arena, &p), ERR_OK);
        assert_int_equal(p.n, 100);
        uint64_t first = kit_event(k, 2).id;
        assert_int_equal(s->ops->messages(s, &c, first, 1, &arena, &p), ERR_OK);
        assert_int_equal(p.rows[0].reply_count, REPLIES);
        assert_int_equal(s->ops->replies(s, first, 0, 100, &arena, &p), ERR_OK);
        assert_int_equal(p.n, 100);
        assert_int_equal(s->ops->after(s, &c, BIG / 2, 100, &arena, &p), ERR_OK);
        assert_int_equal(p.n, 100);
        assert_int_equal(s->ops->missed(s, &c, 0, 1001, &count, &head), ERR_OK);
        assert_int_equal(s->ops->channel_of(s, first, &found), ERR_OK);
    }
    int64_t took = clock_steady_us(&clock_system) - start;
    arena_fini(&arena);
    return took / 60;
}

/* Six kinds of reads, each bounded by its page: well below a walk over 60,000 rows, also under a
 * sanitizer on a busy machine. */
static void reads_of_a_big_channel_are_fast(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 1);
    kit_add_channel(k, 1, 1);
    fill(k);
    time_reads(k);
    int64_t us = time_reads(k);
    print_message("# %lld us a read\n", (long long)us);
    assert_true(us < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_statement_scans, setup, kit_teardown),
        cmocka_unit_test_setup_teardown(posts_have_as_few_index_entries_as_promised, setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(reads_of_a_big_channel_are_fast, setup, kit_teardown),
    };
    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
