/* The embedded engine's store: journal, accounts, channels and history in one SQLite file.
 *
 * One thread writes. It takes everything that was queued meanwhile (appends, and the blocking
 * writes of the other ports as jobs), runs it in one transaction, syncs once and answers: under
 * load one sync carries thousands of messages. Readers have connections of their own and read
 * snapshots that the writer does not disturb. docs/internals/store.md tells how; journal.md of the
 * batches, of client_msg_id and of what happens on a full or failing disk.
 *
 * Files, all in `dir`, mode 0600: parley.db, parley.db-wal (kept and reused), parley.db-shm,
 * parley.lock (held by the one process that serves).
 */
#ifndef PARLEY_ADAPTER_SQLITE_STORE_H
#define PARLEY_ADAPTER_SQLITE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "port/account_store.h"
#include "port/channel_store.h"
#include "port/import.h"
#include "port/journal.h"
#include "port/message_store.h"

struct sqlite_config {
    const char *dir;    /* made (mode 0700) when it is not there */
    uint64_t wal_bytes; /* the write-ahead log is kept below this; 0: 64 MiB; at least 1 MiB */
    const struct clock *clock;
    /* Beside another process that serves from the same directory: accounts can be read and
     * written, everything else only read. Takes no lock and changes no tables. */
    bool beside;
    /* Bounds; 0 takes the default. */
    size_t appends_max;      /* that wait for the writer: 65,536 */
    size_t append_bytes_max; /* of their texts: 64 MiB */
    unsigned readers_max;    /* connections that read at the same time: 16 */
};

struct sqlite_store;
/* Opens or makes the store, brings its tables up to date, and reads what the writer must know.
 * ERR_UNAVAILABLE with a sentence in `reason` when it cannot: in use by another process, made by
 * a newer program, damaged, no permission. Reads work from here on; writes after the start. */
enum err sqlite_store_open(const struct sqlite_config *config, struct sqlite_store **out,
                           char *reason, size_t reason_size);
/* Starts the writer. `sink` (may be NULL) hears of every batch. Once. */
void sqlite_store_start(struct sqlite_store *s, struct journal_sink *sink);
/* Refuses new writes, answers what is queued, ends the writer. Reads go on. NULL is fine, and so is
 * a second time. */
void sqlite_store_stop(struct sqlite_store *s);
/* Stops it if need be; no call may be under way. NULL is fine. */
void sqlite_store_close(struct sqlite_store *s);
/* Did the last try to write succeed? Otherwise says why not in `detail`. Never blocks. */
bool sqlite_store_is_writable(struct sqlite_store *s, char *detail, size_t detail_size);

struct journal *sqlite_store_journal(struct sqlite_store *s);
struct account_store *sqlite_store_accounts(struct sqlite_store *s);
struct channel_store *sqlite_store_channels(struct sqlite_store *s);
struct message_store *sqlite_store_messages(struct sqlite_store *s);
/* For who moves it elsewhere; the store need not be started. */
struct import_source *sqlite_store_source(struct sqlite_store *s);

#endif
