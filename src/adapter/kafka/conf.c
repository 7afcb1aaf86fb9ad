/* What every handle of the library is configured with, and why. */
#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "adapter/kafka/state.h"
#include "base/log.h"
#include "telemetry/metrics.h"

struct setting {
    const char *name, *value; /* NULL or "": the library's default */
};

#define CLIENT_TIMEOUT_MS    "10000" /* of a request that must be answered at once */
#define CONTROL_TIMEOUT_MS   "2000"  /* of a question's request; the library repeats it twice */
#define DISCARD_S            3
#define RECONNECT_FIRST_MS   "50"
#define RECONNECT_MAX_MS     "1000"
#define STATISTICS_MS        "10000"
#define RECORD_BYTES_MAX     "1000000"
#define READER_QUEUE_KIB     "16384" /* read ahead of whoever polls, all partitions together */
#define READER_QUEUE_RECORDS "10000" /* a partition */
#define READER_ERROR_REST_MS "100"
#define MEMBER_GATHER_BYTES  "65536" /* or */
#define MEMBER_GATHER_MS     "50"
#define MEMBER_HEARTBEAT_MS  "1000"

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    /* syslog's levels: 3 is an error, 4 a warning, 6 informs, 7 is for debugging */
    enum log_level l = level <= 4 ? LOG_WARN : level <= 6 ? LOG_INFO : LOG_DEBUG;
    log_event(l, "kafka client", LOG_S("handle", rk == NULL ? "" : rd_kafka_name(rk)),
              LOG_S("what", facility), LOG_S("text", text));
}

static void on_error(rd_kafka_t *rk, int err, const char *text, void *opaque)
{
    (void)opaque;
    metric_inc(M_KAFKA_ERRORS);
    log_event(LOG_DEBUG, "kafka error", LOG_S("handle", rd_kafka_name(rk)),
              LOG_S("error", rd_kafka_err2name((rd_kafka_resp_err_t)err)), LOG_S("text", text));
}

static bool conf_set(rd_kafka_conf_t *conf, const struct setting *settings, size_t n, char *reason,
                     size_t reason_size)
{
    for (size_t i = 0; i < n; i++)
        if (settings[i].value != NULL && settings[i].value[0] != '\0' &&
            rd_kafka_conf_set(conf, settings[i].name, settings[i].value, reason, reason_size) !=
                RD_KAFKA_CONF_OK)
            return false;
    return true;
}

static const char *security(const struct kafka_config *c)
{
    bool sasl = c->sasl_mechanism != NULL && c->sasl_mechanism[0] != '\0';
    if (sasl)
        return c->tls ? "sasl_ssl" : "sasl_plaintext";
    return c->tls ? "ssl" : "plaintext";
}

static bool has_text(const char *s)
{
    return s != NULL && s[0] != '\0';
}

#define SET(conf, settings, reason, size) \
    conf_set((conf), (settings), sizeof(settings) / sizeof(settings)[0], (reason), (size))

static bool set_common(rd_kafka_conf_t *conf, const struct kafka_config *c, enum kafka_role role,
                       char *reason, size_t size)
{
    bool reads = role == KAFKA_READER || role == KAFKA_MEMBER;
    const struct setting settings[] = {
        {"bootstrap.servers", reads && has_text(c->read_brokers) ? c->read_brokers : c->brokers},
        {"client.id", has_text(c->client_id) ? c->client_id : "parley"},
        {"security.protocol", security(c)},
        {"ssl.ca.location", c->tls ? c->tls_ca : NULL},
        {"ssl.certificate.location", c->tls ? c->tls_cert : NULL},
        {"ssl.key.location", c->tls ? c->tls_key : NULL},
        {"ssl.endpoint.identification.algorithm", c->tls ? "https" : NULL},
        {"sasl.mechanism", c->sasl_mechanism},
        {"sasl.username", c->sasl_username},
        {"sasl.password", c->sasl_password},
        {"socket.timeout.ms", role == KAFKA_CONTROL ? CONTROL_TIMEOUT_MS : CLIENT_TIMEOUT_MS},
        {"socket.connection.setup.timeout.ms", CLIENT_TIMEOUT_MS},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", RECONNECT_FIRST_MS},
        {"reconnect.backoff.max.ms", RECONNECT_MAX_MS},
        {"log.connection.close", "false"},
    };
    return SET(conf, settings, reason, size);
}

