/* Migrations, backup, restore; who may hold a directory; what the files look like. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/db.h"
#include "adapter/sqlite/dir.h"
#include "child.h"
#include "domain/id.h"
#include "driver_sqlite.h"
#include "kit.h"
#include "scratch.h"

struct rig {
    char base[SCRATCH_SIZE];
    char dir[SCRATCH_SIZE + 16], file[SCRATCH_SIZE + 16], other[SCRATCH_SIZE + 16];
    char reason[256];
    struct kit *k; /* a store in `dir`, when open */
};

static int setup(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    kit_driver = &driver_sqlite;
    scratch_make(r->base);
    snprintf(r->dir, sizeof r->dir, "%s/a/data", r->base);
    snprintf(r->file, sizeof r->file, "%s/backup", r->base);
    snprintf(r->other, sizeof r->other, "%s/other", r->base);
    *state = r;
    return 0;
}

static void store_close(struct rig *r)
{
    void *kit = r->k;
    if (r->k != NULL)
        kit_teardown(&kit);
    r->k = NULL;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    store_close(r);
    scratch_remove(r->base);
    mem_free(r);
    return 0;
}

static struct kit *store_open(struct rig *r, const char *dir)
{
    r->k = kit_new();
    r->k->driver = driver_sqlite_open_in(dir, &r->k->setup);
    return r->k;
}

