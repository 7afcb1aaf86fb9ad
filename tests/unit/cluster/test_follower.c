#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "domain/id.h"
#include "log_rig.h"

#define EPOCH     3
#define PARTITION 5

/* ---- One follower, record by record ---- */

struct rig {
    struct follower *f;
    struct arena arena;
    uint64_t offset;
    int64_t time_ms;
};

static struct follower *follower_small(uint64_t seed)
{
    return follower_new(&(struct follower_config){.epoch = EPOCH,
                                                  .partition = PARTITION,
                                                  .seed = seed,
                                                  .window_ms = 5000,
                                                  .window_ids = 16,
                                                  .others = 8});
}

static int rig_open(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    r->f = follower_small(1);
    follower_begin(r->f, 0);
    arena_init(&r->arena);
    r->time_ms = LOG_RIG_START_MS;
    *state = r;
    return 0;
}

static int rig_close(void **state)
{
    struct rig *r = *state;
    follower_free(r->f);
    arena_fini(&r->arena);
    mem_free(r);
    return 0;
}

static struct judgement judge_value(struct rig *r, struct str value, struct uuid key)
{
    struct judgement j;
    const struct log_record record = {.partition = PARTITION,
                                      .offset = r->offset++,
                                      .time_ms = r->time_ms,
                                      .key = key,
                                      .value = value};
    follower_judge(r->f, &record, &j);
    return j;
}

static struct judgement judge(struct rig *r, struct event e, uint64_t version)
{
    return judge_value(r, log_rig_encode(&r->arena, &e, version), e.channel);
}

static struct judgement say(struct rig *r, unsigned user, unsigned channel, const char *content,
                            const char *client_msg_id)
{
    return judge(r, log_rig_message(user, channel, content, client_msg_id), 0);
}

static void post_is_stamped(void **state)
{
    struct rig *r = *state;
    r->offset = 7;
    struct judgement a = say(r, 1, 1, "a", NULL), b = say(r, 1, 1, "b", NULL),
                     c = say(r, 1, 2, "c", NULL);
    assert_int_equal(a.verdict, VERDICT_POST);
    assert_false(a.covered);
    assert_int_equal(a.event.seq, ((uint64_t)EPOCH << 41) + 7);
    assert_int_equal(a.event.prev_seq, 0);
    assert_int_equal(a.event.partition, PARTITION);
    assert_int_equal(a.event.id, id_next(0, LOG_RIG_START_MS, PARTITION));
    assert_int_equal(a.event.at_us, LOG_RIG_START_MS * 1000);
    assert_int_equal(b.event.prev_seq, a.event.seq);
    assert_int_equal(b.event.id, a.event.id + 1);
    assert_int_equal(c.event.prev_seq, 0);
    assert_true(str_eq(c.event.content, STR("c")));
    const struct channel_head *head = follower_head(r->f, &b.event.channel);
    assert_int_equal(head->seq, b.event.seq);
    assert_int_equal(head->id, b.event.id);
    assert_int_equal(head->at, b.event.seq);
    assert_int_equal(follower_next(r->f), 10);
}

static void stamps_never_go_back(void **state)
{
    struct rig *r = *state;
    uint64_t last = 0;
    static const int64_t steps[] = {0, 0, -3600000, 5, 7200000, -7200000, 1, 0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        r->time_ms += steps[i];
        struct judgement j = say(r, 1, 1, "x", NULL);
        assert_true(j.event.id > last);
        last = j.event.id;
    }
    r->time_ms = INT64_MAX; /* no broker's clock */
    assert_int_equal(say(r, 1, 1, "x", NULL).event.id, last + 1);
    r->time_ms = -1;
    assert_int_equal(say(r, 1, 1, "x", NULL).event.id, last + 2);
}

static void repeat_gets_the_first_stamps(void **state)
{
    struct rig *r = *state;
    say(r, 1, 1, "before", NULL);
    struct judgement a = say(r, 1, 1, "text", "id");
    r->time_ms += 3000;
    say(r, 1, 1, "after", NULL);
    struct judgement b = say(r, 1, 1, "text", "id"), c = say(r, 1, 1, "other", "id");
    assert_int_equal(b.verdict, VERDICT_REPEAT);
    assert_true(b.knows_prev);
    assert_int_equal(b.event.seq, a.event.seq);
    assert_int_equal(b.event.prev_seq, a.event.prev_seq);
    assert_int_equal(b.event.id, a.event.id);
    assert_int_equal(b.event.at_us, a.event.at_us);
    assert_int_equal(c.verdict, VERDICT_CONFLICT);
    /* neither takes a stamp or moves the head */
    struct judgement d = say(r, 1, 1, "next", NULL);
    assert_int_equal(seq_offset(d.event.prev_seq), 2);
}

