/* The tables: up, down, by many at once, and beside servers that run. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "kit.h"

#define LATEST 7

static int empty(void **state)
{
    (void)state;
    postgres_rig_reset();
    return 0;
}

typedef enum err migrate_f(const struct postgres_config *, struct postgres_schema_state *, char *,
                           size_t);

static enum err run(migrate_f *f, int *current, char *reason, size_t size)
{
    struct postgres_schema_state state;
    const struct postgres_config config = {.conninfo = postgres_rig_conninfo("migrate")};
    enum err e = f(&config, &state, reason, size);
    assert_int_equal(state.latest, LATEST);
    *current = state.current;
    return e;
}

static int at(migrate_f *f)
{
    char reason[256] = "";
    int current = -1;
    enum err e = run(f, &current, reason, sizeof reason);
    if (e != ERR_OK)
        print_message("# %s\n", reason);
    assert_int_equal(e, ERR_OK);
    return current;
}

static void down_to(int version)
{
    while (at(postgres_migrate_down) > version)
        ;
}

static int64_t tables(void)
{
    return postgres_rig_int("SELECT count(*) FROM pg_tables WHERE schemaname='public'");
}

static void up_and_down_on_an_empty_database(void **state)
{
    char reason[256];
    int current;
    (void)state;
    assert_int_equal(at(postgres_migrate_status), 0);
    assert_int_equal(tables(), 0); /* looking makes nothing */
    assert_int_equal(at(postgres_migrate_up), LATEST);
    int64_t all = tables();
    assert_int_equal(at(postgres_migrate_up), LATEST);
    for (int v = LATEST - 1; v >= 1; v--)
        assert_int_equal(at(postgres_migrate_down), v);
    /* chat-app's three, the versions, and the epochs, which stay */
    assert_int_equal(tables(), 5);
    assert_int_equal(run(postgres_migrate_down, &current, reason, sizeof reason), ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, "cannot be taken back"));
    assert_int_equal(current, 1);
    assert_int_equal(at(postgres_migrate_up), LATEST);
    assert_int_equal(tables(), all);
}

static void down_keeps_what_waits_for_the_log(void **state)
{
    char reason[256];
    int current;
    (void)state;
    postgres_rig_migrate();
    struct postgres_store *s = kit_open(postgres_rig_conninfo("store"));
    kit_add_users(s, 1);
    assert_int_equal(kit_create(s, 1, 1), ERR_OK);
    postgres_close(s);
    down_to(3);
    assert_int_equal(run(postgres_migrate_down, &current, reason, sizeof reason), ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, "wait for the log"));
    assert_int_equal(current, 3);
    postgres_rig_exec("DELETE FROM parley_outbox");
    assert_int_equal(at(postgres_migrate_down), 2);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM user_to_channel"), 1);
}

/* Versions must not come a second time: the log's followers would take them for old news. */
static void versions_go_on_above_after_down_and_up(void **state)
{
    struct membership_row row;
    (void)state;
    postgres_rig_migrate();
    struct postgres_store *s = kit_open(postgres_rig_conninfo("store"));
    kit_add_users(s, 3);
    assert_int_equal(kit_create(s, 1, 1), ERR_OK);
    assert_int_equal(kit_join(s, 2, 1), ERR_OK);
    postgres_rig_exec("DELETE FROM parley_outbox");
    down_to(2);
    at(postgres_migrate_up);
    assert_int_equal(kit_membership(s, 2, 1, &row), ERR_OK);
    assert_int_equal(row.join_version, 0);
    assert_int_equal(kit_join(s, 3, 1), ERR_OK);
    assert_int_equal(kit_membership(s, 3, 1, &row), ERR_OK);
    assert_true(row.join_version > UINT64_C(1600000000000));
    postgres_close(s);
}

struct migrating {
    pthread_t thread;
    char conninfo[RIG_CONNINFO_SIZE];
    enum err err;
    int64_t took_ms;
};

