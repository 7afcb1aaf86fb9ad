/* The tables and their migrations. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_SCHEMA_H
#define PARLEY_ADAPTER_SQLITE_SCHEMA_H

#include "adapter/sqlite/db.h"

/* How many migrations this program knows. */
int schema_latest(void);
/* The name of migration `version`, 1..latest. Static. */
const char *schema_name(int version);
/* How many the file of `db` has, 0 for a new one. */
int schema_version(struct db *db);
/* Applies what is missing, in one transaction. */
enum err schema_up(struct db *db);
/* Turns the write-ahead log on and applies what is missing. Refuses a store that a newer program
 * made. */
enum err schema_prepare(struct db *db, char *reason, size_t reason_size);
/* Refuses a store that is not exactly at the latest. */
enum err schema_check(struct db *db, char *reason, size_t reason_size);
/* Can migration `version` be taken back? */
bool schema_has_down(int version);
/* Takes the last one back, if it can be. */
enum err schema_down(struct db *db);

#endif
