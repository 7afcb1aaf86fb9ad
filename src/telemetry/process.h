/* Figures of this process as the kernel keeps them, under the names every Prometheus client
 * library gives them. */
#ifndef PARLEY_TELEMETRY_PROCESS_H
#define PARLEY_TELEMETRY_PROCESS_H

#include <stdint.h>

/* -1: the kernel does not tell (no /proc). */
struct process {
    int64_t cpu_us; /* user and system, all threads */
    int64_t resident_bytes, virtual_bytes;
    int64_t open_fds, max_fds;
    int64_t started_ms; /* since 1970 */
};

/* Reads them all; some file reads, so tens of microseconds. Any thread. */
void process_read(struct process *out);

#endif
