#include "node/drivers.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "adapter/cassandra/cassandra.h"
#include "adapter/kafka/kafka.h"
#include "adapter/postgres/postgres.h"
#include "adapter/redis/redis.h"
#include "adapter/webhook/webhook.h"
#include "base/clock.h"
#include "base/log.h"
#include "node/module.h"

#define TOPIC_SIZE   256
#define PREFIX_SIZE  256
#define AGAIN_MS     500
#define AGAIN_LOG_MS 10000
#define MISSING_MS   10000
#define DAY_MS       INT64_C(86400000)

#define DERIVED_PARTITIONS_MAX 4  /* of the topics of retries: few records, no order to keep */
#define RETRY_DAYS             7  /* longer than any envelope is tried */
#define DEAD_DAYS              90 /* for people to look at */
#define LOG_KEEP_MS            INT64_C(3600000)

/* ---- What each driver is given ---- */

enum { TOPIC_EVENTS, TOPIC_RETRY, TOPIC_DEAD, TOPICS };

struct settings {
    char names[TOPICS][TOPIC_SIZE];
    struct kafka_topic topics[TOPICS];
    struct kafka_config kafka[TOPICS];
    struct postgres_topic logs[TOPICS]; /* direct delivery: the same, as tables */
    struct postgres_config postgres, postgres_log[TOPICS];
    struct cassandra_config cassandra;
    char replication[16]; /* of the keyspace */
    struct redis_config redis, redis_word;
    char word_prefix[PREFIX_SIZE];
    struct webhook_config webhook;
};

/* "parley.retry" beside "parley.events": the same name up to a last ".events". */
static void name_topics(struct settings *s, const char *events)
{
    static const char ending[] = ".events";
    size_t n = strlen(events), tail = sizeof ending - 1;
    if (n > tail && strcmp(events + n - tail, ending) == 0)
        n -= tail;
    snprintf(s->names[TOPIC_EVENTS], TOPIC_SIZE, "%s", events);
    snprintf(s->names[TOPIC_RETRY], TOPIC_SIZE, "%.*s.retry", (int)n, events);
    snprintf(s->names[TOPIC_DEAD], TOPIC_SIZE, "%.*s.dead", (int)n, events);
}

static void set_topics(struct settings *s, const struct config *c)
{
    unsigned few =
        c->kafka.partitions < DERIVED_PARTITIONS_MAX ? c->kafka.partitions : DERIVED_PARTITIONS_MAX;
    int64_t days[TOPICS] = {c->kafka.retention_days, RETRY_DAYS, DEAD_DAYS};
    for (unsigned i = 0; i < TOPICS; i++)
        s->topics[i] = (struct kafka_topic){
            .name = s->names[i],
            .partitions = i == TOPIC_EVENTS ? c->kafka.partitions : few,
            .replication = c->kafka.replication,
            .min_insync = c->kafka.min_insync,
            .retention_ms = days[i] == 0 ? KAFKA_TOPIC_FOR_EVER : days[i] * DAY_MS,
        };
}

/* The journal is written behind into the history: what every consumer has done need not be kept
 * longer than followers remember client ids. */
static void set_logs(struct settings *s)
{
    const int64_t keep_ms[TOPICS] = {LOG_KEEP_MS, LOG_KEEP_MS, DEAD_DAYS * DAY_MS};
    for (unsigned i = 0; i < TOPICS; i++) {
        s->logs[i] = (struct postgres_topic){.name = s->names[i],
                                             .partitions = s->topics[i].partitions,
                                             .keep_ms = keep_ms[i],
                                             .committed_only = i != TOPIC_DEAD};
        s->postgres_log[i] = s->postgres;
        s->postgres_log[i].topic = &s->logs[i];
    }
    s->postgres.topics = s->logs;
    s->postgres.n_topics = TOPICS;
}

