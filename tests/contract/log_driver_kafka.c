#include "log_driver_kafka.h"

#include <librdkafka/rdkafka.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/uuid.h"

#define ADMIN_MS 15000

const char *log_kafka_address(void)
{
    const char *address = getenv("PARLEY_TEST_KAFKA");
    if (address == NULL || address[0] == '\0')
        fail_msg("PARLEY_TEST_KAFKA does not say where Kafka is");
    return address;
}

/* ---- Topics ---- */

void log_topic_make(const char *name, unsigned partitions, char *topic)
{
    char reason[KAFKA_REASON_SIZE] = "";
    struct uuid id = uuid_random();
    const struct kafka_config config = {.brokers = log_kafka_address()};
    snprintf(topic, LOG_TOPIC_SIZE, "test.%s.%s", name, uuid_text(&id).s);
    const struct kafka_topic wanted = {topic, partitions, 1, 1, KAFKA_TOPIC_FOR_EVER};
    if (kafka_topics_ensure(&config, &wanted, 1, NULL, NULL, reason, sizeof reason) != ERR_OK)
        fail_msg("%s", reason);
}

static rd_kafka_t *admin_new(void)
{
    char error[128];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(
        rd_kafka_conf_set(conf, "bootstrap.servers", log_kafka_address(), error, sizeof error),
        RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    assert_non_null(rk);
    return rk;
}

static void admin_finish(rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *e = rd_kafka_queue_poll(queue, ADMIN_MS);
    assert_non_null(e);
    if (rd_kafka_event_error(e) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("%s", rd_kafka_event_error_string(e));
    rd_kafka_event_destroy(e);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

void log_topic_delete(const char *topic)
{
    rd_kafka_t *rk = admin_new();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *doomed = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(rk, &doomed, 1, NULL, queue);
    rd_kafka_DeleteTopic_destroy(doomed);
    admin_finish(rk, queue);
}

/* ---- The driver ---- */

/* One is open at a time. */
static struct kafka *kafka;
static char topic[LOG_TOPIC_SIZE];

static pid_t broker_pid(void)
{
    const char *text = getenv("PARLEY_TEST_KAFKA_PID");
    return text == NULL ? 0 : (pid_t)strtol(text, NULL, 10);
}

static void cut(struct event_log *log, bool yes)
{
    (void)log;
    assert_int_equal(kill(broker_pid(), yes ? SIGSTOP : SIGCONT), 0);
}

static struct event_log *open_log(unsigned partitions)
{
    char reason[KAFKA_REASON_SIZE] = "";
    event_log_kafka.cut = broker_pid() > 0 ? cut : NULL;
    log_topic_make("contract", partitions, topic);
    const struct kafka_config config = {.brokers = log_kafka_address(), .topic = topic};
    if (kafka_open(&config, &kafka, reason, sizeof reason) != ERR_OK)
        fail_msg("%s", reason);
    return kafka_log(kafka);
}

static void close_log(struct event_log *log)
{
    (void)log;
    if (event_log_kafka.cut != NULL)
        cut(log, false); /* whatever a test that failed left behind */
    kafka_close(kafka);
    log_topic_delete(topic);
}

static void trim(struct event_log *log, unsigned partition, uint64_t offset)
{
    (void)log;
    rd_kafka_t *rk = admin_new();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition)->offset = (int64_t)offset;
    rd_kafka_DeleteRecords_t *doomed = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(rk, &doomed, 1, NULL, queue);
    rd_kafka_DeleteRecords_destroy(doomed);
    rd_kafka_topic_partition_list_destroy(list);
    admin_finish(rk, queue);
}

struct event_log_driver event_log_kafka = {"kafka", open_log, close_log, NULL, trim};
