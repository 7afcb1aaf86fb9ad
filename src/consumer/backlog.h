/* What a consumer has read from a partitioned log and not done yet: each piece of work is due at a
 * time, and a partition may be committed up to its oldest piece that is not done.
 *
 *     add     read, in the order of offsets
 *     wait    until it is due (a heap over all partitions)
 *     due     the next one whose time has come; it is the caller's until it waits again or is
 *     done    no longer in the way of a commit
 *
 * Pure bookkeeping: no thread, no clock, no I/O. Items are the caller's, embedded in what they
 * stand for.
 */
#ifndef PARLEY_CONSUMER_BACKLOG_H
#define PARLEY_CONSUMER_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "port/event_log.h"

struct backlog_item {
    struct list by_offset; /* in its partition */
    unsigned partition;
    uint64_t offset;
    int64_t due_ms;
    size_t place;    /* in the heap, while it waits */
    bool is_waiting; /* in the heap */
    bool is_orphan;  /* its partition is another's: the caller forgets it once it is back */
};

struct backlog {
    struct {
        struct list items;
        uint64_t next; /* everything below was read */
    } partitions[LOG_PARTITIONS_MAX];
    struct backlog_item **heap;
    size_t n_waiting, cap;
    size_t n; /* of all that is not done */
};

void backlog_init(struct backlog *b);
/* All items are gone by then. */
void backlog_fini(struct backlog *b);
/* The partition's record at `offset` was read; without an item it is done already. */
void backlog_read(struct backlog *b, unsigned partition, uint64_t offset,
                  struct backlog_item *item);
/* It is not to be touched before `due_ms`. */
void backlog_wait(struct backlog *b, struct backlog_item *item, int64_t due_ms);
/* Takes the one that is due first; NULL when none is due at `now_ms`. */
struct backlog_item *backlog_due(struct backlog *b, int64_t now_ms);
/* When the next one is due; INT64_MAX when none waits. */
int64_t backlog_next_ms(const struct backlog *b);
/* It is done, and the backlog knows nothing of it any more. It does not wait. */
void backlog_done(struct backlog *b, struct backlog_item *item);
/* Everything of `partition` below this is done. */
uint64_t backlog_done_below(const struct backlog *b, unsigned partition);
/* `partition` is another's from now on, or begins anew at `next`. Items that wait are handed to
 * `drop`; those that the caller has are marked as orphans. */
void backlog_restart(struct backlog *b, unsigned partition, uint64_t next,
                     void (*drop)(struct backlog_item *item, void *arg), void *arg);

#endif
