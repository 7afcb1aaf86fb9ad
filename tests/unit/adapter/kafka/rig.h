/* A broker in this process (rdkafka_mock.h) whose requests fail as a test wants, and a log open on
 * it. */
#ifndef PARLEY_UNIT_KAFKA_RIG_H
#define PARLEY_UNIT_KAFKA_RIG_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "adapter/kafka/kafka.h"
#include "log_kit.h"

#define RIG_TOPIC      "rig"
#define RIG_PARTITIONS 4
#define RIG_BROKERS    3

/* Kafka's numbers of requests, for rd_kafka_mock_push_request_errors. */
enum rig_request {
    RIG_PRODUCE = 0,
    RIG_FETCH = 1,
    RIG_LIST_OFFSETS = 2,
    RIG_METADATA = 3,
    RIG_OFFSET_COMMIT = 8,
    RIG_OFFSET_FETCH = 9,
    RIG_FIND_COORDINATOR = 10,
    RIG_JOIN_GROUP = 11,
    RIG_HEARTBEAT = 12,
    RIG_SYNC_GROUP = 14,
};

struct rig {
    rd_kafka_t *host; /* the mock lives in a handle of its own */
    rd_kafka_mock_cluster_t *mock;
    struct kafka_config config;
    struct kafka *kafka;
    struct event_log *log;
};

/* cmocka's set-up and tear-down: brokers and the topic, no log. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* Opens the log; the caller may have changed rig->config before. Stops the test when it cannot. */
void rig_open(struct rig *r);
/* All brokers go away, or come back. */
void rig_cut(struct rig *r, bool cut);
/* All brokers answer that much later; in milliseconds. */
void rig_slow(struct rig *r, int rtt_ms);
/* The next `n` requests of that kind, to whichever broker, are answered with `error`. */
void rig_fail(struct rig *r, enum rig_request request, rd_kafka_resp_err_t error, size_t n);
/* Sends, waits, and tells what came of it; ERR_UNAVAILABLE too when it was refused at once. */
enum err rig_say(struct rig *r, unsigned key, struct str value);
/* Polls until it has `n` records, past all trouble; then as log_kit_poll_until. */
void rig_poll_past_trouble(struct heard *h, size_t n);
/* Waits until the log is as ready as that. */
void rig_wait_ready(struct rig *r, bool ready);

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
