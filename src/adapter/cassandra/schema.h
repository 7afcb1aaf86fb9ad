/* The tables, as numbered migrations. The number a keyspace is at is written in it, in the table
 * parley_migration. Inside adapter/cassandra only.
 *
 * Who migrates holds a lock there: a row that is inserted where none is (a light-weight
 * transaction) and is gone by itself after a minute, so that one who died keeps nobody out; it is
 * renewed before each statement. The lock's own table is made by whoever comes first, always with
 * the same table id: two who make it at once make the same one. */
#ifndef PARLEY_ADAPTER_CASSANDRA_SCHEMA_H
#define PARLEY_ADAPTER_CASSANDRA_SCHEMA_H

#include "adapter/cassandra/bridge.h"
#include "adapter/cassandra/settings.h"
#include "base/err.h"

int schema_latest(void);
/* 1..schema_latest(). Static. */
const char *schema_name(int version);
bool schema_has_down(int version);

/* A session that may change the schema. */
struct schema {
    struct bridge_session *session;
    const struct settings *settings;
    char owner[37]; /* of the lock: this one's */
    char *why;      /* borrowed */
    size_t why_size;
};

/* `why` is filled by whatever fails. */
void schema_init(struct schema *s, struct bridge_session *session, const struct settings *settings,
                 char *why, size_t why_size);
/* Makes the keyspace and the table of the lock, where they are not there. */
enum err schema_prepare(struct schema *s);
/* Waits for the lock, a minute. */
enum err schema_lock(struct schema *s);
void schema_unlock(struct schema *s);
/* The number the keyspace is at; 0 where there is none. */
enum err schema_version(struct schema *s, int *out);
/* Runs migration `version` forward or back, and notes it. Under the lock; the same again is
 * harmless. */
enum err schema_step(struct schema *s, int version, bool up);

/* Is the keyspace at the latest version? */
enum err schema_check(struct bridge_session *session, const struct settings *settings, char *why,
                      size_t why_size);

#endif