static void set_kafka(struct settings *s, const struct config *c, const char *node)
{
    static const char *const mechanisms[] = {
        [SASL_NONE] = NULL,
        [SASL_PLAIN] = "PLAIN",
        [SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
        [SASL_SCRAM_SHA_512] = "SCRAM-SHA-512",
    };
    name_topics(s, c->kafka.topic);
    set_topics(s, c);
    for (unsigned i = 0; i < TOPICS; i++)
        s->kafka[i] = (struct kafka_config){
            .brokers = c->kafka.producer.broker,
            .read_brokers = c->kafka.consumer.broker,
            .topic = s->names[i],
            .client_id = node,
            .tls = c->kafka.tls,
            .tls_ca = c->kafka.tls_ca,
            .tls_cert = c->kafka.tls_cert,
            .tls_key = c->kafka.tls_key,
            .sasl_mechanism = mechanisms[c->kafka.sasl.mechanism],
            .sasl_username = c->kafka.sasl.username,
            .sasl_password = c->kafka.sasl.password,
            .min_insync = c->kafka.min_insync,
            .topics = s->topics,
            .n_topics = TOPICS,
        };
}

static void set_cassandra(struct settings *s, const struct config *c)
{
    static const char *const levels[] = {"quorum", "local_quorum", "all", "one", "local_one"};
    snprintf(s->replication, sizeof s->replication, "%u", c->cassandra.replication);
    s->cassandra = (struct cassandra_config){
        .hosts = (const char *const *)c->cassandra.hosts.items,
        .n_hosts = c->cassandra.hosts.n,
        .keyspace = c->cassandra.keyspace,
        .replication = s->replication,
        .consistency = levels[c->cassandra.consistency],
        .username = c->cassandra.username,
        .password = c->cassandra.password,
        .tls = c->cassandra.tls,
        .tls_ca = c->cassandra.tls_ca,
        .tls_cert = c->cassandra.tls_cert,
        .tls_key = c->cassandra.tls_key,
    };
}

static void settings_init(struct settings *s, const struct config *c, const char *node)
{
    set_kafka(s, c, node);
    set_cassandra(s, c);
    s->postgres = (struct postgres_config){
        .host = c->database.host,
        .port = c->database.port,
        .user = c->database.username,
        .password = c->database.password,
        .db = c->database.db,
        .sslmode = config_sslmode(c),
        .tls_ca = c->database.tls_ca,
        .tls_cert = c->database.tls_cert,
        .tls_key = c->database.tls_key,
        .clock = &clock_system,
        .connections_max = c->database.max_conns,
    };
    if (c->cluster.delivery == DELIVERY_DIRECT)
        set_logs(s);
    s->redis = (struct redis_config){
        .address = c->redis.host,
        .username = c->redis.username,
        .password = c->redis.password,
        .db = c->redis.db,
        .tls = c->redis.tls,
        .tls_ca = c->redis.tls_ca,
        .tls_cert = c->redis.tls_cert,
        .tls_key = c->redis.tls_key,
        .prefix = c->redis.prefix,
    };
    s->redis_word = s->redis;
    snprintf(s->word_prefix, sizeof s->word_prefix, "%s.log", c->redis.prefix);
    s->redis_word.prefix = s->word_prefix;
    s->webhook = (struct webhook_config){
        .url = c->notify.webhook_url,
        .secret = c->notify.webhook_secret,
        .clock = &clock_system,
    };
}

/* Which module serves a use, and where its settings are. */
struct use_row {
    const char *module;
    size_t at, size;
};
#define ROW(module, member)                                                \
    {                                                                      \
        module, offsetof(struct settings, member),                         \
            sizeof((struct settings *)NULL)->member /* NOLINT: not read */ \
    }

static const struct use_row use_rows[DRIVER_USES] = {
    [USE_TABLE] = ROW("postgres", postgres),
    [USE_HISTORY] = ROW("cassandra", cassandra),
    [USE_CACHE] = ROW("redis", redis),
    [USE_EVENTS] = ROW("kafka", kafka[TOPIC_EVENTS]),
    [USE_RETRY] = ROW("kafka", kafka[TOPIC_RETRY]),
    [USE_DEAD] = ROW("kafka", kafka[TOPIC_DEAD]),
    [USE_WORD] = ROW("redis", redis_word),
    [USE_HOOK] = ROW("webhook", webhook),
};
/* Under direct delivery, where they differ. */
static const struct use_row direct_rows[DRIVER_USES] = {
    [USE_EVENTS] = ROW("postgres", postgres_log[TOPIC_EVENTS]),
    [USE_RETRY] = ROW("postgres", postgres_log[TOPIC_RETRY]),
    [USE_DEAD] = ROW("postgres", postgres_log[TOPIC_DEAD]),
};
static const struct use_row history_in_tables = ROW("postgres", postgres);

static const struct use_row *row_of(const struct config *c, enum driver_use use)
{
    bool direct = c->cluster.delivery == DELIVERY_DIRECT;
    if (direct && use == USE_HISTORY && c->cassandra.hosts.n == 0)
        return &history_in_tables;
    return direct && direct_rows[use].module != NULL ? &direct_rows[use] : &use_rows[use];
}

static const void *settings_of(const struct settings *s, const struct use_row *row)
{
    return (const char *)s + row->at;
}

/* ---- Opening ---- */

/* May it be otherwise in a moment? A broker that has just begun does not know its topics yet. */
static bool may_pass(enum err e, unsigned waited_ms)
{
    return e == ERR_UNAVAILABLE || (e == ERR_NOT_FOUND && waited_ms < MISSING_MS);
}

/* Opens one, again and again while its service is away. */
static enum err open_patiently(const struct driver_module *m, const void *settings,
                               bool (*is_unwanted)(void), struct driver **out, char *reason,
                               size_t size)
{
    for (unsigned waited_ms = 0;; waited_ms += AGAIN_MS) {
        enum err e = m->open(settings, out, reason, size);
        if (!may_pass(e, waited_ms) || is_unwanted == NULL || is_unwanted())
            return e;
        if (waited_ms % AGAIN_LOG_MS == 0)
            log_event(LOG_WARN, "waiting for a service", LOG_S("service", m->name),
                      LOG_S("reason", reason));
        clock_sleep_ms(AGAIN_MS);
    }
}

enum err drivers_open(const struct config *config, const char *node, unsigned uses,
                      bool (*is_unwanted)(void), struct drivers *out, char *reason,
                      size_t reason_size)
{
    struct settings s;
    settings_init(&s, config, node);
    *out = (struct drivers){.open = {NULL}};
    for (unsigned use = 0; use < DRIVER_USES; use++) {
        if ((uses & 1u << use) == 0)
            continue;
        const struct use_row *row = row_of(config, use);
        enum err e = module_load(row->module, row->size, &out->modules[use], reason, reason_size);
        if (e == ERR_OK)
            e = open_patiently(out->modules[use], settings_of(&s, row), is_unwanted,
                               &out->open[use], reason, reason_size);
        if (e != ERR_OK) {
            drivers_close(out);
            return e;
        }
    }
    return ERR_OK;
}

void drivers_close(struct drivers *d)
{
    for (unsigned use = DRIVER_USES; use-- > 0;) {
        if (d->open[use] != NULL)
            d->modules[use]->close(d->open[use]);
        d->open[use] = NULL;
    }
}

/* ---- Migrations ---- */

enum err drivers_migrate(const struct config *config, enum driver_migration what, driver_say_f say,
                         void *arg, char *reason, size_t reason_size)
{
    static const enum driver_use held[] = {USE_TABLE, USE_HISTORY, USE_EVENTS};
    struct settings s;
    settings_init(&s, config, "parley-migrate");
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        const struct use_row *row = row_of(config, held[i]);
        if (i > 0 && strcmp(row->module, "postgres") == 0)
            continue; /* its tables came with the first */
        const struct driver_module *m;
        enum err e = module_load(row->module, row->size, &m, reason, reason_size);
        assert(e != ERR_OK || m->migrate != NULL);
        if (e == ERR_OK)
            e = m->migrate(settings_of(&s, row), what, say, arg, reason, reason_size);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
