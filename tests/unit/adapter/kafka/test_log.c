/* Opening a log, and whether it can be written. */
#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "rig.h"
#include "telemetry/metrics.h"

static void refuse_to_open(struct rig *r, enum err wanted, const char *sentence)
{
    char reason[KAFKA_REASON_SIZE] = "";
    struct kafka *k;
    assert_int_equal(kafka_open(&r->config, &k, reason, sizeof reason), wanted);
    if (strstr(reason, sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", reason, sentence);
}

static void missing_topic_is_told(void **state)
{
    struct rig *r = *state;
    rd_kafka_mock_topic_set_error(r->mock, RIG_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    refuse_to_open(r, ERR_NOT_FOUND, "there is no topic rig");
}

static void too_many_partitions_are_told(void **state)
{
    struct rig *r = *state;
    r->config.topic = "wide";
    rd_kafka_mock_topic_create(r->mock, "wide", LOG_PARTITIONS_MAX + 1, 1);
    refuse_to_open(r, ERR_BAD_REQUEST, "has 65 partitions; 1 to 64 can be used");
}

static void nobody_there_is_told_in_time(void **state)
{
    struct rig *r = *state;
    r->config.open_timeout_ms = 300;
    r->config.brokers = "127.0.0.1:1";
    int64_t since_us = clock_steady_us(&clock_system);
    refuse_to_open(r, ERR_UNAVAILABLE, "no Kafka broker answers at 127.0.0.1:1");
    assert_true(clock_steady_us(&clock_system) - since_us < 5000000);
}

static void broker_that_comes_up_late_is_waited_for(void **state)
{
    struct rig *r = *state;
    rig_fail(r, RIG_METADATA, RD_KAFKA_RESP_ERR__TRANSPORT, 2);
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("record")), ERR_OK);
}

static void wrong_configuration_is_told(void **state)
{
    struct rig *r = *state;
    r->config.sasl_mechanism = "GUESSWORK";
    refuse_to_open(r, ERR_BAD_REQUEST, "GUESSWORK");
    r->config.sasl_mechanism = NULL;
    r->config.tls = true;
    r->config.tls_ca = "/nowhere/ca.pem";
    refuse_to_open(r, ERR_BAD_REQUEST, "ca");
}

static void partition_without_a_leader_is_told(void **state)
{
    struct rig *r = *state;
    char detail[128];
    rd_kafka_mock_partition_set_leader(r->mock, RIG_TOPIC, 2, -1);
    rig_open(r);
    rig_wait_ready(r, false);
    r->log->ops->is_ready(r->log, detail, sizeof detail);
    assert_non_null(strstr(detail, "partition 2 of rig has no leader"));
    rd_kafka_mock_partition_set_leader(r->mock, RIG_TOPIC, 2, 1);
    rig_wait_ready(r, true);
}

static void too_few_copies_in_sync_are_told(void **state)
{
    struct rig *r = *state;
    char detail[128];
    r->config.min_insync = RIG_BROKERS + 1;
    rig_open(r);
    rig_wait_ready(r, false);
    r->log->ops->is_ready(r->log, detail, sizeof detail);
    assert_non_null(strstr(detail, "3 of 3 copies in sync, 4 are needed"));
}

/* Keys would go where no reader of theirs looks. */
static void other_number_of_partitions_stops_writing(void **state)
{
    struct rig *r = *state;
    char detail[128];
    struct log_sent s;
    rig_open(r);
    rig_wait_ready(r, true);
    r->kafka->n_partitions = RIG_PARTITIONS - 1; /* as if one came while the log is open */
    watch_doubt(r->kafka);
    int64_t since = clock_steady_us(&clock_system);
    do {
        r->log->ops->is_ready(r->log, detail, sizeof detail);
        assert_false(log_kit_is_over(since));
    } while (strstr(detail, "now has 4 partitions, not 3") == NULL);
    assert_int_equal(log_kit_queue(r->log, &s, 1, STR("record")), ERR_UNAVAILABLE);
}

static void statistics_become_metrics(void **state)
{
    (void)state;
    static const char text[] =
        "{\"brokers\":{"
        "\"b/bootstrap\":{\"nodeid\":-1,\"state\":\"UP\",\"txretries\":0,\"req_timeouts\":0},"
        "\"b/1\":{\"nodeid\":1,\"state\":\"UP\",\"txretries\":3,\"req_timeouts\":1,"
        "\"rtt\":{\"avg\":700}},"
        "\"b/2\":{\"nodeid\":2,\"state\":\"CONNECT\",\"txretries\":4,\"req_timeouts\":1,"
        "\"rtt\":{\"avg\":900}}}}";
    static const char nonsense[] = "{\"brokers\":[1,\"x\"";
    struct kafka k = {.n_partitions = 1};
    int64_t retries = metric_value(M_KAFKA_RETRIES), timeouts = metric_value(M_KAFKA_TIMEOUTS);
    stats_take(NULL, (char *)text, sizeof text - 1, &k);
    stats_take(NULL, (char *)text, sizeof text - 1, &k); /* counts are totals */
    assert_int_equal(metric_value(M_KAFKA_BROKERS_UP), 1);
    assert_int_equal(metric_value(M_KAFKA_RTT_US), 900);
    assert_int_equal(metric_value(M_KAFKA_RETRIES), retries + 7);
    assert_int_equal(metric_value(M_KAFKA_TIMEOUTS), timeouts + 2);
    stats_take(NULL, (char *)nonsense, sizeof nonsense - 1, &k);
    assert_int_equal(metric_value(M_KAFKA_BROKERS_UP), 0);
    assert_int_equal(metric_value(M_KAFKA_RETRIES), retries + 7);
}

/* The broker of these tests answers no questions about configurations. */
static void identity_that_cannot_be_told_is_unavailable(void **state)
{
    struct rig *r = *state;
    struct uuid id;
    rig_open(r);
    assert_int_equal(r->log->ops->identity(r->log, &id), ERR_UNAVAILABLE);
}

static void questions_to_nobody_are_unavailable(void **state)
{
    struct rig *r = *state;
    uint64_t first, end, committed[LOG_PARTITIONS_MAX];
    rig_open(r);
    assert_int_equal(r->log->ops->bounds(r->log, 0, &first, &end), ERR_OK);
    assert_int_equal(first | end, 0);
    assert_int_equal(r->log->ops->committed(r->log, "group", committed), ERR_OK);
    assert_int_equal(committed[0], LOG_FROM_START);
    rig_cut(r, true);
    rig_wait_ready(r, false);
    assert_int_equal(r->log->ops->bounds(r->log, 0, &first, &end), ERR_UNAVAILABLE);
    assert_int_equal(r->log->ops->committed(r->log, "group", committed), ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(missing_topic_is_told),
        RIG_TEST(too_many_partitions_are_told),
        RIG_TEST(nobody_there_is_told_in_time),
        RIG_TEST(broker_that_comes_up_late_is_waited_for),
        RIG_TEST(wrong_configuration_is_told),
        RIG_TEST(partition_without_a_leader_is_told),
        RIG_TEST(too_few_copies_in_sync_are_told),
        RIG_TEST(other_number_of_partitions_stops_writing),
        cmocka_unit_test(statistics_become_metrics),
        RIG_TEST(identity_that_cannot_be_told_is_unavailable),
        RIG_TEST(questions_to_nobody_are_unavailable),
    };
    return cmocka_run_group_tests_name("kafka log", tests, NULL, NULL);
}