static void scope_of_a_client_id_is_a_user_in_a_channel(void **state)
{
    struct rig *r = *state;
    assert_int_equal(say(r, 1, 1, "text", "id").verdict, VERDICT_POST);
    assert_int_equal(say(r, 2, 1, "text", "id").verdict, VERDICT_POST);
    assert_int_equal(say(r, 1, 2, "text", "id").verdict, VERDICT_POST);
    assert_int_equal(say(r, 1, 1, "text", "ID").verdict, VERDICT_POST);
    struct event reply = log_rig_message(1, 1, "text", "id");
    reply.kind = EVENT_REPLY;
    reply.parent = 1;
    assert_int_equal(judge(r, reply, 0).verdict, VERDICT_CONFLICT);
    reply.client_msg_id = STR("reply");
    assert_int_equal(judge(r, reply, 0).verdict, VERDICT_POST);
    assert_int_equal(judge(r, reply, 0).verdict, VERDICT_REPEAT);
    reply.parent = 2;
    assert_int_equal(judge(r, reply, 0).verdict, VERDICT_CONFLICT);
}

static void window_ends_by_time(void **state)
{
    struct rig *r = *state;
    say(r, 1, 1, "text", "id");
    r->time_ms += 5000;
    assert_int_equal(say(r, 1, 1, "text", "id").verdict, VERDICT_REPEAT);
    assert_int_equal(follower_window_ms(r->f), 0);
    r->time_ms += 1;
    assert_int_equal(say(r, 1, 1, "text", "id").verdict, VERDICT_POST);
    assert_int_equal(follower_window_ms(r->f), LOG_RIG_START_MS + 1);
}

/* A log whose time has gone back keeps what it knows. */
static void window_does_not_end_by_a_clock_that_goes_back(void **state)
{
    struct rig *r = *state;
    say(r, 1, 1, "text", "id");
    r->time_ms -= 3600000;
    assert_int_equal(say(r, 1, 1, "two", "id-2").verdict, VERDICT_POST);
    assert_int_equal(say(r, 1, 1, "text", "id").verdict, VERDICT_REPEAT);
    assert_int_equal(say(r, 1, 1, "two", "id-2").verdict, VERDICT_REPEAT);
}

static void window_ends_by_number(void **state)
{
    struct rig *r = *state;
    char id[32];
    for (int i = 0; i < 17; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        assert_int_equal(say(r, 1, 1, "text", id).verdict, VERDICT_POST);
    }
    assert_int_equal(say(r, 1, 1, "text", "id-1").verdict, VERDICT_REPEAT);
    assert_int_equal(say(r, 1, 1, "text", "id-0").verdict, VERDICT_POST);
    assert_int_equal(say(r, 1, 1, "text", "id-1").verdict, VERDICT_POST);
}

static void window_ends_by_repeats(void **state)
{
    struct rig *r = *state;
    say(r, 1, 1, "text", "old");
    for (int i = 0; i < 8; i++)
        assert_int_equal(say(r, 1, 1, "text", "old").verdict, VERDICT_REPEAT);
    say(r, 1, 1, "text", "new");
    /* the ninth moves the window past the first repeat, and so past the first "old" */
    assert_int_equal(say(r, 1, 1, "text", "new").verdict, VERDICT_REPEAT);
    assert_int_equal(say(r, 1, 1, "text", "old").verdict, VERDICT_POST);
    assert_int_equal(say(r, 1, 1, "text", "new").verdict, VERDICT_REPEAT);
}

static void window_that_is_safe_is_told(void **state)
{
    struct rig *r = *state;
    char id[32];
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        say(r, 1, 1, "text", id);
        r->time_ms += 1000;
    }
    /* stamped at 0 to 5 s; it is 6 s, the window is 5 s long */
    assert_int_equal(follower_window_safe(r->f, r->time_ms, 0), 1);
    assert_int_equal(follower_window_safe(r->f, r->time_ms, 2000), 3);
    assert_int_equal(follower_window_safe(r->f, 0, 0), 0);
    assert_int_equal(follower_window_safe(r->f, r->time_ms + 60000, 0), 6);
    for (int i = 0; i < 8; i++) {
        snprintf(id, sizeof id, "more-%d", i);
        say(r, 1, 1, "text", id);
    }
    /* 13 of 16 are there: two more than may be when a quarter shall be free */
    assert_int_equal(follower_window_safe(r->f, r->time_ms - 1000, 0), 2);
}

static void change_is_applied_by_version(void **state)
{
    struct rig *r = *state;
    struct judgement m = say(r, 1, 1, "text", NULL);
    struct judgement a = judge(r, log_rig_joined(1, 1, 1), 2),
                     b = judge(r, log_rig_joined(1, 1, 1), 2),
                     c = judge(r, log_rig_joined(2, 1, 2), 1),
                     d = judge(r, log_rig_joined(3, 1, 2), 5);
    assert_int_equal(a.verdict, VERDICT_CHANGE);
    assert_int_equal(a.version, 2);
    assert_int_equal(a.event.prev_seq, m.event.seq);
    assert_int_equal(a.event.id, 0);
    assert_int_equal(a.event.members, 1);
    assert_int_equal(a.event.at_us, LOG_RIG_START_MS * 1000);
    assert_true(str_eq(a.event.channel_info.name, STR("a channel")));
    assert_int_equal(b.verdict, VERDICT_STALE);
    assert_int_equal(c.verdict, VERDICT_STALE);
    assert_int_equal(d.verdict, VERDICT_CHANGE);
    const struct channel_head *head = follower_head(r->f, &m.event.channel);
    assert_int_equal(head->version, 5);
    assert_int_equal(head->seq, m.event.seq);
    assert_int_equal(head->at, d.event.seq);
    /* no link of the chain */
    assert_int_equal(say(r, 1, 1, "text", NULL).event.prev_seq, m.event.seq);
}

