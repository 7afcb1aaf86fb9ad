/* What a process has used, as the kernel tells in /proc. */
#ifndef PARLEY_CLI_BENCH_USAGE_H
#define PARLEY_CLI_BENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct usage {
    bool known;
    double cpu_s; /* user and system, all threads, since its start */
    double rss_kib;
};

/* `pid` 0: nothing is known. */
struct usage usage_of(int pid);

#endif
