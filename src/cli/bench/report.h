/* What came out, as a table for people and as JSON for programs: the same rows. */
#ifndef PARLEY_CLI_BENCH_REPORT_H
#define PARLEY_CLI_BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/bench/histogram.h"
#include "cli/bench/load.h"
#include "cli/bench/options.h"

enum { REPORT_ROWS_MAX = 64 };

struct report {
    struct report_row {
        char key[40]; /* in JSON, unit last */
        char label[48];
        const char *unit;
        double value;
        int digits;
    } rows[REPORT_ROWS_MAX];
    unsigned n;
};

/* `key` and `label` are copied, `unit` is borrowed. */
void report_add(struct report *r, const char *key, const char *label, double value, int digits,
                const char *unit);
/* p50, p90, p99, p99.9 and the maximum, in milliseconds; nothing when it is empty. */
void report_add_latency(struct report *r, const char *key, const char *label,
                        const struct histogram *h);
/* The table on stdout (stderr where JSON goes to stdout), the JSON where it was asked for. False
 * when that cannot be written. */
bool report_print(const struct report *r, const struct options *o, const struct faults *f);
uint64_t faults_sum(const struct faults *f);

#endif
