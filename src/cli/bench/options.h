/* What the bench is asked to do. */
#ifndef PARLEY_CLI_BENCH_OPTIONS_H
#define PARLEY_CLI_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define SERVERS_MAX 16

struct server {
    char host[256];
    uint16_t port;
};

struct options {
    struct server servers[SERVERS_MAX]; /* the nodes of one cluster; connections take turns */
    uint32_t n_servers;
    const char *scenario;
    uint32_t connections, users, rooms, room_size;
    uint32_t outstanding; /* messages in flight, of each sending channel */
    bool until_ack;       /* in flight until the ack; else until everyone has it */
    double rate;          /* messages a second in all; 0: closed loop */
    double duration_s, ramp_s, grace_s;
    uint32_t text_bytes;
    uint32_t messages;            /* reconnect: sent while everyone is away */
    uint32_t bystanders;          /* senders in channels of their own */
    double bystander_rate;        /* messages a second of each */
    uint32_t parallel;            /* connections that are being opened at a time */
    bool extended, client_ids;    /* say Hello; send client_msg_id */
    bool busy_poll;               /* never sleep */
    int server_pids[SERVERS_MAX]; /* whose CPU and memory are looked at, 0 behind the last */
    const char *json;             /* file, "-" for stdout, NULL */
    const char *tokens;           /* file that keeps the users' tokens */
    const char *prefix;           /* of the users' names and addresses */
    const char *jwt_secret;       /* NULL: log in */
    const char *fsync_dir;        /* ack: NULL for no comparison */
};

/* Fills `o` from the command line. CLI_OK, CLI_MISUSE (said why), or -1: help was asked for and
 * given. */
int options_parse(struct options *o, int argc, char **argv);

#endif
