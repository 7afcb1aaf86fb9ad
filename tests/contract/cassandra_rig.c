#include "cassandra_rig.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapter/cassandra/settings.h"

#define KEYSPACES_MAX 64
#define QUERY_MS      30000

static char names[KEYSPACES_MAX][CASSANDRA_KEYSPACE_MAX + 1];
static size_t n_names;
static char list[256];
static const char *hosts[CASSANDRA_HOSTS_MAX];
static size_t n_hosts;
static struct bridge_session *admin;

static void stop(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    abort();
}

static void find_hosts(void)
{
    const char *addresses = getenv(CASSANDRA_VARIABLE);
    if (addresses == NULL)
        stop("no Cassandra to test on", CASSANDRA_VARIABLE " is not set");
    char *rest = list, *host;
    snprintf(list, sizeof list, "%s", addresses);
    while ((host = strsep(&rest, ",")) != NULL && n_hosts < CASSANDRA_HOSTS_MAX)
        hosts[n_hosts++] = host;
}

struct cassandra_config cassandra_rig_config(const char *keyspace)
{
    if (n_hosts == 0)
        find_hosts();
    return (struct cassandra_config){.hosts = hosts,
                                     .n_hosts = n_hosts,
                                     .keyspace = keyspace,
                                     .replication = n_hosts < 3 ? "1" : "3",
                                     .connect_ms = 10000,
                                     .call_ms = 10000};
}

/* One session for all that is asked from outside. */
static struct bridge_session *admin_session(void)
{
    char why[256];
    enum bridge_code code;
    const struct cassandra_config config = cassandra_rig_config("system");
    const struct bridge_options options = {.hosts = config.hosts,
                                           .n_hosts = config.n_hosts,
                                           .keyspace = "system",
                                           .consistency = 4,
                                           .connect_ms = QUERY_MS,
                                           .silence_ms = QUERY_MS};
    if (admin == NULL && (admin = bridge_open(&options, &code, why, sizeof why)) == NULL)
        stop("no session", why);
    return admin;
}

const char *cassandra_rig_keyspace(void)
{
    if (n_names == KEYSPACES_MAX)
        stop("keyspaces", "too many");
    snprintf(names[n_names], sizeof names[0], "test_%d_%llx_%zu", (int)getpid(),
             (unsigned long long)time(NULL), n_names);
    return names[n_names++];
}

void cassandra_rig_migrate(const char *keyspace)
{
    struct cassandra_schema_state state;
    char reason[256];
    const struct cassandra_config config = cassandra_rig_config(keyspace);
    if (cassandra_migrate_up(&config, &state, reason, sizeof reason) != ERR_OK)
        stop("migrate", reason);
}

void cassandra_rig_empty(const char *keyspace)
{
    static const char *const tables[] = {"message",        "reply",           "timeline",
                                         "channel_bucket", "message_channel", "client_id",
                                         "own_post",       "channel_head",    "log_snapshot"};
    char cql[64];
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        snprintf(cql, sizeof cql, "TRUNCATE $.%s", tables[i]);
        cassandra_rig_run(keyspace, cql);
    }
}

void cassandra_rig_drop(const char *keyspace)
{
    cassandra_rig_run(keyspace, "DROP KEYSPACE IF EXISTS $");
}

struct cassandra *cassandra_rig_open(const char *keyspace)
{
    struct cassandra *c;
    char reason[256];
    const struct cassandra_config config = cassandra_rig_config(keyspace);
    if (cassandra_open(&config, &c, reason, sizeof reason) != ERR_OK)
        stop("open", reason);
    struct history_store *h = cassandra_history(c);
    if (!h->ops->is_ready(h, reason, sizeof reason))
        stop("open", reason);
    return c;
}

struct bridge_result *cassandra_rig_query(const char *keyspace, const char *cql)
{
    static struct settings settings;
    char text[2048], why[256];
    snprintf(settings.keyspace, sizeof settings.keyspace, "%s", keyspace);
    if (!settings_cql(&settings, cql, text, sizeof text))
        stop(cql, "too long");
    struct bridge_result *r = bridge_run(admin_session(), text, QUERY_MS);
    if (r->code != BRIDGE_OK) {
        snprintf(why, sizeof why, "%.*s", (int)r->text_n, r->text);
        stop(text, why);
    }
    return r;
}

void cassandra_rig_run(const char *keyspace, const char *cql)
{
    bridge_result_free(cassandra_rig_query(keyspace, cql));
}

int64_t cassandra_rig_int(const char *keyspace, const char *cql)
{
    struct bridge_result *r = cassandra_rig_query(keyspace, cql);
    uint64_t wide = 0;
    uint32_t narrow = 0;
    if (r->n_rows == 0 || (r->cells[0].n != sizeof wide && r->cells[0].n != sizeof narrow))
        stop(cql, "no integer");
    memcpy(r->cells[0].n == sizeof wide ? (void *)&wide : &narrow, r->cells[0].p,
           (size_t)r->cells[0].n);
    int64_t v = r->cells[0].n == sizeof wide ? (int64_t)be64toh(wide) : (int32_t)be32toh(narrow);
    bridge_result_free(r);
    return v;
}
