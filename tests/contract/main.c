/* contract DRIVER SUITE: one suite on one driver, so that each speaks one plan of TAP. The suites
 * of the four ports of an engine are here, those of the cluster engine's lower doors in doors.c. */
#include <stdio.h>
#include <string.h>

#include "doors.h"
#include "kit.h"
#include "suites.h"

static const struct {
    const char *name;
    int (*run)(void);
} suites[] = {
    {"journal", contract_journal},
    {"account_store", contract_account_store},
    {"channel_store", contract_channel_store},
    {"message_store", contract_message_store},
};

static const struct driver_ops *const drivers[] = {&driver_memory, &driver_memory_partitioned,
                                                   &driver_memory_stepped, &driver_sqlite};

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: contract DRIVER SUITE\n");
        return 2;
    }
    int failed;
    if (door_run(argv[1], argv[2], &failed))
        return failed;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(argv[1], drivers[i]->name) == 0)
            kit_driver = drivers[i];
    for (size_t i = 0; i < sizeof suites / sizeof suites[0] && kit_driver != NULL; i++)
        if (strcmp(argv[2], suites[i].name) == 0)
            return suites[i].run();
    fprintf(stderr, "no such driver or suite\n");
    return 2;
}
