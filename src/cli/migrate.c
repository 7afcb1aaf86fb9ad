/* parley migrate: the store's tables, up, down, or where they are. */
#include <stdio.h>
#include <string.h>

#include "adapter/sqlite/admin.h"
#include "cli/cli.h"
#include "cli/store_options.h"

static const char help_text[] =
    "parley migrate: bring the store's tables up or down, or show where they are\n\n"
    "  parley migrate up|down|status [OPTIONS]\n\n"
    "`serve` brings them up by itself. `down` takes the last migration back; the first one stays,\n"
    "since that would erase everything. `status` works while the server runs.\n\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --data DIR      the data directory (./data)\n"
    "  --help          this text\n";

static void print_state(const struct sqlite_schema_state *s)
{
    for (int version = 1; version <= s->latest; version++)
        printf("%3d  %-8s  %s\n", version, version <= s->current ? "applied" : "pending",
               sqlite_migration_name(version));
}

static int migrate(const char *verb, const char *dir)
{
    struct sqlite_schema_state state;
    char reason[STORE_REASON_SIZE];
    enum err e;
    if (strcmp(verb, "up") == 0)
        e = sqlite_migrate_up(dir, &state, reason, sizeof reason);
    else if (strcmp(verb, "down") == 0)
        e = sqlite_migrate_down(dir, &state, reason, sizeof reason);
    else if (strcmp(verb, "status") == 0)
        e = sqlite_migrate_status(dir, &state, reason, sizeof reason);
    else
        return cli_misuse("migrate", "there is no '%s'; up, down or status?", verb);
    if (e != ERR_OK)
        return cli_fail("migrate", "%s", reason);
    print_state(&state);
    return CLI_OK;
}

int cli_migrate(int argc, char **argv)
{
    struct store_options o;
    int status = store_options_parse(argc, argv, help_text, "up, down or status", &o);
    if (status < 0)
        status = migrate(o.argument, o.config.data.dir);
    store_options_fini(&o);
    return status;
}
