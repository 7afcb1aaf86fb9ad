/* contract-cluster DRIVER SUITE: the suites of an engine's ports, on the cluster engine. */
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "suites.h"

int main(int argc, char **argv)
{
    static const struct driver_ops *const drivers[] = {&driver_cluster, &driver_cluster_unwritten};
    for (size_t i = 0; argc == 3 && i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(argv[1], drivers[i]->name) == 0)
            kit_driver = drivers[i];
    if (kit_driver != NULL && strcmp(argv[2], "journal") == 0)
        return contract_journal();
    if (kit_driver != NULL && strcmp(argv[2], "channel_store") == 0)
        return contract_channel_store();
    if (kit_driver != NULL && strcmp(argv[2], "message_store") == 0)
        return contract_message_store();
    fprintf(stderr, "usage: contract-cluster DRIVER SUITE\n");
    return 2;
}
