/* Holding back: the records of one partition as they are handed over, and the order in which they
 * may be told. Pure: no clock, no thread, no log.
 *
 *     offer    a record came, from whatever side and in whatever order
 *     take     the next record, if it has come; one after the other, each once, without a hole
 *     advance  what is below `next` was read from the log itself
 *
 * A record whose predecessor has not come is held. What is more than GAP_HELD_MAX ahead is not kept
 * but remembered: then `gap_is_open` stays true until the log was read up to it. So whoever reads
 * the log while a gap is open has told everything that was ever offered. */
#ifndef PARLEY_CLUSTER_GAP_H
#define PARLEY_CLUSTER_GAP_H

#include <stdbool.h>

#include "port/event_log.h"

#define GAP_HELD_MAX 1024 /* records ahead of the next one */

/* A record that waits to be told, in one piece of memory that is its taker's. */
struct gap_record {
    struct log_record record;
    char bytes[];
};

struct gap {
    uint64_t next;   /* the offset to be told next */
    uint64_t beyond; /* the highest offset that was offered, and one; 0: none */
    struct gap_record *held[GAP_HELD_MAX]; /* at offset % GAP_HELD_MAX */
};

enum gap_verdict {
    GAP_NEXT,   /* may be taken at once */
    GAP_HELD,   /* waits for its predecessors */
    GAP_OLD,    /* was told, or waits already */
    GAP_BEYOND, /* too far ahead to be kept */
};

/* A copy. */
struct gap_record *gap_record_new(const struct log_record *r);

void gap_init(struct gap *g, uint64_t next);
/* Frees what is held. */
void gap_fini(struct gap *g);
/* Copies what it keeps. */
enum gap_verdict gap_offer(struct gap *g, const struct log_record *r);
/* Given to the caller, who frees it (mem_free); NULL: it has not come. */
struct gap_record *gap_take(struct gap *g);
/* Everything below `next` was told. Going back is not possible and changes nothing. */
void gap_advance(struct gap *g, uint64_t next);
/* Is something known to be there that cannot be told, because its predecessor has not come? */
bool gap_is_open(const struct gap *g);

#endif
