/* Whether the topic can be written, asked of the brokers by a thread of its own. A producer alone
 * notices a silent broker only when a record's time is over, and never that nobody listens at all
 * while there is nothing to send. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"

#define WATCH_TIMEOUT_MS   2000
#define WATCH_WELL_MS      5000 /* between questions while all is well */
#define WATCH_UNWELL_MS    500
#define WATCH_FIND_REST_MS 100

/* ---- One answer ---- */

static const rd_kafka_metadata_topic_t *topic_of(const rd_kafka_metadata_t *m)
{
    return m->topic_cnt == 1 ? &m->topics[0] : NULL;
}

static void judge_partition(const struct kafka *k, const rd_kafka_metadata_partition_t *p,
                            char *detail, size_t size)
{
    if (p->leader < 0)
        snprintf(detail, size, "partition %d of %s has no leader", p->id, k->config.topic);
    else if ((unsigned)p->isr_cnt < k->config.min_insync)
        snprintf(detail, size, "partition %d of %s: %d of %d copies in sync, %u are needed", p->id,
                 k->config.topic, p->isr_cnt, p->replica_cnt, k->config.min_insync);
}

/* What is wrong with the topic, "" when nothing is. */
static void judge(const struct kafka *k, const rd_kafka_metadata_t *m, char *detail, size_t size)
{
    const rd_kafka_metadata_topic_t *t = topic_of(m);
    detail[0] = '\0';
    if (t == NULL || t->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        snprintf(detail, size, "topic %s: %s", k->config.topic,
                 t == NULL ? "not told of" : rd_kafka_err2str(t->err));
    else if ((unsigned)t->partition_cnt != k->n_partitions)
        snprintf(detail, size, "topic %s now has %d partitions, not %u: name a new topic",
                 k->config.topic, t->partition_cnt, k->n_partitions);
    else
        for (int i = 0; i < t->partition_cnt && detail[0] == '\0'; i++)
            judge_partition(k, &t->partitions[i], detail, size);
}

static rd_kafka_resp_err_t ask(struct kafka *k, const rd_kafka_metadata_t **m)
{
    rd_kafka_poll(k->control, 0); /* its errors, so that they do not gather */
    rd_kafka_resp_err_t e = rd_kafka_metadata(k->control, 0, k->control_topic, m, WATCH_TIMEOUT_MS);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_poll(k->control, 0); /* those that tell why */
    return e;
}

/* ---- The first answer ---- */

static enum err find_judge(struct kafka *k, const rd_kafka_metadata_t *m, char *reason, size_t size)
{
    const rd_kafka_metadata_topic_t *t = topic_of(m);
    if (t == NULL || t->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        snprintf(reason, size, "there is no topic %s", k->config.topic);
        return ERR_NOT_FOUND;
    }
    if (t->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(reason, size, "topic %s: %s", k->config.topic, rd_kafka_err2str(t->err));
        return ERR_UNAVAILABLE;
    }
    if (t->partition_cnt < 1 || t->partition_cnt > LOG_PARTITIONS_MAX) {
        snprintf(reason, size, "topic %s has %d partitions; 1 to %d can be used", k->config.topic,
                 t->partition_cnt, LOG_PARTITIONS_MAX);
        return ERR_BAD_REQUEST;
    }
    k->n_partitions = (unsigned)t->partition_cnt;
    return ERR_OK;
}

static enum err find_once(struct kafka *k, char *reason, size_t size)
{
    const rd_kafka_metadata_t *m;
    rd_kafka_resp_err_t asked = ask(k, &m);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR)
        return refusal_tell(&k->refusal, k->config.brokers, rd_kafka_err2str(asked), reason, size);
    enum err e = find_judge(k, m, reason, size);
    rd_kafka_metadata_destroy(m);
    return e;
}

