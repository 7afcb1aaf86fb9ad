/* Backup and restore. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/db.h"
#include "adapter/sqlite/dir.h"
#include "admin_rig.h"

struct progress {
    struct kit *k;
    unsigned calls;
    uint64_t done, total;
    unsigned stop_at;
};

/* While it is copied, people go on talking. */
static bool on_progress(uint64_t done, uint64_t total, void *arg)
{
    struct progress *p = arg;
    assert_true(done >= p->done && done <= total);
    p->done = done;
    p->total = total;
    for (int i = 0; i < 20; i++)
        kit_say(p->k, 1, 1, "meanwhile");
    return ++p->calls != p->stop_at;
}

static void fill_pages(struct kit *k)
{
    static char text[4001];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 600; i++)
        kit_say(k, 1, 1, text);
}

static unsigned count(struct kit *k, struct append *last)
{
    struct message_store *s = k->driver->messages;
    struct uuid channel = kit_channel_id(1);
    struct arena arena;
    struct post_page page;
    unsigned n;
    uint64_t head;
    arena_init(&arena);
    assert_int_equal(s->ops->missed(s, &channel, 0, 1000000, &n, &head), ERR_OK);
    assert_int_equal(s->ops->messages(s, &channel, 0, 1, &arena, &page), ERR_OK);
    last->seq = page.rows[0].event.seq;
    last->id = page.rows[0].event.id;
    arena_fini(&arena);
    return n;
}

static void backup_is_one_moment_of_a_store_in_use(void **state)
{
    struct rig *r = *state;
    struct progress p = {.k = store_fill(r)};
    struct append last;
    fill_pages(p.k);
    unsigned before = count(p.k, &last);
    assert_int_equal(sqlite_backup(r->dir, r->file, on_progress, &p, r->reason, 256), ERR_OK);
    assert_true(p.calls > 2);
    assert_int_equal(p.done, p.total);
    assert_true(count(p.k, &last) > before);
    store_close(r);

    assert_int_equal(sqlite_restore(r->file, r->other, &clock_system, r->reason, 256), ERR_OK);
    unsigned restored = count(store_open(r, r->other), &last);
    assert_int_equal(restored, before); /* all that was there when it began, nothing of after */
    assert_true(kit_send(kit_message(r->k, 1, 1, "one", "id-1"))->duplicate);
}

static void backup_is_whole_or_not_there(void **state)
{
    struct rig *r = *state;
    struct progress p = {.k = store_fill(r), .stop_at = 2};
    fill_pages(p.k);
    assert_int_equal(sqlite_backup(r->dir, r->file, on_progress, &p, r->reason, 256),
                     ERR_UNAVAILABLE);
    assert_int_equal(access(r->file, F_OK), -1);
    p.stop_at = 0;
    assert_int_equal(sqlite_backup(r->dir, r->file, NULL, NULL, r->reason, 256), ERR_OK);
    assert_int_equal(sqlite_backup(r->dir, r->file, NULL, NULL, r->reason, 256), ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "there already"));
    char path[SCRATCH_SIZE + 64];
    snprintf(path, sizeof path, "%s/none/backup", r->base);
    assert_int_equal(sqlite_backup(r->dir, path, NULL, NULL, r->reason, 256), ERR_UNAVAILABLE);
    assert_int_equal(sqlite_backup(r->other, path, NULL, NULL, r->reason, 256), ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "no store"));
    /* one file, nothing beside it */
    snprintf(path, sizeof path, "%s-wal", r->file);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof path, "%s-journal", r->file);
    assert_int_equal(access(path, F_OK), -1);
}

