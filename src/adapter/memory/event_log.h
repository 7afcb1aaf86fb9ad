/* The partitioned log in memory: what port/event_log.h means, said in the simplest way, and the
 * log of the cluster engine's tests and simulator. One mutex, a list of records a partition; it
 * forgets everything when it is freed.
 *
 *     produce -> queue -> (settle) -> partition -> readers, groups
 *
 * What is queued is settled, which means put into its partition and answered, by a thread; stepped,
 * by memory_event_log_step on the calling thread, so that a schedule can be repeated. Everything
 * that can go wrong with a real log can be made to: it is away, it refuses, it loses the answer, it
 * takes its time, it expels a member of a group, it has forgotten its beginning.
 *
 * A group shares its partitions in the order of joining. When its members change, a partition is
 * first taken from the one (`revoked`, within its next poll) and only then given to the other.
 */
#ifndef PARLEY_ADAPTER_MEMORY_EVENT_LOG_H
#define PARLEY_ADAPTER_MEMORY_EVENT_LOG_H

#include "base/clock.h"
#include "port/event_log.h"

struct memory_event_log_config {
    const struct clock *clock; /* the log's time */
    unsigned partitions;       /* 1..LOG_PARTITIONS_MAX */
    size_t sends_max;          /* that may wait; more are refused. 0: 65,536 */
    bool stepped;
};

struct memory_event_log;
struct memory_event_log *memory_event_log_new(const struct memory_event_log_config *config);
/* Answers what is queued. All readers are closed before. NULL is fine. */
void memory_event_log_free(struct memory_event_log *l);
/* The door. Lives as long as the log. */
struct event_log *memory_event_log_door(struct memory_event_log *l);

/* Stepped: settles what is queued; returns how many sends that were. */
size_t memory_event_log_step(struct memory_event_log *l);

/* What becomes of a send. */
enum memory_fault {
    MEMORY_FAULT_NONE,
    MEMORY_FAULT_REFUSED,     /* ERR_UNAVAILABLE; it is not in the log */
    MEMORY_FAULT_ANSWER_LOST, /* ERR_UNKNOWN; it is in the log */
    MEMORY_FAULT_LOST,        /* ERR_UNKNOWN; it is not in the log */
};
/* The next `n` sends that are settled come to that. */
void memory_event_log_fail(struct memory_event_log *l, enum memory_fault fault, size_t n);
/* While set, sends are taken and then answered ERR_UNAVAILABLE; readers go on. */
void memory_event_log_refuse(struct memory_event_log *l, bool refuse);
/* While set, the log cannot be reached: every call is ERR_UNAVAILABLE; what is queued waits. */
void memory_event_log_cut(struct memory_event_log *l, bool cut);
/* While set, what is queued stays so: durability takes its time. */
void memory_event_log_hold(struct memory_event_log *l, bool hold);
/* The log's past before `offset` is gone, as when its time is over. */
void memory_event_log_trim(struct memory_event_log *l, unsigned partition, uint64_t offset);
/* Leaves `n` offsets unused, as a transaction's markers do. */
void memory_event_log_skip(struct memory_event_log *l, unsigned partition, uint64_t n);
/* The group takes `r`'s partitions away without asking, as from a member that fell silent; it hears
 * of it in its next poll, which joins again. */
void memory_event_log_expel(struct memory_event_log *l, struct log_reader *r);

/* Puts a record in at once, on this thread, at the given log time: for recorded logs. Returns its
 * offset. */
uint64_t memory_event_log_put(struct memory_event_log *l, unsigned partition, int64_t time_ms,
                              const struct uuid *key, struct str value, struct str tag);

#endif