enum err watch_find(struct kafka *k, char *reason, size_t reason_size)
{
    int64_t until_us = clock_steady_us(&clock_system) + k->config.open_timeout_ms * INT64_C(1000);
    enum err e;
    while ((e = find_once(k, reason, reason_size)) == ERR_UNAVAILABLE &&
           clock_steady_us(&clock_system) < until_us)
        clock_sleep_ms(WATCH_FIND_REST_MS);
    return e;
}

/* ---- All later ones ---- */

static void tell(struct kafka *k, bool reachable, const char *detail)
{
    struct watch *w = &k->watch;
    pthread_mutex_lock(&w->mutex);
    bool news = w->reachable != reachable || strcmp(w->detail, detail) != 0;
    w->reachable = reachable;
    snprintf(w->detail, sizeof w->detail, "%s", detail);
    pthread_mutex_unlock(&w->mutex);
    if (news && detail[0] == '\0')
        log_event(LOG_INFO, "log can be written", LOG_S("topic", k->config.topic));
    else if (news)
        log_event(LOG_WARN, "log cannot be written", LOG_S("topic", k->config.topic),
                  LOG_S("reason", detail));
}

static bool watch_once(struct kafka *k)
{
    char detail[WATCH_DETAIL_SIZE];
    const rd_kafka_metadata_t *m;
    rd_kafka_resp_err_t asked = ask(k, &m);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
        refusal_tell(&k->refusal, k->config.brokers, rd_kafka_err2str(asked), detail,
                     sizeof detail);
        tell(k, false, detail);
        return false;
    }
    judge(k, m, detail, sizeof detail);
    /* Written under another number of partitions, keys would be in the wrong ones. */
    const rd_kafka_metadata_topic_t *t = topic_of(m);
    bool same = t != NULL && (t->err != RD_KAFKA_RESP_ERR_NO_ERROR ||
                              (unsigned)t->partition_cnt == k->n_partitions);
    rd_kafka_metadata_destroy(m);
    tell(k, same, detail);
    return detail[0] == '\0';
}

static bool watch_wait(struct watch *w, unsigned ms)
{
    const struct timespec until = cond_deadline(ms);
    pthread_mutex_lock(&w->mutex);
    int rc = 0;
    while (!w->stopping && !w->doubted && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&w->changed, &w->mutex, &until);
    w->doubted = false;
    bool go_on = !w->stopping;
    pthread_mutex_unlock(&w->mutex);
    return go_on;
}

static void *watch_run(void *arg)
{
    struct kafka *k = arg;
    bool well = true;
    while (watch_wait(&k->watch, well ? WATCH_WELL_MS : WATCH_UNWELL_MS))
        well = watch_once(k);
    return NULL;
}

void watch_start(struct kafka *k)
{
    struct watch *w = &k->watch;
    pthread_mutex_init(&w->mutex, NULL);
    cond_init(&w->changed);
    w->reachable = true;
    w->doubted = true; /* the first answer told the partitions only */
    int failed = pthread_create(&w->thread, NULL, watch_run, k);
    assert(failed == 0);
}

void watch_stop(struct kafka *k)
{
    struct watch *w = &k->watch;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
}

void watch_doubt(struct kafka *k)
{
    struct watch *w = &k->watch;
    pthread_mutex_lock(&w->mutex);
    w->reachable = false;
    w->doubted = true;
    snprintf(w->detail, sizeof w->detail, "no broker can be reached");
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

bool watch_is_reachable(struct kafka *k)
{
    pthread_mutex_lock(&k->watch.mutex);
    bool reachable = k->watch.reachable;
    pthread_mutex_unlock(&k->watch.mutex);
    return reachable;
}

bool watch_is_ready(struct event_log *self, char *detail, size_t size)
{
    struct watch *w = &((struct kafka *)self)->watch;
    pthread_mutex_lock(&w->mutex);
    snprintf(detail, size, "%s", w->detail);
    bool ready = w->detail[0] == '\0';
    pthread_mutex_unlock(&w->mutex);
    return ready;
}
