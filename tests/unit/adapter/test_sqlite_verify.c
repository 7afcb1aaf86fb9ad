/* Every kind of damage that a verify promises to find, done by hand to a sound store. */
#include <stdio.h>
#include <string.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/db.h"
#include "adapter/sqlite/dir.h"
#include "driver_sqlite.h"
#include "kit.h"
#include "scratch.h"

struct rig {
    char dir[SCRATCH_SIZE];
    char found[512]; /* the first problem */
    unsigned n_found;
};

/* Channels 1 and 2; user 2 has joined 1, left it and come again. Posts by position:
 *   6 "a" in 1; 7 "b" in 2; 8 reply to 6; 9 "c" in 1; ids but for 9. */
static int setup(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    struct kit *k = kit_new();
    kit_driver = &driver_sqlite;
    scratch_make(r->dir);
    k->driver = driver_sqlite_open_in(r->dir, &k->setup);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    struct append a = *kit_send(kit_message(k, 1, 1, "a", "id-a"));
    assert_int_equal(a.seq, 6);
    kit_send(kit_message(k, 1, 2, "b", "id-b"));
    kit_send(kit_reply(k, 2, 1, a.id, "re", "id-re"));
    kit_say(k, 1, 1, "c");
    assert_int_equal(kit_leave(k, 2, 1), ERR_OK);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    void *kit = k;
    kit_teardown(&kit);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    scratch_remove(r->dir);
    mem_free(r);
    return 0;
}

static void damage(struct rig *r, const char *sql)
{
    char path[DIR_PATH_SIZE], reason[256];
    struct db db;
    assert_true(dir_path(r->dir, DIR_DB, path));
    assert_int_equal(db_open(&db, path, DB_WRITE, 256, 1000, reason, sizeof reason), ERR_OK);
    db_exec(&db, sql);
    assert_true(db_ok(&db));
    db_close(&db);
}

static void on_problem(const char *sentence, void *arg)
{
    struct rig *r = arg;
    if (r->n_found++ == 0)
        snprintf(r->found, sizeof r->found, "%s", sentence);
}

static struct sqlite_verify_result verify(struct rig *r)
{
    struct sqlite_verify_result result;
    char reason[256];
    r->n_found = 0;
    r->found[0] = '\0';
    assert_int_equal(sqlite_verify(r->dir, on_problem, r, &result, reason, sizeof reason), ERR_OK);
    assert_int_equal(result.problems, r->n_found);
    return result;
}

static void sound_store_has_no_problems(void **state)
{
    struct sqlite_verify_result r = verify(*state);
    assert_int_equal(r.problems, 0);
    assert_int_equal(r.events, 11);
    assert_int_equal(r.users, 2);
    assert_int_equal(r.channels, 2);
    assert_int_equal(r.memberships, 3);
    assert_int_equal(r.client_ids, 3);
}

static const struct {
    const char *name, *sql, *sentence;
} damages[] = {
    {"chain", "UPDATE event SET prev=7 WHERE seq=9", "follows 8, but names 7"},
    {"first of chain", "UPDATE event SET prev=3 WHERE seq=6", "follows 0, but names 3"},
    {"lost message", "DELETE FROM event WHERE seq=8", "follows 6, but names 8"},
    {"equal ids", "UPDATE event SET id=(SELECT id FROM event WHERE seq=8) WHERE seq=9",
     "is not above the one before"},
    {"stamp back", "UPDATE event SET id=5 WHERE seq=10", "goes back"},
    {"parent in another channel",
     "UPDATE event SET parent=(SELECT id FROM event WHERE seq=7) WHERE seq=8",
     "answers no message of its channel"},
    {"no parent", "UPDATE event SET parent=1 WHERE seq=8", "answers no message of its channel"},
    {"message with parent", "UPDATE event SET parent=7 WHERE seq=9", "answers something"},
    {"no text", "UPDATE event SET content=NULL WHERE seq=9", "has no text"},
    {"no user", "DELETE FROM user WHERE id=2", "does not exist"},
    {"no channel", "DELETE FROM channel WHERE id=2", "does not exist"},
    {"count of members", "UPDATE channel SET members=7 WHERE id=1", "has 2 members, not 7"},
    {"member without event", "INSERT INTO member VALUES(2,2,3,0)", "does not know member"},
    {"event without member", "DELETE FROM member WHERE user=2 AND channel=1",
     "are not in the table"},
    {"member of another event", "UPDATE member SET joined_seq=5 WHERE user=2",
     "does not know member"},
    {"joined twice", "UPDATE event SET kind=3 WHERE seq=10", "who is in already"},
    {"left without joining", "UPDATE event SET kind=4 WHERE seq=5", "who is not in"},
    {"read ahead", "UPDATE member SET read_seq=1000 WHERE user=2", "has read what was not said"},
    {"unknown kind", "UPDATE event SET kind=9 WHERE seq=10", "is of no known kind"},
    {"no creation", "DELETE FROM event WHERE seq=1", "does not begin with the channel's creation"},
    {"channel without events", "INSERT INTO channel VALUES(9,zeroblob(16),'x',1,0,0)",
     "does not know channel 9"},
    {"id not indexed", "DELETE FROM client_id WHERE seq=6", "is not in the index"},
    {"index too long", "INSERT INTO client_id VALUES(1,9)", "has 4 entries for 3 posts"},
    {"one id twice",
     "UPDATE event SET client_msg_id='id-a', user=1 WHERE seq=9;"
     "UPDATE meta SET value=5 WHERE key='client_id.seq'",
     "have one client id"},
    {"positions used up", "UPDATE event SET seq=9007199254740993 WHERE seq=11",
     "too great for JSON"},
};

static void damage_is_found(void **state)
{
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        if (i > 0)
            setup(state);
        struct rig *r = *state;
        damage(r, damages[i].sql);
        verify(r);
        if (strstr(r->found, damages[i].sentence) == NULL)
            fail_msg("%s: found \"%s\"", damages[i].name, r->found);
        if (i + 1 < sizeof damages / sizeof damages[0])
            teardown(state);
    }
}

/* A byte in the middle of a page of the file. */
static void damaged_file_is_found(void **state)
{
    struct rig *r = *state;
    char path[DIR_PATH_SIZE];
    assert_true(dir_path(r->dir, DIR_DB, path));
    damage(r, "PRAGMA wal_checkpoint(TRUNCATE)");
    FILE *f = fopen(path, "r+");
    char page[4096];
    assert_non_null(f);
    long at = -1;
    for (long i = 0; fread(page, sizeof page, 1, f) == 1; i++)
        if (memmem(page, sizeof page, "id-re", 5) != NULL)
            at = i;
    assert_true(at > 0);
    fseek(f, at * 4096 + 3, SEEK_SET); /* the number of cells of that page */
    fputc(0x7f, f);
    fclose(f);
    struct sqlite_verify_result result;
    char reason[256];
    enum err e = sqlite_verify(r->dir, on_problem, r, &result, reason, sizeof reason);
    assert_true(e != ERR_OK || result.problems > 0);
}

static void no_store_no_verify(void **state)
{
    struct sqlite_verify_result result;
    char reason[256] = "";
    (void)state;
    assert_int_equal(sqlite_verify("/nonexistent", on_problem, NULL, &result, reason, 256),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, "no store"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sound_store_has_no_problems, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_file_is_found, setup, teardown),
        cmocka_unit_test(no_store_no_verify),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
