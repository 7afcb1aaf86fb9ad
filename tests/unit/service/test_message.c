#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "service/message.h"
#include "telemetry/metrics.h"

/* Takes appends and answers them when told to. */
struct journal_double {
    struct journal super;
    bool is_full;
    struct append *last;
    unsigned appended;
};

static enum err on_append(struct journal *self, struct append *a)
{
    struct journal_double *d = (struct journal_double *)self;
    if (d->is_full)
        return ERR_UNAVAILABLE;
    d->last = a;
    d->appended++;
    return ERR_OK;
}

static uint64_t on_position(struct journal *self, unsigned partition)
{
    (void)partition;
    return ((struct journal_double *)self)->appended;
}

struct rig {
    struct journal_double journal;
    struct clock_manual clock;
    struct limits limits;
    struct messages *messages;
    struct fault fault;
    struct send send;
    unsigned done;
    uint64_t seq;
};

static int setup(void **state)
{
    static const struct journal_ops ops = {.append = on_append, .position = on_position};
    static struct rig r;
    r = (struct rig){.journal = {.super = {&ops}}, .limits = LIMITS_DEFAULT};
    clock_manual_init(&r.clock, 0);
    clock_manual_advance(&r.clock, 1000000);
    r.messages = messages_new(&(struct message_config){
        .journal = &r.journal.super, .clock = &r.clock.super, .limits = &r.limits});
    r.send = (struct send){.kind = EVENT_MESSAGE,
                           .channel = uuid_random(),
                           .user = uuid_random(),
                           .username = STR("Ada"),
                           .content = STR("hello"),
                           .origin = {.shard = ORIGIN_NO_SHARD},
                           .is_member = true};
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    messages_free(r->messages);
    return 0;
}

static void on_done(const struct append *a, void *arg)
{
    struct rig *r = arg;
    r->done++;
    r->seq = a->seq;
}

/* Sends, and has the journal answer what it took. */
static enum err send_now(struct rig *r)
{
    r->fault = (struct fault){0};
    enum err e = messages_send(r->messages, &r->send, on_done, r, &r->fault);
    if (e == ERR_OK)
        r->journal.last->done(r->journal.last);
    return e;
}

static void test_what_the_journal_gets(void **state)
{
    struct rig *r = *state;
    char name[] = "Ada", content[] = "a\0b", id[] = "id-1", ref[] = "\"r\"";
    r->send.kind = EVENT_REPLY;
    r->send.parent = 77;
    r->send.username = (struct str){name, 3};
    r->send.content = (struct str){content, 3};
    r->send.client_msg_id = (struct str){id, 4};
    r->send.origin = (struct origin){2, 9, {ref, 3}};
    assert_int_equal(messages_send(r->messages, &r->send, on_done, r, &r->fault), ERR_OK);
    memset(name, 'x', 3);
    memset(content, 'x', 3);
    memset(id, 'x', 4);
    memset(ref, 'x', 3);
    struct append *a = r->journal.last;
    assert_int_equal(a->kind, EVENT_REPLY);
    assert_int_equal(a->parent, 77);
    assert_true(uuid_eq(&a->channel, &r->send.channel));
    assert_true(uuid_eq(&a->user, &r->send.user));
    assert_true(str_eq(a->username, STR("Ada")));
    assert_true(str_eq(a->content, (struct str){"a\0b", 3}));
    assert_true(str_eq(a->client_msg_id, STR("id-1")));
    assert_int_equal(a->origin.shard, 2);
    assert_int_equal(a->origin.session, 9);
    assert_true(str_eq(a->origin.ref, STR("\"r\"")));
    assert_true(a->queued_us == 1000000);
    assert_int_equal(r->done, 0);
    a->seq = 5;
    a->done(a);
    assert_int_equal(r->done, 1);
    assert_int_equal(r->seq, 5);
}

static void test_a_message_has_no_parent(void **state)
{
    struct rig *r = *state;
    r->send.parent = 77;
    assert_int_equal(messages_send(r->messages, &r->send, on_done, r, &r->fault), ERR_OK);
    assert_int_equal(r->journal.last->parent, 0);
    r->journal.last->done(r->journal.last);
}

/* Each refusal, with everything that would be refused later wrong as well: the order is a promise.
 */
