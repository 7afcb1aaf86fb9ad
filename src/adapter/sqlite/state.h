/* How the parts of the store hang together. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_STATE_H
#define PARLEY_ADAPTER_SQLITE_STATE_H

#include <stdatomic.h>

#include "adapter/sqlite/dir.h"
#include "adapter/sqlite/export.h"
#include "adapter/sqlite/positions.h"
#include "adapter/sqlite/queue.h"
#include "adapter/sqlite/readers.h"
#include "adapter/sqlite/reply_counts.h"
#include "adapter/sqlite/store.h"
#include "adapter/sqlite/wal.h"
#include "adapter/sqlite/writer.h"

struct sqlite_store {
    struct journal journal;
    struct account_store accounts;
    struct channel_store channels;
    struct message_store messages;
    struct import_source source;

    const struct clock *clock;
    bool beside;
    char path[DIR_PATH_SIZE]; /* of the database file */
    int lock;                 /* -1: none */
    struct queue queue;
    struct readers readers;
    struct positions positions;
    struct reply_counts reply_counts;
    struct wal wal;
    struct writer writer;
    bool started;
    atomic_uint_least64_t position; /* the last published seq */
    atomic_bool is_failing;         /* the last try to write did not succeed */
};

extern const struct account_store_ops sqlite_account_ops;
extern const struct channel_store_ops sqlite_channel_ops;
extern const struct message_store_ops sqlite_message_ops;

#endif
