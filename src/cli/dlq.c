/* parley dlq: the dead letters, which is what a consumer gave up after its last try. */
#include <assert.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/store_options.h"
#include "consumer/dead.h"
#include "node/drivers.h"

static const char help_text[] =
    "parley dlq: what was tried in vain, to look at and to try again\n\n"
    "  parley dlq list [OPTIONS]\n"
    "  parley dlq show ID [OPTIONS]\n"
    "  parley dlq replay ID... | --all [OPTIONS]\n\n"
    "A web hook that fails again and again is given up and laid aside in the topic of the dead.\n"
    "`list` shows one line a letter, `show` all of one, payload included. `replay` puts letters\n"
    "back: they are tried at once, with all their tries before them, and leave the list. The\n"
    "receiver may get a letter twice and knows it by its id.\n\n"
    "  --all           replay every letter there is\n"
    "  --json          one JSON object a line\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --help          this text\n";

struct dlq {
    bool json, all;
    struct config config;
    struct drivers drivers;
    struct event_log *dead, *retry; /* retry: of `replay` only */
    size_t n;                       /* letters met */
    size_t n_failed;
};

/* ---- Showing ---- */

/* Bytes for a terminal: controls are escaped, so that a payload cannot drive it. */
static void print_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void print_line(const struct dead_letter *l)
{
    char dead_at[CLOCK_RFC3339_SIZE];
    const struct envelope *e = &l->envelope;
    clock_rfc3339(l->dead_ms * 1000, 0, dead_at);
    printf("%s  %-8s  %s  %2u  ", uuid_text(&e->id).s, envelope_kind_name(e->kind), dead_at,
           e->attempt);
    print_text(e->reason);
    putchar('\n');
}

static void print_whole(const struct dead_letter *l)
{
    char first_at[CLOCK_RFC3339_SIZE], dead_at[CLOCK_RFC3339_SIZE];
    const struct envelope *e = &l->envelope;
    clock_rfc3339(e->first_ms * 1000, 3, first_at);
    clock_rfc3339(l->dead_ms * 1000, 3, dead_at);
    printf("id           %s\nkind         %s\nfirst tried  %s\ngiven up     %s\ntries        %u\n"
           "reason       ",
           uuid_text(&e->id).s, envelope_kind_name(e->kind), first_at, dead_at, e->attempt);
    print_text(e->reason);
    printf("\npayload      ");
    print_text(e->payload);
    putchar('\n');
}

/* A payload that is JSON stands as JSON; another one as a string, what is not UTF-8 left out. */
static json_t *payload_json(struct str payload)
{
    json_t *j = json_loadb(payload.p == NULL ? "" : payload.p, payload.n,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (j == NULL)
        j = json_stringn(payload.p == NULL ? "" : payload.p, payload.n);
    return j == NULL ? json_null() : j;
}

static void print_json(const struct dead_letter *l, bool whole)
{
    char first_at[CLOCK_RFC3339_SIZE], dead_at[CLOCK_RFC3339_SIZE];
    const struct envelope *e = &l->envelope;
    clock_rfc3339(e->first_ms * 1000, 3, first_at);
    clock_rfc3339(l->dead_ms * 1000, 3, dead_at);
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s%}", "id", uuid_text(&e->id).s, "kind",
                          envelope_kind_name(e->kind), "first_tried", first_at, "given_up", dead_at,
                          "tries", (int)e->attempt, "reason", e->reason.n == 0 ? "" : e->reason.p,
                          e->reason.n);
    if (whole)
        json_object_set_new(j, "payload", payload_json(e->payload));
    json_dumpf(j, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(j);
}

static bool on_list(const struct dead_letter *l, void *arg)
{
    struct dlq *q = arg;
    q->n++;
    if (q->json)
        print_json(l, false);
    else
        print_line(l);
    return true;
}

static bool on_show(const struct dead_letter *l, void *arg)
{
    struct dlq *q = arg;
    q->n++;
    if (q->json)
        print_json(l, true);
    else
        print_whole(l);
    return false;
}

static bool on_replay(const struct dead_letter *l, void *arg)
{
    struct dlq *q = arg;
    struct uuid_text id = uuid_text(&l->envelope.id);
    enum err e = dead_replay(q->dead, q->retry, l, &clock_system);
    q->n++;
    q->n_failed += e != ERR_OK;
    if (e == ERR_OK)
        printf(q->json ? "{\"id\":\"%s\"}\n" : "%s\n", id.s);
    else if (e == ERR_UNKNOWN)
        cli_fail("dlq", "%s may have been put back, and is still listed", id.s);
    else
        cli_fail("dlq", "%s was not put back: Kafka does not take it", id.s);
    return true;
}

/* ---- The verbs ---- */

