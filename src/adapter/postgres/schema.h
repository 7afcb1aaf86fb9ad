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
/* Applies what is missing, alone among all nodes. */
enum err pg_schema_up(struct pg_conn *c, char *reason, size_t reason_size);
/* Takes the last one back, alone among all nodes. */
enum err pg_schema_down(struct pg_conn *c, char *reason, size_t reason_size);

#endif
