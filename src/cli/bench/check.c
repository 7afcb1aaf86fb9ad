/* The judge of what the server sends. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/bench/load.h"
#include "cli/bench/text.h"

/* Counters that were skipped; rare, so a list does. */
struct missing {
    struct missing *next;
    uint32_t sender;
    uint64_t counter;
};

#define MISSING_MAX 100000 /* of one gap; more is a stray */

static bool missing_take(struct client *c, uint32_t sender, uint64_t counter)
{
    for (struct missing **at = &c->missing; *at != NULL; at = &(*at)->next) {
        struct missing *m = *at;
        if (m->sender == sender && m->counter == counter) {
            *at = m->next;
            mem_free(m);
            return true;
        }
    }
    return false;
}

static void missing_add(struct client *c, uint32_t sender, uint64_t from, uint64_t to)
{
    for (uint64_t counter = from; counter < to; counter++) {
        struct missing *m = MEM_NEW(struct missing);
        *m = (struct missing){c->missing, sender, counter};
        c->missing = m;
    }
}

static uint64_t message_number(const struct channel *ch, const struct text *t)
{
    return (t->counter - 1) * ch->senders + t->sender;
}

static bool is_measured(const struct load *l, uint64_t ns)
{
    return ns >= l->measure_from_ns && ns < l->measure_to_ns;
}

/* The text must be as it was sent; else a fault. */
static bool check_text(struct load *l, struct str frame, struct sight *s, struct text *t)
{
    if (text_read(s->content.p, s->content.n, t))
        return true;
    /* A server may escape what needs no escape. */
    sight_parse(&l->engine.memory, frame, s);
    if (text_read(s->content.p, s->content.n, t))
        return true;
    l->faults.altered++;
    load_note(l, "an altered text: %.*s", s->content.n > 120 ? 120 : (int)s->content.n,
              s->content.p);
    return false;
}

/* It must be of this channel, and have been sent; else a fault. */
static bool check_place(struct load *l, const struct client *c, const struct sight *s,
                        const struct text *t)
{
    const struct channel *ch = c->channel;
    if (ch == NULL || t->channel != ch->number || !str_eq(s->channel_id, str_of(ch->id)) ||
        t->sender >= ch->senders || t->counter == 0 || message_number(ch, t) >= ch->next) {
        l->faults.strays++;
        load_note(l, "a delivery of channel %u to a member of channel %u", t->channel,
                  ch == NULL ? UINT32_MAX : ch->number);
        return false;
    }
    return true;
}

/* The record of the message, and whether the server calls it by one id everywhere. */
static struct record *check_record(struct load *l, struct channel *ch, const struct sight *s,
                                   const struct text *t)
{
    struct record *r = &ch->ring[message_number(ch, t) & (ch->ring_size - 1)];
    if (r->id == 0)
        r->id = s->message_id;
    if (r->id == s->message_id)
        return r;
    l->faults.strays++;
    load_note(l, "message %llu of channel %u has two ids", (unsigned long long)t->counter,
              ch->number);
    return NULL;
}

/* Ids and positions grow, and positions name the one before. */
static void check_order(struct load *l, struct client *c, const struct sight *s, bool is_link)
{
    if (s->message_id <= c->last_id || (s->has_seq && s->seq <= c->last_seq)) {
        l->faults.inversions++;
        load_note(l, "message_id %llu came after %llu", (unsigned long long)s->message_id,
                  (unsigned long long)c->last_id);
    } else if (s->has_seq && c->has_seq && is_link && s->prev_seq != c->last_seq) {
        l->faults.broken_links++;
        load_note(l, "prev_seq is %llu after %llu", (unsigned long long)s->prev_seq,
                  (unsigned long long)c->last_seq);
    }
    c->last_id = s->message_id;
    if (s->has_seq) {
        c->has_seq = true;
        c->last_seq = s->seq;
    }
}

/* Is it the next of its sender? False when it was heard before. */
static bool check_counter(struct load *l, struct client *c, const struct text *t)
{
    uint64_t *heard = &c->heard[t->sender];
    if (t->counter == *heard + 1) {
        *heard = t->counter;
        return true;
    }
    if (t->counter > *heard && t->counter - *heard <= MISSING_MAX) {
        missing_add(c, t->sender, *heard + 1, t->counter);
        *heard = t->counter;
        return true;
    }
    if (missing_take(c, t->sender, t->counter)) {
        l->faults.inversions++;
        load_note(l, "message %llu came after message %llu", (unsigned long long)t->counter,
                  (unsigned long long)*heard);
        return true;
    }
    l->faults.duplicates++;
    load_note(l, "message %llu came twice", (unsigned long long)t->counter);
    return false;
}

static void check_push(struct load *l, struct client *c, const struct sight *s,
                       const struct text *t)
{
    struct channel *ch = c->channel;
    uint64_t now_ns = l->engine.now_ns;
    if (t->sender == c->place) {
        l->faults.strays++;
        load_note(l, "a sender was pushed its own message");
        return;
    }
    if (!check_counter(l, c, t))
        return;
    /* In a session of part 1 only, acks may come at any time: a sender's chain has holes there. */
    check_order(l, c, s, c->place >= ch->senders || l->options->extended);
    struct record *r = check_record(l, ch, s, t);
    if (r == NULL)
        return;
    if (is_measured(l, now_ns))
        l->pushes++;
    if (is_measured(l, r->intended_ns))
        histogram_add(&l->delivery, now_ns - r->intended_ns);
    r->waits--;
    load_done(l, ch, r);
}

static void check_ack(struct load *l, struct client *c, const struct sight *s, const struct text *t)
{
    struct channel *ch = c->channel;
    uint64_t now_ns = l->engine.now_ns;
    if (t->sender != c->place) {
        l->faults.strays++;
        load_note(l, "an ack of somebody else's message");
        return;
    }
    struct record *r = check_record(l, ch, s, t);
    if (r == NULL)
        return;
    if (r->acked) {
        l->faults.duplicates++;
        load_note(l, "message %llu was acknowledged twice", (unsigned long long)t->counter);
        return;
    }
    if (l->options->extended)
        check_order(l, c, s, true);
    r->acked = true;
    ch->acked++;
    if (is_measured(l, now_ns))
        l->acks++;
    if (is_measured(l, r->intended_ns))
        histogram_add(&l->ack, now_ns - r->intended_ns);
    if (l->options->until_ack)
        ch->in_flight--;
    load_done(l, ch, r);
}

void load_check(struct load *l, struct client *c, struct str frame)
{
    struct sight s;
    struct text t;
    sight_read(&l->engine.memory, frame, &s);
    if (s.kind == SIGHT_FAIL) {
        l->faults.refused++;
        load_note(l, "the server refused: %.*s", STR_FMT(s.reason));
    }
    if (s.kind != SIGHT_PUSH && s.kind != SIGHT_ACK)
        return;
    if (!check_text(l, frame, &s, &t) || !check_place(l, c, &s, &t))
        return;
    if (s.kind == SIGHT_PUSH)
        check_push(l, c, &s, &t);
    else
        check_ack(l, c, &s, &t);
}

void check_fini(struct client *c)
{
    for (struct missing *m = c->missing, *next; m != NULL; m = next) {
        next = m->next;
        mem_free(m);
    }
}
