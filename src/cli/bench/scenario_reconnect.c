/* reconnect: everyone is cut off at once, misses messages, comes back at once and resumes. How long
 * until all have everything, and how much the herd disturbs a sender in another channel. */
#include <stdio.h>

#include "cli/bench/scenario.h"

static bool all_caught_up(struct load *l)
{
    return l->records_busy == 0;
}

/* Sends `n` messages and waits for them as far as `until` tells. */
static void send_some(struct load *l, uint32_t n, bool wait_for_all)
{
    struct channel *ch = &l->channels[0];
    uint64_t end_ns = clock_ns() + (uint64_t)(l->options->grace_s * 1e9);
    uint64_t last = ch->next + n;
    while (clock_ns() < end_ns && load_is_sound(l)) {
        while (ch->next < last && ch->next - ch->acked < ch->in_flight_max &&
               load_send(l, ch, clock_ns()))
            ;
        if (ch->acked == last && (!wait_for_all || all_caught_up(l)))
            return;
        load_turn(l, end_ns);
    }
    l->faults.stuck++;
    load_note(l, "%u messages were not through after %.0f s", n, l->options->grace_s);
}

static void cut_all(struct load *l)
{
    /* The sender stays: it is the first member. */
    for (uint32_t k = 1; k < l->channels[0].size; k++)
        client_cut(&l->engine, &l->channels[0].members[k]);
}

/* Everyone dials again; true when all have heard everything. */
static bool come_back(struct load *l)
{
    struct channel *ch = &l->channels[0];
    uint64_t end_ns = clock_ns() + (uint64_t)((l->options->grace_s + 60) * 1e9);
    uint32_t next = 1;
    while (clock_ns() < end_ns && load_is_sound(l)) {
        for (; next < ch->size && l->engine.opening < l->options->parallel; next++)
            client_open(&l->engine, &ch->members[next], next);
        if (next == ch->size && l->engine.opening == 0 && all_caught_up(l))
            return true;
        load_turn(l, end_ns);
    }
    l->faults.stuck++;
    load_note(l, "not everyone came back and caught up");
    return false;
}

bool scenario_reconnect(struct bench *b)
{
    struct load *l = &b->load;
    struct options *o = &b->options;
    o->extended = true;
    if (o->bystanders == 0)
        o->bystanders = 1;
    if (!bench_prepare(b, &(struct shape){1, o->connections + 1, 1, 64, o->messages + 64}))
        return false;
    if (!l->engine.speaks_hello) {
        snprintf(b->reason, sizeof b->reason, "the server does not know Hello: nothing to resume");
        return false;
    }
    send_some(l, 1, true); /* so that everyone has a position */
    if (!bystanders_start(b))
        return false;
    b->begin = usage_of(o->server_pids);
    cut_all(l);
    send_some(l, o->messages, false);
    uint64_t back_ns = clock_ns();
    bool caught_up = load_is_sound(l) && come_back(l);
    double s = (double)(clock_ns() - back_ns) / 1e9;
    b->end = usage_of(o->server_pids);
    load_settle(l);
    report_add(&b->report, "missed_messages", "messages missed by each", o->messages, 0, "");
    if (caught_up)
        report_add(&b->report, "caught_up_s", "until all had caught up", s, 2, "s");
    report_add(&b->report, "reconnects_per_s", "connections resumed a second", o->connections / s,
               0, "/s");
    if (b->begin.known && b->end.known)
        report_add(&b->report, "server_cpu_s", "server CPU for all of it",
                   b->end.cpu_s - b->begin.cpu_s, 2, "s");
    bystanders_stop(b);
    bench_add_memory(b);
    return true;
}
