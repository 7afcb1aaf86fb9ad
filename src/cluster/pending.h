/* The sends of this node that have gone out to the log and are not answered yet. Inside cluster
 * only, part of the journal.
 *
 * Each has a number, which travels in the record's tag with the name of this process; by it the
 * follower knows its own when it reads them back. The log's report and the follower's judgement
 * come in any order, and one of them may not come at all:
 *
 *     the follower has judged it          answered with the judgement
 *     reported: it is not in the log      answered ERR_UNAVAILABLE
 *     reported: it may be in the log      answered with the judgement if that comes within a
 * second, else ERR_UNKNOWN neither within PENDING_TIMEOUT_US   answered ERR_UNKNOWN
 *
 * Answers leave on one thread, the journal's, which takes them. A place is free again when its send
 * is answered and the log has reported; there are twice as many places as sends may wait.
 */
#ifndef PARLEY_CLUSTER_PENDING_H
#define PARLEY_CLUSTER_PENDING_H

#include <pthread.h>

#include "base/buf.h"
#include "base/list.h"
#include "port/event_log.h"
#include "port/journal.h"
#include "telemetry/trace.h"

#define PENDING_TIMEOUT_US INT64_C(15000000)
#define PENDING_GRACE_US   INT64_C(1000000)
#define PENDING_MAX        (1u << 20)
#define PENDING_TAG_BYTES  16

struct pendings;
struct pending {
    struct list by_time; /* while it waits: by when its time is over */
    struct pendings *all;
    struct log_send send;
    struct append *append; /* NULL: answered */
    struct buf value;
    char tag[PENDING_TAG_BYTES];
    uint64_t number;
    int64_t deadline_us, begun_us;
    struct trace_context parent, trace; /* the send's, and its way into the log's */
    char trace_text[TRACEPARENT_LEN + 1];
    bool is_out; /* the log has not reported yet */
    struct pending *next_free;
};

struct pendings {
    pthread_mutex_t mutex;
    const struct clock *clock;
    uint64_t process;
    size_t waiting_max, waiting;
    struct pending **places; /* by number % PENDING_MAX */
    size_t n_places, cap;
    struct pending *free;
    struct list sent, doubtful; /* each in the order of deadlines */
    struct append *answers, **answers_tail;
};

void pendings_init(struct pendings *p, const struct clock *clock, size_t waiting_max);
/* Nobody waits any more. Waits until the log has reported on all that is out. */
void pendings_fini(struct pendings *p);

/* A place for `a`, with a send whose tag and `done` are set; NULL when as many wait as may. The
 * caller fills `value` and hands it to the log. */
struct pending *pending_take(struct pendings *p, struct append *a);
/* The log did not take it: the place is free. True: the append is the caller's again; false: it was
 * answered meanwhile. */
bool pending_drop(struct pending *pending);

/* The journal's thread: whose record is this? Takes it out; NULL when it is not ours, or answered
 * already. */
struct append *pendings_judged(struct pendings *p, struct str tag);
/* Any thread: `a`, whose verdict is set, is to be answered. */
void pendings_answer(struct pendings *p, struct append *a);
/* The journal's thread: gives up what has waited too long; takes the answers, oldest first. `all`:
 * everything that waits, because the journal ends. */
struct append *pendings_take_answers(struct pendings *p, bool all);
/* How many wait; how many the log has not reported on. */
size_t pendings_waiting(struct pendings *p);
size_t pendings_out(struct pendings *p);

#endif
