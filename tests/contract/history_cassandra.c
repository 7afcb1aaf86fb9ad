/* The suites of the history on a real Cassandra: contract-cassandra SUITE. */
#include <stdio.h>
#include <string.h>

#include "cassandra_rig.h"
#include "doors.h"
#include "driver_cassandra.h"
#include "kit.h"
#include "suites.h"

static struct cassandra *store;
static const char *keyspace;

static struct history_store *history_open(void)
{
    cassandra_rig_empty(keyspace);
    store = cassandra_rig_open(keyspace);
    return cassandra_history(store);
}

static void history_close(struct history_store *self)
{
    (void)self;
    cassandra_close(store);
}

static const struct history_driver history_cassandra = {
    .name = "cassandra", .open = history_open, .close = history_close};

static int run(const char *suite)
{
    if (strcmp(suite, "history_store") == 0)
        return contract_history_store(&history_cassandra);
    kit_driver = &driver_cassandra;
    return contract_message_store();
}

int main(int argc, char **argv)
{
    if (argc != 2 ||
        (strcmp(argv[1], "history_store") != 0 && strcmp(argv[1], "message_store") != 0)) {
        fprintf(stderr, "usage: contract-cassandra history_store|message_store\n");
        return 2;
    }
    keyspace = driver_cassandra_keyspace = cassandra_rig_keyspace();
    cassandra_rig_migrate(keyspace);
    int failed = run(argv[1]);
    cassandra_rig_drop(keyspace);
    return failed;
}
