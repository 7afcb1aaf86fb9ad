/* The judge of a partition: given its log from the beginning, or from a snapshot, every follower on
 * every node comes to the same verdicts. It does no input or output, asks no clock and no chance
 * (its hash seed changes nothing but where things lie); its caller feeds it records.
 *
 *     record -> decode -> repeat? -> stamp -> head of the channel -> judgement
 *
 * `seq` is the epoch (12 bits) and the offset (41 bits). A message or reply gets as its id the
 * log's time, or the last stamp plus one if that is later. A repeated client id is recognised
 * within the window: ten minutes of the log's time before the record, at most 2^20 ids, and as far
 * back as the last 65,536 repeats reach (window.h). A join, leave or creation is applied if its
 * version is above the channel's.
 *
 * Starting from a snapshot. The records from its window_from to its next_offset only fill the
 * window (VERDICT_KNOWN). Heads are written before the snapshot and may be ahead of it, by as much
 * as persist has done since: up to the newest of them the judgements are `covered`, which means
 * that their posts are in the store, that their stamps are right, and that what depends on the head
 * (prev_seq, a stale change) may not be. From there on everything is exact. One thing a follower
 * that started late cannot know: the prev_seq of a repeat whose first post was the first of its
 * channel within the window; `knows_prev` says so, and the store has it.
 *
 * Who calls: one thread at a time.
 */
#ifndef PARLEY_CLUSTER_FOLLOWER_H
#define PARLEY_CLUSTER_FOLLOWER_H

#include "cluster/record.h"
#include "port/event_log.h"
#include "port/history_store.h"

#define FOLLOWER_WINDOW_MS  (INT64_C(10) * 60 * 1000)
#define FOLLOWER_WINDOW_IDS (UINT32_C(1) << 20)
#define FOLLOWER_OTHERS     (UINT32_C(1) << 16)
#define FOLLOWER_EPOCH_MAX  4095
#define FOLLOWER_HEADS      1000

#define SEQ_OFFSET_BITS 41
#define SEQ_OFFSET_MAX  ((UINT64_C(1) << SEQ_OFFSET_BITS) - 1)

static inline uint64_t seq_of(uint32_t epoch, uint64_t offset)
{
    return (uint64_t)epoch << SEQ_OFFSET_BITS | offset;
}

static inline uint64_t seq_offset(uint64_t seq)
{
    return seq & SEQ_OFFSET_MAX;
}

static inline uint32_t seq_epoch(uint64_t seq)
{
    return (uint32_t)(seq >> SEQ_OFFSET_BITS);
}

enum verdict {
    VERDICT_POST,     /* a message or reply: it happened here */
    VERDICT_CHANGE,   /* a join, leave or creation: it happened here */
    VERDICT_REPEAT,   /* of a post; the stamps are the first one's */
    VERDICT_CONFLICT, /* another content under a client id that was used */
    VERDICT_STALE,    /* a change that was told already */
    VERDICT_INVALID,  /* no record of ours */
    VERDICT_KNOWN,    /* below the snapshot, or read twice: nothing is said of it */
};

struct judgement {
    enum verdict verdict;
    bool covered;    /* the store holds it; see above */
    bool knows_prev; /* of a repeat: event.prev_seq is right */
    /* Decoded, with its stamps, of the record judged; its strings live as long as the record's
     * value. Of a repeat seq, prev_seq, id and at_us are the first one's. Undefined after
     * VERDICT_INVALID and VERDICT_KNOWN. */
    struct event event;
    uint64_t version; /* of a change */
};

/* The limits are the constants above, but for tests; 0: those. Powers of two. */
struct follower_config {
    uint32_t epoch; /* 1..FOLLOWER_EPOCH_MAX */
    unsigned partition;
    uint64_t seed; /* secret: nobody shall be able to make hashes collide */
    int64_t window_ms;
    uint32_t window_ids, others;
};

struct follower;
struct follower *follower_new(const struct follower_config *config);
void follower_free(struct follower *f);

/* ---- Where it starts: one of the first two, then heads, then records ---- */

/* At the first record of a new log; `last_id` is the greatest id that was handed out before it. */
void follower_begin(struct follower *f, uint64_t last_id);
/* At a snapshot of its epoch and partition. False when that is no snapshot. */
bool follower_load(struct follower *f, const struct log_snapshot *s);
/* False when it is none that this partition can have. */
bool follower_load_head(struct follower *f, const struct channel_head *head);
/* The log no longer holds what comes before `first`. Harmless where the follower does not need it;
 * otherwise the window is given up; false when records are lost that were never judged. */
bool follower_lose_before(struct follower *f, uint64_t first);
/* The offset to read from. */
uint64_t follower_read_from(const struct follower *f);

/* ---- Judging ---- */

/* Records come in the order of the log. */
void follower_judge(struct follower *f, const struct log_record *r, struct judgement *out);

/* The offset after the last one judged. */
uint64_t follower_next(const struct follower *f);
/* Below this offset judgements are covered. */
uint64_t follower_exact_from(const struct follower *f);
/* Do the records read back so far fit the snapshot? False: the log is not the one it is of. */
bool follower_is_sound(const struct follower *f);
/* The last stamp. */
uint64_t follower_last_id(const struct follower *f);
/* The end of a channel; NULL when nothing ever happened in it. Valid until the next call. */
const struct channel_head *follower_head(const struct follower *f, const struct uuid *channel);

/* ---- What the window reaches, for who admits sends ---- */

/* Every client id of a post stamped at or after this time (milliseconds since 1970) is in the
 * window. */
int64_t follower_window_ms(const struct follower *f);
/* Which posts will be in the window for a while still, `margin_ms` long, if it is `now_ms` now:
 * those at and after the offset returned. */
uint64_t follower_window_safe(const struct follower *f, int64_t now_ms, int64_t margin_ms);

/* May a client id of that time have been posted by the user before that time, his clock being
 * ahead?
 */
bool follower_is_early(const struct follower *f, const struct uuid *user, int64_t id_ms);

/* ---- What persist writes ---- */

/* The heads that changed since the last call; calls `each` with up to FOLLOWER_HEADS at a time.
 * Stops at the first error and returns it: then all of them count as changed still. */
enum err follower_changed_heads(struct follower *f,
                                enum err (*each)(const struct channel_head *heads, size_t n,
                                                 void *arg),
                                void *arg);
/* Where it stands. `blob` is emptied, and must allow LOG_NOT_FIRST_MAX; out->not_first points into
 * it. */
void follower_snapshot(const struct follower *f, struct buf *blob, struct log_snapshot *out);

#endif
