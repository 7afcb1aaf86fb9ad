/* The role `retry`: what a consumer could not do is tried again, with growing delays, and laid
 * aside when that does not help either.
 *
 *     parley.retry ──read──> backlog ──due──> a try ──ok──> done
 *          ^                                    │
 *          └──── attempt + 1, later ────────────┤ failed
 *                                               └── the last one ──> parley.dead
 *
 * The log is read as a member of a group, ahead of time: envelopes wait in memory, ordered by when
 * they are due, so that a long delay does not stand in the way of a short one behind it. At
 * RETRY_ITEMS_MAX envelopes or RETRY_BYTES_MAX bytes reading pauses until half of them are gone.
 * A failed envelope is in the log again (or among the dead) before the old one counts as done; a
 * partition is committed up to the oldest that is not done. So nothing is lost by a crash or a
 * rebalancing, but what was done behind an envelope that still waited is done again: receivers
 * know repeats by the envelope's id.
 *
 * The delay after the n-th try is RETRY_DELAY_MS * 3^(n-1), at most RETRY_DELAY_MAX_MS, less up to
 * a fifth by chance, so that what failed together does not come back together.
 *
 * Records that are no envelopes are counted and passed over. While the logs are away everything
 * waits; a try whose outcome could not be written is not repeated, only the writing is.
 */
#ifndef PARLEY_CONSUMER_RETRY_H
#define PARLEY_CONSUMER_RETRY_H

#include "base/clock.h"
#include "port/event_log.h"
#include "port/webhook.h"

#define RETRY_ATTEMPTS     8
#define RETRY_DELAY_MS     5000
#define RETRY_DELAY_MAX_MS (3600 * 1000)
#define RETRY_ITEMS_MAX    4096
#define RETRY_BYTES_MAX    (32u * 1024 * 1024)

struct retry_config {
    struct event_log *retry, *dead;
    const char *group;     /* of consumers */
    struct web_hook *hook; /* for ENVELOPE_WEBHOOK */
    const struct clock *clock;
    unsigned attempts_max; /* tries in all; 0: RETRY_ATTEMPTS */
    unsigned threads;      /* tries at a time; 0: one, on the thread that steps */
    size_t items_max;      /* 0: RETRY_ITEMS_MAX */
};

struct retry;
/* Everything of `config` is borrowed. Does nothing until it is started or stepped. */
struct retry *retry_new(const struct retry_config *config);
/* A thread of its own steps until retry_stop. */
void retry_start(struct retry *r);
/* Reads, waiting up to `wait_ms` for a record; tries what is due; takes what came of earlier ones;
 * commits. For tests, and for the thread. */
void retry_step(struct retry *r, unsigned wait_ms);
/* Waits for the tries that are under way, commits, and leaves the group. NULL is fine, and so is a
 * second time. */
void retry_stop(struct retry *r);
/* Stops it if need be. NULL is fine. */
void retry_free(struct retry *r);

/* How long to wait after try number `attempt` (>= 1), before chance is subtracted. */
int64_t retry_delay_ms(unsigned attempt);

#endif
