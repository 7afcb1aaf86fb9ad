/* saga DRIVER SUITE: the changes of channels across tables and log, on one driver of the tables. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#ifdef WITH_POSTGRES
#include "postgres_server.h"
#endif
#include "town.h"

const struct table_driver *table_driver;

static const struct table_driver *const drivers[] = {
    &table_driver_memory,
#ifdef WITH_POSTGRES
    &table_driver_postgres,
#endif
};

static const struct {
    const char *name;
    int (*run)(void);
} suites[] = {
    {"changes", saga_changes}, {"relay", saga_relay},   {"memberships", saga_memberships},
#ifdef WITH_POSTGRES
    {"kill", saga_kill},       {"server", saga_server},
#endif
};

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: saga DRIVER SUITE\n");
        return 2;
    }
    log_setup(LOG_ERROR, 0);
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(argv[1], drivers[i]->name) == 0)
            table_driver = drivers[i];
#ifdef WITH_POSTGRES
    if (strcmp(argv[2], "server") == 0 && !postgres_server_start()) {
        printf("1..0 # SKIP PostgreSQL is not installed\n");
        return 0;
    }
#endif
    if (table_driver != NULL && table_driver->variable != NULL &&
        getenv(table_driver->variable) == NULL) {
        printf("1..0 # SKIP %s is not set\n", table_driver->variable);
        return 0;
    }
    for (size_t i = 0; i < sizeof suites / sizeof suites[0] && table_driver != NULL; i++)
        if (strcmp(argv[2], suites[i].name) == 0)
            return suites[i].run();
    fprintf(stderr, "no such driver or suite\n");
    return 2;
}
