#include <assert.h>

#include "base/mem.h"
#include "sim.h"

#define LLU(n) ((unsigned long long)(n))

void client_connect(struct client *c)
{
    assert(c->conn == NULL);
    c->conn = conn_open(c, node_any(), sim_below(SIM_SHARDS));
    if (!c->is_old && sim_chance(700))
        conn_hello(c->conn); /* at once; the others later */
}

void client_lost(struct client *c, const struct conn *conn)
{
    struct user_box *box = &sim.boxes[c->user];
    c->conn = NULL;
    c->is_greeted = false;
    sim.tally.cuts++;
    for (uint32_t i = 0; i < box->n; i++)
        if (box->letters[i].state == LETTER_SENT && box->letters[i].via == conn)
            box->letters[i].state = LETTER_WAITING; /* another try, over another connection */
}

/* Which positions of the channel's partition it has. */
static bool *client_pages(struct client *c, unsigned channel)
{
    return c->has[sim.oracle.of[channel]];
}

static void client_sees(struct client *c, const struct sim_frame *f, bool is_ack)
{
    struct seen *seen = &c->seen[f->channel];
    client_pages(c, f->channel)[f->seq] = true;
    if (c->is_old || (is_ack && !seen->is_member) || f->seq <= seen->last)
        return;
    if (!c->is_greeted && (!seen->is_member || f->prev_seq > seen->last)) {
        seen->is_member = true; /* until Hello tells: it may have left and joined unknowingly */
        seen->base = f->prev_seq;
    } else if (f->prev_seq > seen->last && !seen->must_page)
        sim_violation("user %u sees %llu of channel %u, which follows %llu, after %llu", c->user,
                      LLU(f->seq), f->channel, LLU(f->prev_seq), LLU(seen->last));
    seen->last = f->seq;
}

static void client_hears_own(struct client *c, const struct sim_frame *f)
{
    struct seen *seen = &c->seen[f->channel];
    if (c->is_old || !f->is_own)
        return;
    seen->is_member = f->kind == EVENT_JOINED;
    seen->must_page = false;
    seen->base = f->seq;
    seen->last = f->prev_seq; /* joins and leaves are no links of the chain */
    sim_trace("user %u %s channel %u at %llu", c->user, seen->is_member ? "is in" : "is out of",
              f->channel, LLU(f->seq));
}

static void client_is_acked(struct client *c, uint32_t number)
{
    struct user_box *box = &sim.boxes[c->user];
    struct letter *l = &box->letters[number - 1];
    assert(number >= 1 && number <= box->n && l->number == number);
    if (oracle_find(&sim.oracle, c->user, number) == 0)
        sim_violation("message %u of user %u is acknowledged and not durable", number, c->user);
    l->state = LETTER_ACKED;
}

static void client_hears_answer(struct client *c, const struct record *r)
{
    struct letter *l = &sim.boxes[c->user].letters[r->number - 1];
    if (r->is_ok)
        client_is_acked(c, r->number);
    else if (l->state == LETTER_SENT && l->via == c->conn)
        l->state = LETTER_WAITING;
}

/* Hello or Resumed: what of each channel is complete from here on. */
static void client_hears_list(struct client *c, const struct record *r)
{
    for (unsigned i = 0; i < SIM_CHANNELS && r->kind == RECORD_HELLO; i++)
        c->seen[i].is_member = false;
    for (size_t i = 0; i < r->n_list; i++) {
        const struct session_channel *sc = &r->list[i];
        struct seen *seen = &c->seen[sim_number(&sc->channel)];
        if (r->kind == RECORD_HELLO) {
            seen->is_member = true;
            if (!sc->resume_asked)
                seen->base = seen->last = sc->head_seq;
        }
        if (sc->resume_asked && !sc->recovered)
            seen->must_page = true;
        sim_trace("user %u: %s, channel %u: head %llu%s, has (%llu, %llu]", c->user,
                  r->kind == RECORD_HELLO ? "hello" : "resumed", sim_number(&sc->channel),
                  LLU(sc->head_seq), sc->recovered ? ", recovered" : "", LLU(seen->base),
                  LLU(seen->last));
    }
}

