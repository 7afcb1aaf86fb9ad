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

void oracle_init(struct oracle *o, struct journal *journal)
{
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        const struct uuid channel = sim_channel(i);
        o->of[i] = journal_partition_of(journal, &channel);
    }
    for (unsigned i = 0; i < journal_partitions(journal); i++)
        o->logs[i].prepared = o->logs[i].durable = journal_position(journal, i);
}

void oracle_prepare(struct oracle *o, const struct event *events, size_t n)
{
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        assert(o->logs[i].prepared == o->logs[i].durable);
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        struct oracle_log *l = &o->logs[e->partition];
        assert(e->partition == o->of[sim_number(&e->channel)]);
        assert(e->seq > l->prepared && e->seq < SIM_SEQ_MAX);
        l->prepared = e->seq;
        l->log[e->seq] = (struct truth){
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
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        o->logs[i].durable = o->logs[i].prepared;
}

void oracle_discard(struct oracle *o)
{
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        while (o->logs[i].prepared > o->logs[i].durable)
            o->logs[i].log[o->logs[i].prepared--] = (struct truth){0};
}

bool oracle_is_member(const struct oracle *o, unsigned user, unsigned channel, uint64_t seq)
{
    for (; seq > 0; seq--) {
        const struct truth *t = &oracle_log(o, channel)->log[seq];
        if (t->user == user && t->channel == channel &&
            (t->kind == EVENT_JOINED || t->kind == EVENT_LEFT))
            return t->kind == EVENT_JOINED;
    }
    return false;
}

bool oracle_leaves_after(const struct oracle *o, unsigned user, unsigned channel, uint64_t seq)
{
    while (++seq <= oracle_end(o, channel)) {
        const struct truth *t = &oracle_log(o, channel)->log[seq];
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
    for (unsigned i = 0; i < SIM_PARTITIONS; i++) {
        const struct oracle_log *l = &o->logs[i];
        for (uint64_t seq = 1; seq <= l->durable; seq++) {
            if (l->log[seq].user != user || l->log[seq].number != number)
                continue;
            if (found != 0)
                sim_violation("message %u of user %u is there twice, at %llu and %llu", number,
                              user, (unsigned long long)found, (unsigned long long)seq);
            found = seq;
        }
    }
    return found;
}
