/* Feeds and runs: grouping, order, bounds, and what is copied. */
#include "kit.h"

#include <stdio.h>

#include "base/mem.h"
#include "fanout/feed.h"
#include "fanout/run_builder.h"
#include "fanout/sizes.h"

static unsigned n_deflated;

static void encode(const struct event *e, enum run_variant variant, struct buf *out,
                   struct run_frame *f)
{
    f->start = (uint32_t)out->n;
    buf_printf(out, "%s", variant == RUN_OWN ? "own" : "");
    f->data = (uint32_t)out->n;
    buf_printf(out, "%llu ", (unsigned long long)e->seq);
    buf_put(out, e->content.p, e->content.n);
    f->end = (uint32_t)out->n;
}

static const struct run_encoder encoder = {.event = encode};

static struct event event(enum event_kind kind, uint64_t seq, unsigned channel)
{
    return (struct event){.kind = kind,
                          .seq = seq,
                          .prev_seq = seq - 1,
                          .channel = kit_channel(channel),
                          .user = kit_user(1),
                          .username = STR("ann"),
                          .members = 7};
}

static void assert_item(const struct feed_item *item, enum feed_kind kind, unsigned channel,
                        const char *text)
{
    const struct uuid id = kind == FEED_CREATED ? UUID_NIL : kit_channel(channel);
    const struct uuid subject = kit_channel(channel);
    assert_int_equal(item->kind, kind);
    assert_true(uuid_eq(&item->channel, &id) && uuid_eq(&item->subject, &subject));
    assert_int_equal(item->run->bytes->len, strlen(text));
    assert_memory_equal(item->run->bytes->data, text, strlen(text));
    assert_int_equal(item->first_seq, item->run->frames[0].seq);
    assert_int_equal(item->last_seq, item->run->frames[item->run->n - 1].seq);
    assert_int_equal(item->prev_seq, item->first_seq - 1);
}

static void test_groups_by_channel_in_order(void **state)
{
    (void)state;
    struct event events[] = {
        event(EVENT_MESSAGE, 1, 1), event(EVENT_MESSAGE, 2, 2), event(EVENT_REPLY, 3, 1),
        event(EVENT_CREATED, 4, 3), event(EVENT_JOINED, 5, 1),  event(EVENT_MESSAGE, 6, 1),
        event(EVENT_LEFT, 7, 2),    event(EVENT_MESSAGE, 8, 1),
    };
    events[2].queued_us = 42;
    struct feed *f = feed_build(&encoder, events, 8);
    assert_int_equal(f->n, 6);
    assert_item(&f->items[0], FEED_POSTS, 1, "1 3 ");
    assert_item(&f->items[1], FEED_JOINED, 1, "5 ");
    assert_item(&f->items[2], FEED_POSTS, 1, "6 8 ");
    assert_item(&f->items[3], FEED_POSTS, 2, "2 ");
    assert_item(&f->items[4], FEED_LEFT, 2, "7 ");
    assert_item(&f->items[5], FEED_CREATED, 3, "4 ");
    assert_memory_equal(f->items[1].own->bytes->data, "own5 ", 5);
    assert_int_equal(f->items[1].own->frames[0].data, 3);
    assert_int_equal(f->items[1].members, 7);
    assert_true(str_eq(f->items[1].username, STR("ann")));
    assert_null(f->items[5].own);
    assert_int_equal(f->items[0].run->frames[1].queued_us, 42);
    size_t bytes = 0;
    for (size_t i = 0; i < f->n; i++)
        bytes += f->items[i].bytes;
    assert_int_equal(f->bytes, bytes);
    feed_unref(feed_ref(f));
    feed_unref(f);
}

static void test_empty_batch(void **state)
{
    (void)state;
    struct feed *f = feed_build(&encoder, NULL, 0);
    assert_int_equal(f->n, 0);
    feed_unref(f);
}

