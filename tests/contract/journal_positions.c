/* Of port/journal.h: positions, partitions and ids. Part of the suite in journal.c. */
#include "domain/id.h"
#include "kit.h"
#include "suites.h"

/* User 1 with channel 1. */
static struct kit *kit_ready(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 1);
    kit_add_channel(k, 1, 1);
    return k;
}

static struct append sent(struct sent *s)
{
    return *kit_send(s);
}

void journal_ids_survive_a_clock_that_goes_back(void **state)
{
    struct kit *k = kit_ready(state);
    struct append a = sent(kit_message(k, 1, 1, "a", NULL));
    clock_manual_step(&k->clock, -3600 * INT64_C(1000000));
    struct append b = sent(kit_message(k, 1, 1, "b", NULL));
    assert_true(b.id > a.id);
    clock_manual_step(&k->clock, 7200 * INT64_C(1000000));
    struct append c = sent(kit_message(k, 1, 1, "c", NULL));
    assert_int_equal(id_time_ms(c.id), clock_wall_us(&k->clock.super) / 1000);
}

void journal_more_than_a_millisecond_holds_borrows_from_the_next(void **state)
{
    struct kit *k = kit_ready(state);
    uint64_t last = 0;
    for (int i = 0; i < 150; i++) {
        struct append a = sent(kit_message(k, 1, 1, "x", NULL));
        assert_true(a.id > last);
        last = a.id;
    }
    assert_int_equal(id_time_ms(last), KIT_START_US / 1000 + 2);
}

void journal_position_is_the_last_published(void **state)
{
    struct kit *k = *state;
    uint64_t before = kit_position(k, 1);
    kit_ready(state);
    assert_true(kit_event(k, 0).seq > before);
    assert_int_equal(kit_position(k, 1), kit_event(k, kit_published(k) - 1).seq);
    struct append a = sent(kit_message(k, 1, 1, "a", NULL));
    assert_int_equal(kit_position(k, 1), a.seq);
    kit_add_channel(k, 2, 1);
    if (kit_partition(k, 1) != kit_partition(k, 2))
        assert_int_equal(kit_position(k, 1), a.seq);
}

/* A channel has one partition, its events say which, and its ids carry it. */
void journal_channel_stays_in_its_partition(void **state)
{
    struct kit *k = *state;
    const unsigned n = journal_partitions(k->driver->journal);
    assert_in_range(n, 1, JOURNAL_PARTITIONS_MAX);
    kit_add_users(k, 1);
    for (unsigned i = 1; i <= 20; i++) {
        kit_add_channel(k, i, 1);
        struct append a = *kit_say(k, 1, i, "x");
        const struct event e = kit_event(k, kit_published(k) - 1);
        assert_in_range(kit_partition(k, i), 0, n - 1);
        assert_int_equal(e.partition, kit_partition(k, i));
        assert_int_equal(id_partition(a.id), e.partition);
        assert_int_equal(kit_event(k, kit_published(k) - 2).partition, e.partition);
    }
}
