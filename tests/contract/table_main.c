/* contract-table DRIVER SUITE: the channel table, and the accounts beside it, on one driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kit.h"
#include "suites.h"
#include "table_driver.h"

const struct table_driver *table_driver;

static const struct {
    const struct table_driver *table;
    const struct driver_ops *store; /* of the suite of accounts; NULL: runs elsewhere */
} drivers[] = {
    {&table_driver_memory, NULL},
#ifdef WITH_POSTGRES
    {&table_driver_postgres, &driver_postgres},
#endif
};

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: contract-table DRIVER SUITE\n");
        return 2;
    }
    log_setup(LOG_ERROR, 0);
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(argv[1], drivers[i].table->name) == 0) {
            table_driver = drivers[i].table;
            kit_driver = drivers[i].store;
        }
    if (table_driver != NULL && table_driver->variable != NULL &&
        getenv(table_driver->variable) == NULL) {
        printf("1..0 # SKIP %s is not set\n", table_driver->variable);
        return 0;
    }
    if (table_driver != NULL && strcmp(argv[2], "channel_table") == 0)
        return contract_channel_table();
    if (table_driver != NULL && strcmp(argv[2], "channel_outbox") == 0)
        return contract_channel_outbox();
    if (kit_driver != NULL && strcmp(argv[2], "account_store") == 0)
        return contract_account_store();
    fprintf(stderr, "no such driver or suite\n");
    return 2;
}
