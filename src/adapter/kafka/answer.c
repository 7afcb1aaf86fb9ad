#include "adapter/kafka/answer.h"

#include <stdio.h>
#include <string.h>

/* Beyond the time in which the library itself gives up. */
#define GRACE_MS 1000

/* Waits for the one event of `queue`, which ends. */
static rd_kafka_event_t *answer_wait(rd_kafka_queue_t *queue, int timeout_ms, char *reason,
                                     size_t size)
{
    rd_kafka_event_t *e = rd_kafka_queue_poll(queue, timeout_ms + GRACE_MS);
    rd_kafka_queue_destroy(queue);
    if (e == NULL) {
        snprintf(reason, size, "no answer in time");
        return NULL;
    }
    if (rd_kafka_event_error(e) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return e;
    const char *text = rd_kafka_event_error_string(e);
    snprintf(reason, size, "%s", text == NULL ? "it failed" : text);
    rd_kafka_event_destroy(e);
    return NULL;
}

static rd_kafka_AdminOptions_t *options_new(rd_kafka_t *rk, rd_kafka_admin_op_t op, int timeout_ms)
{
    char error[128];
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);
    rd_kafka_AdminOptions_set_request_timeout(o, timeout_ms, error, sizeof error);
    return o;
}

#define CONFIGS_MAX 16

/* Each topic of an answer has an error of its own. */
static rd_kafka_event_t *configs_checked(rd_kafka_event_t *answer, char *reason, size_t size)
{
    size_t n;
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(answer), &n);
    for (size_t i = 0; i < n; i++) {
        if (rd_kafka_ConfigResource_error(resources[i]) == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        const char *text = rd_kafka_ConfigResource_error_string(resources[i]);
        snprintf(reason, size, "%s: %s", rd_kafka_ConfigResource_name(resources[i]),
                 text == NULL ? "not told" : text);
        rd_kafka_event_destroy(answer);
        return NULL;
    }
    return answer;
}

rd_kafka_event_t *answer_of_configs(rd_kafka_t *rk, const char *const *topics, size_t n,
                                    int timeout_ms, char *reason, size_t size)
{
    rd_kafka_ConfigResource_t *resources[CONFIGS_MAX];
    if (n > CONFIGS_MAX)
        n = CONFIGS_MAX;
    for (size_t i = 0; i < n; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *o = options_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
    rd_kafka_DescribeConfigs(rk, resources, n, o, queue);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ConfigResource_destroy_array(resources, n);
    rd_kafka_event_t *answer = answer_wait(queue, timeout_ms, reason, size);
    return answer == NULL ? NULL : configs_checked(answer, reason, size);
}

const char *answer_config(rd_kafka_event_t *answer, size_t i, const char *name)
{
    size_t n_resources, n_entries;
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(answer), &n_resources);
    if (i >= n_resources)
        return NULL;
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(resources[i], &n_entries);
    for (size_t j = 0; j < n_entries; j++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[j]), name) == 0)
            return rd_kafka_ConfigEntry_value(entries[j]);
    return NULL;
}

rd_kafka_event_t *answer_of_create(rd_kafka_t *rk, rd_kafka_NewTopic_t *topic, int timeout_ms,
                                   char *reason, size_t size)
{
    char error[128];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *o = options_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    rd_kafka_AdminOptions_set_operation_timeout(o, timeout_ms, error, sizeof error);
    rd_kafka_CreateTopics(rk, &topic, 1, o, queue);
    rd_kafka_AdminOptions_destroy(o);
    return answer_wait(queue, timeout_ms, reason, size);
}
