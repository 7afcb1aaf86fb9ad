/* What port/event_log.h promises of groups, and of what can go wrong. */
#include <string.h>

#include "base/clock.h"
#include "log_kit.h"

/* ---- Groups ---- */

void log_test_member_alone_has_everything(void **state)
{
    struct event_log *log = *state;
    uint64_t committed[LOG_PARTITIONS_MAX];
    for (unsigned i = 0; i < 20; i++)
        log_kit_say(log, i, STR("record"));
    assert_int_equal(log->ops->committed(log, "alone", committed), ERR_OK);
    struct heard *h = log_kit_hear_shared(log, "alone");
    log_kit_poll_until(h, 20);
    assert_int_equal(log_kit_owned(h), LOG_KIT_PARTITIONS);
    for (unsigned p = 0; p < LOG_KIT_PARTITIONS; p++) {
        assert_int_equal(committed[p], LOG_FROM_START);
        assert_int_equal(h->assigned_at[p], LOG_FROM_START);
    }
    log_kit_hush(h);
}

void log_test_commit_is_where_the_next_one_begins(void **state)
{
    struct event_log *log = *state;
    uint64_t committed[LOG_PARTITIONS_MAX];
    struct uuid key = log_kit_key(1);
    unsigned p = log->ops->partition_of(log, &key);
    for (unsigned i = 0; i < 5; i++)
        log_kit_say(log, 1, STR("record"));
    struct heard *h = log_kit_hear_shared(log, "commit");
    log_kit_poll_until(h, 5);
    uint64_t third = h->records[2].offset;
    assert_int_equal(log->ops->commit(h->reader, p, third), ERR_OK);
    log_kit_hush(h);
    assert_int_equal(log->ops->committed(log, "commit", committed), ERR_OK);
    assert_int_equal(committed[p], third);
    h = log_kit_hear_shared(log, "commit");
    log_kit_poll_until(h, 3);
    assert_int_equal(h->assigned_at[p], third);
    assert_int_equal(h->records[0].offset, third);
    log_kit_hush(h);
}

void log_test_assigned_may_move_the_start(void **state)
{
    struct event_log *log = *state;
    struct log_sent s[4];
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(log_kit_queue(log, &s[i], 1, STR("record")), ERR_OK);
        log_kit_finish(&s[i]);
    }
    struct heard *h = log_kit_hear_shared(log, "moved");
    h->move_partition = s[2].send.partition;
    h->move_to = s[2].send.offset;
    int64_t since = clock_steady_us(&clock_system);
    while (h->n < 2 && !log_kit_is_over(since))
        assert_int_equal(log->ops->poll(h->reader, 500, 100), ERR_OK);
    assert_int_equal(h->n, 2);
    assert_int_equal(h->records[0].offset, s[2].send.offset);
    log_kit_hush(h);
}

void log_test_members_share_and_take_over(void **state)
{
    struct event_log *log = *state;
    struct heard *hs[2] = {log_kit_hear_shared(log, "shared"), NULL};
    log_kit_poll_until_shared(hs, 1, LOG_KIT_PARTITIONS);
    hs[1] = log_kit_hear_shared(log, "shared");
    log_kit_poll_until_shared(hs, 2, LOG_KIT_PARTITIONS);
    for (unsigned p = 0; p < LOG_KIT_PARTITIONS; p++)
        assert_true(hs[0]->has[p] != hs[1]->has[p]);
    assert_true(hs[0]->n_revoked > 0);
    for (unsigned i = 0; i < 100; i++)
        log_kit_say(log, i, STR("record"));
    int64_t since = clock_steady_us(&clock_system);
    while (hs[0]->n + hs[1]->n < 100 && !log_kit_is_over(since))
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(log->ops->poll(hs[i]->reader, 500, 50), ERR_OK);
    assert_int_equal(hs[0]->n + hs[1]->n, 100);
    assert_true(hs[0]->n > 0 && hs[1]->n > 0);

    /* nothing is committed: who stays begins with what the other one had */
    size_t taken_over = hs[1]->n, before = hs[0]->n;
    bool kept[LOG_KIT_PARTITIONS];
    memcpy(kept, hs[0]->has, sizeof kept);
    log_kit_hush(hs[1]);
    log_kit_poll_until_shared(hs, 1, LOG_KIT_PARTITIONS);
    since = clock_steady_us(&clock_system);
    while (hs[0]->n < before + taken_over && !log_kit_is_over(since))
        assert_int_equal(log->ops->poll(hs[0]->reader, 500, 50), ERR_OK);
    size_t from_other = 0;
    for (size_t i = before; i < hs[0]->n; i++)
        from_other += !kept[hs[0]->records[i].partition];
    assert_int_equal(from_other, taken_over);
    log_kit_hush(hs[0]);
}