static struct kit *store_fill(struct rig *r)
{
    struct kit *k = store_open(r, r->dir);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_send(kit_message(k, 1, 1, "one", "id-1"));
    return k;
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[DIR_PATH_SIZE];
    struct stat st;
    assert_true(dir_path(dir, name, path));
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void files_are_the_owners_alone(void **state)
{
    struct rig *r = *state;
    mode_t old = umask(0);
    store_fill(r);
    assert_int_equal(mode_of(r->dir, "."), 0700);
    assert_int_equal(mode_of(r->dir, ".."), 0700);
    assert_int_equal(mode_of(r->dir, DIR_DB), 0600);
    assert_int_equal(mode_of(r->dir, DIR_WAL), 0600);
    assert_int_equal(mode_of(r->dir, "parley.db-shm"), 0600);
    assert_int_equal(mode_of(r->dir, DIR_LOCK), 0600);
    assert_int_equal(sqlite_backup(r->dir, r->file, NULL, NULL, r->reason, 256), ERR_OK);
    assert_int_equal(mode_of(r->base, "backup"), 0600);
    store_close(r);
    assert_int_equal(sqlite_restore(r->file, r->other, &clock_system, r->reason, 256), ERR_OK);
    assert_int_equal(mode_of(r->other, "."), 0700);
    assert_int_equal(mode_of(r->other, DIR_DB), 0600);
    umask(old);
}

/* ---- Who may hold a directory ---- */

static int open_second(void *arg, int to)
{
    struct rig *r = arg;
    struct sqlite_store *s;
    child_wait_go(to);
    enum err e = sqlite_store_open(&(struct sqlite_config){.dir = r->dir, .clock = &clock_system},
                                   &s, r->reason, sizeof r->reason);
    return e == ERR_UNAVAILABLE && s == NULL && strstr(r->reason, "in use") != NULL ? 0 : 1;
}

static void two_servers_never_share_a_directory(void **state)
{
    struct rig *r = *state;
    struct child c = child_start(open_second, r);
    store_fill(r);
    child_go(&c);
    int status = child_wait(&c);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct sqlite_schema_state s;
    assert_int_equal(sqlite_migrate_up(r->dir, &s, r->reason, 256), ERR_UNAVAILABLE);
    assert_int_equal(sqlite_migrate_status(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(s.current, s.latest);
    kit_say(r->k, 1, 1, "and it goes on");
}

/* What `parley user` does while a server runs, in a process of its own. */
static int work_beside(void *arg, int to)
{
    struct rig *r = arg;
    struct sqlite_store *s;
    struct sqlite_config config = {.dir = r->dir, .clock = &clock_system, .beside = true};
    child_wait_go(to);
    if (sqlite_store_open(&config, &s, r->reason, sizeof r->reason) != ERR_OK)
        return 1;
    sqlite_store_start(s, NULL);
    const struct user u = {kit_user_id(7), STR("seven"), STR("seven@example.org"), 1};
    const struct channel c = {kit_channel_id(7), STR("seven"), kit_user_id(1), 1};
    struct uuid u1 = kit_user_id(1), u2 = kit_user_id(2), c1 = kit_channel_id(1);
    struct account_store *accounts = sqlite_store_accounts(s);
    struct channel_store *channels = sqlite_store_channels(s);
    struct append a = {.kind = EVENT_MESSAGE};
    uint64_t now;
    bool moved;
    int failed = 0;
    failed |= (accounts->ops->add(accounts, &u, STR("h")) != ERR_OK) << 1;
    failed |= (accounts->ops->set_password(accounts, &u2, STR("new"), 5) != ERR_OK) << 2;
    failed |= (channels->ops->is_member(channels, &u1, &c1) != ERR_OK) << 3;
    /* the log is the server's */
    failed |= (journal_append(sqlite_store_journal(s), &a) != ERR_UNAVAILABLE) << 4;
    failed |= (channels->ops->create(channels, &c, 9) != ERR_UNAVAILABLE) << 5;
    failed |= (channels->ops->join(channels, &u2, &c1, 9) != ERR_UNAVAILABLE) << 5;
    failed |= (channels->ops->mark_read(channels, &u1, &c1, 9, &now, &moved) != ERR_UNAVAILABLE)
              << 6;
    sqlite_store_close(s);
    return failed;
}

static void accounts_can_be_changed_beside_a_server(void **state)
{
    struct rig *r = *state;
    struct child c = child_start(work_beside, r);
    struct kit *k = store_fill(r);
    child_go(&c);
    for (int i = 0; i < 100; i++)
        kit_say(k, 1, 1, "meanwhile");
    int status = child_wait(&c);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct arena arena;
    struct account a;
    struct account_store *accounts = k->driver->accounts;
    arena_init(&arena);
    assert_int_equal(accounts->ops->by_email(accounts, STR("seven@example.org"), &arena, &a),
                     ERR_OK);
    struct uuid u2 = kit_user_id(2);
    assert_int_equal(accounts->ops->by_id(accounts, &u2, &arena, &a), ERR_OK);
    assert_int_equal(a.valid_after_us, 5);
    arena_fini(&arena);
    /* the new user can speak at once */
    assert_int_equal(kit_join(k, 7, 1), ERR_OK);
    assert_int_equal(kit_send(kit_message(k, 7, 1, "hello", NULL))->err, ERR_OK);
}

/* Another process is in the middle of a write: the journal waits for it. */
static void short_write_of_another_is_waited_for(void **state)
{
    struct rig *r = *state;
    struct kit *k = store_fill(r);
    char path[DIR_PATH_SIZE];
    struct db db;
    assert_true(dir_path(r->dir, DIR_DB, path));
    assert_int_equal(db_open(&db, path, DB_WRITE, 256, 1000, r->reason, 256), ERR_OK);
    db_begin_write(&db);
    assert_true(db_ok(&db));
    struct sent *s = kit_message(k, 1, 1, "meanwhile", NULL);
    assert_int_equal(kit_queue(s), ERR_OK);
    sqlite3_sleep(200);
    pthread_mutex_lock(&k->sink.mutex);
    bool done = s->done;
    pthread_mutex_unlock(&k->sink.mutex);
    assert_false(done);
    db_rollback(&db);
    db_close(&db);
    assert_int_equal(kit_finish(s)->err, ERR_OK);
}

static void beside_nothing_nothing_is_made(void **state)
{
    struct rig *r = *state;
    struct sqlite_store *s;
    struct sqlite_config config = {.dir = r->dir, .clock = &clock_system, .beside = true};
    assert_int_equal(sqlite_store_open(&config, &s, r->reason, 256), ERR_UNAVAILABLE);
    assert_null(s);
    assert_int_equal(access(r->dir, F_OK), -1);
}

static void directory_that_cannot_be_is_an_error(void **state)
{
    struct rig *r = *state;
    struct sqlite_store *s;
    char path[SCRATCH_SIZE + 32];
    int fd = open(r->file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    snprintf(path, sizeof path, "%s/data", r->file);
    const char *const bad[] = {path, r->file, ""};
    for (int i = 0; i < 3; i++) {
        r->reason[0] = '\0';
        struct sqlite_config config = {.dir = bad[i], .clock = &clock_system};
        assert_int_equal(sqlite_store_open(&config, &s, r->reason, 256), ERR_UNAVAILABLE);
        assert_true(r->reason[0] != '\0');
    }
}

static void file_that_is_no_store_is_an_error(void **state)
{
    struct rig *r = *state;
    struct sqlite_store *s;
    char path[DIR_PATH_SIZE];
    assert_int_equal(dir_make(r->dir, r->reason, 256), ERR_OK);
    assert_true(dir_path(r->dir, DIR_DB, path));
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(fd, "no database", 11), 11);
    close(fd);
    struct sqlite_config config = {.dir = r->dir, .clock = &clock_system};
    assert_int_equal(sqlite_store_open(&config, &s, r->reason, 256), ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "not a parley store"));
}

/* ---- Migrations ---- */

static void migrations_go_up_and_down(void **state)
{
    struct rig *r = *state;
    struct sqlite_schema_state s;
    assert_int_equal(sqlite_migrate_status(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(s.current, 0);
    assert_int_equal(s.latest, 2);
    assert_int_equal(access(r->dir, F_OK), -1); /* looking makes nothing */
    assert_int_equal(sqlite_migrate_up(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(s.current, 2);
    assert_int_equal(sqlite_migrate_up(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(sqlite_migrate_down(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(s.current, 1);
    assert_int_equal(sqlite_migrate_down(r->dir, &s, r->reason, 256), ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "erase everything"));
    assert_int_equal(sqlite_migrate_status(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(s.current, 1);
    struct sqlite_store *beside;
    struct sqlite_config config = {.dir = r->dir, .clock = &clock_system, .beside = true};
    assert_int_equal(sqlite_store_open(&config, &beside, r->reason, 256), ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "migrate up"));
    store_fill(r); /* a server brings it up by itself */
    assert_int_equal(sqlite_migrate_status(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(s.current, 2);
    for (int v = 1; v <= s.latest; v++)
        assert_true(strlen(sqlite_migration_name(v)) > 0);
}

/* Up again keeps what people wrote. */
static void migrating_erases_nothing(void **state)
{
    struct rig *r = *state;
    struct sqlite_schema_state s;
    struct append first = *kit_send(kit_message(store_fill(r), 1, 1, "text", "id-2"));
    store_close(r);
    assert_int_equal(sqlite_migrate_up(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(sqlite_migrate_down(r->dir, &s, r->reason, 256), ERR_OK);
    assert_int_equal(sqlite_migrate_up(r->dir, &s, r->reason, 256), ERR_OK);
    struct append again = *kit_send(kit_message(store_open(r, r->dir), 1, 1, "text", "id-2"));
    assert_true(again.duplicate);
    assert_int_equal(again.seq, first.seq);
}

static int migrate_up(void *arg, int to)
{
    struct rig *r = arg;
    struct sqlite_schema_state s;
    (void)to;
    return sqlite_migrate_up(r->dir, &s, r->reason, 256) == ERR_OK && s.current == 2 ? 0 : 1;
}

static void several_may_migrate_at_once(void **state)
{
    struct rig *r = *state;
    struct child all[6];
    for (int i = 0; i < 6; i++)
        all[i] = child_start(migrate_up, r);
    for (int i = 0; i < 6; i++) {
        int status = child_wait(&all[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    store_fill(r);
}

static void newer_store_is_refused(void **state)
{
    struct rig *r = *state;
    struct sqlite_store *s;
    char path[DIR_PATH_SIZE];
    struct db db;
    store_fill(r);
    store_close(r);
    assert_true(dir_path(r->dir, DIR_DB, path));
    assert_int_equal(db_open(&db, path, DB_WRITE, 256, 1000, r->reason, 256), ERR_OK);
    db_exec(&db, "PRAGMA user_version=99");
    db_close(&db);
    struct sqlite_config config = {.dir = r->dir, .clock = &clock_system};
    assert_int_equal(sqlite_store_open(&config, &s, r->reason, 256), ERR_UNAVAILABLE);
    assert_non_null(strstr(r->reason, "newer program"));
    assert_int_equal(sqlite_backup(r->dir, r->file, NULL, NULL, r->reason, 256), ERR_UNAVAILABLE);
}

/* ---- Backup and restore ---- */

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
    assert_int_equal(journal_position(k->driver->journal), first_seq);
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
#define ADMIN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        ADMIN_TEST(files_are_the_owners_alone),
        ADMIN_TEST(two_servers_never_share_a_directory),
        ADMIN_TEST(accounts_can_be_changed_beside_a_server),
        ADMIN_TEST(short_write_of_another_is_waited_for),
        ADMIN_TEST(beside_nothing_nothing_is_made),
        ADMIN_TEST(directory_that_cannot_be_is_an_error),
        ADMIN_TEST(file_that_is_no_store_is_an_error),
        ADMIN_TEST(migrations_go_up_and_down),
        ADMIN_TEST(migrating_erases_nothing),
        ADMIN_TEST(several_may_migrate_at_once),
        ADMIN_TEST(newer_store_is_refused),
        ADMIN_TEST(backup_is_one_moment_of_a_store_in_use),
        ADMIN_TEST(backup_is_whole_or_not_there),
        ADMIN_TEST(restore_jumps_ahead),
        ADMIN_TEST(restore_refuses_what_it_should),
    };
    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
