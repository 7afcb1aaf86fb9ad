/* Is this process fit to serve? What /readyz tells a load balancer: 200 while every backing
 * service that was registered says so and nothing is being drained, else 503, and in both cases
 * the state of each. Health (/healthz) is another question, that of a process that still answers,
 * and needs nothing from here.
 *
 * The checks run on the event loops, on several at once: they look at what is known already and
 * never wait.
 */
#ifndef PARLEY_DELIVERY_OPS_READY_H
#define PARLEY_DELIVERY_OPS_READY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define READY_CHECKS_MAX  16
#define READY_DETAIL_SIZE 96

struct ready_check {
    const char *name; /* "journal", "database": a key of the answer; static */
    /* May write a sentence for people into `detail` (READY_DETAIL_SIZE, "" before the call). Must
     * not block; any thread. */
    bool (*is_ready)(void *arg, char *detail);
    void *arg;
};

/* Appends the members `,"draining":...,"services":{...}` of an object to `out`; returns whether all
 * is ready. */
bool ready_render(const struct ready_check *checks, size_t n, bool draining, struct buf *out);

#endif
