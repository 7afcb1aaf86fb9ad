/* What becomes of records when brokers fail. */
#include <string.h>

#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "base/mem.h"
#include "rig.h"
#include "telemetry/metrics.h"

static void partition_is_that_of_javas_clients(void **state)
{
    /* Utils.toPositive(Utils.murmur2(text)) % 16 and % 3 of kafka-clients 3.9.1 */
    static const struct {
        const char *key;
        unsigned of_16, of_3;
    } known[] = {
        {"00000000-0000-0000-0000-000000000000", 13, 0},
        {"018f2b0e-7d3a-7c11-9d5b-0a1b2c3d4e5f", 5, 2},
        {"ffffffff-ffff-ffff-ffff-ffffffffffff", 2, 0},
        {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", 9, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct uuid key;
        struct kafka of_16 = {.n_partitions = 16}, of_3 = {.n_partitions = 3};
        assert_true(uuid_from_text(str_of(known[i].key), &key));
        assert_int_equal(producer_partition_of(&of_16.log, &key), known[i].of_16);
        assert_int_equal(producer_partition_of(&of_3.log, &key), known[i].of_3);
    }
}

static void record_is_where_its_answer_says(void **state)
{
    struct rig *r = *state;
    struct log_sent s;
    rig_open(r);
    assert_int_equal(r->log->ops->partitions(r->log), RIG_PARTITIONS);
    for (uint64_t offset = 0; offset < 3; offset++) {
        assert_int_equal(log_kit_queue(r->log, &s, 1, STR("record")), ERR_OK);
        log_kit_finish(&s);
        assert_int_equal(s.send.err, ERR_OK);
        assert_int_equal(s.send.offset, offset);
        assert_int_equal(s.send.partition, r->log->ops->partition_of(r->log, &s.send.key));
    }
}

enum { MANY = 300, KEYS = 3 };

/* Sends MANY numbers, waits for all, and returns how many were answered ERR_OK. */
static size_t say_many(struct rig *r, struct log_sent *all, uint32_t *numbers)
{
    size_t ok = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        numbers[i] = i;
        assert_int_equal(log_kit_queue(r->log, &all[i], i % KEYS,
                                       (struct str){(char *)&numbers[i], sizeof numbers[i]}),
                         ERR_OK);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        log_kit_finish(&all[i]);
        assert_int_equal(all[i].n_done, 1);
        ok += all[i].send.err == ERR_OK;
    }
    return ok;
}

static void assert_each_once_in_order(struct rig *r, size_t n)
{
    struct heard *h = log_kit_hear_all(r->log, LOG_FROM_START);
    int64_t last[KEYS];
    memset(last, 0xff, sizeof last);
    rig_poll_past_trouble(h, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t number = h->records[i].number;
        assert_true((int64_t)number > last[number % KEYS]);
        last[number % KEYS] = number;
    }
    log_kit_hush(h);
}

static void passing_trouble_doubles_and_reorders_nothing(void **state)
{
    struct rig *r = *state;
    static struct log_sent all[MANY];
    static uint32_t numbers[MANY];
    rig_open(r);
    rd_kafka_mock_push_request_errors(
        r->mock, RIG_PRODUCE, 8, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NO_ERROR,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NO_ERROR,
        RD_KAFKA_RESP_ERR__TRANSPORT);
    assert_int_equal(say_many(r, all, numbers), MANY);
    assert_each_once_in_order(r, MANY);
}

static void record_that_never_left_is_unavailable(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("before")), ERR_OK);
    rig_cut(r, true);
    /* The first is perhaps taken before anyone noticed; soon they are refused at once. */
    assert_int_equal(rig_say(r, 1, STR("meanwhile")), ERR_UNAVAILABLE);
    rig_wait_ready(r, false);
    struct log_sent s;
    assert_int_equal(log_kit_queue(r->log, &s, 1, STR("refused")), ERR_UNAVAILABLE);
    assert_int_equal(s.n_done, 0);
    rig_cut(r, false);
    rig_wait_ready(r, true);
    assert_int_equal(rig_say(r, 1, STR("after")), ERR_OK);
    assert_each_once_in_order(r, 2);
}

static void record_without_an_answer_is_unknown(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("before")), ERR_OK);
    rig_slow(r, 20000);
    int64_t since_us = clock_steady_us(&clock_system);
    assert_int_equal(rig_say(r, 1, STR("who knows")), ERR_UNKNOWN);
    assert_true(clock_steady_us(&clock_system) - since_us < 4000000);
}