static void garbage_takes_its_offset_only(void **state)
{
    struct rig *r = *state;
    struct judgement a = say(r, 1, 1, "a", NULL);
    assert_int_equal(judge_value(r, STR(""), log_rig_channel(1)).verdict, VERDICT_INVALID);
    assert_int_equal(judge_value(r, STR("\1\1garbage"), log_rig_channel(1)).verdict,
                     VERDICT_INVALID);
    struct event e = log_rig_message(1, 1, "under another channel's key", NULL);
    assert_int_equal(judge_value(r, log_rig_encode(&r->arena, &e, 0), log_rig_channel(2)).verdict,
                     VERDICT_INVALID);
    struct judgement b = say(r, 1, 1, "b", NULL);
    assert_int_equal(b.event.prev_seq, a.event.seq);
    assert_int_equal(b.event.id, a.event.id + 1);
    assert_int_equal(seq_offset(b.event.seq), 4);
    r->offset = 2; /* read twice */
    assert_int_equal(say(r, 1, 1, "again", NULL).verdict, VERDICT_KNOWN);
    assert_int_equal(follower_next(r->f), 5);
}

/* ---- Epochs ---- */

static void new_log_goes_on_above_the_old_one(void **state)
{
    (void)state;
    struct follower *f = follower_small(1);
    uint64_t old_id = id_next(0, LOG_RIG_START_MS + 60000, 63);
    const struct channel_head old = {.channel = log_rig_channel(1),
                                     .seq = seq_of(EPOCH - 1, 77),
                                     .id = old_id,
                                     .version = 4,
                                     .at = seq_of(EPOCH - 1, 78)};
    assert_true(follower_load_head(f, &old));
    assert_int_equal(follower_read_from(f), 0);
    assert_int_equal(follower_exact_from(f), 0);
    struct rig r = {.f = f, .time_ms = LOG_RIG_START_MS};
    arena_init(&r.arena);
    struct judgement j = say(&r, 1, 1, "text", NULL);
    assert_int_equal(j.event.prev_seq, old.seq);
    assert_true(j.event.id > old_id);
    assert_int_equal(id_partition(j.event.id), PARTITION);
    assert_int_equal(judge(&r, log_rig_joined(1, 1, 1), 4).verdict, VERDICT_STALE);
    assert_int_equal(judge(&r, log_rig_joined(1, 1, 1), 5).verdict, VERDICT_CHANGE);
    arena_fini(&r.arena);
    follower_free(f);
}

static enum err heads_count(const struct channel_head *heads, size_t n, void *arg)
{
    assert_true(n > 0 && heads != NULL);
    *(size_t *)arg += n;
    return ERR_OK;
}

static enum err heads_refuse(const struct channel_head *heads, size_t n, void *arg)
{
    (void)heads, (void)n, (void)arg;
    return ERR_UNAVAILABLE;
}

static void changed_heads_are_told_once(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < 2500; i++)
        say(r, 1, i % 1250, "text", NULL);
    size_t n = 0;
    assert_int_equal(follower_changed_heads(r->f, heads_refuse, NULL), ERR_UNAVAILABLE);
    assert_int_equal(follower_changed_heads(r->f, heads_count, &n), ERR_OK);
    assert_int_equal(n, 1250);
    assert_int_equal(follower_changed_heads(r->f, heads_count, &n), ERR_OK);
    assert_int_equal(n, 1250);
    say(r, 1, 7, "text", NULL);
    assert_int_equal(follower_changed_heads(r->f, heads_count, &n), ERR_OK);
    assert_int_equal(n, 1251);
}

int main(void)
{
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        RIG_TEST(post_is_stamped),
        RIG_TEST(stamps_never_go_back),
        RIG_TEST(repeat_gets_the_first_stamps),
        RIG_TEST(scope_of_a_client_id_is_a_user_in_a_channel),
        RIG_TEST(window_ends_by_time),
        RIG_TEST(window_does_not_end_by_a_clock_that_goes_back),
        RIG_TEST(window_ends_by_number),
        RIG_TEST(window_ends_by_repeats),
        RIG_TEST(window_that_is_safe_is_told),
        RIG_TEST(change_is_applied_by_version),
        RIG_TEST(garbage_takes_its_offset_only),
        RIG_TEST(changed_heads_are_told_once),
        cmocka_unit_test(new_log_goes_on_above_the_old_one),
    };
    return cmocka_run_group_tests_name("follower", tests, NULL, NULL);
}
