/* Stands between a store and the server that PARLEY_TEST_POSTGRES names, and does to the
 * connections what networks do. */
#ifndef PARLEY_CONTRACT_POSTGRES_PROXY_H
#define PARLEY_CONTRACT_POSTGRES_PROXY_H

#include "postgres_rig.h"

enum proxy_mode {
    PROXY_PASS,
    PROXY_LOSE_COMMIT, /* the next COMMIT is not handed on, its connection is cut; then PASS */
    PROXY_LOSE_ANSWER, /* the next COMMIT is, its answer is not, its connection is cut; then PASS */
    PROXY_HOLE,        /* nothing is handed on, nothing is cut: a server that is stopped */
    PROXY_CLOSED,      /* connections are cut and refused */
};

/* The rig's database by way of a proxy of this process, under that application's name; the string
 * is kept until it is stopped. */
const char *postgres_proxy_start(const char *name);
void postgres_proxy_set(enum proxy_mode mode);
/* How many connections there are now. */
unsigned postgres_proxy_connections(void);
void postgres_proxy_stop(void);

#endif