static void *migrate_one(void *arg)
{
    struct migrating *m = arg;
    struct postgres_schema_state state;
    char reason[256];
    const struct postgres_config config = {.conninfo = m->conninfo};
    int64_t start_ms = kit_now_ms();
    m->err = postgres_migrate_up(&config, &state, reason, sizeof reason);
    m->took_ms = kit_now_ms() - start_ms;
    return NULL;
}

static void start_migrating(struct migrating *m)
{
    snprintf(m->conninfo, sizeof m->conninfo, "%s", postgres_rig_conninfo("migrate"));
    assert_int_equal(pthread_create(&m->thread, NULL, migrate_one, m), 0);
}

static void many_nodes_migrate_at_once(void **state)
{
    struct migrating all[6];
    (void)state;
    for (size_t i = 0; i < 6; i++)
        start_migrating(&all[i]);
    for (size_t i = 0; i < 6; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].err, ERR_OK);
    }
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_migration"), LATEST);
}

struct busy {
    pthread_t thread;
    struct postgres_store *store;
    int64_t longest_ms;
    unsigned n;
    _Atomic bool stop;
};

/* An older node's log-ins and registrations. */
static void *register_users(void *arg)
{
    struct busy *b = arg;
    struct account_store *a = postgres_accounts(b->store);
    while (!b->stop) {
        char email[48];
        snprintf(email, sizeof email, "busy-%u@example.org", b->n);
        const struct user u = {kit_user_id(1000 + b->n), STR("busy"), str_of(email), 1};
        int64_t start_ms = kit_now_ms();
        if (a->ops->add(a, &u, STR("hash")) == ERR_OK)
            b->n++;
        int64_t took_ms = kit_now_ms() - start_ms;
        if (took_ms > b->longest_ms)
            b->longest_ms = took_ms;
        kit_sleep_ms(10);
    }
    return NULL;
}

/* Somebody's transaction holds the table for 3 s, which the migration wants: it must not make all
 * others wait behind it for as long. */
static void a_migration_holds_up_nobody_for_long(void **state)
{
    struct migrating m;
    (void)state;
    postgres_rig_migrate();
    down_to(2);
    const struct postgres_config config = {.conninfo = postgres_rig_conninfo("busy")};
    struct busy b = {.n = 0};
    char reason[256];
    assert_int_equal(postgres_open(&config, &b.store, reason, sizeof reason), ERR_OK);
    postgres_rig_exec("INSERT INTO parley_migration VALUES(7,'')"); /* an older node's */
    assert_int_equal(postgres_accounts(b.store)->ops->revoke(postgres_accounts(b.store),
                                                             &(struct revocation){.expires_us = 1}),
                     ERR_OK);
    postgres_rig_exec("DELETE FROM parley_migration WHERE version>2");
    postgres_rig_exec("BEGIN; INSERT INTO users(username,email,password) VALUES('a','a','a')");
    assert_int_equal(pthread_create(&b.thread, NULL, register_users, &b), 0);
    start_migrating(&m);
    kit_sleep_ms(3000);
    postgres_rig_exec("COMMIT");
    pthread_join(m.thread, NULL);
    b.stop = true;
    pthread_join(b.thread, NULL);
    assert_int_equal(m.err, ERR_OK);
    assert_true(m.took_ms >= 2900);
    assert_true(b.n > 20);
    print_message("# the longest registration beside it took %d ms\n", (int)b.longest_ms);
    assert_in_range(b.longest_ms, 0, 2700);
    postgres_close(b.store);
}

/* The node that made an index died before it was whole. */
static void a_broken_index_is_made_anew(void **state)
{
    (void)state;
    postgres_rig_migrate();
    down_to(4);
    postgres_rig_exec("DELETE FROM parley_migration WHERE version=4");
    postgres_rig_exec("UPDATE pg_index SET indisvalid=false"
                      " WHERE indexrelid='parley_member_of_channel'::regclass");
    assert_int_equal(at(postgres_migrate_up), LATEST);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), 0);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM pg_class WHERE relname IN"
                                      " ('parley_member_of_channel','parley_channel_by_age',"
                                      "'parley_user_by_age')"),
                     3);
}

