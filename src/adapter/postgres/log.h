/* The partitioned log (port/event_log.h) as tables of PostgreSQL, for clusters without Kafka.
 *
 *     produce -> queue -> producer's thread -> parley_log_append -> `done`
 *                                     (one transaction a batch)
 *     poll <- what is committed above the reader's positions <- parley_log_record
 *
 * The thread takes everything that is queued and hands it to one function of the database, which
 * locks the rows of the partitions it needs in ascending order, takes the offsets and the time
 * there, inserts, and commits. So offsets become visible in their order and without holes. A batch
 * has a number: when the answer to its commit is lost it is sent again under the same one and is in
 * the log once (schema_direct.c). What could not be settled within produce_timeout_ms is answered
 * ERR_UNKNOWN, or ERR_UNAVAILABLE when it was never sent.
 *
 * Readers look at once after a commit of this process, and else every READ_EVERY_MS. A group shares
 * the partitions by leases in the database's time; its committed offsets are rows. A keeper takes
 * away what every group has done and is older than keep_ms, in small steps.
 *
 * docs/internals/direct.md.
 */
#ifndef PARLEY_ADAPTER_POSTGRES_LOG_H
#define PARLEY_ADAPTER_POSTGRES_LOG_H

#include "adapter/postgres/postgres.h"
#include "port/event_log.h"

struct postgres_log;
/* Opens the log `config->topic`, which must be there (postgres_migrate_up). ERR_BAD_REQUEST: the
 * connection string cannot be read; ERR_NOT_FOUND: there is no such log; ERR_UNAVAILABLE. Then a
 * sentence in `reason`. */
enum err postgres_log_open(const struct postgres_config *config, struct postgres_log **out,
                           char *reason, size_t reason_size);
/* Answers every send first. All readers are closed before. NULL is fine. */
void postgres_log_close(struct postgres_log *l);
/* Lives as long as the log. */
struct event_log *postgres_log_door(struct postgres_log *l);

#endif
