/* The scenarios. Each sets its stage, runs, and adds its rows to the report; false with the reason
 * when it could not run at all. */
#ifndef PARLEY_CLI_BENCH_SCENARIO_H
#define PARLEY_CLI_BENCH_SCENARIO_H

#include <pthread.h>
#include <stdatomic.h>

#include "cli/bench/load.h"
#include "cli/bench/report.h"
#include "cli/bench/usage.h"

/* Senders in channels of their own, on a thread of their own, so that how busy the rest of the
 * bench is does not show in what they see. */
struct bystanders {
    bool running;
    struct options options;
    struct load load;
    pthread_t thread;
    atomic_bool stop;
};

struct bench {
    struct options options;
    struct load load;
    struct bystanders bystanders;
    struct report report;
    char reason[300];
    struct usage before, connected; /* the server, before the first client and when all are there */
    struct usage begin, end;        /* of the measurement */
};

bool scenario_fanout(struct bench *b);
bool scenario_rooms(struct bench *b);
bool scenario_ack(struct bench *b);
bool scenario_idle(struct bench *b);
bool scenario_reconnect(struct bench *b);

/* Sets the stage and connects, timing it and weighing the server before and after. */
bool bench_prepare(struct bench *b, const struct shape *shape);
/* The bystanders, if any were asked for, send until they are stopped; stopping waits for what they
 * have under way, and adds what they saw to the report and to the faults. */
bool bystanders_start(struct bench *b);
void bystanders_stop(struct bench *b);
/* Runs the load, and bystanders beside it; adds throughput, latencies and the server's CPU for what
 * was delivered. */
bool bench_run(struct bench *b);
/* The server's memory for each connection. */
void bench_add_memory(struct bench *b);

#endif
