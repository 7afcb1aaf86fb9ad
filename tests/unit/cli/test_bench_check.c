/* The judge, fed by hand: a run is worth no more than what it would notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/bench/load.h"
#include "cli/bench/report.h"
#include "cli/bench/text.h"

#define CHANNEL "0b7e3e5c-8f0f-4d3a-9c1e-2f6a4c1d2e3f"
enum { MEMBERS = 3, MESSAGES = 6, RING = 16 };

/* One channel: member 0 sends, 1 and 2 listen. Messages 1..MESSAGES are under way. */
static struct options options;
static struct load load;
static struct channel channel;
static struct client members[MEMBERS];
static struct user user;

static int setup(void **state)
{
    (void)state;
    options = (struct options){.text_bytes = 100};
    load = (struct load){.options = &options, .measure_to_ns = UINT64_MAX};
    load.channels = &channel;
    load.n_channels = 1;
    load.sendable = mem_array(1, sizeof(struct channel *));
    load.records_busy = MESSAGES;
    load.engine.now_ns = 1000;
    channel = (struct channel){.id = CHANNEL,
                               .members = members,
                               .size = MEMBERS,
                               .senders = 1,
                               .in_flight = MESSAGES,
                               .in_flight_max = MESSAGES,
                               .next = MESSAGES,
                               .ring_size = RING};
    channel.ring = mem_array(RING, sizeof channel.ring[0]);
    for (uint32_t i = 0; i < MESSAGES; i++)
        channel.ring[i] = (struct record){.intended_ns = 1, .waits = MEMBERS - 1, .busy = true};
    for (uint32_t k = 0; k < MEMBERS; k++) {
        client_init(&members[k], &user);
        members[k].channel = &channel;
        members[k].place = k;
        members[k].heard = mem_array(1, sizeof(uint64_t));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < MEMBERS; k++) {
        check_fini(&members[k]);
        mem_free(members[k].heard);
        buf_fini(&members[k].out);
    }
    mem_free(channel.ring);
    mem_free(load.sendable);
    sight_memory_fini(&load.engine.memory);
    return 0;
}

struct said {
    const char *message, *channel_id;
    uint32_t channel, sender;
    uint64_t counter, id, seq, prev_seq;
    size_t spoil; /* a byte of the text that is altered; 0: none */
};

static void hear_said(unsigned member, const struct said *s)
{
    char text[101] = "", frame[600];
    struct text t = {s->channel, s->sender, s->counter, 5};
    text_write(&t, text, 100);
    if (s->spoil > 0)
        text[s->spoil] = 'Z';
    int n = snprintf(frame, sizeof frame,
                     "{\"status\":\"success\",\"message\":\"%s message successfully\",\"data\":{"
                     "\"channel_id\":\"%s\",\"message_id\":%llu,\"content\":\"%s\",\"seq\":%llu,"
                     "\"prev_seq\":%llu}}",
                     s->message, s->channel_id, (unsigned long long)s->id, text,
                     (unsigned long long)s->seq, (unsigned long long)s->prev_seq);
    load_check(&load, &members[member], (struct str){frame, (size_t)n});
}

static struct said said(const char *message, uint64_t counter)
{
    return (struct said){.message = message,
                         .channel_id = CHANNEL,
                         .counter = counter,
                         .id = 64 * counter,
                         .seq = counter,
                         .prev_seq = counter - 1};
}

static void hear(unsigned member, uint64_t counter)
{
    struct said s = said("send", counter);
    hear_said(member, &s);
}

static void ack(uint64_t counter)
{
    struct said s = said("create", counter);
    hear_said(0, &s);
}

/* Everything that was not heard by the end. */
static uint64_t lost(void)
{
    options.grace_s = 0;
    load_settle(&load);
    return load.faults.lost;
}

static void what_comes_in_order_is_fine(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        hear(1, i);
        ack(i);
        hear(2, i);
    }
    assert_int_equal(faults_sum(&load.faults), 0);
    assert_string_equal(load.faults.first, "");
    assert_int_equal(load.records_busy, 0);
    assert_int_equal(channel.in_flight, 0);
    assert_int_equal(load.n_sendable, 1);
    assert_int_equal(load.pushes, 2 * MESSAGES);
    assert_int_equal(load.acks, MESSAGES);
    assert_int_equal(load.delivery.n, 2 * MESSAGES);
    assert_int_equal(load.delivery.max_ns, 999);
    assert_int_equal(lost(), 0);
}