/* A node waits for its tables; and goes on beside newer ones. */
static void a_store_needs_its_own_migrations(void **state)
{
    char detail[256];
    struct membership_row row;
    (void)state;
    postgres_rig_migrate();
    at(postgres_migrate_down);
    struct postgres_store *s = kit_open(postgres_rig_conninfo("store"));
    struct channel_table *t = postgres_channels(s);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_UNAVAILABLE);
    assert_int_equal(t->ops->relay_take(t), ERR_UNAVAILABLE);
    assert_false(t->ops->is_ready(t, detail, sizeof detail));
    assert_non_null(strstr(detail, "parley migrate up"));
    postgres_rig_migrate();
    postgres_rig_exec("INSERT INTO parley_migration(version,name) VALUES(99,'of a newer program')");
    kit_sleep_ms(300);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_CHANNEL_NOT_FOUND);
    assert_true(t->ops->is_ready(t, detail, sizeof detail));
    postgres_close(s);
    char reason[256];
    int current;
    assert_int_equal(run(postgres_migrate_down, &current, reason, sizeof reason), ERR_UNAVAILABLE);
    assert_int_equal(current, 99);
}

static void reasons_are_sentences_without_secrets(void **state)
{
    struct postgres_schema_state schema;
    struct postgres_store *s;
    char reason[256] = "";
    (void)state;
    struct postgres_config config = {.conninfo = "host=127.0.0.1 port=1 password=hunter2xyz bad"};
    assert_int_equal(postgres_open(&config, &s, reason, sizeof reason), ERR_BAD_REQUEST);
    assert_non_null(strstr(reason, "connection string"));
    assert_null(strstr(reason, "hunter2"));
    config.conninfo = "host=127.0.0.1 port=1 password=hunter2xyz";
    assert_int_equal(postgres_migrate_up(&config, &schema, reason, sizeof reason), ERR_UNAVAILABLE);
    assert_true(strlen(reason) > 10);
    assert_null(strstr(reason, "hunter2"));
    assert_null(strchr(reason, '\n'));
    config = (struct postgres_config){.conninfo = postgres_rig_conninfo("x"), .sslmode = "require"};
    assert_int_equal(postgres_migrate_up(&config, &schema, reason, sizeof reason), ERR_BAD_REQUEST);
    assert_non_null(strstr(reason, "database.sslmode disable"));
    char latin[RIG_CONNINFO_SIZE + 32];
    postgres_rig_exec("DROP DATABASE IF EXISTS parley_test_ascii");
    postgres_rig_exec("CREATE DATABASE parley_test_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C'"
                      " LC_CTYPE 'C' TEMPLATE template0");
    snprintf(latin, sizeof latin, "%s dbname=parley_test_ascii", postgres_rig_conninfo("x"));
    config = (struct postgres_config){.conninfo = latin};
    assert_int_equal(postgres_migrate_up(&config, &schema, reason, sizeof reason), ERR_UNAVAILABLE);
    assert_string_equal(reason, "the database's encoding is SQL_ASCII; UTF8 is needed");
    postgres_rig_exec("DROP DATABASE parley_test_ascii");
}

int main(void)
{
#define MIGRATE_TEST(f) cmocka_unit_test_setup(f, empty)
    const struct CMUnitTest tests[] = {
        MIGRATE_TEST(up_and_down_on_an_empty_database),
        MIGRATE_TEST(down_keeps_what_waits_for_the_log),
        MIGRATE_TEST(versions_go_on_above_after_down_and_up),
        MIGRATE_TEST(many_nodes_migrate_at_once),
        MIGRATE_TEST(a_migration_holds_up_nobody_for_long),
        MIGRATE_TEST(a_broken_index_is_made_anew),
        MIGRATE_TEST(a_store_needs_its_own_migrations),
        MIGRATE_TEST(reasons_are_sentences_without_secrets),
    };
    return KIT_MAIN(tests);
}
