/* What the subcommands that work on a store share: which directory, and what else was given. */
#ifndef PARLEY_CLI_STORE_OPTIONS_H
#define PARLEY_CLI_STORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "node/config.h"

#define STORE_REASON_SIZE 512

struct store_options {
    const char *argument; /* the one word that is no option, NULL when none is expected */
    struct config config; /* data.dir of it is the store's */
};

/* Reads `--config`, `--data` and `--help`, for the embedded engine only; with `argument` one word
 * besides is required, and is named so when it is missing ("FILE"). -1: go on; else the exit
 * status. `o` needs store_options_fini whatever the answer. */
int store_options_parse(int argc, char **argv, const char *help, const char *argument,
                        struct store_options *o);
/* The same for whichever engine is configured. */
int store_options_parse_any(int argc, char **argv, const char *help, const char *argument,
                            struct store_options *o);
void store_options_fini(struct store_options *o);

/* The configuration of the store that a subcommand works on: `file` and `data` may be NULL.
 * Says what is wrong on stderr. -1: go on; else the exit status. `config` needs config_fini
 * whatever the answer. */
int store_config_load(const char *file, const char *data, struct config *config);

#endif