static void client_hears(struct client *c, const struct record *r)
{
    const struct sim_frame *f = &r->frame;
    switch (r->kind) {
    case RECORD_PUSH:
    case RECORD_REPLAY:
        if (f->kind == EVENT_MESSAGE || f->kind == EVENT_REPLY)
            client_sees(c, f, false);
        else if (f->kind != EVENT_CREATED)
            client_hears_own(c, f);
        break;
    case RECORD_ACK:
        client_sees(c, f, true);
        client_is_acked(c, f->number);
        break;
    case RECORD_HELLO:
        c->is_greeted = true;
        client_hears_list(c, r);
        break;
    case RECORD_RESUMED:
        client_hears_list(c, r);
        break;
    case RECORD_ANSWER:
        client_hears_answer(c, r);
        break;
    }
}

void client_read(struct client *c)
{
    struct conn *conn = c->conn;
    unsigned n = sim.is_calm ? SIM_WIRE_MAX : 1 + sim_below(40);
    for (; n > 0 && conn->wire_first < conn->n_wire; n--) {
        struct record *r = &conn->wire[conn->wire_first++];
        client_hears(c, r);
        mem_free(r->list);
        r->list = NULL;
    }
    if (conn->wire_first == conn->n_wire)
        conn->wire_first = conn->n_wire = 0;
}

/* Where it was told that it missed something, it reads the history. */
void client_page(struct client *c)
{
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        struct seen *seen = &c->seen[i];
        if (!seen->must_page || !seen->is_member)
            continue;
        const uint64_t head = oracle_head(&sim.oracle, i, oracle_end(&sim.oracle, i));
        for (uint64_t seq = seen->base + 1; seq <= head; seq++)
            if (oracle_is_post(&sim.oracle, seq, i))
                client_pages(c, i)[seq] = true;
        if (head > seen->last)
            seen->last = head;
        seen->must_page = false;
    }
}

void client_write(struct client *c)
{
    struct user_box *box = &sim.boxes[c->user];
    if (!sim.is_calm && sim_chance(500) && box->n < SIM_WIRE_MAX) {
        struct letter *l = &box->letters[box->n++];
        *l = (struct letter){.number = box->n, .channel = (uint8_t)sim_below(SIM_CHANNELS)};
        conn_send(c->conn, l);
        return;
    }
    for (uint32_t i = 0; i < box->n; i++) {
        struct letter *l = &box->letters[i];
        const bool is_impatient = l->state == LETTER_SENT && sim_chance(100);
        if (l->state == LETTER_WAITING || is_impatient)
            conn_send(c->conn, l);
    }
}

void client_check_end(struct client *c)
{
    for (unsigned i = 0; i < SIM_CHANNELS && !c->is_old; i++) {
        const struct seen *seen = &c->seen[i];
        const bool is_member =
            oracle_is_member(&sim.oracle, c->user, i, oracle_end(&sim.oracle, i));
        if (seen->is_member != is_member)
            sim_violation("user %u believes to be %s channel %u", c->user,
                          is_member ? "out of" : "in", i);
        const uint64_t end = oracle_end(&sim.oracle, i);
        for (uint64_t seq = seen->base + 1; is_member && seq <= end; seq++)
            if (oracle_is_post(&sim.oracle, seq, i) && !client_pages(c, i)[seq])
                sim_violation("user %u never saw %llu of channel %u", c->user, LLU(seq), i);
    }
    const struct user_box *box = &sim.boxes[c->user];
    for (uint32_t i = 0; i < box->n; i++) {
        const struct letter *l = &box->letters[i];
        const uint64_t seq = oracle_find(&sim.oracle, c->user, l->number);
        if (l->state == LETTER_ACKED && seq == 0)
            sim_violation("message %u of user %u was acknowledged and is lost", l->number, c->user);
        if (l->state != LETTER_ACKED &&
            oracle_is_member(&sim.oracle, c->user, l->channel, oracle_end(&sim.oracle, l->channel)))
            sim_violation("message %u of user %u never went out", l->number, c->user);
    }
}