static int walked(struct dlq *q, enum err e)
{
    if (e == ERR_TOO_LARGE)
        return cli_fail("dlq", "there are more than %d letters: more than can be looked through",
                        DEAD_LETTERS_MAX);
    if (e != ERR_OK)
        return cli_fail("dlq", "the topic of the dead cannot be read to its end; try again");
    return q->n_failed == 0 ? CLI_OK : CLI_FAILED;
}

static int with_id(struct dlq *q, const char *text, dead_each_f each)
{
    struct uuid id;
    bool is_id = uuid_from_text(str_of(text), &id);
    assert(is_id); /* looked at before */
    size_t before = q->n;
    int status = walked(q, dead_each(q->dead, &id, each, q));
    if (status == CLI_OK && q->n == before)
        return cli_fail("dlq", "there is no letter %s", text);
    return status;
}

static int list(struct dlq *q, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return walked(q, dead_each(q->dead, NULL, on_list, q));
}

static int show(struct dlq *q, int argc, char **argv)
{
    (void)argc;
    return with_id(q, argv[0], on_show);
}

static int replay(struct dlq *q, int argc, char **argv)
{
    if (q->all)
        return walked(q, dead_each(q->dead, NULL, on_replay, q));
    int worst = CLI_OK;
    for (int i = 0; i < argc; i++) {
        int status = with_id(q, argv[i], on_replay);
        if (status != CLI_OK && worst == CLI_OK)
            worst = status;
    }
    return worst;
}

static const struct verb {
    const char *name;
    int least, most; /* IDs */
    const char *usage;
    unsigned uses; /* drivers */
    int (*run)(struct dlq *q, int argc, char **argv);
} verbs[] = {
    {"list", 0, 0, "list takes no ID", 1u << USE_DEAD, list},
    {"show", 1, 1, "show one ID", 1u << USE_DEAD, show},
    {"replay", 0, INT_MAX, "", 1u << USE_DEAD | 1u << USE_RETRY, replay},
};

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* Everything that can be wrong with the words themselves, before any service is asked. -1: nothing.
 */
static int verb_check(const struct verb *v, const struct dlq *q, int argc, char **argv)
{
    struct uuid id;
    if (argc < v->least || argc > v->most)
        return cli_misuse("dlq", "%s; see `parley dlq --help`", v->usage);
    if (q->all && v->run != replay)
        return cli_misuse("dlq", "--all is for replay");
    if (v->run == replay && q->all == (argc > 0))
        return cli_misuse("dlq", "replay which? IDs or --all; see `parley dlq --help`");
    for (int i = 0; i < argc; i++)
        if (!uuid_from_text(str_of(argv[i]), &id))
            return cli_misuse("dlq", "'%s' is no id of a letter", argv[i]);
    return -1;
}

/* ---- The command ---- */

static int run_on_logs(struct dlq *q, const struct verb *verb, int argc, char **argv)
{
    char reason[STORE_REASON_SIZE];
    if (q->config.server.engine == ENGINE_EMBEDDED)
        return cli_fail("dlq", "the embedded engine has no dead letters: it tries nothing again");
    if (drivers_open(&q->config, "parley-dlq", verb->uses, NULL, &q->drivers, reason,
                     sizeof reason) != ERR_OK)
        return cli_fail("dlq", "%s", reason);
    q->dead = q->drivers.open[USE_DEAD]->log;
    if ((verb->uses & 1u << USE_RETRY) != 0)
        q->retry = q->drivers.open[USE_RETRY]->log;
    int status = verb->run(q, argc, argv);
    drivers_close(&q->drivers);
    return status;
}

static int run_configured(struct dlq *q, const char *file, int argc, char **argv)
{
    if (argc == 0)
        return cli_misuse("dlq", "list, show or replay? See `parley dlq --help`");
    const struct verb *verb = verb_find(argv[0]);
    if (verb == NULL)
        return cli_misuse("dlq", "there is no '%s'; list, show or replay?", argv[0]);
    int misuse = verb_check(verb, q, argc - 1, argv + 1);
    if (misuse >= 0)
        return misuse;
    log_setup(LOG_ERROR, -1);
    int status = store_config_load(file, NULL, &q->config);
    if (status < 0)
        status = run_on_logs(q, verb, argc - 1, argv + 1);
    config_fini(&q->config);
    return status;
}

int cli_dlq(int argc, char **argv)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct dlq q = {.json = false};
    const char *file = NULL;
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'a')
            q.all = true;
        else if (c == 'j')
            q.json = true;
        else if (c == 'c')
            file = optarg;
        else if (c == 'h')
            return fputs(help_text, stdout), CLI_OK;
        else
            return cli_misuse("dlq", "see `parley dlq --help`");
    }
    return run_configured(&q, file, argc - optind, argv + optind);
}
