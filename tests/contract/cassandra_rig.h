/* Keyspaces of one's own on the Cassandra that PARLEY_TEST_CASSANDRA names (HOST:PORT, several with
 * commas between). */
#ifndef PARLEY_CONTRACT_CASSANDRA_RIG_H
#define PARLEY_CONTRACT_CASSANDRA_RIG_H

#include "adapter/cassandra/bridge.h"
#include "adapter/cassandra/cassandra.h"

#define CASSANDRA_VARIABLE "PARLEY_TEST_CASSANDRA"

/* The name of a keyspace that nobody has used. Kept until the program ends. */
const char *cassandra_rig_keyspace(void);
/* Empties every table of a keyspace that is up to date. */
void cassandra_rig_empty(const char *keyspace);
/* Removes it. */
void cassandra_rig_drop(const char *keyspace);
/* How to reach `keyspace`, with one copy of everything, three where there are three hosts, and
 * ample limits. Its hosts are static. */
struct cassandra_config cassandra_rig_config(const char *keyspace);
/* All migrations. Stops the test when that fails. */
void cassandra_rig_migrate(const char *keyspace);
/* The store in `keyspace`. Stops the test when it cannot be used. */
struct cassandra *cassandra_rig_open(const char *keyspace);
/* Runs CQL; `$` is the keyspace. Stops the test when it fails; the result is the caller's. */
struct bridge_result *cassandra_rig_query(const char *keyspace, const char *cql);
/* The same without a result. */
void cassandra_rig_run(const char *keyspace, const char *cql);
/* The first column of the first row, an integer. */
int64_t cassandra_rig_int(const char *keyspace, const char *cql);

#endif
