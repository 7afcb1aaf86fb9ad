#include "rig.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

int rig_setup(void **state)
{
    char error[128];
    struct rig *r = MEM_NEW(struct rig);
    r->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    assert_non_null(r->host);
    r->mock = rd_kafka_mock_cluster_new(r->host, RIG_BROKERS);
    assert_non_null(r->mock);
    assert_int_equal(rd_kafka_mock_topic_create(r->mock, RIG_TOPIC, RIG_PARTITIONS, RIG_BROKERS),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    r->config = (struct kafka_config){.brokers = rd_kafka_mock_cluster_bootstraps(r->mock),
                                      .topic = RIG_TOPIC,
                                      .produce_timeout_ms = 2000,
                                      .session_timeout_ms = 6000};
    *state = r;
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *r = *state;
    kafka_close(r->kafka);
    rd_kafka_mock_cluster_destroy(r->mock);
    rd_kafka_destroy(r->host);
    mem_free(r);
    return 0;
}

void rig_open(struct rig *r)
{
    char reason[KAFKA_REASON_SIZE] = "";
    if (kafka_open(&r->config, &r->kafka, reason, sizeof reason) != ERR_OK)
        fail_msg("%s", reason);
    r->log = kafka_log(r->kafka);
}

void rig_cut(struct rig *r, bool cut)
{
    for (int32_t i = 1; i <= RIG_BROKERS; i++)
        (cut ? rd_kafka_mock_broker_set_down : rd_kafka_mock_broker_set_up)(r->mock, i);
}

void rig_slow(struct rig *r, int rtt_ms)
{
    for (int32_t i = 1; i <= RIG_BROKERS; i++)
        rd_kafka_mock_broker_set_rtt(r->mock, i, rtt_ms);
}

void rig_fail(struct rig *r, enum rig_request request, rd_kafka_resp_err_t error, size_t n)
{
    rd_kafka_resp_err_t errors[64];
    assert_true(n <= sizeof errors / sizeof errors[0]);
    for (size_t i = 0; i < n; i++)
        errors[i] = error;
    rd_kafka_mock_push_request_errors_array(r->mock, (int16_t)request, n, errors);
}

enum err rig_say(struct rig *r, unsigned key, struct str value)
{
    struct log_sent s;
    if (log_kit_queue(r->log, &s, key, value) != ERR_OK)
        return ERR_UNAVAILABLE;
    log_kit_finish(&s);
    return s.send.err;
}

void rig_poll_past_trouble(struct heard *h, size_t n)
{
    int64_t since = clock_steady_us(&clock_system);
    while (h->n < n && !log_kit_is_over(since))
        (void)h->log->ops->poll(h->reader, 500, 100);
    assert_int_equal(h->n, n);
    (void)h->log->ops->poll(h->reader, 500, 50);
    assert_int_equal(h->n, n);
}

void rig_wait_ready(struct rig *r, bool ready)
{
    const struct timespec rest = {0, 10000000};
    char detail[128];
    int64_t since = clock_steady_us(&clock_system);
    while (r->log->ops->is_ready(r->log, detail, sizeof detail) != ready) {
        assert_false(log_kit_is_over(since));
        nanosleep(&rest, NULL);
    }
    assert_true(ready == (detail[0] == '\0'));
}
