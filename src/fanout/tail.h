/* The tails: the recent runs of every channel, kept in memory so that whoever was cut off for a
 * moment is caught up without asking the store. One a process, behind one mutex.
 *
 * A channel's messages and replies form a chain (each names the one before it), so a channel that
 * enters with a run knows its floor, the position before that run: the tail then holds every post
 * above the floor. Whatever was dropped, or never was here, lies at or below the horizon: for a
 * channel without a tail nothing above the horizon exists. There is a horizon for each partition of
 * the journal, since positions compare within one only.
 *
 * Bounds: bytes of all channels together (the channel that was quiet the longest loses its oldest
 * runs first), and per channel no more runs than a replay can use.
 */
#ifndef PARLEY_FANOUT_TAIL_H
#define PARLEY_FANOUT_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fanout/run.h"

struct tail;

struct tail *tail_new(size_t bytes_max, unsigned partitions);
void tail_free(struct tail *t);
/* Where the partition stood before the first batch of this process: nothing is known of what is at
 * or below it. */
void tail_set_horizon(struct tail *t, unsigned partition, uint64_t position);
/* `run` follows `prev_seq` in its channel, which is in `partition`; takes a reference of its own.
 * The journal's thread. */
void tail_append(struct tail *t, unsigned partition, struct run *run, uint64_t prev_seq);

struct tail_answer {
    bool
        complete; /* everything after the position asked for is in the tail (or there is nothing) */
    bool has_head; /* `head` is the channel's last post, else it is not known here */
    uint64_t head;
    unsigned missed; /* how many posts follow the position, when complete */
    unsigned n;      /* runs handed out, oldest first; more may follow the last one */
};
/* What follows position `after` in `channel`, which is in `partition`. Puts at most `max` runs into
 * `runs` (may be NULL with `max` 0), each with a reference for the caller; the first may begin at
 * or before `after`. Any thread. */
struct tail_answer tail_read(struct tail *t, unsigned partition, const struct uuid *channel,
                             uint64_t after, struct run **runs, unsigned max);
/* Bytes held now. */
size_t tail_bytes(struct tail *t);

#endif
