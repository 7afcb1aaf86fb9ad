/* Cassandra as the cluster engine uses it: the history, written behind, and the snapshots of those
 * who follow the log.
 *
 *     cassandra.c   opens and ends it
 *     write         port/history_store.h: posts, as a few statements per partition
 *     heads         its heads, snapshots and look-ups by client id and user
 *     pages         port/message_store.h: pages of messages, replies and of the timeline
 *     walk          a read that crosses buckets of time
 *     buckets       which buckets are known to be written down
 *     reply_counts  how many replies a message has
 *     schema        the tables, as numbered migrations; migrate runs them
 *     link          the session, its prepared statements, and whether Cassandra is there
 *     calls         a blocking call: many requests under way, one time limit
 *     request, row  what is asked and what came back, checked
 *     bridge        the crate behind it (bridge.h, bridge/)
 *
 * docs/internals/cassandra.md tells why.
 */
#ifndef PARLEY_ADAPTER_CASSANDRA_CASSANDRA_H
#define PARLEY_ADAPTER_CASSANDRA_CASSANDRA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "port/history_store.h"

#define CASSANDRA_HOSTS_MAX    16
#define CASSANDRA_KEYSPACE_MAX 48 /* characters: a-z, 0-9 and _, the first a letter */

/* Strings are copied; NULL and "" mean none. Numbers: 0 means the default. */
struct cassandra_config {
    const char *const *hosts; /* HOST or HOST:PORT; the others are found through them */
    size_t n_hosts;           /* 1..CASSANDRA_HOSTS_MAX */
    const char *keyspace;
    /* Of a keyspace that `cassandra_migrate_up` has to make: "3" (SimpleStrategy), or one
     * "datacenter:3" or several with commas between (NetworkTopologyStrategy). None: "3". */
    const char *replication;
    /* "one", "two", "three", "quorum", "all", "local_quorum", "each_quorum", "local_one" in either
     * case, as chat-app spells it too. None: quorum. Below a quorum a read may miss what was
     * written. */
    const char *consistency;
    const char *username, *password;
    bool tls;
    const char *tls_ca;             /* PEM file of whom to trust; none: whom the system trusts */
    const char *tls_cert, *tls_key; /* PEM files of our own, where the nodes ask for one */
    unsigned connect_ms;            /* for a session: 3000 */
    unsigned call_ms;               /* for a call of a port: 3000 */
    unsigned in_flight;             /* requests under way at once: 1024 */
};

struct cassandra;
/* ERR_OK also when Cassandra is away or its tables are not up to date: it is looked for from then
 * on, and is_ready says what is missing. ERR_BAD_REQUEST, with the reason, when the configuration
 * cannot be meant, or Cassandra is there and refuses it (a wrong password, a certificate). Waits
 * for the first look, at most connect_ms and what the statements need. */
enum err cassandra_open(const struct cassandra_config *config, struct cassandra **out, char *reason,
                        size_t reason_size);
/* Nobody may call its port any more. NULL is fine. */
void cassandra_close(struct cassandra *c);
/* The port; it lives as long as `c`. */
struct history_store *cassandra_history(struct cassandra *c);

struct cassandra_schema_state {
    int current; /* the number of the last migration that ran; 0: none */
    int latest;  /* that this program knows */
};

/* What migration `version` makes, 1..latest. Static. */
const char *cassandra_migration_name(int version);
/* Makes the keyspace where there is none and runs the migrations that are missing. Safe when
 * several nodes do so at once: one does it, the others wait for it, at most a minute. Rows that are
 * there stay. ERR_UNAVAILABLE, ERR_BAD_REQUEST: then a sentence in `reason`. */
enum err cassandra_migrate_up(const struct cassandra_config *config,
                              struct cassandra_schema_state *out, char *reason, size_t reason_size);
/* Takes the last migration back, unless that would erase what people wrote. The same errors. */
enum err cassandra_migrate_down(const struct cassandra_config *config,
                                struct cassandra_schema_state *out, char *reason,
                                size_t reason_size);
/* Only looks. The same errors. */
enum err cassandra_migrate_status(const struct cassandra_config *config,
                                  struct cassandra_schema_state *out, char *reason,
                                  size_t reason_size);

#endif
