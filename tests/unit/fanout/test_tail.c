/* The tails: what they hold, what they can vouch for, what they let go. */
#include "kit.h"

#include "base/mem.h"
#include "fanout/run_builder.h"
#include "fanout/tail.h"

static void encode(const struct event *e, enum run_variant variant, struct buf *out,
                   struct run_frame *f)
{
    (void)variant;
    f->start = f->data = (uint32_t)out->n;
    buf_put(out, e->content.p, e->content.n);
    f->end = (uint32_t)out->n;
}

static const struct run_encoder encoder = {.event = encode};

/* A run of posts at the given positions, appended after `prev`. */
static void append(struct tail *t, unsigned channel, uint64_t prev, uint64_t first, unsigned n,
                   size_t bytes)
{
    static char text[70000];
    struct run_builder b;
    run_builder_init(&b, &encoder);
    for (unsigned i = 0; i < n; i++) {
        const struct event e = {.kind = EVENT_MESSAGE,
                                .seq = first + i,
                                .channel = kit_channel(channel),
                                .content = {text, bytes}};
        run_builder_add(&b, &e, RUN_PUSH);
    }
    struct run *r = run_builder_finish(&b);
    run_builder_fini(&b);
    tail_append(t, 0, r, prev);
    run_unref(r);
}

static struct tail_answer ask(struct tail *t, unsigned channel, uint64_t after)
{
    const struct uuid id = kit_channel(channel);
    return tail_read(t, 0, &id, after, NULL, 0);
}

static void test_counts_and_hands_out_what_follows(void **state)
{
    (void)state;
    struct tail *t = tail_new(1 << 20, 1);
    const struct uuid id = kit_channel(1);
    append(t, 1, 4, 5, 3, 10); /* 5 6 7 */
    append(t, 1, 7, 9, 2, 10); /* 9 10 */
    append(t, 1, 10, 20, 1, 10);
    struct run *runs[8];
    struct tail_answer a = tail_read(t, 0, &id, 6, runs, 8);
    assert_true(a.complete && a.has_head);
    assert_int_equal(a.head, 20);
    assert_int_equal(a.missed, 4);
    assert_int_equal(a.n, 3);
    assert_int_equal(run_after(runs[0], 6), 2);
    for (unsigned i = 0; i < a.n; i++)
        run_unref(runs[i]);
    a = tail_read(t, 0, &id, 7, runs, 1);
    assert_int_equal(a.missed, 3);
    assert_int_equal(a.n, 1);
    assert_int_equal(runs[0]->frames[0].seq, 9);
    run_unref(runs[0]);
    assert_int_equal(ask(t, 1, 4).missed, 6); /* the floor itself */
    assert_false(ask(t, 1, 3).complete);
    assert_int_equal(ask(t, 1, 3).head, 20);
    assert_int_equal(ask(t, 1, 20).missed, 0);
    assert_int_equal(ask(t, 1, 99).missed, 0);
    tail_free(t);
}

static void test_vouches_for_silence_above_the_horizon(void **state)
{
    (void)state;
    struct tail *t = tail_new(1 << 20, 1);
    tail_set_horizon(t, 0, 100);
    assert_false(ask(t, 1, 99).complete);
    assert_true(ask(t, 1, 100).complete);
    assert_false(ask(t, 1, 100).has_head);
    tail_free(t);
}

static void test_each_partition_has_a_horizon(void **state)
{
    (void)state;
    struct tail *t = tail_new(1 << 20, 2);
    const struct uuid id = kit_channel(1);
    tail_set_horizon(t, 0, 100);
    tail_set_horizon(t, 1, 7);
    assert_false(tail_read(t, 0, &id, 99, NULL, 0).complete);
    assert_true(tail_read(t, 1, &id, 7, NULL, 0).complete);
    assert_false(tail_read(t, 1, &id, 6, NULL, 0).complete);
    tail_free(t);
}

static void test_a_channel_holds_a_replays_worth(void **state)
{
    (void)state;
    struct tail *t = tail_new(64 << 20, 1);
    uint64_t seq = 0;
    for (unsigned i = 0; i < 300; i++) {
        append(t, 1, seq, seq + 1, 10, 10);
        seq += 10;
    }
    assert_int_equal(ask(t, 1, seq - LIMIT_REPLAY_EVENTS).missed, LIMIT_REPLAY_EVENTS);
    assert_true(ask(t, 1, seq - LIMIT_REPLAY_EVENTS - 1).complete); /* to refuse needs one more */
    assert_false(ask(t, 1, seq - LIMIT_REPLAY_EVENTS - 20).complete);
    tail_free(t);
}

static void test_the_quiet_channel_gives_way(void **state)
{
    (void)state;
    struct tail *t = tail_new(100000, 1);
    append(t, 1, 0, 1, 1, 30000);
    append(t, 2, 0, 2, 1, 30000);
    append(t, 1, 1, 3, 1, 30000);
    assert_true(ask(t, 2, 1).complete);
    append(t, 3, 0, 4, 1, 30000); /* 2 was quiet the longest */
    assert_true(ask(t, 1, 0).complete);
    assert_true(ask(t, 3, 0).complete);
    assert_false(ask(t, 2, 1).complete);
    assert_true(ask(t, 2, 2).complete);  /* nothing of it came after its last */
    assert_false(ask(t, 9, 1).complete); /* nor can more be said of any other */
    append(t, 2, 2, 5, 1, 65000);        /* 1 goes, run by run, then 3 */
    assert_int_equal(ask(t, 2, 2).missed, 1);
    assert_false(ask(t, 1, 2).complete);
    assert_true(tail_bytes(t) <= 100000);
    append(t, 4, 0, 6, 3, 69000); /* more than all: nothing is left, and it is known */
    assert_false(ask(t, 4, 5).complete);
    assert_true(ask(t, 4, 8).complete);
    assert_int_equal(tail_bytes(t), 0);
    tail_free(t);
}

static void test_a_broken_chain_starts_anew(void **state)
{
    (void)state;
    struct tail *t = tail_new(1 << 20, 1);
    append(t, 1, 0, 1, 2, 10);
    append(t, 1, 5, 6, 1, 10); /* 5 was never here */
    assert_false(ask(t, 1, 2).complete);
    assert_true(ask(t, 1, 5).complete);
    assert_int_equal(ask(t, 1, 5).missed, 1);
    tail_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_hands_out_what_follows),
        cmocka_unit_test(test_vouches_for_silence_above_the_horizon),
        cmocka_unit_test(test_each_partition_has_a_horizon),
        cmocka_unit_test(test_a_channel_holds_a_replays_worth),
        cmocka_unit_test(test_the_quiet_channel_gives_way),
        cmocka_unit_test(test_a_broken_chain_starts_anew),
    };
    return cmocka_run_group_tests_name("fanout/tail", tests, NULL, NULL);
}
