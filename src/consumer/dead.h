/* The dead: envelopes that `retry` gave up, as `parley dlq` shows and replays them. The log of the
 * dead only grows; that a letter was put back is a record too (ENVELOPE_REPLAYED, same id), so the
 * last record of an id says whether it is still open. Calls block. */
#ifndef PARLEY_CONSUMER_DEAD_H
#define PARLEY_CONSUMER_DEAD_H

#include "base/clock.h"
#include "consumer/envelope.h"
#include "port/event_log.h"

#define DEAD_LETTERS_MAX 100000 /* ids that are looked through; more are ERR_TOO_LARGE */

/* A letter that is open; everything lives until the callback returns. */
struct dead_letter {
    struct envelope envelope;
    int64_t dead_ms; /* when it was given up */
};

/* Returns false to hear no more. */
typedef bool (*dead_each_f)(const struct dead_letter *letter, void *arg);

/* Every letter that is open and has `id` (NULL: any), oldest first within a partition.
 * ERR_UNAVAILABLE where the log cannot be read to its end. */
enum err dead_each(struct event_log *dead, const struct uuid *id, dead_each_f each, void *arg);

/* Puts `letter` into the retry log, to be tried at once with all its tries before it, and marks it
 * replayed. ERR_UNAVAILABLE: nothing happened; ERR_UNKNOWN: it may be in the retry log, and is
 * still open: replaying it again is harmless to a receiver that knows ids. */
enum err dead_replay(struct event_log *dead, struct event_log *retry,
                     const struct dead_letter *letter, const struct clock *clock);

#endif
