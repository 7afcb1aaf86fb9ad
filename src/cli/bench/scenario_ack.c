/* ack: one sender alone. What an ack costs above making its bytes durable: compared with appends of
 * one page to a file that grows, each followed by fdatasync, in the same run. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench/scenario.h"

#define APPEND_BYTES 4096
#define APPENDS      1000 /* before the load, and again after it */

static bool time_appends(struct bench *b, struct histogram *h)
{
    char path[400], page[APPEND_BYTES];
    memset(page, 'p', sizeof page);
    snprintf(path, sizeof path, "%s/parley-bench-fsync-%d", b->options.fsync_dir, (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    bool done = fd >= 0;
    for (int i = 0; i < APPENDS && done; i++) {
        uint64_t start_ns = clock_ns();
        done = write(fd, page, sizeof page) == (ssize_t)sizeof page && fdatasync(fd) == 0;
        histogram_add(h, clock_ns() - start_ns);
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    if (!done)
        snprintf(b->reason, sizeof b->reason, "appends to a file in %s fail", b->options.fsync_dir);
    return done;
}

bool scenario_ack(struct bench *b)
{
    static struct histogram appends;
    bool compare = b->options.fsync_dir != NULL;
    b->options.connections = b->options.users = 1;
    if (!bench_prepare(b, &(struct shape){1, 1, 1, b->options.outstanding, 0}))
        return false;
    if (compare && !time_appends(b, &appends))
        return false;
    if (!bench_run(b))
        return false;
    if (compare && !time_appends(b, &appends))
        return false;
    if (!compare)
        return true;
    report_add_latency(&b->report, "fdatasync", "fdatasync of a 4 KiB append", &appends);
    report_add(&b->report, "ack_to_fdatasync", "ack p50 to fdatasync p50",
               (double)histogram_quantile(&b->load.ack, 0.5) /
                   (double)histogram_quantile(&appends, 0.5),
               2, "");
    return true;
}