/* No record waits for company: while earlier requests are under way the library gathers what comes
 * (queue.buffering.backpressure.threshold is 1), so that batches grow with the load by themselves.
 */
static bool set_producer(rd_kafka_conf_t *conf, const struct kafka_config *c, char *reason,
                         size_t size)
{
    char timeout_ms[16], records[16], kib[16];
    snprintf(timeout_ms, sizeof timeout_ms, "%u", c->produce_timeout_ms);
    snprintf(records, sizeof records, "%u", c->queue_records);
    snprintf(kib, sizeof kib, "%u", c->queue_bytes < 1024 ? 1 : c->queue_bytes / 1024);
    const struct setting settings[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "0"},
        {"message.timeout.ms", timeout_ms},
        {"message.max.bytes", RECORD_BYTES_MAX},
        {"queue.buffering.max.messages", records},
        {"queue.buffering.max.kbytes", kib},
        {"statistics.interval.ms", STATISTICS_MS},
    };
    return SET(conf, settings, reason, size);
}

/* auto.offset.reset=error: an offset that is gone is told, never jumped over. */
static bool set_reader(rd_kafka_conf_t *conf, const char *group, char *reason, size_t size)
{
    const struct setting settings[] = {
        {"group.id", group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"},
        {"check.crcs", "true"},
        {"queued.max.messages.kbytes", READER_QUEUE_KIB},
        {"queued.min.messages", READER_QUEUE_RECORDS},
        {"fetch.error.backoff.ms", READER_ERROR_REST_MS},
    };
    return SET(conf, settings, reason, size);
}

/* Consumers write in batches and nobody waits for them: the broker gathers for a moment, where a
 * plain reader is told of every record at once. */
static bool set_member(rd_kafka_conf_t *conf, const struct kafka_config *c, char *reason,
                       size_t size)
{
    char session_ms[16];
    snprintf(session_ms, sizeof session_ms, "%u", c->session_timeout_ms);
    const struct setting settings[] = {
        {"session.timeout.ms", session_ms},
        {"heartbeat.interval.ms", MEMBER_HEARTBEAT_MS},
        {"fetch.min.bytes", MEMBER_GATHER_BYTES},
        {"fetch.wait.max.ms", MEMBER_GATHER_MS},
        {"partition.assignment.strategy",
         has_text(c->assignor) ? c->assignor : "cooperative-sticky"},
    };
    return SET(conf, settings, reason, size);
}

rd_kafka_conf_t *kafka_conf(const struct kafka_config *c, enum kafka_role role, const char *group,
                            void *opaque, char *reason, size_t reason_size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    bool ok = set_common(conf, c, role, reason, reason_size);
    if (ok && role == KAFKA_PRODUCER)
        ok = set_producer(conf, c, reason, reason_size);
    if (ok && role != KAFKA_PRODUCER)
        ok = set_reader(conf, group, reason, reason_size);
    if (ok && role == KAFKA_MEMBER)
        ok = set_member(conf, c, reason, reason_size);
    if (ok)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_handle(rd_kafka_conf_t *conf, enum kafka_role role, char *reason,
                         size_t reason_size)
{
    rd_kafka_t *rk = rd_kafka_new(role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                  conf, reason, reason_size);
    if (rk == NULL)
        rd_kafka_conf_destroy(conf);
    else if (role == KAFKA_READER || role == KAFKA_MEMBER)
        rd_kafka_poll_set_consumer(rk);
    return rk;
}

static void *destroy(void *rk)
{
    rd_kafka_destroy(rk);
    return NULL;
}

void kafka_discard(rd_kafka_t *rk)
{
    pthread_t thread;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DISCARD_S;
    int failed = pthread_create(&thread, NULL, destroy, rk);
    assert(failed == 0);
    if (pthread_timedjoin_np(thread, NULL, &until) == 0)
        return;
    log_note(LOG_WARN, "a kafka handle ends later");
    pthread_detach(thread);
}
