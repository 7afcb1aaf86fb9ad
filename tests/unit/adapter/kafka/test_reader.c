/* Readers and members of groups when brokers and coordinators fail. */
#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "rig.h"
#include "telemetry/metrics.h"

static void say_numbers(struct rig *r, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(rig_say(r, i, (struct str){(char *)&i, sizeof i}), ERR_OK);
}

static void assert_each_once(const struct heard *h, uint32_t n)
{
    bool seen[HEARD_MAX] = {false};
    assert_int_equal(h->n, n);
    for (size_t i = 0; i < h->n; i++) {
        assert_false(seen[h->records[i].number]);
        seen[h->records[i].number] = true;
    }
}

static void trouble_in_fetching_passes(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    say_numbers(r, 0, 20);
    rd_kafka_mock_push_request_errors(
        r->mock, RIG_FETCH, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH);
    rig_fail(r, RIG_LIST_OFFSETS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 2);
    struct heard *h = log_kit_hear_all(r->log, LOG_FROM_START);
    rig_poll_past_trouble(h, 20);
    assert_each_once(h, 20);
    log_kit_hush(h);
}

static void reader_goes_on_after_an_outage(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    say_numbers(r, 0, 10);
    struct heard *h = log_kit_hear_all(r->log, LOG_FROM_START);
    rig_poll_past_trouble(h, 10);
    rig_cut(r, true);
    int64_t since = clock_steady_us(&clock_system);
    while (r->log->ops->poll(h->reader, 10, 50) != ERR_UNAVAILABLE)
        assert_false(log_kit_is_over(since));
    rig_cut(r, false);
    rig_wait_ready(r, true);
    say_numbers(r, 10, 20);
    rig_poll_past_trouble(h, 20);
    assert_each_once(h, 20);
    log_kit_hush(h);
}

static void offset_beyond_the_end_is_told(void **state)
{
    struct rig *r = *state;
    uint64_t offsets[RIG_PARTITIONS] = {0, 0, 0, 0};
    struct heard *h;
    rig_open(r);
    say_numbers(r, 0, 20);
    h = log_kit_hear(r->log);
    for (unsigned p = 0; p < RIG_PARTITIONS; p++)
        offsets[p] = 1000;
    assert_int_equal(r->log->ops->read(r->log, offsets, &h->super, &h->reader), ERR_OK);
    int64_t since = clock_steady_us(&clock_system);
    while (r->log->ops->poll(h->reader, 10, 50) != ERR_NOT_FOUND)
        assert_false(log_kit_is_over(since));
    assert_int_equal(r->log->ops->poll(h->reader, 10, 0), ERR_NOT_FOUND); /* from then on */
    assert_int_equal(h->n, 0);
    log_kit_hush(h);
}

static void end_cannot_be_asked_of_nobody(void **state)
{
    struct rig *r = *state;
    uint64_t offsets[RIG_PARTITIONS] = {LOG_FROM_END, 0, 0, 0};
    rig_open(r);
    rig_cut(r, true);
    rig_wait_ready(r, false);
    struct heard *h = log_kit_hear(r->log);
    assert_int_equal(r->log->ops->read(r->log, offsets, &h->super, &h->reader), ERR_UNAVAILABLE);
    rig_cut(r, false);
    rig_wait_ready(r, true);
    assert_int_equal(r->log->ops->read(r->log, offsets, &h->super, &h->reader), ERR_OK);
    log_kit_hush(h);
}

/* Whoever writes into the topic beside parley: strange records have their offset all the same. */
static struct log_record strange;
static void look_at_strange(const struct log_record *record)
{
    strange = *record;
    strange.value.p = strange.tag.p = strange.trace.p = NULL;
}

static void produce_strange(struct rig *r, const char *key, const char *value)
{
    char long_tag[LOG_TAG_MAX + 1] = {'t'};
    char error[128];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", r->config.brokers, error, sizeof error);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    rd_kafka_vu_t v[5] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = RIG_TOPIC},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)key, key == NULL ? 0 : strlen(key)}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)value, value == NULL ? 0 : strlen(value)}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {KAFKA_HEADER_TAG, long_tag, sizeof long_tag}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {KAFKA_HEADER_TRACE, NULL, 0}},
    };
    assert_null(rd_kafka_produceva(rk, v, 5));
    assert_int_equal(rd_kafka_flush(rk, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(rk);
}

static void strange_records_are_handed_out(void **state)
{
    struct rig *r = *state;
    struct uuid nil = UUID_NIL;
    rig_open(r);
    struct heard *h = log_kit_hear_all(r->log, LOG_FROM_START);
    h->look = look_at_strange;
    produce_strange(r, "not a uuid", "text");
    log_kit_poll_until(h, 1);
    assert_true(uuid_eq(&strange.key, &nil));
    assert_int_equal(strange.value.n, 4);
    assert_int_equal(strange.tag.n, 0); /* too long for one of ours */
    assert_int_equal(strange.trace.n, 0);
    produce_strange(r, NULL, NULL);
    log_kit_poll_until(h, 2);
    assert_true(uuid_eq(&strange.key, &nil));
    assert_int_equal(strange.value.n, 0);
    log_kit_hush(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(trouble_in_fetching_passes),     RIG_TEST(reader_goes_on_after_an_outage),
        RIG_TEST(offset_beyond_the_end_is_told),  RIG_TEST(end_cannot_be_asked_of_nobody),
        RIG_TEST(strange_records_are_handed_out),
    };
    return cmocka_run_group_tests_name("kafka reader", tests, NULL, NULL);
}
