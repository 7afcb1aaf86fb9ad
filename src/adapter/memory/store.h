/* The store in memory: the reference that says what the four ports mean, and the journal of the
 * simulator. It forgets everything when it is freed; in every other respect it keeps the promises
 * of port/ in the simplest way that could be right: one mutex, plain lists, linear searches.
 *
 * Two modes. With a thread of its own the journal behaves as a durable one does: appends and
 * blocking writes are queued, and the thread takes everything queued as one batch. Stepped, nothing
 * happens until memory_store_step takes the batch on the calling thread; a blocking write then
 * steps by itself. So a simulator decides when a batch is cut, and a schedule can be repeated.
 *
 * With several partitions each counts its positions from another place, and a later one from a
 * lower place, so that positions of different partitions overlap: whoever compares them is found
 * out.
 */
#ifndef PARLEY_ADAPTER_MEMORY_STORE_H
#define PARLEY_ADAPTER_MEMORY_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "port/account_store.h"
#include "port/channel_store.h"
#include "port/journal.h"
#include "port/message_store.h"

struct memory_config {
    const struct clock *clock;
    bool stepped;
    size_t appends_max;  /* that may wait; more are refused. 0: 65,536 */
    unsigned partitions; /* of the journal, at most JOURNAL_PARTITIONS_MAX. 0: one */
};

struct memory_store;
struct memory_store *memory_store_new(const struct memory_config *config);
/* Opens the journal: `sink` (may be NULL) hears of every batch from here on. Reads work before it,
 * writes are refused. Once. */
void memory_store_start(struct memory_store *s, struct journal_sink *sink);
/* Refuses new writes, finishes what is queued, ends the thread. Harmless when repeated. */
void memory_store_stop(struct memory_store *s);
/* Stops it if need be. NULL is fine. */
void memory_store_free(struct memory_store *s);

/* Stepped mode: takes everything queued as one batch through to its `done`s, on this thread.
 * Returns how many appends and jobs that were. */
size_t memory_store_step(struct memory_store *s);
/* While `refuse` is set no batch can be made durable, as on a full disk. */
void memory_store_refuse(struct memory_store *s, bool refuse);

struct journal *memory_store_journal(struct memory_store *s);
struct account_store *memory_store_accounts(struct memory_store *s);
struct channel_store *memory_store_channels(struct memory_store *s);
struct message_store *memory_store_messages(struct memory_store *s);

#endif