static void test_refusals_in_order(void **state)
{
    struct rig *r = *state;
    char big[8193];
    int64_t before = metric_value(M_REFUSED_OTHER);
    memset(big, 'x', sizeof big);
    r->send = (struct send){.kind = EVENT_REPLY, .client_msg_id = STR("not ok")};
    assert_int_equal(send_now(r), ERR_NOT_MEMBER);
    assert_string_equal(fault_text(&r->fault), "Not a member of this channel");
    r->send.is_member = true;
    assert_int_equal(send_now(r), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: content is required");
    r->send.content = (struct str){big, sizeof big};
    assert_int_equal(send_now(r), ERR_TOO_LARGE);
    assert_string_equal(fault_text(&r->fault), "A message may have at most 8192 bytes");
    r->send.content = STR("a\xff");
    assert_int_equal(send_now(r), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: content should be valid UTF-8");
    r->send.content = (struct str){big, sizeof big - 1};
    assert_int_equal(send_now(r), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault),
                        "The Field: client_msg_id should be 1 to 64 characters of A-Za-z0-9._:-");
    r->send.client_msg_id = STR("ok");
    assert_int_equal(send_now(r), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: messageid is required");
    assert_int_equal(metric_value(M_REFUSED_OTHER), before + 6);
    r->send.parent = 1;
    assert_int_equal(send_now(r), ERR_OK);
    assert_int_equal(r->journal.appended, 1);
}

static void test_refused_sends_use_up_no_rate(void **state)
{
    struct rig *r = *state;
    r->send.is_member = false;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_now(r), ERR_NOT_MEMBER);
    r->send.is_member = true;
    for (int i = 0; i < 60; i++)
        assert_int_equal(send_now(r), ERR_OK);
}

static void test_rate(void **state)
{
    struct rig *r = *state;
    int64_t before = metric_value(M_REFUSED_RATE);
    for (int i = 0; i < 60; i++)
        assert_int_equal(send_now(r), ERR_OK);
    assert_int_equal(send_now(r), ERR_RATE_LIMITED);
    assert_int_equal(r->fault.retry_after_ms, 50);
    assert_int_equal(metric_value(M_REFUSED_RATE), before + 1);
    r->send.channel = uuid_random(); /* whatever the channel and the kind */
    r->send.kind = EVENT_REPLY;
    r->send.parent = 1;
    assert_int_equal(send_now(r), ERR_RATE_LIMITED);
    clock_manual_advance(&r->clock, 50000);
    assert_int_equal(send_now(r), ERR_OK);
    assert_int_equal(send_now(r), ERR_RATE_LIMITED);
    r->send.user = uuid_random();
    assert_int_equal(send_now(r), ERR_OK);
    assert_int_equal(r->done, 62);
}

static void test_a_reload_changes_the_limits(void **state)
{
    struct rig *r = *state;
    struct limits fresh = r->limits;
    for (int i = 0; i < 61; i++)
        send_now(r);
    assert_int_equal(send_now(r), ERR_RATE_LIMITED);
    fresh.messages_per_s = 0;
    fresh.message_bytes = 4;
    limits_reload(&r->limits, &fresh);
    assert_int_equal(send_now(r), ERR_TOO_LARGE);
    r->send.content = STR("1234");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_now(r), ERR_OK);
}

static void test_a_full_journal(void **state)
{
    struct rig *r = *state;
    int64_t before = metric_value(M_REFUSED_UNAVAILABLE);
    r->journal.is_full = true;
    assert_int_equal(send_now(r), ERR_UNAVAILABLE);
    assert_int_equal(r->fault.retry_after_ms, 1000);
    assert_int_equal(r->done, 0);
    assert_int_equal(metric_value(M_REFUSED_UNAVAILABLE), before + 1);
    assert_int_equal(messages_send(r->messages, &r->send, on_done, r, NULL), ERR_UNAVAILABLE);
}

/* Not a proof of speed, but a send that takes 20 us is a mistake even under a sanitizer. */
static void test_cost(void **state)
{
    struct rig *r = *state;
    const int sends = 100000;
    struct timespec a, b;
    r->limits.messages_per_s = 1000000;
    r->limits.messages_burst = 1000000;
    r->send.client_msg_id = STR("018f4e8c-5b1a-7000-8000-000000000000");
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    for (int i = 0; i < sends; i++)
        send_now(r);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    double us =
        ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / sends / 1e3;
    print_message("%.3f us a send\n", us);
    assert_int_equal(r->done, sends);
    assert_true(us < 20);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_the_journal_gets),
        TEST(test_a_message_has_no_parent),
        TEST(test_refusals_in_order),
        TEST(test_refused_sends_use_up_no_rate),
        TEST(test_rate),
        TEST(test_a_reload_changes_the_limits),
        TEST(test_a_full_journal),
        TEST(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
