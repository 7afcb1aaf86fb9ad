/* Moving an installation into the stores of a cluster, while nobody serves from either side.
 *
 *     look     what is this, and is there anything else where it goes?
 *     copy     posts into the history, by several writers at once; how far is noted batch by batch
 *     heads    the ends of the channels, from which the followers of the first log begin
 *     load     accounts, channels and memberships, in one transaction
 *     check    every post, account, channel and membership is read back and compared; pages, too
 *     done     from now on nodes may start
 *
 * Every step can be done again and then changes nothing, so whoever was killed begins once more and
 * comes to the same end: posts go on behind the last batch that was noted. Until it is done no node
 * can start (port/import.h), so nobody ever reads half of it. Memory holds a batch of posts and
 * some words for each channel, however long the history is.
 *
 * What was found to differ is told, one sentence each; the next run then copies everything again.
 *
 * Called by the command line, on one thread; starts threads of its own and ends them.
 */
#ifndef PARLEY_GROWTH_IMPORT_H
#define PARLEY_GROWTH_IMPORT_H

#include "port/account_store.h"
#include "port/channel_table.h"
#include "port/event_log.h"
#include "port/history_store.h"
#include "port/import.h"

#define IMPORT_WRITERS_DEFAULT 4
#define IMPORT_BATCH_DEFAULT   4096
#define IMPORT_TRIES_DEFAULT   30 /* of a write while the history is away; a second apart */
#define IMPORT_DIFFERENCES_MAX 100

/* Who watches. All on the caller's thread. */
struct import_watch {
    /* `done` of `total` (0: unknown) of the step `what` ("posts copied"). Called often. */
    void (*progress)(struct import_watch *self, const char *what, uint64_t done, uint64_t total);
    /* Something that is not as it should be, as a sentence without a line's end; at most
     * IMPORT_DIFFERENCES_MAX of them. */
    void (*difference)(struct import_watch *self, const char *sentence);
};

/* Everything is borrowed. Numbers: 0 takes the default. */
struct import_config {
    struct import_source *source;
    struct import_table *table;
    struct account_store *accounts;
    struct channel_table *channels;
    struct history_store *history;
    struct event_log *log;
    struct import_watch *watch;
    unsigned writers;
    size_t batch; /* posts */
    unsigned tries, try_ms;
};

struct import_report {
    struct import_size size;
    bool was_done; /* by an earlier run; nothing was looked at */
    uint64_t differences;
};

/* ERR_OK: it is moved, and checked. Otherwise a sentence in `reason`: ERR_FORBIDDEN (something else
 * is there), ERR_UNAVAILABLE (run it again), ERR_INTERNAL (there are differences). */
enum err import_run(const struct import_config *config, struct import_report *out, char *reason,
                    size_t reason_size);

#endif
