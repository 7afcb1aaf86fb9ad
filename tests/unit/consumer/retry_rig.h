/* Two logs in memory, a web hook that does as it is told, and a clock that moves by hand. */
#ifndef PARLEY_UNIT_RETRY_RIG_H
#define PARLEY_UNIT_RETRY_RIG_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/memory/event_log.h"
#include "consumer/dead.h"
#include "consumer/retry.h"

#define RETRY_RIG_START_MS INT64_C(1767225600000)
#define RETRY_RIG_POSTS    4096

struct retry_rig {
    struct clock_manual clock;
    struct memory_event_log *retry_memory, *dead_memory;
    struct event_log *retry_log, *dead_log;
    struct web_hook hook;
    atomic_uint fail_next; /* posts that fail from now on; UINT_MAX: all */
    atomic_uint slow_ms;   /* what a post takes */
    atomic_uint n_posts;
    unsigned posted[RETRY_RIG_POSTS]; /* the numbers of the ids, in order */
    struct retry *retry;
};

/* cmocka's set-up and tear-down, without a retry. */
int retry_rig_setup(void **state);
int retry_rig_teardown(void **state);
/* Makes the retry; zeros are the defaults. */
void retry_rig_open(struct retry_rig *r, unsigned threads, unsigned attempts_max, size_t items_max);
/* As a crash would: what is in memory is gone, nothing is committed. */
void retry_rig_crash(struct retry_rig *r);
struct envelope retry_rig_envelope(unsigned number);
/* Puts envelope `number` into the log, due in `in_ms`. */
void retry_rig_put(struct retry_rig *r, struct event_log *log, unsigned number, int64_t in_ms);
void retry_rig_put_bytes(struct event_log *log, struct str bytes);
/* Steps until there were `n` posts, and a few times more: not one more comes. */
void retry_rig_step_until(struct retry_rig *r, unsigned n);
void retry_rig_advance(struct retry_rig *r, int64_t ms);
/* How many letters are open, the last one's attempts. */
size_t retry_rig_dead(struct retry_rig *r, unsigned *attempts);
/* How many records of the retry log are committed. */
uint64_t retry_rig_committed(struct retry_rig *r);

#endif
