/* contract-peer DRIVER: the streams between nodes on one driver. */
#include <stdio.h>
#include <string.h>

#include "peer_driver.h"

const struct peer_driver *peer_driver;

static const struct peer_driver *const drivers[] = {&peer_driver_memory};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(argv[1], drivers[i]->name) == 0)
            peer_driver = drivers[i];
    if (peer_driver != NULL)
        return contract_peer();
    fprintf(stderr, "usage: contract-peer DRIVER\n");
    return 2;
}
