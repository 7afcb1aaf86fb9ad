/* parley migrate --from-...: another installation moved into the cluster's stores. */
#ifndef PARLEY_CLI_GROW_H
#define PARLEY_CLI_GROW_H

#include <stdbool.h>

/* Is that what the command line asks for? */
bool cli_grow_is_meant(int argc, char **argv);
int cli_grow(int argc, char **argv);

#endif
