/* The tables, made and taken back on a real Cassandra. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/cassandra/schema.h"
#include "cassandra_rig.h"

#define NODES 4

static int keyspace_setup(void **state)
{
    *state = (void *)(uintptr_t)cassandra_rig_keyspace();
    return 0;
}

static int keyspace_teardown(void **state)
{
    cassandra_rig_drop(*state);
    return 0;
}

static enum err migrate(const char *keyspace, int way, struct cassandra_schema_state *s)
{
    char reason[256] = "";
    const struct cassandra_config c = cassandra_rig_config(keyspace);
    enum err e = way > 0   ? cassandra_migrate_up(&c, s, reason, sizeof reason)
                 : way < 0 ? cassandra_migrate_down(&c, s, reason, sizeof reason)
                           : cassandra_migrate_status(&c, s, reason, sizeof reason);
    assert_int_equal(e != ERR_OK, reason[0] != '\0');
    return e;
}

/* Up, down as far as it goes, up again; the store says what is missing. */
static void up_and_down(void **state)
{
    const char *keyspace = *state;
    struct cassandra_schema_state s;
    assert_int_equal(migrate(keyspace, 0, &s), ERR_OK);
    assert_int_equal(s.current, 0);
    assert_int_equal(s.latest, schema_latest());
    assert_int_equal(migrate(keyspace, -1, &s), ERR_BAD_REQUEST);
    assert_int_equal(migrate(keyspace, 1, &s), ERR_OK);
    assert_int_equal(s.current, schema_latest());
    cassandra_close(cassandra_rig_open(keyspace));
    assert_int_equal(migrate(keyspace, -1, &s), ERR_OK);
    assert_int_equal(s.current, 1);
    assert_int_equal(migrate(keyspace, -1, &s), ERR_BAD_REQUEST); /* people's words */
    assert_int_equal(migrate(keyspace, 0, &s), ERR_OK);
    assert_int_equal(s.current, 1);
    assert_int_equal(migrate(keyspace, 1, &s), ERR_OK);
    assert_int_equal(migrate(keyspace, 1, &s), ERR_OK); /* again */
    cassandra_close(cassandra_rig_open(keyspace));
}

static void store_waits_for_its_tables(void **state)
{
    const char *keyspace = *state;
    struct cassandra *c;
    char why[256];
    const struct cassandra_config config = cassandra_rig_config(keyspace);
    assert_int_equal(cassandra_open(&config, &c, why, sizeof why), ERR_OK);
    struct history_store *h = cassandra_history(c);
    assert_false(h->ops->is_ready(h, why, sizeof why));
    assert_non_null(strstr(why, "run `parley migrate up`"));
    unsigned n;
    struct uuid u = UUID_NIL;
    assert_int_equal(h->ops->unread(h, &u, &u, 0, 1, &n), ERR_UNAVAILABLE);
    cassandra_rig_migrate(keyspace);
    for (int i = 0; i < 200 && !h->ops->is_ready(h, why, sizeof why); i++)
        usleep(100000);
    assert_true(h->ops->is_ready(h, why, sizeof why));
    assert_int_equal(h->ops->unread(h, &u, &u, 0, 1, &n), ERR_OK);
    cassandra_close(c);
}

static void newer_tables_are_left_alone(void **state)
{
    const char *keyspace = *state;
    struct cassandra *c;
    struct cassandra_schema_state s;
    char why[256], cql[128];
    const struct cassandra_config config = cassandra_rig_config(keyspace);
    cassandra_rig_migrate(keyspace);
    snprintf(cql, sizeof cql, "UPDATE $.parley_migration SET version=%d WHERE slot='version'",
             schema_latest() + 1);
    cassandra_rig_run(keyspace, cql);
    assert_int_equal(cassandra_open(&config, &c, why, sizeof why), ERR_OK);
    struct history_store *h = cassandra_history(c);
    assert_false(h->ops->is_ready(h, why, sizeof why));
    assert_non_null(strstr(why, "newer program"));
    cassandra_close(c);
    assert_int_equal(migrate(keyspace, -1, &s), ERR_BAD_REQUEST);
}

/* cmocka's assertions hold on its own thread only. */
struct node {
    const char *keyspace;
    struct cassandra_schema_state schema;
    enum err err;
    char reason[256];
};

static void *node_up(void *arg)
{
    struct node *n = arg;
    const struct cassandra_config c = cassandra_rig_config(n->keyspace);
    n->err = cassandra_migrate_up(&c, &n->schema, n->reason, sizeof n->reason);
    return NULL;
}

