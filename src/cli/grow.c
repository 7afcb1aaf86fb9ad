/* parley migrate --from-embedded: an embedded installation moved into the cluster's stores. */
#include "cli/grow.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/sqlite/store.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/store_options.h"
#include "growth/import.h"
#include "node/drivers.h"

#define SECRET_SIZE 256

static const char help_text[] =
    "parley migrate --from-embedded: move an embedded installation into a cluster\n\n"
    "  parley migrate --from-embedded DIR --config FILE\n\n"
    "FILE is the cluster's configuration; `parley migrate up` has made its tables, keyspace and\n"
    "topics, and no node has run on them. No server runs on DIR. Everything keeps its ids, order\n"
    "and positions: accounts with their passwords, channels, memberships, read positions,\n"
    "messages, replies and client ids. DIR is left as it is, so going back is to start it "
    "again.\n\n"
    "It may be stopped at any moment and run again: it goes on where it was. At the end it reads\n"
    "everything back and compares; nodes start only when nothing differs. docs/growing.md tells\n"
    "the whole way.\n\n"
    "  --from-embedded DIR   the data directory\n"
    "  --config FILE         read the cluster's configuration from FILE\n"
    "  --writers N           how many write posts at once (1 to 64; 4)\n"
    "  --batch N             posts after which is noted how far it is (64 to 65536; 4096)\n"
    "  --help                this text\n";

struct grow {
    struct import_watch watch; /* first */
    struct progress progress;
    const char *dir;
    unsigned long long writers, batch;
    struct config config;
    struct sqlite_store *store;
    struct drivers drivers;
};

bool cli_grow_is_meant(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--from-", 7) == 0)
            return true;
    return false;
}

static void on_progress(struct import_watch *self, const char *what, uint64_t done, uint64_t total)
{
    struct grow *g = (struct grow *)self;
    progress_at(&g->progress, what, done, total);
}

static void on_difference(struct import_watch *self, const char *sentence)
{
    struct grow *g = (struct grow *)self;
    progress_end(&g->progress);
    fprintf(stderr, "%s\n", sentence);
}

/* ---- What people still have in their hands ---- */

/* Sessions go on where the cluster signs with the secret that the installation made itself. */
static void tell_secret(const struct grow *g)
{
    char path[4096], secret[SECRET_SIZE];
    int n = snprintf(path, sizeof path, "%s/secret", g->dir);
    int fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = fd < 0 ? -1 : read(fd, secret, sizeof secret - 1);
    if (fd >= 0)
        close(fd);
    if (got <= 0) {
        fprintf(stderr, "Sessions go on if server.accessJwtSecret is what it was before.\n");
        return;
    }
    secret[got] = '\0';
    if (strcmp(secret, g->config.server.access_jwt_secret) == 0)
        fprintf(stderr, "Sessions go on: server.accessJwtSecret is that of %s.\n", path);
    else
        fprintf(stderr,
                "Sessions end, because server.accessJwtSecret is another one. To let them go on, "
                "before the first node starts:\n"
                "  export PARLEY_SERVER_ACCESS_JWT_SECRET=\"$(cat %s)\"\n",
                path);
    explicit_bzero(secret, sizeof secret);
}

/* ---- The way ---- */

static enum err open_both(struct grow *g, char *reason, size_t size)
{
    const struct sqlite_config config = {
        .dir = g->dir, .wal_bytes = g->config.data.wal_bytes, .clock = &clock_system};
    struct stat file;
    char path[4096];
    snprintf(path, sizeof path, "%s/parley.db", g->dir);
    if (stat(path, &file) != 0) {
        snprintf(reason, size, "there is no store in %.200s", g->dir);
        return ERR_NOT_FOUND;
    }
    enum err e = sqlite_store_open(&config, &g->store, reason, size);
    if (e == ERR_OK)
        e = drivers_open(&g->config, "parley-migrate",
                         1u << USE_TABLE | 1u << USE_HISTORY | 1u << USE_EVENTS, NULL, &g->drivers,
                         reason, size);
    return e;
}

static int run(struct grow *g)
{
    char reason[STORE_REASON_SIZE] = "";
    struct import_report report;
    enum err e = open_both(g, reason, sizeof reason);
    if (e != ERR_OK)
        return cli_fail("migrate", "%s", reason);
    const struct driver *table = g->drivers.open[USE_TABLE];
    e = import_run(
        &(struct import_config){
            .source = sqlite_store_source(g->store),
            .table = table->imports,
            .accounts = table->accounts,
            .channels = table->channels,
            .history = g->drivers.open[USE_HISTORY]->history,
            .log = g->drivers.open[USE_EVENTS]->log,
            .watch = &g->watch,
            .writers = (unsigned)g->writers,
            .batch = g->batch,
        },
        &report, reason, sizeof reason);
    progress_end(&g->progress);
    if (e != ERR_OK)
        return cli_fail("migrate", "%s", reason);
    if (report.was_done) {
        fprintf(stderr, "It was moved before; nothing was done.\n");
        return CLI_OK;
    }
    printf("accounts %llu\nchannels %llu\nmemberships %llu\nposts %llu\n",
           (unsigned long long)report.size.accounts, (unsigned long long)report.size.channels,
           (unsigned long long)report.size.members, (unsigned long long)report.size.posts);
    tell_secret(g);
    return CLI_OK;
}

static bool number(const char *text, unsigned long long min, unsigned long long max,
                   unsigned long long *out)
{
    return str_to_u64(str_of(text), out) && *out >= min && *out <= max;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct grow *g)
{
    static const struct option options[] = {{"from-embedded", required_argument, NULL, 'e'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"writers", required_argument, NULL, 'w'},
                                            {"batch", required_argument, NULL, 'b'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *file = NULL;
    bool good = true;
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'e')
            g->dir = optarg;
        else if (c == 'c')
            file = optarg;
        else if (c == 'w')
            good = number(optarg, 1, 64, &g->writers) && good;
        else if (c == 'b')
            good = number(optarg, 64, 65536, &g->batch) && good;
        else if (c == 'h')
            return fputs(help_text, stdout), CLI_OK;
        else
            return cli_misuse("migrate", "see `parley migrate --from-embedded --help`");
    }
    if (!good || g->dir == NULL || optind < argc)
        return cli_misuse("migrate", "see `parley migrate --from-embedded --help`");
    log_setup(LOG_WARN, -1);
    umask(077);
    int status = store_config_load(file, NULL, &g->config);
    if (status < 0 && g->config.server.engine != ENGINE_CLUSTER)
        return cli_fail("migrate", "the configuration is not a cluster's (server.engine)");
    if (status < 0 && g->config.cluster.delivery == DELIVERY_DIRECT)
        return cli_fail("migrate", "this needs a log: cluster.delivery is direct");
    return status;
}

int cli_grow(int argc, char **argv)
{
    struct grow *g = MEM_NEW(struct grow);
    g->watch = (struct import_watch){on_progress, on_difference};
    progress_init(&g->progress);
    int status = parse(argc, argv, g);
    if (status < 0)
        status = run(g);
    drivers_close(&g->drivers);
    sqlite_store_close(g->store);
    config_fini(&g->config);
    mem_free(g);
    return status;
}
