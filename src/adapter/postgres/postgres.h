/* PostgreSQL as the store of accounts, channels and memberships of the cluster engine.
 *
 * chat-app's tables (`users`, `channel`, `user_to_channel`) are used as they are, without a column
 * more: its own server reads them with `SELECT *` and goes on working beside this one. What parley
 * needs besides (versions, positions, the outbox, revocations, epochs) is in tables of its own,
 * `parley_*`, which hang on chat-app's; a row that chat-app made has none of it and counts as it
 * stands. docs/internals/postgres.md tells the tables, the locks and what happens when.
 *
 * Every call takes a connection out of a bounded pool, and gives it back: a thread that calls often
 * gets the one it had. A server that is away is noticed by a time limit on every step, even when
 * it still accepts connections; after that calls fail at once until a try, made now and then,
 * succeeds. The relay has a connection of its own, which is the lock.
 *
 * PostgreSQL 14 or newer, a database in UTF-8; behind a pooler only in its session mode.
 */
#ifndef PARLEY_ADAPTER_POSTGRES_POSTGRES_H
#define PARLEY_ADAPTER_POSTGRES_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "port/account_store.h"
#include "port/channel_table.h"
#include "port/history_store.h"
#include "port/import.h"

#define PG_TOPIC_SIZE 256 /* of a log's name, with its NUL */
#define PG_GROUP_SIZE 512

/* A log of the database (log.h). */
struct postgres_topic {
    const char *name;
    unsigned partitions; /* when it is made; what is there keeps its own */
    /* A record is taken away when it is older than this (beside the partition's newest one where
     * `committed_only`), 0: never; and, where `committed_only`, every group has done it. */
    int64_t keep_ms;
    bool committed_only;
};

struct postgres_config {
    /* Where: a connection string as libpq reads it, or the rest, or both (the rest wins). NULL, ""
     * and 0 leave a part to libpq. `host` may list several, of which the one that takes writes is
     * used. */
    const char *conninfo;
    const char *host, *user, *password, *db, *sslmode;
    unsigned port;
    /* PEM files: whom to trust (none: whom the system trusts), and our own where the server asks.
     */
    const char *tls_ca, *tls_cert, *tls_key;
    const struct clock *clock; /* for forgetting expired revocations */
    /* Bounds; 0 takes the default. */
    unsigned connections_max;      /* besides the relay's: 20 */
    unsigned connect_timeout_ms;   /* 2,000 */
    unsigned statement_timeout_ms; /* 5,000: the server gives up; 1 s later the client does */
    unsigned relay_idle_ms;        /* 15,000: after that the relay's silent session is ended */
    unsigned lease_ms;             /* 10,000: of a member of a log's group */
    unsigned trim_every_ms;        /* 10,000: how often old records are looked for */
    unsigned produce_timeout_ms;   /* 5,000: a record that is not in the log by then is not tried */
    const struct postgres_topic *topics; /* the logs that postgres_migrate_up makes */
    size_t n_topics;
    const struct postgres_topic *topic; /* of postgres_log_open; the module's `open` opens the store
                                           when it is NULL */
};

struct postgres_store;
/* A server that is away is no reason not to start: it is looked for with the first call again. The
 * first look takes as long as a connection may. ERR_BAD_REQUEST with a sentence when the connection
 * string cannot be read, or the server is there and refuses us (a wrong password, a certificate).
 */
enum err postgres_open(const struct postgres_config *config, struct postgres_store **out,
                       char *reason, size_t reason_size);
/* No call may be under way. NULL is fine. */
void postgres_close(struct postgres_store *s);

/* The doors; live as long as the store. */
struct account_store *postgres_accounts(struct postgres_store *s);
struct channel_table *postgres_channels(struct postgres_store *s);
struct import_table *postgres_imports(struct postgres_store *s);
/* For clusters without Cassandra. */
struct history_store *postgres_history(struct postgres_store *s);

/* The tables: `current` of `latest` migrations, 0: none yet. */
struct postgres_schema_state {
    int current, latest;
};

/* The name of migration `version` (1..latest). Static. */
const char *postgres_migration_name(int version);
/* All three: ERR_UNAVAILABLE, or ERR_BAD_REQUEST where the server refuses us, with a sentence in
 * `reason`. */
enum err postgres_migrate_status(const struct postgres_config *config,
                                 struct postgres_schema_state *out, char *reason,
                                 size_t reason_size);
/* Applies what is missing. May be called by many nodes at once: one does it, the others wait (2
 * minutes at most). Works beside running servers, chat-app's among them. */
enum err postgres_migrate_up(const struct postgres_config *config,
                             struct postgres_schema_state *out, char *reason, size_t reason_size);
/* Takes the last one back; chat-app's own tables stay. For when no node runs. */
enum err postgres_migrate_down(const struct postgres_config *config,
                               struct postgres_schema_state *out, char *reason, size_t reason_size);

#endif
