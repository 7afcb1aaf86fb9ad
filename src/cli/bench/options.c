#include "cli/bench/options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/bench/text.h"
#include "cli/cli.h"

#define CONNECTIONS_MAX 200000
#define COUNT_MAX       1000000
#define TEXT_BYTES_MAX  8192
#define SECONDS_MAX     86400

/* The table of options: the parser and the help are made from it. */
enum kind { KIND_COUNT, KIND_REAL, KIND_TEXT, KIND_FLAG };
struct row {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct options */
    double min, max;
    const char *help;
};

#define AT(member) offsetof(struct options, member)
static const struct row rows[] = {
    {"scenario", KIND_TEXT, AT(scenario), 0, 0,
     "fanout   one sender, everyone else hears it\n"
     "rooms    many channels, their members take turns\n"
     "ack      one sender alone, against fdatasync\n"
     "idle     connections that say nothing\n"
     "reconnect everyone is cut off, misses messages, comes back"},
    {"connections", KIND_COUNT, AT(connections), 1, CONNECTIONS_MAX, "how many (1000)"},
    {"users", KIND_COUNT, AT(users), 1, CONNECTIONS_MAX,
     "whom they belong to (as many, at most 1000)"},
    {"rooms", KIND_COUNT, AT(rooms), 1, CONNECTIONS_MAX, "rooms: how many channels (200)"},
    {"room-size", KIND_COUNT, AT(room_size), 2, CONNECTIONS_MAX, "rooms: connections each (10)"},
    {"outstanding", KIND_COUNT, AT(outstanding), 1, 1024,
     "closed loop: messages in flight of each sending channel (1)"},
    {"outstanding-until", KIND_TEXT, 0, 0, 0, "ack, or delivered to everyone (delivered)"},
    {"rate", KIND_REAL, AT(rate), 0.001, 1e7,
     "open loop: messages a second in all; latency counts from when each was due"},
    {"duration", KIND_REAL, AT(duration_s), 0.1, SECONDS_MAX, "seconds that are measured (8)"},
    {"ramp", KIND_REAL, AT(ramp_s), 0, SECONDS_MAX, "seconds of load before that (1)"},
    {"grace", KIND_REAL, AT(grace_s), 0.1, SECONDS_MAX,
     "seconds to wait for what is missing at the end (10)"},
    {"text-bytes", KIND_COUNT, AT(text_bytes), TEXT_BYTES_MIN, TEXT_BYTES_MAX,
     "length of a message's text (200)"},
    {"messages", KIND_COUNT, AT(messages), 1, COUNT_MAX,
     "reconnect: sent while everyone is away (100)"},
    {"bystanders", KIND_COUNT, AT(bystanders), 1, 1000,
     "senders in channels of their own, whose acks are watched (0)"},
    {"bystander-rate", KIND_REAL, AT(bystander_rate), 0.001, 1e5,
     "messages a second of each of them (20)"},
    {"parallel", KIND_COUNT, AT(parallel), 1, CONNECTIONS_MAX,
     "connections being opened at a time (500)"},
    {"extended", KIND_FLAG, AT(extended), 0, 0, "say Hello"},
    {"client-ids", KIND_FLAG, AT(client_ids), 0, 0, "send a client_msg_id with every message"},
    {"busy-poll", KIND_FLAG, AT(busy_poll), 0, 0,
     "never sleep: no wake-ups at the server's cost; takes a core"},
    {"url", KIND_TEXT, 0, 0, 0,
     "the server (http://127.0.0.1:9000), or nodes of one: URL,URL,...\n"
     "among which connections take turns"},
    {"server-pid", KIND_TEXT, 0, 0, 0,
     "its process, or PID,PID,..., whose CPU and memory are measured"},
    {"json", KIND_TEXT, AT(json), 0, 0, "write the results to this file, - for stdout"},
    {"tokens", KIND_TEXT, AT(tokens), 0, 0, "file that keeps the users' tokens between runs"},
    {"user-prefix", KIND_TEXT, AT(prefix), 0, 0, "of the users' names (bench)"},
    {"jwt-secret", KIND_TEXT, AT(jwt_secret), 0, 0,
     "the server's accessJwtSecret: tokens are signed here, nobody logs in"},
    {"fsync-dir", KIND_TEXT, AT(fsync_dir), 0, 0,
     "ack: also time fdatasync of 4 KiB appends to a file there"},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static void help(void)
{
    puts("parley bench --scenario NAME [OPTIONS]\n\n"
         "Loads a chat server and checks count, order, duplicates and content of every delivery.\n"
         "Exits with 1 on any loss, duplicate or inversion.\n");
    for (const struct row *r = rows; r < rows + N_ROWS; r++) {
        printf("  --%-18s ", r->name);
        for (const char *p = r->help; *p != '\0'; p++) {
            putchar(*p);
            if (*p == '\n')
                printf("%23s", "");
        }
        putchar('\n');
    }
}

static bool set_count(const struct row *r, const char *text, struct options *o)
{
    unsigned long long v;
    if (!str_to_u64(str_of(text), &v) || (double)v < r->min || (double)v > r->max)
        return false;
    *(uint32_t *)(void *)((char *)o + r->offset) = (uint32_t)v;
    return true;
}

static bool set_real(const struct row *r, const char *text, struct options *o)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(v) || v < r->min || v > r->max)
        return false;
    *(double *)(void *)((char *)o + r->offset) = v;
    return true;
}

