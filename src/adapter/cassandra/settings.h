/* The configuration, checked and copied. Inside adapter/cassandra only. */
#ifndef PARLEY_ADAPTER_CASSANDRA_SETTINGS_H
#define PARLEY_ADAPTER_CASSANDRA_SETTINGS_H

#include "adapter/cassandra/bridge.h"
#include "adapter/cassandra/cassandra.h"

struct settings {
    char *hosts[CASSANDRA_HOSTS_MAX];
    char *username, *password, *tls_ca, *tls_cert, *tls_key; /* NULL: none */
    char keyspace[CASSANDRA_KEYSPACE_MAX + 1];
    char replication[512];         /* as CQL's map */
    struct bridge_options options; /* points into the others */
    unsigned call_ms, in_flight;
};

/* ERR_BAD_REQUEST, with the reason; then there is nothing to end. */
enum err settings_init(struct settings *s, const struct cassandra_config *config, char *reason,
                       size_t reason_size);
void settings_fini(struct settings *s);

/* What to do about a session that was refused because of `why`. */
void settings_refusal(const struct settings *s, const char *why, char *out, size_t size);

/* `cql` with the keyspace in place of every `$`, into `out`; false when it does not fit. */
bool settings_cql(const struct settings *s, const char *cql, char *out, size_t size);

#endif
