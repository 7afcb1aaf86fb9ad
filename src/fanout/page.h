/* A page of a channel's history, read and encoded on a worker. Never kept: what the reader does
 * not take when it comes is read again later. */
#ifndef PARLEY_FANOUT_PAGE_H
#define PARLEY_FANOUT_PAGE_H

#include "domain/limits.h"
#include "fanout/job.h"
#include "fanout/run.h"
#include "fanout/shard.h"

struct page {
    struct job job; /* `err` says whether the rest holds */
    struct uuid channel;
    uint64_t after;    /* what follows this position */
    uint64_t boundary; /* without `more`, nothing else lies between `after` and this */
    bool more;
    unsigned n;
    struct run *runs[LIMIT_PAGE_ROWS];
};

/* Asks for it; catchup_take_page gets it, if the session is still there. */
void page_start(struct session *s, const struct uuid *channel, uint64_t after, uint64_t boundary);

#endif
