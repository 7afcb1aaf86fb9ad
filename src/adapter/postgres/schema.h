/* The tables and their migrations. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_SCHEMA_H
#define PARLEY_ADAPTER_POSTGRES_SCHEMA_H

#include "adapter/postgres/conn.h"

/* How many migrations this program knows, and which it cannot do without. */
int pg_schema_latest(void);
/* The name of migration `version`, 1..latest. Static. */
const char *pg_schema_name(int version);
/* How many the database has, 0 for one without our tables. */
int pg_schema_version(struct pg_conn *c);
/* Opens a connection on which the statements can run: a database that is not migrated yet is as
 * good as none. A newer one is fine, since migrations only add. NULL with a sentence. */
struct pg_conn *pg_schema_connect(const struct pg_settings *settings, char *reason, size_t size);
/* Applies what is missing, alone among all nodes. */
enum err pg_schema_up(struct pg_conn *c, char *reason, size_t reason_size);
/* Takes the last one back, alone among all nodes. */
enum err pg_schema_down(struct pg_conn *c, char *reason, size_t reason_size);

#endif
