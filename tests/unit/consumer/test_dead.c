#include "consumer/dead.h"

#include "retry_rig.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, retry_rig_setup, retry_rig_teardown)

static void empty_log_has_no_letters(void **state)
{
    assert_int_equal(retry_rig_dead(*state, NULL), 0);
}

static bool keep_first(const struct dead_letter *letter, void *arg)
{
    struct dead_letter *out = arg;
    *out = *letter;
    out->envelope.payload = STR("{\"kept\":1}"); /* what it borrowed ends with the call */
    out->envelope.reason = STR_NONE;
    return false;
}

static void letter_is_found_by_its_id(void **state)
{
    struct retry_rig *r = *state;
    struct dead_letter found = {.dead_ms = 0};
    struct uuid id = retry_rig_envelope(2).id, other = retry_rig_envelope(9).id;
    for (unsigned i = 1; i <= 3; i++)
        retry_rig_put(r, r->dead_log, i, 0);
    retry_rig_put_bytes(r->dead_log, STR("no envelope"));
    assert_int_equal(retry_rig_dead(r, NULL), 3);
    assert_int_equal(dead_each(r->dead_log, &id, keep_first, &found), ERR_OK);
    assert_true(uuid_eq(&found.envelope.id, &id));
    assert_int_equal(found.dead_ms, RETRY_RIG_START_MS);
    found.dead_ms = 0;
    assert_int_equal(dead_each(r->dead_log, &other, keep_first, &found), ERR_OK);
    assert_int_equal(found.dead_ms, 0);
}

static void replayed_letter_is_tried_and_no_longer_open(void **state)
{
    struct retry_rig *r = *state;
    struct dead_letter letter;
    retry_rig_put(r, r->dead_log, 1, 0);
    retry_rig_put(r, r->dead_log, 2, 0);
    assert_int_equal(dead_each(r->dead_log, NULL, keep_first, &letter), ERR_OK);
    assert_int_equal(dead_replay(r->dead_log, r->retry_log, &letter, &r->clock.super), ERR_OK);
    assert_int_equal(retry_rig_dead(r, NULL), 1);
    retry_rig_open(r, 0, 0, 0);
    retry_rig_step_until(r, 1);
    assert_int_equal(r->posted[0], 1);
}

static void letter_that_dies_again_is_open_again(void **state)
{
    struct retry_rig *r = *state;
    struct dead_letter letter;
    unsigned attempts;
    retry_rig_put(r, r->dead_log, 1, 0);
    assert_int_equal(dead_each(r->dead_log, NULL, keep_first, &letter), ERR_OK);
    assert_int_equal(dead_replay(r->dead_log, r->retry_log, &letter, &r->clock.super), ERR_OK);
    assert_int_equal(retry_rig_dead(r, NULL), 0);
    atomic_store(&r->fail_next, UINT_MAX);
    retry_rig_open(r, 0, 1, 0);
    retry_rig_step_until(r, 1);
    assert_int_equal(retry_rig_dead(r, &attempts), 1);
    assert_int_equal(attempts, 1); /* counted from the replay on */
}

static void replay_that_did_not_happen_leaves_it_open(void **state)
{
    struct retry_rig *r = *state;
    struct dead_letter letter;
    retry_rig_put(r, r->dead_log, 1, 0);
    assert_int_equal(dead_each(r->dead_log, NULL, keep_first, &letter), ERR_OK);
    memory_event_log_fail(r->retry_memory, MEMORY_FAULT_REFUSED, 1);
    assert_int_equal(dead_replay(r->dead_log, r->retry_log, &letter, &r->clock.super),
                     ERR_UNAVAILABLE);
    assert_int_equal(retry_rig_dead(r, NULL), 1);
    memory_event_log_fail(r->dead_memory, MEMORY_FAULT_REFUSED, 1);
    assert_int_equal(dead_replay(r->dead_log, r->retry_log, &letter, &r->clock.super), ERR_UNKNOWN);
    assert_int_equal(retry_rig_dead(r, NULL), 1);
}

static void log_that_is_away_is_told(void **state)
{
    struct retry_rig *r = *state;
    struct dead_letter letter;
    retry_rig_put(r, r->dead_log, 1, 0);
    memory_event_log_cut(r->dead_memory, true);
    assert_int_equal(dead_each(r->dead_log, NULL, keep_first, &letter), ERR_UNAVAILABLE);
    memory_event_log_cut(r->dead_memory, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(empty_log_has_no_letters),
        TEST(letter_is_found_by_its_id),
        TEST(replayed_letter_is_tried_and_no_longer_open),
        TEST(letter_that_dies_again_is_open_again),
        TEST(replay_that_did_not_happen_leaves_it_open),
        TEST(log_that_is_away_is_told),
    };
    return cmocka_run_group_tests_name("dead", tests, NULL, NULL);
}
