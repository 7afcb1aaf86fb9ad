/* parley migrate: the store's tables, up, down, or where they are. */
#include <stdio.h>
#include <string.h>

#include "adapter/sqlite/admin.h"
#include "cli/cli.h"
#include "cli/grow.h"
#include "cli/store_options.h"
#include "node/drivers.h"

static const char help_text[] =
    "parley migrate: bring the store's tables up or down, or show where they are\n\n"
    "  parley migrate up|down|status [OPTIONS]\n"
    "  parley migrate --from-embedded DIR [OPTIONS]   move an installation into a cluster\n\n"
    "The embedded engine: `serve` brings them up by itself. `down` takes the last migration back;\n"
    "the first one stays, since that would erase everything. `status` works while the server "
    "runs.\n"
    "A cluster: PostgreSQL's tables, Cassandra's keyspace and tables, Kafka's topics. `up` may "
    "run\n"
    "on several machines at once; topics are made and never changed.\n\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --data DIR      the data directory (./data)\n"
    "  --help          this text\n";

static void print_state(const struct sqlite_schema_state *s)
{
    for (int version = 1; version <= s->latest; version++)
        printf("%3d  %-8s  %s\n", version, version <= s->current ? "applied" : "pending",
               sqlite_migration_name(version));
}

static enum err migrate_embedded(enum driver_migration what, const char *dir, char *reason)
{
    struct sqlite_schema_state state;
    enum err e = what == DRIVER_MIGRATE_UP
                     ? sqlite_migrate_up(dir, &state, reason, STORE_REASON_SIZE)
                 : what == DRIVER_MIGRATE_DOWN
                     ? sqlite_migrate_down(dir, &state, reason, STORE_REASON_SIZE)
                     : sqlite_migrate_status(dir, &state, reason, STORE_REASON_SIZE);
    if (e == ERR_OK)
        print_state(&state);
    return e;
}

static void print_line(const char *line, void *arg)
{
    (void)arg;
    puts(line);
}

static int migrate(const char *verb, const struct config *config)
{
    static const char *const verbs[] = {
        [DRIVER_MIGRATE_UP] = "up",
        [DRIVER_MIGRATE_DOWN] = "down",
        [DRIVER_MIGRATE_STATUS] = "status",
    };
    char reason[STORE_REASON_SIZE];
    enum driver_migration what = DRIVER_MIGRATE_UP;
    while (what <= DRIVER_MIGRATE_STATUS && strcmp(verb, verbs[what]) != 0)
        what++;
    if (what > DRIVER_MIGRATE_STATUS)
        return cli_misuse("migrate", "there is no '%s'; up, down or status?", verb);
    enum err e = config->server.engine == ENGINE_EMBEDDED
                     ? migrate_embedded(what, config->data.dir, reason)
                     : drivers_migrate(config, what, print_line, NULL, reason, sizeof reason);
    return e == ERR_OK ? CLI_OK : cli_fail("migrate", "%s", reason);
}

int cli_migrate(int argc, char **argv)
{
    if (cli_grow_is_meant(argc, argv))
        return cli_grow(argc, argv);
    struct store_options o;
    int status = store_options_parse_any(argc, argv, help_text, "up, down or status", &o);
    if (status < 0)
        status = migrate(o.argument, &o.config);
    store_options_fini(&o);
    return status;
}
