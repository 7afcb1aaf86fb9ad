/* Positions and message ids.
 *
 * `seq` is a position in the journal: it grows strictly within a channel and stays below 2^53, so
 * that every JSON client holds it exactly. `message_id` and `reply_id` are snowflakes below 2^53:
 *
 *     41 bits  milliseconds since ID_EPOCH_MS
 *      6 bits  partition (0 in the embedded engine)
 *      6 bits  step
 *
 * The journal stamps them, from the record's time and its last stamp: an id is never repeated and
 * never smaller than one before it, through clock steps and restarts. Within one partition the
 * stamp is the pair (milliseconds, step) counted as one number; when a millisecond's 64 steps are
 * used up or the clock went back, it borrows from the milliseconds ahead.
 */
#ifndef PARLEY_DOMAIN_ID_H
#define PARLEY_DOMAIN_ID_H

#include <stdint.h>

/* 2010-11-04T01:42:54.657Z, chat-app's (and Twitter's) epoch, in milliseconds since 1970. */
#define ID_EPOCH_MS  1288834974657
#define ID_MAX       ((UINT64_C(1) << 53) - 1)
#define ID_BUCKET_MS (INT64_C(10) * 24 * 3600 * 1000)

/* The id after `last` (0: none before) of a record at `now_ms` (since 1970): the first of that
 * millisecond, or `last` plus one step if that is later; never 0. `partition` is 0..63 and the same
 * for every id of one journal partition. */
uint64_t id_next(uint64_t last, int64_t now_ms, unsigned partition);
/* The partition in an id. */
unsigned id_partition(uint64_t id);
/* The millisecond in an id, since 1970. */
int64_t id_time_ms(uint64_t id);
/* The bucket of history a message belongs to: its milliseconds since ID_EPOCH_MS over ten days. */
int32_t id_bucket(uint64_t id);

#endif
