/* Questions to the brokers that block. */
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "adapter/kafka/answer.h"
#include "adapter/kafka/state.h"
#include "base/buf.h"
#include "base/log.h"

#define IDENTITY_TEXT_MAX 1024

static enum err failed(const struct kafka *k, const char *question, const char *why)
{
    log_event(LOG_WARN, "kafka did not answer", LOG_S("question", question),
              LOG_S("topic", k->config.topic), LOG_S("reason", why));
    return ERR_UNAVAILABLE;
}

/* ---- Identity ---- */

/* The stamp that the topic got when it was made; false when it has none. */
static bool stamp_of(rd_kafka_event_t *answer, char *stamp, size_t size)
{
    const char *value = answer_config(answer, 0, KAFKA_STAMP_CONFIG);
    if (value == NULL || strcmp(value, "0") == 0)
        return false;
    snprintf(stamp, size, "%s", value);
    return true;
}

static enum err ask_stamp(struct kafka *k, char *stamp, size_t size)
{
    char reason[KAFKA_REASON_SIZE];
    const char *topic = k->config.topic;
    rd_kafka_event_t *answer =
        answer_of_configs(k->control, &topic, 1, KAFKA_ASK_TIMEOUT_MS, reason, sizeof reason);
    if (answer == NULL)
        return failed(k, "configuration", reason);
    bool ok = stamp_of(answer, stamp, size);
    rd_kafka_event_destroy(answer);
    return ok ? ERR_OK
              : failed(k, "identity", "the topic has no stamp (see docs/internals/kafka.md)");
}

enum err ask_identity(struct event_log *self, struct uuid *out)
{
    struct kafka *k = (struct kafka *)self;
    char stamp[32];
    struct buf text;
    enum err e = ask_stamp(k, stamp, sizeof stamp);
    if (e != ERR_OK)
        return e;
    char *cluster = rd_kafka_clusterid(k->control, KAFKA_ASK_TIMEOUT_MS);
    if (cluster == NULL)
        return failed(k, "cluster id", "no answer in time");
    buf_init(&text, IDENTITY_TEXT_MAX);
    buf_printf(&text, "%s\n%s\n%s", cluster, k->config.topic, stamp);
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(text.p, text.n));
    memcpy(out->b, hash.digest, sizeof out->b);
    buf_fini(&text);
    rd_kafka_mem_free(k->control, cluster);
    return ERR_OK;
}

/* ---- Bounds ---- */

enum err ask_bounds(struct event_log *self, unsigned partition, uint64_t *first, uint64_t *end)
{
    struct kafka *k = (struct kafka *)self;
    int64_t low, high;
    if (!watch_is_reachable(k))
        return failed(k, "bounds", "no broker can be reached");
    rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(
        k->control, k->config.topic, (int32_t)partition, &low, &high, KAFKA_ASK_TIMEOUT_MS);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(k, "bounds", rd_kafka_err2str(e));
    if (low < 0 || high < low)
        return failed(k, "bounds", "the answer makes no sense");
    *first = (uint64_t)low;
    *end = (uint64_t)high;
    return ERR_OK;
}

/* ---- Committed ---- */

/* As a consumer of the group, without joining it. The library's administrative question for the
 * same (ListConsumerGroupOffsets) ends the process with an assertion when its time is over while
 * the group's coordinator is not known (librdkafka 2.0.2). */
static rd_kafka_t *asker_for(struct kafka *k, const char *group, char *reason, size_t size)
{
    struct asker *a = &k->asker;
    if (a->handle != NULL && strcmp(a->group, group) == 0)
        return a->handle;
    if (a->handle != NULL)
        kafka_discard(a->handle);
    snprintf(a->group, sizeof a->group, "%s", group);
    rd_kafka_conf_t *conf = kafka_conf(&k->config, KAFKA_CONTROL, group, k, reason, size);
    a->handle = conf == NULL ? NULL : kafka_handle(conf, KAFKA_CONTROL, reason, size);
    return a->handle;
}

static enum err committed_of(struct kafka *k, const rd_kafka_topic_partition_list_t *list,
                             uint64_t *out)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (p->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(k, "committed offsets", rd_kafka_err2str(p->err));
        out[i] = p->offset >= 0 ? (uint64_t)p->offset : LOG_FROM_START;
    }
    return ERR_OK;
}

enum err ask_committed(struct event_log *self, const char *group, uint64_t *out)
{
    struct kafka *k = (struct kafka *)self;
    char reason[KAFKA_REASON_SIZE] = "";
    if (!watch_is_reachable(k))
        return failed(k, "committed offsets", "no broker can be reached");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)k->n_partitions);
    for (unsigned i = 0; i < k->n_partitions; i++)
        rd_kafka_topic_partition_list_add(list, k->config.topic, (int32_t)i);
    pthread_mutex_lock(&k->asker.mutex);
    rd_kafka_t *handle = asker_for(k, group, reason, sizeof reason);
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__STATE;
    if (handle != NULL) {
        error = rd_kafka_committed(handle, list, KAFKA_ASK_TIMEOUT_MS);
        rd_kafka_poll(handle, 0); /* its errors, so that they do not gather */
    }
    pthread_mutex_unlock(&k->asker.mutex);
    enum err e =
        error == RD_KAFKA_RESP_ERR_NO_ERROR
            ? committed_of(k, list, out)
            : failed(k, "committed offsets", handle == NULL ? reason : rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
    return e;
}
