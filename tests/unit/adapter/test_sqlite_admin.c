/* Migrations; who may hold a directory; what the files look like. */
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
#include "admin_rig.h"
#include "child.h"
#include "driver_sqlite.h"

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

int main(void)
{
#define ADMIN_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
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
    };
    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
