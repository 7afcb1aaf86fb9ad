/* Which client ids were used, and for which post: how a retry is recognised. Inside adapter/sqlite
 * only; the writer's thread.
 *
 * The last one or two generations (generation.h) are in memory; everything older is in the table
 * client_id (hash -> seq), which is written behind: while the current generation fills, the older
 * one goes to the table in slices that ride along in the batches' transactions, in the order of the
 * hash, so that each page of the table is touched once a generation and not once a message. When
 * the older one is written whole, the watermark `client_id.seq` moves to its end; at the next start
 * memory is rebuilt from the events above the watermark. So at every moment what is not in the
 * table is in memory.
 *
 * A hash only names candidates: the event itself is compared, so collisions cost time, not truth.
 * In the table a colliding hash takes the next free number above it.
 *
 * Most new ids need no look-up in the table. Let T(x) be the time in an id that reads as a UUIDv7
 * or ULID, and F the greatest T of all ids that have left memory. An id with T(x) > F cannot be
 * among those that left, whatever its maker's clock said: each of them had T <= F. Lest one id from
 * a far future make F useless, an id whose T is later than the journal's clock by more than a
 * minute does not count for F but marks its hour in a bit map, and ids of a marked hour are looked
 * up. Both are functions of what is in the log, so they are the same after a restart. */
#ifndef PARLEY_ADAPTER_SQLITE_CLIENT_IDS_H
#define PARLEY_ADAPTER_SQLITE_CLIENT_IDS_H

#include "adapter/sqlite/db.h"
#include "adapter/sqlite/generation.h"

#define CLIENT_IDS_FUTURE_BYTES 512

struct client_ids {
    uint64_t seed; /* of the hash: secret, so that nobody can make ids collide */
    struct generation current, older;
    struct generation mark; /* `current` (its counts) at the start of the transaction */
    bool behind;            /* `older` is not below the watermark yet */
    unsigned bucket;        /* of `older`: the next one to be written */
    unsigned bucket_after;  /* the same, once the transaction under way is committed */
    bool ends;              /* the transaction under way moves the watermark */
    size_t owed;            /* what must be written to keep pace */
    uint64_t indexed_seq;   /* the watermark: all ids up to here are in the table */
    int64_t indexed_ms;     /* the greatest T of those */
    int64_t gone_ms;        /* F */
    uint8_t future[CLIENT_IDS_FUTURE_BYTES];
    uint64_t lookups; /* in the table; for tests and the benchmark */
};

/* Reads watermark and seed; makes the seed in a new store. */
enum err client_ids_open(struct client_ids *c, struct db *db);
void client_ids_close(struct client_ids *c);

/* What names an id (1-64 characters) of one user in one channel, given by their rows. */
uint64_t client_ids_hash(const struct client_ids *c, int64_t user, int64_t channel, struct str id);

/* The posts that may have been sent under `id` (its hash is `hash`), one after the other: seq of
 * the next, 0 when there are no more. Start with a zeroed cursor. */
struct client_ids_cursor {
    int stage;
    size_t probe;
};
uint64_t client_ids_next(struct client_ids *c, struct db *db, struct str id, uint64_t hash,
                         struct client_ids_cursor *cursor);

/* Within a transaction: every event is counted, and those with a client id added. `at_ms` is the
 * time in the message's own id. */
void client_ids_begin(struct client_ids *c);
void client_ids_count(struct client_ids *c, uint64_t seq);
void client_ids_add(struct client_ids *c, struct str id, uint64_t hash, uint64_t seq,
                    int64_t at_ms);
/* How many things (ids, and whatever else waits for the watermark) the transaction should write of
 * the older generation, now that there are `n_events` more events. */
size_t client_ids_due(struct client_ids *c, size_t n_events);
/* Writes about `max` ids of the older generation; true when none is left. */
bool client_ids_write(struct client_ids *c, struct db *db, size_t max);
/* Everything about the events up to older.last_seq is written with this transaction. */
void client_ids_write_watermark(struct client_ids *c, struct db *db);
/* What became of the transaction. */
void client_ids_commit(struct client_ids *c);
void client_ids_undo(struct client_ids *c);

/* Is anything in memory that is not in the table? */
bool client_ids_is_behind(const struct client_ids *c);
/* If the older generation is written, forgets it, and the current one becomes the older: for idle
 * times, early. True when there was something to forget. */
bool client_ids_turn(struct client_ids *c);

#endif