void log_test_paused_partition_is_silent(void **state)
{
    struct event_log *log = *state;
    struct uuid key = log_kit_key(1);
    unsigned p = log->ops->partition_of(log, &key), other = 2;
    for (key = log_kit_key(other); log->ops->partition_of(log, &key) == p;
         key = log_kit_key(++other))
        ;
    struct heard *h = log_kit_hear_shared(log, "paused");
    log_kit_poll_until_shared(&h, 1, LOG_KIT_PARTITIONS);
    log->ops->pause(h->reader, p, true);
    log_kit_say(log, 1, STR("held back"));
    log_kit_say(log, other, STR("let through"));
    log_kit_poll_until(h, 1);
    assert_true(h->records[0].partition != p);
    log->ops->pause(h->reader, p, false);
    log_kit_poll_until(h, 2);
    assert_int_equal(h->records[1].partition, p);
    log_kit_hush(h);
}

/* ---- What can go wrong ---- */

void log_test_log_that_is_away_says_so(void **state)
{
    struct event_log *log = *state;
    char detail[128] = "";
    struct log_sent s;
    log_kit_say(log, 1, STR("before"));
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    log_kit_poll_until(h, 1);
    assert_true(log->ops->is_ready(log, detail, sizeof detail));
    log_kit_driver->cut(log, true);
    int64_t since = clock_steady_us(&clock_system);
    while (log->ops->poll(h->reader, 10, 100) != ERR_UNAVAILABLE)
        assert_false(log_kit_is_over(since));
    assert_false(log->ops->is_ready(log, detail, sizeof detail));
    assert_true(detail[0] != '\0');
    enum err e = log_kit_queue(log, &s, 1, STR("meanwhile"));
    if (e == ERR_OK) {
        log_kit_finish(&s);
        assert_true(s.send.err == ERR_UNAVAILABLE || s.send.err == ERR_UNKNOWN);
    } else {
        assert_int_equal(e, ERR_UNAVAILABLE);
    }
    log_kit_driver->cut(log, false);
    since = clock_steady_us(&clock_system);
    while (log_kit_queue(log, &s, 1, STR("after")) != ERR_OK)
        assert_false(log_kit_is_over(since));
    log_kit_finish(&s);
    assert_int_equal(s.send.err, ERR_OK);
    while ((h->n == 0 || h->records[h->n - 1].offset != s.send.offset) && !log_kit_is_over(since))
        (void)log->ops->poll(h->reader, 10, 100);
    assert_int_equal(h->records[h->n - 1].offset, s.send.offset);
    log_kit_hush(h);
}

void log_test_lost_past_is_told(void **state)
{
    struct event_log *log = *state;
    struct uuid key = log_kit_key(1);
    unsigned p = log->ops->partition_of(log, &key);
    struct log_sent s[4];
    if (log_kit_driver->trim == NULL)
        skip();
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(log_kit_queue(log, &s[i], 1, STR("record")), ERR_OK);
        log_kit_finish(&s[i]);
    }
    log_kit_driver->trim(log, p, s[2].send.offset);
    uint64_t offsets[LOG_KIT_PARTITIONS] = {LOG_FROM_END, LOG_FROM_END, LOG_FROM_END, LOG_FROM_END},
             first, end;
    struct heard *h = log_kit_hear(log);
    offsets[p] = s[1].send.offset;
    assert_int_equal(log->ops->bounds(log, p, &first, &end), ERR_OK);
    assert_int_equal(first, s[2].send.offset);
    assert_int_equal(log->ops->read(log, offsets, &h->super, &h->reader), ERR_OK);
    int64_t since = clock_steady_us(&clock_system);
    while (log->ops->poll(h->reader, 10, 100) != ERR_NOT_FOUND)
        assert_false(log_kit_is_over(since));
    assert_int_equal(h->n, 0);
    log_kit_hush(h);
    h = log_kit_hear_all(log, LOG_FROM_START);
    log_kit_poll_until(h, 2);
    log_kit_hush(h);
}
