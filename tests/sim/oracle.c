#include "oracle.h"

#include <assert.h>

#include "sim.h"

struct uuid sim_channel(unsigned n)
{
    return (struct uuid){{'c', [15] = (uint8_t)n}};
}

struct uuid sim_user(unsigned n)
{
    return (struct uuid){{'u', [15] = (uint8_t)n}};
}

unsigned sim_number(const struct uuid *u)
{
    return u->b[15];
}

static uint32_t message_number(const struct event *e)
{
    unsigned long long number = 0;
    if (e->content.n > 0 && !str_to_u64(e->content, &number))
        sim_violation("content of %llu is not what was sent", (unsigned long long)e->seq);
    return (uint32_t)number;
}

void oracle_prepare(struct oracle *o, const struct event *events, size_t n)
{
    assert(o->n_prepared == o->n_durable);
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        assert(e->seq > o->n_prepared && e->seq < SIM_SEQ_MAX);
        o->n_prepared = e->seq;
        o->log[e->seq] = (struct truth){
            .kind = e->kind,
            .channel = (uint8_t)sim_number(&e->channel),
            .user = (uint8_t)sim_number(&e->user),
            .number = event_is_post(e) ? message_number(e) : 0,
            .prev_seq = e->prev_seq,
        };
        if (event_is_post(e) && e->prev_seq != oracle_head(o, sim_number(&e->channel), e->seq - 1))
            sim_violation("the chain of %llu is broken", (unsigned long long)e->seq);
    }
}

void oracle_publish(struct oracle *o)
{
    o->n_durable = o->n_prepared;
}

void oracle_discard(struct oracle *o)
{
    while (o->n_prepared > o->n_durable)
        o->log[o->n_prepared--] = (struct truth){0};
}

bool oracle_is_member(const struct oracle *o, unsigned user, unsigned channel, uint64_t seq)
{
    for (; seq > 0; seq--) {
        const struct truth *t = &o->log[seq];
        if (t->user == user && t->channel == channel &&
            (t->kind == EVENT_JOINED || t->kind == EVENT_LEFT))
            return t->kind == EVENT_JOINED;
    }
    return false;
}

bool oracle_leaves_after(const struct oracle *o, unsigned user, unsigned channel, uint64_t seq)
{
    while (++seq <= o->n_durable) {
        const struct truth *t = &o->log[seq];
        if (t->kind == EVENT_LEFT && t->user == user && t->channel == channel)
            return true;
    }
    return false;
}

unsigned oracle_count(const struct oracle *o, unsigned channel, uint64_t after, uint64_t to)
{
    unsigned n = 0;
    for (uint64_t seq = after + 1; seq <= to; seq++)
        n += oracle_is_post(o, seq, channel);
    return n;
}

uint64_t oracle_head(const struct oracle *o, unsigned channel, uint64_t seq)
{
    while (seq > 0 && !oracle_is_post(o, seq, channel))
        seq--;
    return seq;
}

uint64_t oracle_find(const struct oracle *o, unsigned user, uint32_t number)
{
    uint64_t found = 0;
    for (uint64_t seq = 1; seq <= o->n_durable; seq++) {
        if (o->log[seq].user != user || o->log[seq].number != number)
            continue;
        if (found != 0)
            sim_violation("message %u of user %u is there twice, at %llu and %llu", number, user,
                          (unsigned long long)found, (unsigned long long)seq);
        found = seq;
    }
    return found;
}
