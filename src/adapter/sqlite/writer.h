/* The one thread that writes. Inside adapter/sqlite only.
 *
 *     take what is queued; BEGIN IMMEDIATE
 *     judge the appends, run the jobs: each adds its events to the log
 *     write a slice of what is written behind (client ids, read positions)
 *     sink->prepare; COMMIT (the one sync); sink->publish
 *     done of each append, answers of the jobs; the write-ahead log is looked after
 *
 * Whatever fails before the commit undoes all of it, in the tables and in memory. */
#ifndef PARLEY_ADAPTER_SQLITE_WRITER_H
#define PARLEY_ADAPTER_SQLITE_WRITER_H

#include "adapter/sqlite/client_ids.h"
#include "adapter/sqlite/db.h"
#include "adapter/sqlite/positions.h"
#include "adapter/sqlite/queue.h"
#include "adapter/sqlite/row_cache.h"

struct sqlite_store;

#define WRITER_PLACES 4096

/* Where a message is: for replies to it. */
struct message_place {
    uint64_t id;
    int64_t channel; /* row */
};

struct writer {
    struct sqlite_store *store;
    struct db db;
    struct journal_sink *sink;
    pthread_t thread;

    uint64_t last_seq, last_id; /* the last stamps */
    struct row_cache users, channels;
    struct message_place *places; /* a direct-mapped cache */
    struct client_ids client_ids;

    /* The transaction under way. */
    uint64_t mark_seq, mark_id; /* the stamps before it */
    struct event *events;
    struct position_move *moves; /* of its posts */
    size_t n_events, n_moves, cap;
    struct arena arena; /* strings of events that are no append's */
};

/* Opens the connection and reads what the writer must know: the last stamps and, unless `beside`,
 * the client ids and read positions above the watermark. */
enum err writer_open(struct writer *w, struct sqlite_store *store, char *reason,
                     size_t reason_size);
void writer_close(struct writer *w);
void writer_start(struct writer *w, struct journal_sink *sink);
/* After queue_close: answers what is left, writes behind what is behind. */
void writer_stop(struct writer *w);

/* A transaction: begin, do, end. Either all of it happened then, in the tables and in memory, or
 * nothing (ERR_UNAVAILABLE). */
void writer_begin(struct writer *w);
enum err writer_end(struct writer *w);
/* Within it: writes what is due of what is written behind, after `n_events` more events, and no
 * less than `at_least` of it. */
void writer_write_behind(struct writer *w, size_t n_events, size_t at_least);

/* For jobs and appends, within the transaction. */

/* The row of a user; 0 when there is none. */
int64_t writer_user(struct writer *w, const struct uuid *id);
/* A channel's row and head; NULL when there is none. Valid until the next call. */
struct cached_row *writer_channel(struct writer *w, const struct uuid *id);
/* Stamps `e` (seq, prev_seq, at_us; of posts id) and adds it to the log. Its strings live until
 * the batch is answered. */
void writer_emit(struct writer *w, struct event *e, struct cached_row *channel, int64_t user);
/* append.c: judges `a` and emits its event. */
void writer_append(struct writer *w, struct append *a);

#endif