static void test_refs_are_copied(void **state)
{
    (void)state;
    char ref[] = "\"first\"", other[] = "17";
    struct event events[] = {event(EVENT_MESSAGE, 1, 1), event(EVENT_MESSAGE, 2, 1),
                             event(EVENT_MESSAGE, 3, 1)};
    events[0].origin = (struct origin){1, 2, {ref, strlen(ref)}};
    events[1].origin = (struct origin){ORIGIN_NO_SHARD, 0, STR_NONE};
    events[2].origin = (struct origin){1, 3, {other, strlen(other)}};
    struct feed *f = feed_build(&encoder, events, 3);
    memset(ref, 'x', sizeof ref - 1);
    memset(other, 'x', sizeof other - 1);
    const struct run_frame *frames = f->items[0].run->frames;
    assert_true(str_eq(frames[0].origin.ref, STR("\"first\"")));
    assert_true(str_eq(frames[1].origin.ref, STR_NONE));
    assert_true(str_eq(frames[2].origin.ref, STR("17")));
    assert_int_equal(frames[2].origin.session, 3);
    feed_unref(f);
}

static void test_runs_are_bounded(void **state)
{
    (void)state;
    const unsigned n = RUN_FRAMES_MAX + 1;
    struct event *events = mem_array(n, sizeof *events);
    for (unsigned i = 0; i < n; i++)
        events[i] = event(EVENT_MESSAGE, i + 1, 1);
    struct feed *f = feed_build(&encoder, events, n);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->items[0].run->n, RUN_FRAMES_MAX);
    assert_int_equal(f->items[1].run->n, 1);
    assert_int_equal(f->items[1].prev_seq, RUN_FRAMES_MAX);
    feed_unref(f);
    char *text = mem_zalloc(RUN_BYTES_MAX);
    events[0].content = (struct str){text, RUN_BYTES_MAX - 2}; /* fills it to the byte */
    events[1].content = (struct str){text, RUN_BYTES_MAX - 3}; /* leaves one */
    f = feed_build(&encoder, events, 4);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->items[0].run->n, 1);
    assert_int_equal(f->items[1].run->n, 2);
    assert_int_equal(f->items[2].run->n, 1);
    feed_unref(f);
    mem_free(text);
    mem_free(events);
}

static void deflate(const struct run *r, struct buf *out, uint32_t *ends)
{
    n_deflated++;
    for (unsigned i = 0; i < r->n; i++) {
        buf_putc(out, 'z');
        ends[i] = (uint32_t)out->n;
    }
}

static void test_deflates_once(void **state)
{
    (void)state;
    const struct event events[] = {event(EVENT_MESSAGE, 1, 1), event(EVENT_MESSAGE, 2, 1)};
    struct feed *f = feed_build(&encoder, events, 2);
    struct run *r = run_ref(f->items[0].run);
    feed_unref(f);
    n_deflated = 0;
    const struct run_form *d = run_deflate(r, deflate);
    assert_ptr_equal(run_deflate(r, deflate), d);
    assert_int_equal(n_deflated, 1);
    assert_int_equal(d->bytes->len, 2);
    assert_int_equal(d->ends[1], 2);
    run_unref(r);
    run_unref(NULL);
}

static void test_run_after(void **state)
{
    (void)state;
    const struct event events[] = {event(EVENT_MESSAGE, 3, 1), event(EVENT_MESSAGE, 5, 1),
                                   event(EVENT_MESSAGE, 9, 1)};
    struct feed *f = feed_build(&encoder, events, 3);
    const struct run *r = f->items[0].run;
    const unsigned expect[] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3};
    for (unsigned seq = 0; seq <= 10; seq++)
        assert_int_equal(run_after(r, seq), expect[seq]);
    feed_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_by_channel_in_order),
        cmocka_unit_test(test_empty_batch),
        cmocka_unit_test(test_refs_are_copied),
        cmocka_unit_test(test_runs_are_bounded),
        cmocka_unit_test(test_deflates_once),
        cmocka_unit_test(test_run_after),
    };
    return cmocka_run_group_tests_name("fanout/feed", tests, NULL, NULL);
}
