/* What processes have used, as the kernel tells in /proc. */
#ifndef PARLEY_CLI_BENCH_USAGE_H
#define PARLEY_CLI_BENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct usage {
    bool known;
    double cpu_s; /* user and system, all threads, since its start */
    double rss_kib;
};

/* The sum over `pids`, of SERVERS_MAX or with a 0 behind the last. Nothing is known when one of
 * them is gone, or there is none. */
struct usage usage_of(const int *pids);

#endif