static void a_loss_is_counted_at_the_end(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        ack(i);
        hear(1, i);
        if (i != 3)
            hear(2, i);
    }
    assert_int_equal(load.records_busy, 1);
    assert_int_equal(load.faults.broken_links, 1); /* its position was missed, too */
    assert_int_equal(lost(), 1);
    assert_int_equal(load.faults.unacked, 0);
}

static void a_missing_ack_is_counted(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        hear(1, i);
        hear(2, i);
        if (i != MESSAGES)
            ack(i);
    }
    assert_int_equal(lost(), 0);
    assert_int_equal(load.faults.unacked, 1);
}

static void duplicates_are_counted(void **state)
{
    (void)state;
    hear(1, 1);
    hear(1, 1);
    hear(1, 2);
    hear(1, 1);
    ack(1);
    ack(1);
    assert_int_equal(load.faults.duplicates, 3);
    assert_int_equal(load.faults.inversions, 0);
    /* They do not stand in for what others have not heard. */
    assert_int_equal(channel.ring[0].waits, 1);
}

static void inversions_are_counted_and_are_no_loss(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= MESSAGES; i++)
        ack(i), hear(1, i);
    hear(2, 1);
    hear(2, 3);
    hear(2, 2);
    for (uint64_t i = 4; i <= MESSAGES; i++)
        hear(2, i);
    assert_true(load.faults.inversions > 0);
    assert_int_equal(load.faults.duplicates, 0);
    assert_int_equal(lost(), 0);
}

static void ids_must_grow(void **state)
{
    (void)state;
    struct said s = said("send", 1);
    s.id = 1000;
    hear_said(1, &s);
    hear(1, 2);
    assert_int_equal(load.faults.inversions, 1);
}

static void everybody_must_hear_one_id(void **state)
{
    (void)state;
    struct said s = said("send", 1);
    hear(1, 1);
    s.id++;
    hear_said(2, &s);
    assert_int_equal(load.faults.strays, 1);
}

static void links_must_meet(void **state)
{
    (void)state;
    struct said s = said("send", 2);
    hear(1, 1);
    s.prev_seq = 0;
    hear_said(1, &s);
    assert_int_equal(load.faults.broken_links, 1);
}

static void altered_texts_are_counted(void **state)
{
    (void)state;
    struct said s = said("send", 1);
    s.spoil = 99;
    hear_said(1, &s);
    assert_int_equal(load.faults.altered, 1);
    assert_int_equal(channel.ring[0].waits, 2);
}

static void strays_are_counted(void **state)
{
    (void)state;
    struct said other = said("send", 1), foreign = said("send", 1), future = said("send", 7);
    struct said own = said("send", 1), stranger = said("create", 1);
    other.channel = 5;
    foreign.channel_id = "1b7e3e5c-8f0f-4d3a-9c1e-2f6a4c1d2e3f";
    hear_said(1, &other);
    hear_said(1, &foreign);
    hear_said(1, &future);
    hear_said(0, &own);      /* its own message, as a push */
    hear_said(1, &stranger); /* somebody else's ack */
    assert_int_equal(load.faults.strays, 5);
    assert_int_equal(load.pushes + load.acks, 0);
}

static void refusals_are_counted(void **state)
{
    (void)state;
    load_check(&load, &members[0], STR("{\"status\":\"fail\",\"message\":\"Too many requests\"}"));
    assert_int_equal(load.faults.refused, 1);
    assert_non_null(strstr(load.faults.first, "Too many requests"));
    assert_false(load_is_sound(&load));
}

#define JUDGES(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        JUDGES(what_comes_in_order_is_fine),
        JUDGES(a_loss_is_counted_at_the_end),
        JUDGES(a_missing_ack_is_counted),
        JUDGES(duplicates_are_counted),
        JUDGES(inversions_are_counted_and_are_no_loss),
        JUDGES(ids_must_grow),
        JUDGES(everybody_must_hear_one_id),
        JUDGES(links_must_meet),
        JUDGES(altered_texts_are_counted),
        JUDGES(strays_are_counted),
        JUDGES(refusals_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
