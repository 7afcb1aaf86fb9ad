/* The partitioned log of the cluster engine (Kafka's topic): records in, records out, in one order
 * a partition. It knows nothing of what is in them.
 *
 * Every driver promises: a record that was answered ERR_OK is on every in-sync replica and stays at
 * its place; records of one key are in one partition, in the order in which `produce` took them; a
 * record is never in the log twice through a retry of the driver; readers see a record only once it
 * is durable, in the order of its offsets, each once. Offsets grow, with holes.
 */
#ifndef PARLEY_PORT_EVENT_LOG_H
#define PARLEY_PORT_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

#define LOG_PARTITIONS_MAX 64 /* six bits of an id */
#define LOG_TAG_MAX        64 /* bytes of a tag */
#define LOG_TRACE_MAX      64 /* bytes of a W3C traceparent */

/* A record on its way. The caller owns it and keeps it and its strings unchanged until `done`. */
struct log_send {
    struct log_send *next; /* the driver's */
    struct uuid key;
    struct str value;
    struct str tag;   /* travels beside the value, for the producer itself; may be empty */
    struct str trace; /* traceparent; may be empty */
    /* Once, on a thread of the driver: must not block and not produce. */
    void (*done)(struct log_send *self);

    /* The answer, set before `done`: ERR_OK, ERR_UNAVAILABLE (it is not and will not be in the
     * log), ERR_UNKNOWN (it may be). */
    enum err err;
    unsigned partition;
    uint64_t offset;
    int64_t time_ms; /* the record's; left alone where the log tells it to readers only */
};

/* A record read back; everything lives until the callback returns. */
struct log_record {
    unsigned partition;
    uint64_t offset;
    int64_t time_ms; /* when the log took it (append time), since 1970 */
    struct uuid key;
    struct str value, tag, trace;
};

struct event_log;
struct log_reader;

/* What a reader tells; all on the thread that polls. */
struct log_listener {
    void (*record)(struct log_listener *self, const struct log_record *r);
    /* Of a group reader: partitions come and go. On `assigned` the listener may move `offsets`
     * (which hold where the group has committed, LOG_FROM_START when nowhere). On `revoked` it may
     * still commit. NULL for a plain reader. */
    void (*assigned)(struct log_listener *self, const unsigned *partitions, uint64_t *offsets,
                     size_t n);
    void (*revoked)(struct log_listener *self, const unsigned *partitions, size_t n);
};

#define LOG_FROM_START 0
#define LOG_FROM_END   UINT64_MAX

struct event_log_ops {
    /* Queues `s`. ERR_OK: `done` will come. ERR_UNAVAILABLE: the queue is full, the log is not
     * reachable or stops; `done` will not come. Any thread; never blocks. */
    enum err (*produce)(struct event_log *self, struct log_send *s);
    /* 1..LOG_PARTITIONS_MAX; fixed while the log is open. */
    unsigned (*partitions)(struct event_log *self);
    unsigned (*partition_of)(struct event_log *self, const struct uuid *key);
    /* What names this very log: another one under the same name has another identity. Blocks. */
    enum err (*identity)(struct event_log *self, struct uuid *out);
    /* The first offset that is still there and the one after the last durable one. Blocks. */
    enum err (*bounds)(struct event_log *self, unsigned partition, uint64_t *first, uint64_t *end);

    /* A reader of all partitions, from `offsets[partition]`. An offset that is no longer there is
     * told as ERR_NOT_FOUND by the next poll: nothing is skipped in silence. */
    enum err (*read)(struct event_log *self, const uint64_t *offsets, struct log_listener *listener,
                     struct log_reader **out);
    /* A member of the consumer group `group`, which shares the partitions among its members. */
    enum err (*join)(struct event_log *self, const char *group, struct log_listener *listener,
                     struct log_reader **out);
    /* Hands out what is there, at most `max` records, waiting up to `wait_ms` for the first. One
     * thread a reader. ERR_OK (also when nothing came), ERR_UNAVAILABLE (the log cannot be reached;
     * poll again, it reconnects by itself), ERR_NOT_FOUND. */
    enum err (*poll)(struct log_reader *r, unsigned max, unsigned wait_ms);
    /* Of a group reader: everything of `partition` below `offset` is done. Blocks. */
    enum err (*commit)(struct log_reader *r, unsigned partition, uint64_t offset);
    /* Of a group reader: no more of `partition` until resumed (its queue downstream is full). */
    void (*pause)(struct log_reader *r, unsigned partition, bool paused);
    /* Leaves the group too. Tells the listener nothing more: what is not committed is another's. */
    void (*close_reader)(struct log_reader *r);
    /* What `group` has committed of each partition (`out`, as many as there are partitions;
     * LOG_FROM_START where nothing). Blocks. */
    enum err (*committed)(struct event_log *self, const char *group, uint64_t *out);
    /* Can the log be written now? Otherwise says why not in `detail`. Never blocks. */
    bool (*is_ready)(struct event_log *self, char *detail, size_t size);
};

struct event_log {
    const struct event_log_ops *ops;
};

#endif
