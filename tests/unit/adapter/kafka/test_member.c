/* Members of groups when their coordinator fails. */
#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "rig.h"
#include "telemetry/metrics.h"

static void say_numbers(struct rig *r, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(rig_say(r, i, (struct str){(char *)&i, sizeof i}), ERR_OK);
}

static struct heard *member_with_everything(struct rig *r, size_t n)
{
    struct heard *h = log_kit_hear_shared(r->log, "group");
    rig_poll_past_trouble(h, n);
    assert_int_equal(log_kit_owned(h), RIG_PARTITIONS);
    return h;
}

static void eager_groups_work_too(void **state)
{
    struct rig *r = *state;
    r->config.assignor = "range";
    rig_open(r);
    say_numbers(r, 0, 10);
    struct heard *h = member_with_everything(r, 10);
    for (unsigned p = 0; p < RIG_PARTITIONS; p++)
        assert_int_equal(r->log->ops->commit(h->reader, p, 1), ERR_OK);
    log_kit_hush(h);
}

static void slow_coordinator_is_waited_for(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    say_numbers(r, 0, 10);
    rig_fail(r, RIG_FIND_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, 3);
    rig_fail(r, RIG_JOIN_GROUP, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 2);
    rig_fail(r, RIG_SYNC_GROUP, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 1);
    log_kit_hush(member_with_everything(r, 10));
}

/* Without the committed offsets a member would begin at a wrong place. */
static void member_without_its_offsets_is_replaced(void **state)
{
    struct rig *r = *state;
    int64_t before = metric_value(M_KAFKA_READERS_REPLACED);
    rig_open(r);
    say_numbers(r, 0, 10);
    struct heard *h = member_with_everything(r, 10);
    unsigned p = h->records[0].partition;
    assert_int_equal(r->log->ops->commit(h->reader, p, 1), ERR_OK);
    log_kit_hush(h);
    rig_fail(r, RIG_OFFSET_FETCH, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 1);
    h = log_kit_hear_shared(r->log, "group");
    rig_poll_past_trouble(h, 9);
    assert_int_equal(h->assigned_at[p], 1);
    assert_int_equal(metric_value(M_KAFKA_READERS_REPLACED), before + 1);
    log_kit_hush(h);
}

static void commit_that_is_refused_is_told(void **state)
{
    struct rig *r = *state;
    uint64_t committed[LOG_PARTITIONS_MAX];
    rig_open(r);
    say_numbers(r, 0, 10);
    struct heard *h = member_with_everything(r, 10);
    rig_fail(r, RIG_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, 1);
    assert_int_equal(r->log->ops->commit(h->reader, 0, 1), ERR_UNAVAILABLE);
    assert_int_equal(r->log->ops->committed(r->log, "group", committed), ERR_OK);
    assert_int_equal(committed[0], LOG_FROM_START);
    log_kit_hush(h);
}

static void commit_to_nobody_ends_in_time(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    say_numbers(r, 0, 10);
    struct heard *h = member_with_everything(r, 10);
    rig_cut(r, true);
    int64_t since_us = clock_steady_us(&clock_system);
    assert_int_equal(r->log->ops->commit(h->reader, 0, 1), ERR_UNAVAILABLE);
    assert_true(clock_steady_us(&clock_system) - since_us < 8000000);
    since_us = clock_steady_us(&clock_system);
    log_kit_hush(h);
    assert_true(clock_steady_us(&clock_system) - since_us < 15000000);
}

static void commit_of_another_ones_partition_is_refused(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    struct heard *h = log_kit_hear_shared(r->log, "group");
    assert_int_equal(r->log->ops->commit(h->reader, 0, 1), ERR_UNAVAILABLE);
    log_kit_poll_until_shared(&h, 1, RIG_PARTITIONS);
    assert_int_equal(r->log->ops->commit(h->reader, 0, 1), ERR_OK);
    log_kit_hush(h);
}

static void expelled_member_joins_again(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    say_numbers(r, 0, 10);
    struct heard *h = member_with_everything(r, 10);
    rig_fail(r, RIG_HEARTBEAT, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1);
    int64_t since = clock_steady_us(&clock_system);
    while (h->n_revoked == 0 && !log_kit_is_over(since))
        (void)r->log->ops->poll(h->reader, 10, 50);
    assert_int_equal(h->n_revoked, RIG_PARTITIONS);
    rig_poll_past_trouble(h, 20); /* nothing was committed: all of it again */
    assert_int_equal(log_kit_owned(h), RIG_PARTITIONS);
    log_kit_hush(h);
}

static void pause_ends_with_the_assignment(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    struct heard *h = log_kit_hear_shared(r->log, "group");
    log_kit_poll_until_shared(&h, 1, RIG_PARTITIONS);
    for (unsigned p = 0; p < RIG_PARTITIONS; p++)
        r->log->ops->pause(h->reader, p, true);
    say_numbers(r, 0, 10);
    log_kit_poll_until(h, 0);
    rig_fail(r, RIG_HEARTBEAT, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1);
    rig_poll_past_trouble(h, 10);
    log_kit_hush(h);
}

static void listener_hears_nothing_of_the_closing(void **state)
{
    struct rig *r = *state;
    rig_open(r);
    struct heard *h = log_kit_hear_shared(r->log, "group");
    log_kit_poll_until_shared(&h, 1, RIG_PARTITIONS);
    r->log->ops->close_reader(h->reader);
    assert_int_equal(h->n_revoked, 0);
    h->reader = NULL;
    assert_int_equal(r->log->ops->join(r->log, "group", &h->super, &h->reader), ERR_OK);
    log_kit_hush(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(eager_groups_work_too),
        RIG_TEST(slow_coordinator_is_waited_for),
        RIG_TEST(member_without_its_offsets_is_replaced),
        RIG_TEST(commit_that_is_refused_is_told),
        RIG_TEST(commit_to_nobody_ends_in_time),
        RIG_TEST(commit_of_another_ones_partition_is_refused),
        RIG_TEST(expelled_member_joins_again),
        RIG_TEST(pause_ends_with_the_assignment),
        RIG_TEST(listener_hears_nothing_of_the_closing),
    };
    return cmocka_run_group_tests_name("kafka member", tests, NULL, NULL);
}
