/* parley restore: a data directory from a backup. */
#include <stdio.h>

#include "adapter/sqlite/admin.h"
#include "cli/cli.h"
#include "cli/store_options.h"

static const char help_text[] =
    "parley restore: make a data directory from a backup\n\n"
    "  parley restore FILE [OPTIONS]\n\n"
    "The data directory must be empty or absent. The backup is checked first. New messages get\n"
    "positions and ids above all that were handed out after the backup was made.\n\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --data DIR      the data directory (./data)\n"
    "  --help          this text\n";

int cli_restore(int argc, char **argv)
{
    struct store_options o;
    char reason[STORE_REASON_SIZE];
    int status = store_options_parse(argc, argv, help_text, "FILE", &o);
    if (status < 0)
        status = sqlite_restore(o.argument, o.config.data.dir, &clock_system, reason,
                                sizeof reason) == ERR_OK
                     ? CLI_OK
                     : cli_fail("restore", "%s", reason);
    store_options_fini(&o);
    return status;
}
