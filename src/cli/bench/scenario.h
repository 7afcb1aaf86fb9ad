/* The scenarios. Each sets its stage, runs, and adds its rows to the report; false with the reason
 * when it could not run at all. */
#ifndef PARLEY_CLI_BENCH_SCENARIO_H
#define PARLEY_CLI_BENCH_SCENARIO_H

#include "cli/bench/load.h"
#include "cli/bench/report.h"
#include "cli/bench/usage.h"

struct bench {
    struct options options;
    struct load load;
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
/* Runs the load with the server's usage around what is measured. */
void bench_run(struct bench *b);
/* Throughput, latencies, the server's CPU for what was delivered. */
void bench_add_load(struct bench *b);
/* The server's memory for each connection. */
void bench_add_memory(struct bench *b);

#endif