/* Takes the bytes before the first of `ends`, or all, from `text`. */
static struct str take_until(struct str *text, const char *ends)
{
    size_t n = 0;
    while (n < text->n && strchr(ends, text->p[n]) == NULL)
        n++;
    struct str taken = {text->p, n};
    *text = (struct str){text->p + n, text->n - n};
    return taken;
}

/* Takes `word` if `text` begins with it. */
static bool take_word(struct str *text, struct str word)
{
    if (text->n < word.n || memcmp(text->p, word.p, word.n) != 0)
        return false;
    *text = (struct str){text->p + word.n, text->n - word.n};
    return true;
}

/* http://HOST:PORT, nothing more. */
static bool set_server(struct str url, struct server *out)
{
    unsigned long long port = 80;
    if (!take_word(&url, STR("http://")))
        return false;
    struct str host = take_until(&url, ":/");
    if (!str_copy(host, out->host, sizeof out->host) || host.n == 0)
        return false;
    if (take_word(&url, STR(":")) &&
        (!str_to_u64(take_until(&url, "/"), &port) || port == 0 || port > UINT16_MAX))
        return false;
    out->port = (uint16_t)port;
    return url.n == 0 || str_eq(url, STR("/"));
}

/* Hands each of "A,B,..." to `take` with its place; false when it refuses one, or there are more
 * than SERVERS_MAX. `*n` gets how many. */
static bool set_list(const char *text, bool (*take)(struct str word, uint32_t i, struct options *o),
                     struct options *o, uint32_t *n)
{
    struct str rest = str_of(text);
    for (*n = 0; *n < SERVERS_MAX; ++*n) {
        if (!take(take_until(&rest, ","), *n, o))
            return false;
        if (!take_word(&rest, STR(","))) {
            ++*n;
            return true;
        }
    }
    return false;
}

static bool take_url(struct str word, uint32_t i, struct options *o)
{
    return set_server(word, &o->servers[i]);
}

static bool take_pid(struct str word, uint32_t i, struct options *o)
{
    unsigned long long pid;
    if (!str_to_u64(word, &pid) || pid == 0 || pid > INT32_MAX)
        return false;
    o->server_pids[i] = (int)pid;
    return true;
}

static bool set(const struct row *r, const char *text, struct options *o)
{
    switch (r->kind) {
    case KIND_COUNT:
        return set_count(r, text, o);
    case KIND_REAL:
        return set_real(r, text, o);
    case KIND_FLAG:
        *(bool *)((char *)o + r->offset) = true;
        return true;
    case KIND_TEXT:
        break;
    }
    if (strcmp(r->name, "url") == 0)
        return set_list(text, take_url, o, &o->n_servers);
    if (strcmp(r->name, "server-pid") == 0)
        return set_list(text, take_pid, o, &(uint32_t){0});
    if (strcmp(r->name, "outstanding-until") == 0) {
        o->until_ack = strcmp(text, "ack") == 0;
        return o->until_ack || strcmp(text, "delivered") == 0;
    }
    *(const char **)(void *)((char *)o + r->offset) = text;
    return true;
}

static int options_check(struct options *o)
{
    if (o->scenario == NULL)
        return cli_misuse("bench", "--scenario is missing; `parley bench --help` lists them");
    if (strcmp(o->scenario, "rooms") == 0) {
        if ((uint64_t)o->rooms * o->room_size > CONNECTIONS_MAX)
            return cli_misuse("bench", "more than %d connections", CONNECTIONS_MAX);
        o->connections = o->rooms * o->room_size;
    }
    if (o->users == 0)
        o->users = o->connections < 1000 ? o->connections : 1000;
    if (o->users > o->connections)
        return cli_misuse("bench", "more users than connections");
    return CLI_OK;
}

int options_parse(struct options *o, int argc, char **argv)
{
    struct option list[N_ROWS + 2] = {[N_ROWS] = {"help", no_argument, NULL, N_ROWS}};
    for (int i = 0; i < N_ROWS; i++)
        list[i] = (struct option){
            rows[i].name, rows[i].kind == KIND_FLAG ? no_argument : required_argument, NULL, i};
    *o = (struct options){.servers = {{"127.0.0.1", 9000}},
                          .n_servers = 1,
                          .connections = 1000,
                          .rooms = 200,
                          .room_size = 10,
                          .outstanding = 1,
                          .duration_s = 8,
                          .ramp_s = 1,
                          .grace_s = 10,
                          .text_bytes = 200,
                          .messages = 100,
                          .bystander_rate = 20,
                          .parallel = 500,
                          .prefix = "bench"};
    opterr = 0;
    for (int i; (i = getopt_long(argc, argv, "", list, NULL)) != -1;) {
        if (i == N_ROWS) {
            help();
            return -1;
        }
        if (i < 0 || i > N_ROWS)
            return cli_misuse("bench", "what is %s?", argv[optind - 1]);
        if (!set(&rows[i], optarg, o))
            return cli_misuse("bench", "--%s cannot be %s", rows[i].name, optarg);
    }
    if (optind != argc)
        return cli_misuse("bench", "what is %s?", argv[optind]);
    return options_check(o);
}
