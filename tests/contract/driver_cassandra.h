/* The history in Cassandra under the suite of embedded stores: the journal is the memory store's,
 * and whatever it publishes is written to Cassandra before it is handed on. */
#ifndef PARLEY_CONTRACT_DRIVER_CASSANDRA_H
#define PARLEY_CONTRACT_DRIVER_CASSANDRA_H

#include "driver.h"

extern const struct driver_ops driver_cassandra;
/* Where; up to date. Set before the first test. */
extern const char *driver_cassandra_keyspace;

#endif
