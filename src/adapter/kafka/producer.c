/* The producing side: one handle, one thread that hands out its answers. */
#include <assert.h>
#include <stdio.h>

#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "base/log.h"
#include "telemetry/metrics.h"

#define POLL_MS       100
#define RENEW_REST_MS 1000
/* A stop waits this much longer than a record can wait for its answer. */
#define STOP_GRACE_MS 1000

/* As a line of text: whoever reads the topic with another client sees which channel it is, and
 * every client's default partitioner for a string key agrees. */
unsigned producer_partition_of(struct event_log *self, const struct uuid *key)
{
    struct kafka *k = (struct kafka *)self;
    char text[UUID_TEXT_LEN];
    uuid_to_text(key, text);
    /* The topic is not looked at by this partitioner. */
    return (unsigned)rd_kafka_msg_partitioner_murmur2(NULL, text, sizeof text,
                                                      (int32_t)k->n_partitions, NULL, NULL);
}

/* ---- Answers ---- */

static enum err answer_of(const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERR_OK;
    return rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED ? ERR_UNAVAILABLE
                                                                           : ERR_UNKNOWN;
}

static void answer_count(enum err e, int64_t latency_us)
{
    metric_inc(e == ERR_OK            ? M_LOG_PRODUCED_OK
               : e == ERR_UNAVAILABLE ? M_LOG_PRODUCED_UNAVAILABLE
                                      : M_LOG_PRODUCED_UNKNOWN);
    if (e == ERR_OK && latency_us >= 0)
        metric_observe(M_LOG_PRODUCE_LATENCY, (uint64_t)latency_us);
    metric_add(M_LOG_PRODUCE_QUEUE, -1);
}

static void on_answer(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct kafka *k = opaque;
    struct log_send *s = m->_private;
    (void)rk;
    s->err = answer_of(m);
    s->partition = (unsigned)m->partition;
    s->offset = s->err == ERR_OK ? (uint64_t)m->offset : 0;
    answer_count(s->err, rd_kafka_message_latency(m));
    if (s->err != ERR_OK)
        log_event(LOG_WARN, "record not written", LOG_S("topic", k->config.topic),
                  LOG_I("partition", s->partition), LOG_S("error", rd_kafka_err2name(m->err)),
                  LOG_S("outcome", err_code(s->err)));
    s->done(s);
    atomic_fetch_sub(&k->producer.waiting, 1);
}

static void on_error(rd_kafka_t *rk, int err, const char *text, void *opaque)
{
    metric_inc(M_KAFKA_ERRORS);
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        watch_doubt(opaque);
    log_event(LOG_DEBUG, "kafka error", LOG_S("handle", rd_kafka_name(rk)),
              LOG_S("error", rd_kafka_err2name((rd_kafka_resp_err_t)err)), LOG_S("text", text));
}

/* ---- The handle ---- */

static enum err handle_open(struct kafka *k, rd_kafka_t **rk, rd_kafka_topic_t **topic,
                            char *reason, size_t size)
{
    rd_kafka_conf_t *conf = kafka_conf(&k->config, KAFKA_PRODUCER, NULL, k, reason, size);
    if (conf == NULL)
        return ERR_BAD_REQUEST;
    rd_kafka_conf_set_dr_msg_cb(conf, on_answer);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, stats_take);
    *rk = kafka_handle(conf, KAFKA_PRODUCER, reason, size);
    if (*rk == NULL)
        return ERR_BAD_REQUEST;
    *topic = rd_kafka_topic_new(*rk, k->config.topic, NULL);
    if (*topic != NULL)
        return ERR_OK;
    snprintf(reason, size, "\"%s\" is no name of a topic", k->config.topic);
    kafka_discard(*rk);
    *rk = NULL;
    return ERR_BAD_REQUEST;
}

static void handle_close(struct producer *p)
{
    if (p->rk == NULL)
        return;
    rd_kafka_topic_destroy(p->topic);
    kafka_discard(p->rk);
    p->rk = NULL;
}

static void producer_refuse(struct producer *p)
{
    pthread_mutex_lock(&p->mutex);
    p->open = false;
    pthread_mutex_unlock(&p->mutex);
}

/* What is under way is answered by the library: never sent, or perhaps written. */
static void answer_the_rest(struct producer *p)
{
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (atomic_load(&p->waiting) > 0)
        rd_kafka_poll(p->rk, POLL_MS);
}

/* After a fatal error the handle refuses everything for ever; the next one begins with an identity
 * of its own. What the old one had under way was answered, so nothing is sent twice. */
