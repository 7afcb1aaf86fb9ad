/* Opening and closing: the parts of an open log, put together. */
#include <stdio.h>

#include "adapter/kafka/state.h"
#include "base/mem.h"

#define DEFAULT_OPEN_MS    10000
#define DEFAULT_PRODUCE_MS 5000
#define DEFAULT_SESSION_MS 10000
#define DEFAULT_RECORDS    65536
#define DEFAULT_BYTES      (64u * 1024 * 1024)

static unsigned partitions(struct event_log *self)
{
    return ((struct kafka *)self)->n_partitions;
}

static const struct event_log_ops ops = {
    .produce = producer_send,
    .partitions = partitions,
    .partition_of = producer_partition_of,
    .identity = ask_identity,
    .bounds = ask_bounds,
    .read = reader_open,
    .join = member_open,
    .poll = reader_poll,
    .commit = member_commit,
    .pause = member_pause,
    .close_reader = reader_close,
    .committed = ask_committed,
    .is_ready = watch_is_ready,
};

static char *own(const char *s)
{
    return mem_strdup(s == NULL ? "" : s);
}

/* The strings of a configuration that is ours. */
#define STRINGS(X)  \
    X(brokers)      \
    X(read_brokers) \
    X(topic)        \
    X(client_id)    \
    X(tls_ca) X(tls_cert) X(tls_key) X(sasl_mechanism) X(sasl_username) X(sasl_password) X(assignor)

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value == 0 ? otherwise : value;
}

static void config_own(struct kafka_config *to, const struct kafka_config *from)
{
    *to = *from;
#define OWN(member) to->member = own(from->member);
    STRINGS(OWN)
#undef OWN
    to->open_timeout_ms = or_default(from->open_timeout_ms, DEFAULT_OPEN_MS);
    to->produce_timeout_ms = or_default(from->produce_timeout_ms, DEFAULT_PRODUCE_MS);
    to->session_timeout_ms = or_default(from->session_timeout_ms, DEFAULT_SESSION_MS);
    to->queue_records = or_default(from->queue_records, DEFAULT_RECORDS);
    to->queue_bytes = or_default(from->queue_bytes, DEFAULT_BYTES);
    to->topics = NULL;
    to->n_topics = 0;
}

static void config_disown(struct kafka_config *c)
{
#define DISOWN(member) mem_free((char *)c->member);
    STRINGS(DISOWN)
#undef DISOWN
}

static enum err control_open(struct kafka *k, char *reason, size_t size)
{
    rd_kafka_conf_t *conf =
        kafka_conf(&k->config, KAFKA_CONTROL, "parley-control", k, reason, size);
    if (conf != NULL)
        refusal_listen(&k->refusal, conf, &k->config);
    k->control = conf == NULL ? NULL : kafka_handle(conf, KAFKA_CONTROL, reason, size);
    if (k->control == NULL)
        return ERR_BAD_REQUEST;
    k->control_topic = rd_kafka_topic_new(k->control, k->config.topic, NULL);
    if (k->control_topic != NULL)
        return ERR_OK;
    snprintf(reason, size, "\"%s\" is no name of a topic", k->config.topic);
    return ERR_BAD_REQUEST;
}

static void control_close(struct kafka *k)
{
    if (k->asker.handle != NULL)
        kafka_discard(k->asker.handle);
    pthread_mutex_destroy(&k->asker.mutex);
    if (k->control_topic != NULL)
        rd_kafka_topic_destroy(k->control_topic);
    if (k->control != NULL)
        kafka_discard(k->control);
    refusal_fini(&k->refusal);
}

enum err kafka_open(const struct kafka_config *config, struct kafka **out, char *reason,
                    size_t reason_size)
{
    struct kafka *k = MEM_NEW(struct kafka);
    k->log.ops = &ops;
    pthread_mutex_init(&k->asker.mutex, NULL);
    refusal_init(&k->refusal);
    config_own(&k->config, config);
    enum err e = control_open(k, reason, reason_size);
    if (e == ERR_OK)
        e = watch_find(k, reason, reason_size);
    if (e != ERR_OK)
        goto err_control;
    watch_start(k);
    e = producer_start(k, reason, reason_size);
    if (e != ERR_OK)
        goto err_watch;
    *out = k;
    return ERR_OK;

err_watch:
    watch_stop(k);
err_control:
    control_close(k);
    config_disown(&k->config);
    mem_free(k);
    return e;
}

void kafka_close(struct kafka *k)
{
    if (k == NULL)
        return;
    producer_stop(k);
    watch_stop(k);
    control_close(k);
    config_disown(&k->config);
    mem_free(k);
}

struct event_log *kafka_log(struct kafka *k)
{
    return &k->log;
}

const char *kafka_library(void)
{
    static char text[32];
    snprintf(text, sizeof text, "librdkafka %s", rd_kafka_version_str());
    return text;
}