/* Everything that was handed out after the backup stays below what is handed out after it. */
static void restore_jumps_ahead(void **state)
{
    struct rig *r = *state;
    struct kit *k = store_fill(r);
    assert_int_equal(sqlite_backup(r->dir, r->file, NULL, NULL, r->reason, 256), ERR_OK);
    struct append lost = {.seq = 0};
    for (int i = 0; i < 500; i++)
        lost = *kit_say(k, 1, 1, "lost");
    uint64_t first_seq = kit_event(k, 2).seq, first_id = kit_event(k, 2).id;
    struct clock_manual clock = k->clock;
    store_close(r);
    clock_manual_advance(&clock, 1000000);
    assert_int_equal(sqlite_restore(r->file, r->other, &clock.super, r->reason, 256), ERR_OK);
    k = store_open(r, r->other);
    assert_int_equal(journal_position(k->driver->journal, 0), first_seq);
    struct append next = *kit_say(k, 1, 1, "next");
    assert_true(next.seq > lost.seq);
    assert_true(next.id > lost.id);
    assert_int_equal(next.prev_seq, first_seq);
    assert_true(next.seq < UINT64_C(1) << 53);
    struct append reply = *kit_send(kit_reply(k, 1, 1, first_id, "re", NULL)); /* across the gap */
    assert_int_equal(reply.err, ERR_OK);
    assert_int_equal(reply.seq, next.seq + 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);

    /* a backup of the restored store, restored where the clock is an hour behind */
    char second[SCRATCH_SIZE + 32];
    snprintf(second, sizeof second, "%s-2", r->file);
    assert_int_equal(sqlite_backup(r->other, second, NULL, NULL, r->reason, 256), ERR_OK);
    store_close(r);
    scratch_remove(r->dir);
    clock_manual_step(&clock, -INT64_C(3600000000));
    assert_int_equal(sqlite_restore(second, r->dir, &clock.super, r->reason, 256), ERR_OK);
    struct append last = *kit_say(store_open(r, r->dir), 1, 1, "last");
    assert_true(last.seq > reply.seq + 1000000 && last.id > reply.id);
    assert_int_equal(last.prev_seq, reply.seq);
    struct sqlite_verify_result v;
    assert_int_equal(sqlite_verify(r->dir, NULL, NULL, &v, r->reason, 256), ERR_OK);
    assert_int_equal(v.problems, 0);
}

static void restore_refuses_what_it_should(void **state)
{
    struct rig *r = *state;
    char path[DIR_PATH_SIZE];
    store_fill(r);
    assert_int_equal(sqlite_backup(r->dir, r->file, NULL, NULL, r->reason, 256), ERR_OK);
    assert_int_equal(sqlite_restore(r->file, r->dir, &clock_system, r->reason, 256),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "not empty"));
    assert_int_equal(sqlite_restore("/nonexistent", r->other, &clock_system, r->reason, 256),
                     ERR_UNAVAILABLE);
    assert_int_equal(access(r->other, F_OK), -1);
    /* a backup that is not sound leaves the directory as it was */
    struct db db;
    assert_int_equal(db_open(&db, r->file, DB_SINGLE, 256, 0, r->reason, 256), ERR_OK);
    db_exec(&db, "UPDATE channel SET members=9");
    db_close(&db);
    assert_int_equal(sqlite_restore(r->file, r->other, &clock_system, r->reason, 256),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "members, not 9"));
    assert_true(dir_path(r->other, DIR_DB, path));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(r->other), 0); /* empty */
    /* nor one that is no database */
    FILE *f = fopen(r->file, "w");
    fputs("this is not a database, but long enough to look like a file of some kind\n", f);
    fclose(f);
    assert_int_equal(sqlite_restore(r->file, r->other, &clock_system, r->reason, 256),
                     ERR_UNAVAILABLE);
    assert_int_equal(rmdir(r->other), 0);
}

int main(void)
{
#define BACKUP_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(backup_is_one_moment_of_a_store_in_use),
        BACKUP_TEST(backup_is_whole_or_not_there),
        BACKUP_TEST(restore_jumps_ahead),
        BACKUP_TEST(restore_refuses_what_it_should),
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