static void producer_renew(struct kafka *k)
{
    struct producer *p = &k->producer;
    char reason[KAFKA_REASON_SIZE];
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    producer_refuse(p);
    if (p->rk != NULL) {
        rd_kafka_fatal_error(p->rk, reason, sizeof reason);
        log_event(LOG_ERROR, "producer replaced", LOG_S("topic", k->config.topic),
                  LOG_S("reason", reason));
        metric_inc(M_KAFKA_PRODUCERS_REPLACED);
        answer_the_rest(p);
        handle_close(p);
    }
    if (handle_open(k, &rk, &topic, reason, sizeof reason) != ERR_OK) {
        log_event(LOG_ERROR, "producer cannot be replaced", LOG_S("reason", reason));
        return;
    }
    pthread_mutex_lock(&p->mutex);
    p->rk = rk;
    p->topic = topic;
    p->open = !atomic_load(&p->stopping);
    pthread_mutex_unlock(&p->mutex);
}

/* ---- The thread ---- */

static int64_t now_ms(void)
{
    return clock_steady_us(&clock_system) / 1000;
}

static void *producer_run(void *arg)
{
    struct kafka *k = arg;
    struct producer *p = &k->producer;
    while (!atomic_load(&p->stopping)) {
        if (p->rk != NULL)
            rd_kafka_poll(p->rk, POLL_MS);
        if (p->rk != NULL && rd_kafka_fatal_error(p->rk, NULL, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        producer_renew(k);
        if (p->rk == NULL)
            clock_sleep_ms(RENEW_REST_MS);
    }
    int64_t until_ms = now_ms() + k->config.produce_timeout_ms + STOP_GRACE_MS;
    while (p->rk != NULL && atomic_load(&p->waiting) > 0 && now_ms() < until_ms)
        rd_kafka_poll(p->rk, POLL_MS);
    if (p->rk != NULL)
        answer_the_rest(p);
    return NULL;
}

enum err producer_start(struct kafka *k, char *reason, size_t reason_size)
{
    struct producer *p = &k->producer;
    enum err e = handle_open(k, &p->rk, &p->topic, reason, reason_size);
    if (e != ERR_OK)
        return e;
    pthread_mutex_init(&p->mutex, NULL);
    atomic_init(&p->stopping, false);
    atomic_init(&p->waiting, 0);
    p->open = true;
    int failed = pthread_create(&p->thread, NULL, producer_run, k);
    assert(failed == 0);
    return ERR_OK;
}

void producer_stop(struct kafka *k)
{
    struct producer *p = &k->producer;
    producer_refuse(p);
    atomic_store(&p->stopping, true);
    pthread_join(p->thread, NULL);
    handle_close(p);
    pthread_mutex_destroy(&p->mutex);
}

/* ---- Sending ---- */

static rd_kafka_headers_t *headers_of(const struct log_send *s)
{
    if (s->tag.n + s->trace.n == 0)
        return NULL;
    rd_kafka_headers_t *h = rd_kafka_headers_new(2);
    if (s->tag.n > 0)
        rd_kafka_header_add(h, KAFKA_HEADER_TAG, sizeof KAFKA_HEADER_TAG - 1, s->tag.p,
                            (ssize_t)s->tag.n);
    if (s->trace.n > 0)
        rd_kafka_header_add(h, KAFKA_HEADER_TRACE, sizeof KAFKA_HEADER_TRACE - 1, s->trace.p,
                            (ssize_t)s->trace.n);
    return h;
}

/* The library borrows the value, and copies the key. */
static bool produce(struct kafka *k, struct log_send *s)
{
    char key[UUID_TEXT_LEN];
    rd_kafka_headers_t *headers = headers_of(s);
    uuid_to_text(&s->key, key);
    rd_kafka_vu_t v[7] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = k->producer.topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = (int32_t)s->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key, sizeof key}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)s->value.p, s->value.n}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = s},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = 0},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(k->producer.rk, v, headers == NULL ? 6 : 7);
    if (error == NULL)
        return true;
    if (headers != NULL)
        rd_kafka_headers_destroy(headers);
    log_event(LOG_DEBUG, "record refused", LOG_S("error", rd_kafka_error_name(error)));
    rd_kafka_error_destroy(error);
    return false;
}

/* Under the mutex, so that records of two threads have one order. The library blocks nowhere in it:
 * a full queue is refused. */
enum err producer_send(struct event_log *self, struct log_send *s)
{
    struct kafka *k = (struct kafka *)self;
    struct producer *p = &k->producer;
    assert(s->tag.n <= LOG_TAG_MAX && s->trace.n <= LOG_TRACE_MAX);
    if (!watch_is_reachable(k))
        return ERR_UNAVAILABLE;
    s->partition = producer_partition_of(self, &s->key);
    pthread_mutex_lock(&p->mutex);
    bool ok = p->open;
    if (ok) {
        atomic_fetch_add(&p->waiting, 1);
        ok = produce(k, s);
        if (!ok)
            atomic_fetch_sub(&p->waiting, 1);
    }
    pthread_mutex_unlock(&p->mutex);
    if (ok)
        metric_add(M_LOG_PRODUCE_QUEUE, 1);
    else
        metric_inc(M_LOG_PRODUCED_REFUSED);
    return ok ? ERR_OK : ERR_UNAVAILABLE;
}
