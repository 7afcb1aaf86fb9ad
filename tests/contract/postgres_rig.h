/* A database of one's own on the server that PARLEY_TEST_POSTGRES names (a connection string of
 * someone who may make databases), and ways to make it misbehave. */
#ifndef PARLEY_CONTRACT_POSTGRES_RIG_H
#define PARLEY_CONTRACT_POSTGRES_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/postgres/postgres.h"

#define RIG_VARIABLE      "PARLEY_TEST_POSTGRES"
#define RIG_CONNINFO_SIZE 1024

/* Makes the process' database, once, and empties it: no table is left. Dropped at exit. */
void postgres_rig_reset(void);
/* Its connection string, under which `name` stands as the application's. Kept until the next call.
 */
const char *postgres_rig_conninfo(const char *name);
/* Runs SQL there. Stops the test when it fails. */
void postgres_rig_exec(const char *sql);
/* The first column of the first row as an integer. */
int64_t postgres_rig_int(const char *sql);
/* The same as text; "" for none. Kept until the next call. */
const char *postgres_rig_text(const char *sql);
/* Ends every session of that application name (NULL: of all but ours), and waits for their end. */
void postgres_rig_cut(const char *name);
/* While set every write is answered as on a full disk. */
void postgres_rig_refuse(bool refuse);
/* While set nobody can connect, and nobody is. */
void postgres_rig_away(bool away);
/* All migrations. */
void postgres_rig_migrate(void);

#endif