/* Nodes that all come first: the tables are there once, and are one. */
static void nodes_may_start_at_once(void **state)
{
    const char *keyspace = *state;
    pthread_t threads[NODES];
    struct node nodes[NODES];
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (struct node){.keyspace = keyspace};
        assert_int_equal(pthread_create(&threads[i], NULL, node_up, &nodes[i]), 0);
    }
    for (int i = 0; i < NODES; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < NODES; i++) {
        assert_string_equal(nodes[i].reason, "");
        assert_int_equal(nodes[i].err, ERR_OK);
        assert_int_equal(nodes[i].schema.current, schema_latest());
    }
    cassandra_close(cassandra_rig_open(keyspace));
    assert_int_equal(
        cassandra_rig_int(keyspace, "SELECT count(*) FROM $.parley_migration WHERE slot='lock'"),
        0);
}

/* One that died while it held the lock keeps the others out until the lock ends. */
static void lock_of_another_is_waited_for(void **state)
{
    const char *keyspace = *state;
    struct cassandra_schema_state s;
    cassandra_rig_migrate(keyspace);
    assert_int_equal(migrate(keyspace, -1, &s), ERR_OK);
    cassandra_rig_run(keyspace,
                      "INSERT INTO $.parley_migration(slot, owner) VALUES('lock', 'dead') "
                      "IF NOT EXISTS USING TTL 4");
    assert_int_equal(migrate(keyspace, 1, &s), ERR_OK);
    assert_int_equal(s.current, schema_latest());
    assert_int_equal(
        cassandra_rig_int(keyspace, "SELECT count(*) FROM $.parley_migration WHERE slot='lock'"),
        0);
}

/* What chat-app made and filled: its rows stay and stay readable to it; none of them, with ids that
 * no client can hold, is mixed into our pages. */
static void chat_apps_rows_stay(void **state)
{
    const char *keyspace = *state;
    cassandra_rig_run(keyspace, "CREATE KEYSPACE $ WITH replication={'class':'SimpleStrategy',"
                                "'replication_factor':1}");
    cassandra_rig_run(
        keyspace, "CREATE TABLE $.message(channel_id uuid, bucket int, message_id bigint, content "
                  "text, user_id uuid, username text, created_at timestamp, PRIMARY KEY("
                  "(channel_id, bucket), message_id)) WITH CLUSTERING ORDER BY (message_id DESC)");
    cassandra_rig_run(keyspace,
                      "CREATE TABLE $.reply(channel_id uuid, message_id bigint, reply_id bigint, "
                      "content text, user_id uuid, username text, created_at timestamp, PRIMARY KEY"
                      "(message_id, reply_id)) WITH CLUSTERING ORDER BY (reply_id DESC)");
    cassandra_rig_run(keyspace,
                      "INSERT INTO $.message(channel_id, bucket, message_id, content, username) "
                      "VALUES(00000000-0000-4000-8000-000000000001, 1, 7000000000000000000, "
                      "'theirs', 'old')");
    cassandra_rig_migrate(keyspace);
    const struct uuid channel = {{0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
    const struct event ours = {.kind = EVENT_MESSAGE,
                               .seq = 1,
                               .id = UINT64_C(1) << 42, /* in bucket 1 */
                               .channel = channel,
                               .content = STR("ours")};
    struct cassandra *c = cassandra_rig_open(keyspace);
    struct history_store *h = cassandra_history(c);
    struct post_page page;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(h->ops->write(h, &ours, 1), ERR_OK);
    assert_int_equal(cassandra_rig_int(keyspace, "SELECT count(*) FROM $.message WHERE channel_id="
                                                 "00000000-0000-4000-8000-000000000001 AND "
                                                 "bucket=1"),
                     2);
    assert_int_equal(h->messages->ops->messages(h->messages, &channel, 0, 10, &arena, &page),
                     ERR_OK);
    assert_int_equal(page.n, 1);
    assert_int_equal(page.next_id, 0);
    assert_true(str_eq(page.rows[0].event.content, STR("ours")));
    arena_fini(&arena);
    cassandra_close(c);
}

int main(void)
{
#define MIGRATE_TEST(f) cmocka_unit_test_setup_teardown(f, keyspace_setup, keyspace_teardown)
    const struct CMUnitTest tests[] = {
        MIGRATE_TEST(up_and_down),
        MIGRATE_TEST(store_waits_for_its_tables),
        MIGRATE_TEST(newer_tables_are_left_alone),
        MIGRATE_TEST(nodes_may_start_at_once),
        MIGRATE_TEST(lock_of_another_is_waited_for),
        MIGRATE_TEST(chat_apps_rows_stay),
    };
    return cmocka_run_group_tests_name("cassandra migrate", tests, NULL, NULL);
}
