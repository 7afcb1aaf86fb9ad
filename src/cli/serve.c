/* parley serve: reads the configuration, runs a node until it is told to stop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "node/node.h"

#define CHECK_BYTES_MAX (256u * 1024)

extern char **environ;

static const char help_text[] =
    "parley serve: run the chat server\n\n"
    "  parley serve [OPTIONS]\n\n"
    "Without options: the embedded engine, data in ./data, on http://127.0.0.1:9000.\n\n"
    "  --config FILE         read the configuration from FILE (YAML; see docs/configuration.md)\n"
    "  --data DIR            where the database and the signing secret are kept\n"
    "  --listen HOST:PORT    where to listen; port 0 takes any free one\n"
    "  --web DIR             serve the web client from DIR instead of the one built in\n"
    "  --log-level LEVEL     debug, info, warn or error\n"
    "  --check               check the configuration, print what is in force, and exit\n"
    "  --help                this text\n\n"
    "Flags win over the environment (PARLEY_SERVER_LISTEN, ...), the environment over the file.\n"
    "SIGTERM and SIGINT drain and stop; SIGHUP reads limits, log level and certificate again.\n";

#define OVERRIDES_MAX 4

struct serve_options {
    const char *file;
    bool check;
    struct config_override overrides[OVERRIDES_MAX];
    size_t n;
};

static void add_override(struct serve_options *o, const char *flag, const char *path,
                         const char *value)
{
    for (size_t i = 0; i < o->n; i++)
        if (strcmp(o->overrides[i].path, path) == 0) {
            o->overrides[i].value = value;
            return;
        }
    o->overrides[o->n++] = (struct config_override){flag, path, value};
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct serve_options *o)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"listen", required_argument, NULL, 'l'},
                                            {"web", required_argument, NULL, 'w'},
                                            {"log-level", required_argument, NULL, 'v'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'c')
            o->file = optarg;
        else if (c == 'd')
            add_override(o, "--data", "data.dir", optarg);
        else if (c == 'l')
            add_override(o, "--listen", "server.listen", optarg);
        else if (c == 'w')
            add_override(o, "--web", "server.web", optarg);
        else if (c == 'v')
            add_override(o, "--log-level", "logger.level", optarg);
        else if (c == 'k')
            o->check = true;
        else if (c == 'h')
            return fputs(help_text, stdout), CLI_OK;
        else
            return cli_misuse("serve", "see `parley serve --help`");
    }
    return optind == argc ? -1 : cli_misuse("serve", "'%s' is not an option", argv[optind]);
}

static void print_report(const struct config_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        fprintf(stderr, "%s%s\n", r->problems[i].is_error ? "" : "warning: ", r->problems[i].text);
}

static bool load(const struct serve_options *o, struct config *config)
{
    struct config_report report;
    config_report_init(&report);
    enum err e = config_load(config, o->file, environ, o->overrides, o->n, &report);
    print_report(&report);
    config_report_fini(&report);
    return e == ERR_OK;
}

static int print_check(const struct config *config)
{
    struct buf out;
    buf_init(&out, CHECK_BYTES_MAX);
    config_print(config, &out);
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
    return CLI_OK;
}

static void setup_log(const struct config *config)
{
    static const int json[] = {[ENCODING_AUTO] = -1, [ENCODING_JSON] = 1, [ENCODING_CONSOLE] = 0};
    log_setup((enum log_level)config->logger.level, json[config->logger.encoding]);
}

/* As many connections as the system lets us have. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void reload(const struct serve_options *o, const struct config *running, struct node *node)
{
    struct config fresh;
    struct config_report changes;
    if (!load(o, &fresh)) {
        log_note(LOG_ERROR, "configuration not reloaded: it has errors; the old one stays");
        config_fini(&fresh);
        return;
    }
    config_report_init(&changes);
    size_t taken = config_compare(running, &fresh, &changes);
    print_report(&changes);
    setup_log(&fresh);
    node_reload(node, &fresh);
    log_event(LOG_INFO, "configuration reloaded", LOG_I("changed", taken));
    config_report_fini(&changes);
    config_fini(&fresh);
}

/* Returns at SIGTERM or SIGINT. */
static void wait_for_stop(const struct serve_options *o, const struct config *config,
                          const sigset_t *signals, struct node *node)
{
    for (;;) {
        int got = 0;
        if (sigwait(signals, &got) != 0)
            continue;
        if (got != SIGHUP)
            return;
        reload(o, config, node);
    }
}

/* A node that waits for a service when it is told to stop has not failed. */
static bool stop_was_asked(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

static int serve(const struct serve_options *o, const struct config *config)
{
    struct node *node = NULL;
    char reason[NODE_REASON_SIZE];
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    raise_file_limit();
    setup_log(config);

    enum err e = node_open(config, &node, reason);
    if (e == ERR_OK)
        e = node_start(node, reason);
    if (e != ERR_OK) {
        node_stop(node);
        return stop_was_asked() ? CLI_OK : cli_fail("serve", "%s", reason);
    }
    printf("parley is ready: %s\n", node_url(node));
    fflush(stdout);
    wait_for_stop(o, config, &signals, node);
    node_stop(node);
    return CLI_OK;
}

int cli_serve(int argc, char **argv)
{
    struct serve_options options = {.file = NULL};
    struct config config;
    int status = parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    if (!load(&options, &config))
        status = CLI_FAILED;
    else
        status = options.check ? print_check(&config) : serve(&options, &config);
    config_fini(&config);
    return status;
}
