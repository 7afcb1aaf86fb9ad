/* parley backup: the store in one file, as it was at one moment, while the server runs. */
#include <stdio.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "cli/cli.h"
#include "cli/store_options.h"

static const char help_text[] =
    "parley backup: copy the store into one file, while the server runs\n\n"
    "  parley backup FILE [OPTIONS]\n\n"
    "FILE must not exist yet; it is there whole or not at all. The signing secret is not in it:\n"
    "without DIR/secret everyone logs in again after a restore.\n\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --data DIR      the data directory (./data)\n"
    "  --help          this text\n";

static bool show_progress(uint64_t done, uint64_t total, void *arg)
{
    (void)arg;
    if (isatty(STDERR_FILENO) && total > 0)
        fprintf(stderr, "\rcopied %llu of %llu pages", (unsigned long long)done,
                (unsigned long long)total);
    return true;
}

int cli_backup(int argc, char **argv)
{
    struct store_options o;
    char reason[STORE_REASON_SIZE];
    int status = store_options_parse(argc, argv, help_text, "FILE", &o);
    if (status < 0) {
        enum err e = sqlite_backup(o.config.data.dir, o.argument, show_progress, NULL, reason,
                                   sizeof reason);
        if (isatty(STDERR_FILENO))
            fputc('\n', stderr);
        status = e == ERR_OK ? CLI_OK : cli_fail("backup", "%s", reason);
    }
    store_options_fini(&o);
    return status;
}
