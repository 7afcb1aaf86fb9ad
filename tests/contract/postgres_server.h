/* A PostgreSQL server of one's own, to be killed, paused and started again. PARLEY_TEST_POSTGRES is
 * set to it. */
#ifndef PARLEY_CONTRACT_POSTGRES_SERVER_H
#define PARLEY_CONTRACT_POSTGRES_SERVER_H

#include <stdbool.h>

/* Makes a cluster in a folder of its own and starts it. False where PostgreSQL is not installed. */
bool postgres_server_start(void);
/* Ends every process of it at once, as a crash does. */
void postgres_server_kill(void);
/* After a kill; returns when it takes connections. */
void postgres_server_again(void);
/* Stops, or continues, every process of it. */
void postgres_server_pause(bool pause);
/* Kills it and removes the folder. */
void postgres_server_remove(void);

#endif