static void say_until_ok(struct rig *r)
{
    int64_t since = clock_steady_us(&clock_system);
    while (rig_say(r, 1, STR("after")) != ERR_OK)
        assert_false(log_kit_is_over(since));
}

static void refusal_of_the_broker_is_unavailable(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    rig_fail(r, RIG_PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
    assert_int_equal(rig_say(r, 1, STR("no")), ERR_UNAVAILABLE);
    say_until_ok(r); /* the library believes in the refusal for a while */
    assert_each_once_in_order(r, 1);
}

static void too_few_copies_is_unavailable_until_there_are_enough(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    rig_fail(r, RIG_PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 64);
    assert_int_equal(rig_say(r, 1, STR("no")), ERR_UNAVAILABLE);
    rd_kafka_mock_clear_request_errors(r->mock, RIG_PRODUCE);
    assert_int_equal(rig_say(r, 1, STR("yes")), ERR_OK);
    assert_each_once_in_order(r, 1);
}

static void producer_that_failed_for_good_is_replaced(void **state)
{
    struct rig *r = *state;
    int64_t before = metric_value(M_KAFKA_PRODUCERS_REPLACED);
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("before")), ERR_OK);
    rd_kafka_test_fatal_error(r->kafka->producer.rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                              "as a test wants it");
    say_until_ok(r);
    assert_int_equal(metric_value(M_KAFKA_PRODUCERS_REPLACED), before + 1);
    assert_each_once_in_order(r, 2);
}

static void full_queue_refuses_at_once(void **state)
{
    struct rig *r = *state;
    struct log_sent s[11];
    r->config.queue_records = 10;
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("before")), ERR_OK);
    rig_slow(r, 500);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(log_kit_queue(r->log, &s[i], 1, STR("record")), ERR_OK);
    int64_t refused = metric_value(M_LOG_PRODUCED_REFUSED);
    assert_int_equal(log_kit_queue(r->log, &s[10], 1, STR("one more")), ERR_UNAVAILABLE);
    assert_int_equal(metric_value(M_LOG_PRODUCED_REFUSED), refused + 1);
    for (unsigned i = 0; i < 10; i++) {
        log_kit_finish(&s[i]);
        assert_int_equal(s[i].send.err, ERR_OK);
    }
    assert_int_equal(rig_say(r, 1, STR("after")), ERR_OK);
}

static void closing_answers_everything(void **state)
{
    struct rig *r = *state;
    static struct log_sent s[50];
    r->config.produce_timeout_ms = 1000;
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("before")), ERR_OK);
    int64_t waiting = metric_value(M_LOG_PRODUCE_QUEUE);
    rig_slow(r, 20000);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(log_kit_queue(r->log, &s[i], i, STR("record")), ERR_OK);
    kafka_close(r->kafka);
    r->kafka = NULL;
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(s[i].n_done, 1);
        assert_true(s[i].send.err == ERR_UNKNOWN || s[i].send.err == ERR_UNAVAILABLE);
    }
    assert_int_equal(metric_value(M_LOG_PRODUCE_QUEUE), waiting);
}

static void closing_waits_for_what_is_on_its_way(void **state)
{
    struct rig *r = *state;
    static struct log_sent s[50];
    rig_open(r);
    assert_int_equal(rig_say(r, 1, STR("before")), ERR_OK);
    rig_slow(r, 300);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(log_kit_queue(r->log, &s[i], i, STR("record")), ERR_OK);
    kafka_close(r->kafka);
    r->kafka = NULL;
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(s[i].send.err, ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition_is_that_of_javas_clients),
        RIG_TEST(record_is_where_its_answer_says),
        RIG_TEST(passing_trouble_doubles_and_reorders_nothing),
        RIG_TEST(record_that_never_left_is_unavailable),
        RIG_TEST(record_without_an_answer_is_unknown),
        RIG_TEST(refusal_of_the_broker_is_unavailable),
        RIG_TEST(too_few_copies_is_unavailable_until_there_are_enough),
        RIG_TEST(producer_that_failed_for_good_is_replaced),
        RIG_TEST(full_queue_refuses_at_once),
        RIG_TEST(closing_answers_everything),
        RIG_TEST(closing_waits_for_what_is_on_its_way),
    };
    return cmocka_run_group_tests_name("kafka producer", tests, NULL, NULL);
}
