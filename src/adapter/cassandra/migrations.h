/* What each migration runs; see schema.h. */
#ifndef PARLEY_ADAPTER_CASSANDRA_MIGRATIONS_H
#define PARLEY_ADAPTER_CASSANDRA_MIGRATIONS_H

#include <stddef.h>

struct migration {
    const char *name;
    const char *const *up;   /* statements, `$` is the keyspace; each harmless when run again */
    const char *const *down; /* NULL: cannot be taken back without erasing what people wrote */
};

extern const struct migration migrations[];
extern const size_t migration_count;

#endif
