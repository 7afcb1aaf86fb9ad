/* The write-ahead log: made long in advance, kept over restarts, emptied at the stop, and bounded
 * while messages keep coming and readers keep reading. */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "adapter/sqlite/db.h"
#include "adapter/sqlite/dir.h"
#include "driver_sqlite.h"
#include "fault_vfs.h"
#include "kit.h"
#include "telemetry/metrics.h"

#define WAL_BYTES (1024 * 1024) /* of the driver */

static int setup(void **state)
{
    kit_driver = &driver_sqlite;
    kit_setup(state);
    kit_add_users(*state, 2);
    kit_add_channel(*state, 1, 1);
    return 0;
}

static long wal_size(struct kit *k)
{
    char path[DIR_PATH_SIZE];
    struct stat st;
    assert_true(dir_path(driver_sqlite_dir(k->driver), DIR_WAL, path));
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* One at a time, and each batch: no ack without a sync of its own. */
static void every_batch_is_synced(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 20; i++) {
        unsigned long before = fault_vfs_syncs();
        kit_say(k, 1, 1, "x");
        assert_true(fault_vfs_syncs() > before);
    }
    kit_hold(k);
    struct sent *all[100];
    for (int i = 0; i < 100; i++) {
        all[i] = kit_message(k, 1, 1, "x", NULL);
        assert_int_equal(kit_queue(all[i]), ERR_OK);
    }
    unsigned long before = fault_vfs_syncs();
    kit_release(k);
    for (int i = 0; i < 100; i++)
        assert_int_equal(kit_finish(all[i])->err, ERR_OK);
    assert_true(fault_vfs_syncs() > before && fault_vfs_syncs() < before + 20);
}

static void is_long_from_the_start(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 100 && wal_size(k) < WAL_BYTES / 4; i++)
        sleep_ms(20);
    assert_true(wal_size(k) >= WAL_BYTES / 4);
    kit_say(k, 1, 1, "x"); /* and zeros do not disturb it */
    kit_reopen(k);
    assert_true(wal_size(k) >= WAL_BYTES / 4);
    assert_int_equal(kit_send(kit_message(k, 1, 1, "y", NULL))->prev_seq, 3);
}

enum { MANY = 30000, WAVE = 500 };

static void *read_on(void *arg)
{
    struct kit *k = arg;
    struct message_store *s = k->driver->messages;
    struct uuid c = kit_channel_id(1);
    enum err e = ERR_OK;
    while (e == ERR_OK && kit_published(k) < MANY) {
        struct arena arena;
        struct post_page p;
        arena_init(&arena);
        e = s->ops->messages(s, &c, 0, 100, &arena, &p);
        arena_fini(&arena);
    }
    return e == ERR_OK ? NULL : k;
}

static void is_bounded_under_constant_load(void **state)
{
    struct kit *k = *state;
    static struct sent *wave[WAVE];
    char text[301];
    pthread_t readers[2];
    long longest = 0;
    int64_t checkpoints = metric_value(M_CHECKPOINTS);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, k), 0);
    for (int n = 0; n < MANY; n += WAVE) {
        for (int i = 0; i < WAVE; i++) {
            wave[i] = kit_message(k, 1, 1, text, NULL);
            assert_int_equal(kit_queue(wave[i]), ERR_OK);
        }
        for (int i = 0; i < WAVE; i++)
            assert_int_equal(kit_finish(wave[i])->err, ERR_OK);
        if (wal_size(k) > longest)
            longest = wal_size(k);
    }
    for (int i = 0; i < 2; i++) {
        void *failed;
        pthread_join(readers[i], &failed);
        assert_null(failed);
    }
    print_message("# longest %ld KiB, %lld times anew\n", longest / 1024,
                  (long long)(metric_value(M_CHECKPOINTS) - checkpoints));
    /* one batch may come on top of the limit before it is looked at again */
    assert_true(longest <= 3 * WAL_BYTES);
    assert_true(metric_value(M_CHECKPOINTS) - checkpoints >= 3);
}

/* Somebody reads an old snapshot for long, as a backup does: nothing is lost, nothing waits, and
 * the log becomes short again afterwards. */
static void grows_while_a_snapshot_is_held(void **state)
{
    struct kit *k = *state;
    char text[4001], path[DIR_PATH_SIZE], reason[256];
    struct db db;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_true(dir_path(driver_sqlite_dir(k->driver), DIR_DB, path));
    assert_int_equal(db_open(&db, path, DB_READ, 256, 1000, reason, sizeof reason), ERR_OK);
    db_begin_read(&db);
    assert_int_equal(db_query_int(&db, "SELECT count(*) FROM event"), 2);
    for (int i = 0; i < 600; i++)
        kit_say(k, 1, 1, text);
    assert_true(wal_size(k) > 2 * WAL_BYTES);
    assert_int_equal(db_query_int(&db, "SELECT count(*) FROM event"), 2);
    db_rollback(&db);
    db_close(&db);
    for (int i = 0; i < 200 && wal_size(k) > WAL_BYTES; i++) {
        kit_say(k, 1, 1, "x");
        sleep_ms(20);
    }
    assert_true(wal_size(k) <= WAL_BYTES);
}

/* The copy into the database finds no room: that is nobody's batch, and it is tried again. */
static void full_disk_during_a_checkpoint_refuses_nobody(void **state)
{
    struct kit *k = *state;
    int64_t checkpoints = metric_value(M_CHECKPOINTS);
    char text[4001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fault_vfs_fill_database(true);
    for (int i = 0; i < 150; i++)
        kit_say(k, 1, 1, text);
    assert_int_equal(metric_value(M_CHECKPOINTS), checkpoints);
    assert_true(wal_size(k) > WAL_BYTES / 2);
    fault_vfs_fill_database(false);
    for (int i = 0; i < 200 && metric_value(M_CHECKPOINTS) == checkpoints; i++) {
        kit_say(k, 1, 1, "x");
        sleep_ms(20);
    }
    assert_true(metric_value(M_CHECKPOINTS) > checkpoints);
}

/* The file begins with hardly anything to recover. */
static void is_empty_after_a_stop(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 200; i++)
        kit_say(k, 1, 1, "x");
    kit_reopen(k);
    char path[DIR_PATH_SIZE], reason[256];
    struct db db;
    int frames = -1, copied = -1;
    assert_true(dir_path(driver_sqlite_dir(k->driver), DIR_DB, path));
    assert_int_equal(db_open(&db, path, DB_WRITE, 256, 1000, reason, sizeof reason), ERR_OK);
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied),
        SQLITE_OK);
    assert_true(frames >= 0 && frames <= 4);
    db_close(&db);
}

int main(void)
{
#define WAL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        WAL_TEST(every_batch_is_synced),
        WAL_TEST(is_long_from_the_start),
        WAL_TEST(is_bounded_under_constant_load),
        WAL_TEST(grows_while_a_snapshot_is_held),
        WAL_TEST(full_disk_during_a_checkpoint_refuses_nobody),
        WAL_TEST(is_empty_after_a_stop),
    };
    return cmocka_run_group_tests_name("wal", tests, NULL, NULL);
}
