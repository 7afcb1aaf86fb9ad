/* The wire form of what nodes hand to each other: records of the log that are committed.
 *
 *     version (1 byte), identity of the log (16)
 *     then records: partition (1), offset (8), time_ms (8), key (16), lengths of value (4), tag (1)
 *     and trace (1), and these
 *
 * A batch without a record says that there is one that was not handed over. Integers are
 * big-endian. Decoded as hostile input: what is not of this form, to the last byte, is refused
 * whole. */
#ifndef PARLEY_CLUSTER_HANDED_H
#define PARLEY_CLUSTER_HANDED_H

#include <stdbool.h>

#include "base/buf.h"
#include "port/event_log.h"

#define HANDED_HEAD_BYTES   17
#define HANDED_RECORD_BYTES 39 /* of a record, without its strings */

/* How many bytes `r` takes. */
size_t handed_size(const struct log_record *r);
void handed_begin(struct buf *b, const struct uuid *log);
/* Does not look whether it fits: the caller does, by handed_size. */
void handed_add(struct buf *b, const struct log_record *r);

/* Does it come from that log, and is it whole, with no partition at or above `partitions`? Nothing
 * is told of a batch that is not. */
bool handed_is_valid(struct str batch, const struct uuid *log, unsigned partitions);
/* Each record of a valid batch; strings point into it. */
void handed_each(struct str batch, void (*each)(const struct log_record *r, void *arg), void *arg);

#endif
