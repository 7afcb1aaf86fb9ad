/* parley user: accounts from the command line, also while a server runs on the same data. */
#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/sqlite/store.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/password.h"
#include "cli/store_options.h"
#include "node/drivers.h"
#include "service/auth.h"

static const char help_text[] =
    "parley user: add and list accounts, set passwords\n\n"
    "  parley user add EMAIL [--name NAME]\n"
    "  parley user list\n"
    "  parley user passwd EMAIL\n\n"
    "  --name NAME     the name others see; the part before the @ when it is left out\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --data DIR      where the database is kept\n"
    "  --help          this text\n\n"
    "Works while the server runs. The password is asked for on a terminal, otherwise it is the\n"
    "first line of standard input. A new password ends all older sessions within 5 seconds. "
    "`list`\n"
    "prints id, e-mail, name and time of creation, separated by tabs.\n";

struct user_options {
    const char *config, *data, *name;
    const char *verb, *email; /* email NULL: list */
};

/* The open accounts, of one engine or the other, with the service over them. */
struct user_command {
    const struct user_options *options;
    struct config config;
    struct sqlite_store *store;
    struct drivers drivers;
    struct account_store *accounts;
    struct auth *auth;
};

/* ---- The three verbs ---- */

static int add(struct user_command *u)
{
    struct password_line password;
    struct arena arena;
    struct fault fault = {.err = ERR_OK};
    struct user user;
    struct str email = str_of(u->options->email), name = str_of(u->options->name);
    if (u->options->name == NULL)
        name = (struct str){email.p, strcspn(email.p, "@")};
    arena_init(&arena);
    enum err e = ERR_BAD_REQUEST;
    bool given = password_ask(&password);
    if (given)
        e = auth_register(u->auth, name, email, password_str(&password), STR_NONE, &arena, &user,
                          &fault);
    password_wipe(&password);
    if (e == ERR_OK)
        printf("%s\n", uuid_text(&user.id).s);
    arena_fini(&arena);
    if (!given)
        return CLI_FAILED;
    return e == ERR_OK ? CLI_OK : cli_fail("user", "%s", fault_text(&fault));
}

static int passwd(struct user_command *u)
{
    struct password_line password;
    struct fault fault = {.err = ERR_OK};
    enum err e = ERR_BAD_REQUEST;
    bool given = password_ask(&password);
    if (given)
        e = auth_set_password(u->auth, str_of(u->options->email), password_str(&password), &fault);
    password_wipe(&password);
    if (!given)
        return CLI_FAILED;
    return e == ERR_OK ? CLI_OK : cli_fail("user", "%s", fault_text(&fault));
}

static bool print_account(const struct account *a, void *arg)
{
    char created[CLOCK_RFC3339_SIZE];
    (void)arg;
    clock_rfc3339(a->user.created_us, 6, created);
    return printf("%s\t%.*s\t%.*s\t%s\n", uuid_text(&a->user.id).s, STR_FMT(a->user.email),
                  STR_FMT(a->user.name), created) >= 0;
}

static int list(struct user_command *u)
{
    enum err e = u->accounts->ops->list(u->accounts, print_account, NULL);
    if (e == ERR_OK && fflush(stdout) == 0)
        return CLI_OK;
    return cli_fail("user", "%s", e == ERR_OK ? "standard output cannot be written" : err_text(e));
}

static const struct {
    const char *verb;
    int (*run)(struct user_command *u);
    bool takes_email;
    bool may_make_store; /* where there is none yet */
} verbs[] = {
    {"add", add, true, true},
    {"list", list, false, false},
    {"passwd", passwd, true, false},
};

#define N_VERBS (sizeof verbs / sizeof verbs[0])

/* ---- What they share ---- */

static enum err open_cluster(struct user_command *u, char *reason)
{
    enum err e = drivers_open(&u->config, "parley-user", 1u << USE_TABLE, NULL, &u->drivers, reason,
                              STORE_REASON_SIZE);
    if (e == ERR_OK)
        u->accounts = u->drivers.open[USE_TABLE]->accounts;
    return e;
}

/* Beside a server that may be running; alone where there is no store yet and one may be made. */
static enum err open_embedded(struct user_command *u, bool may_make_store, char *reason)
{
    struct sqlite_config config = {.dir = u->config.data.dir,
                                   .wal_bytes = u->config.data.wal_bytes,
                                   .clock = &clock_system,
                                   .beside = true};
    enum err e = sqlite_store_open(&config, &u->store, reason, STORE_REASON_SIZE);
    if (e != ERR_OK && may_make_store) {
        config.beside = false;
        e = sqlite_store_open(&config, &u->store, reason, STORE_REASON_SIZE);
    }
    if (e == ERR_OK) {
        sqlite_store_start(u->store, NULL);
        u->accounts = sqlite_store_accounts(u->store);
    }
    return e;
}

static int run(struct user_command *u, size_t verb)
{
    char reason[STORE_REASON_SIZE];
    int status = store_config_load(u->options->config, u->options->data, &u->config);
    if (status >= 0)
        return status;
    enum err e = u->config.server.engine == ENGINE_CLUSTER
                     ? open_cluster(u, reason)
                     : open_embedded(u, verbs[verb].may_make_store, reason);
    if (e != ERR_OK)
        return cli_fail("user", "%s", reason);
    u->auth = auth_new(&(struct auth_config){
        .accounts = u->accounts,
        .clock = &clock_system,
        .limits = &u->config.limits,
        .session_s = u->config.server.access_jwt_expire_time,
    });
    status = verbs[verb].run(u);
    auth_free(u->auth);
    sqlite_store_close(u->store);
    drivers_close(&u->drivers);
    return status;
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct user_options *o)
{
    static const struct option options[] = {{"name", required_argument, NULL, 'n'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'n')
            o->name = optarg;
        else if (c == 'c')
            o->config = optarg;
        else if (c == 'd')
            o->data = optarg;
        else if (c == 'h')
            return fputs(help_text, stdout), CLI_OK;
        else
            return cli_misuse("user", "see `parley user --help`");
    }
    if (optind == argc)
        return cli_misuse("user", "add, list or passwd? See `parley user --help`");
    o->verb = argv[optind++];
    o->email = optind < argc ? argv[optind++] : NULL;
    return optind == argc ? -1 : cli_misuse("user", "'%s' is too much", argv[optind]);
}

int cli_user(int argc, char **argv)
{
    struct user_options options = {.verb = NULL};
    struct user_command command = {.options = &options};
    int status = parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    assert(options.verb != NULL);
    size_t i = 0;
    while (i < N_VERBS && strcmp(verbs[i].verb, options.verb) != 0)
        i++;
    if (i == N_VERBS)
        return cli_misuse("user", "there is no '%s'; see `parley user --help`", options.verb);
    if (verbs[i].takes_email != (options.email != NULL))
        return cli_misuse("user", "%s",
                          verbs[i].takes_email ? "an e-mail address is expected"
                                               : "no e-mail address is expected");
    log_setup(LOG_WARN, -1);
    umask(077);
    status = run(&command, i);
    config_fini(&command.config);
    return status;
}
