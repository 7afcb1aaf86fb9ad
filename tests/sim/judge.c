#include "fanout/audience.h"
#include "sim.h"

#define LLU(n) ((unsigned long long)(n))

/* ---- What a session may hear ---- */

/* Everything due to the session lies at or before `h->upto`, or is `seq`. */
static void judge_no_hole(const struct conn *c, unsigned channel, uint64_t seq, bool is_replay)
{
    const struct heard *h = &c->heard[channel];
    for (uint64_t p = h->upto + 1; p < seq; p++) {
        if (!oracle_is_post(&sim.oracle, p, channel))
            continue;
        if (!is_replay && !oracle_is_member(&sim.oracle, user_of(c), channel, p))
            continue;
        if (h->was_behind && oracle_leaves_after(&sim.oracle, user_of(c), channel, p))
            continue; /* it was catching up when its user left */
        sim_violation("user %u, channel %u: %llu is heard without %llu", user_of(c), channel,
                      LLU(seq), LLU(p));
    }
}

static bool conn_is_catching_up(const struct conn *c, unsigned channel)
{
    const struct uuid id = sim_channel(channel);
    const struct audience *a = audience_find(c->super.shard, &id);
    const int slot = a == NULL ? -1 : session_find(&c->super, a);
    return slot >= 0 && (audience_member(&c->super, (uint32_t)slot)->flags & MEMBER_HELD) != 0;
}

void judge_post(struct conn *c, const struct sim_frame *f, enum record_kind how)
{
    struct heard *h = &c->heard[f->channel];
    const bool is_member = oracle_is_member(&sim.oracle, user_of(c), f->channel, f->seq);
    if (f->seq > oracle_end(&sim.oracle, f->channel))
        sim_violation("%llu is heard and not durable", LLU(f->seq));
    const struct uuid channel = sim_channel(f->channel);
    if (how == RECORD_ACK &&
        (!is_member || !session_has(&c->super, &channel) || f->seq <= h->claimed))
        return; /* its author has left, or has read it elsewhere already: the ack stands alone */
    if (!is_member && how == RECORD_PUSH)
        sim_violation("user %u hears %llu and is not in channel %u", user_of(c), LLU(f->seq),
                      f->channel);
    if (!c->is_settled || (h->is_held && how != RECORD_ACK))
        sim_violation("user %u hears %llu of channel %u before its time", user_of(c), LLU(f->seq),
                      f->channel);
    if (!h->has_base)
        h->upto = h->attached_at;
    if (f->seq <= h->upto)
        sim_violation("user %u, channel %u: %llu comes after %llu", user_of(c), f->channel,
                      LLU(f->seq), LLU(h->upto));
    judge_no_hole(c, f->channel, f->seq, how == RECORD_REPLAY);
    if (how == RECORD_REPLAY && (f->seq > h->replay_to || ++h->n_replayed > LIMIT_REPLAY_EVENTS))
        sim_violation("user %u, channel %u: %llu is no replay", user_of(c), f->channel,
                      LLU(f->seq));
    if (how == RECORD_PUSH && f->seq <= h->asked_at && f->seq <= h->passed)
        sim_violation("user %u, channel %u: %llu is a replay", user_of(c), f->channel, LLU(f->seq));
    h->upto = f->seq;
    h->has_base = true;
    if (how == RECORD_PUSH && !conn_is_catching_up(c, f->channel))
        h->was_behind = false;
}

static bool own_is_told(const struct conn *c, unsigned partition, uint64_t seq)
{
    bool is_told = false;
    for (unsigned i = 0; i < c->n_own_told && i < 64; i++)
        is_told = is_told || (c->own_told[i].partition == partition && c->own_told[i].seq == seq);
    return is_told;
}

void judge_other(struct conn *c, const struct sim_frame *f)
{
    if (!c->is_open)
        sim_violation("an old client hears of a join, leave or creation");
    if (f->seq > oracle_end(&sim.oracle, f->channel))
        sim_violation("%llu is heard and not durable", LLU(f->seq));
    if (f->kind == EVENT_CREATED)
        return;
    if (f->is_own != (f->user == user_of(c)))
        sim_violation("user %u gets %llu in the wrong words", user_of(c), LLU(f->seq));
    if (!f->is_own)
        return;
    const unsigned partition = sim.oracle.of[f->channel];
    if (own_is_told(c, partition, f->seq))
        sim_violation("user %u hears of %llu again", user_of(c), LLU(f->seq));
    c->own_told[c->n_own_told % 64].partition = partition;
    c->own_told[c->n_own_told++ % 64].seq = f->seq;
    struct heard *h = &c->heard[f->channel];
    if (f->kind == EVENT_LEFT)
        h->is_watched = false;
    else if (h->is_out)
        h->upto = f->seq; /* whatever it was told before, it hears all that follows */
    h->is_out = f->kind == EVENT_LEFT;
}

void judge_ack(struct conn *c, const struct sim_frame *f)
{
    for (unsigned i = 0; i < c->n_sent; i++) {
        struct sent *s = &c->sent[i];
        if (s->number != f->number || s->seq != f->seq)
            continue;
        if (++s->n_acks > 1)
            sim_violation("user %u gets two acks of %llu", user_of(c), LLU(f->seq));
        return;
    }
    sim_violation("user %u gets an ack of %llu, which it did not send", user_of(c), LLU(f->seq));
}

/* Could the hub have recovered this point? */
void judge_verdict(const struct conn *c, const struct session_channel *sc, unsigned channel)
{
    const struct heard *h = &c->heard[channel];
    const unsigned partition = sim.oracle.of[channel];
    const uint64_t asked_at = c->asked_at[partition];
    const uint64_t head = oracle_head(&sim.oracle, channel, oracle_end(&sim.oracle, channel));
    const uint64_t known = sc->head_seq < asked_at ? sc->head_seq : asked_at;
    const unsigned missed = oracle_count(&sim.oracle, channel, h->claimed, known);
    if (sc->recovered && (h->claimed > sc->head_seq || missed > LIMIT_REPLAY_EVENTS))
        sim_violation("user %u, channel %u: %u events after %llu recovered up to %llu", user_of(c),
                      channel, missed, LLU(h->claimed), LLU(sc->head_seq));
    if (sc->head_seq > head)
        sim_violation("channel %u: head %llu told, %llu is", channel, LLU(sc->head_seq), LLU(head));
    const bool was_member = h->was_member &&
                            oracle_is_member(&sim.oracle, user_of(c), channel, asked_at) &&
                            !oracle_leaves_after(&sim.oracle, user_of(c), channel, h->began);
    if (!sc->recovered && sim.mood.is_reliable && was_member &&
        h->claimed <= c->asked_published[partition] &&
        oracle_count(&sim.oracle, channel, h->claimed, head) <= LIMIT_REPLAY_EVENTS)
        sim_violation("user %u, channel %u: %llu could have been recovered", user_of(c), channel,
                      LLU(h->claimed));
}

/* ---- The end ---- */

static void judge_own_told(const struct conn *c, unsigned partition)
{
    const struct oracle_log *l = &sim.oracle.logs[partition];
    for (uint64_t seq = c->opened_at[partition] + 1; seq <= l->durable; seq++) {
        const struct truth *t = &l->log[seq];
        if ((t->kind != EVENT_JOINED && t->kind != EVENT_LEFT) || t->user != user_of(c))
            continue;
        if (c->n_own_told < 64 && !own_is_told(c, partition, seq))
            sim_violation("user %u was not told of its own %llu", user_of(c), LLU(seq));
    }
}

/* Has the user a session open, on any node? */
static bool user_is_online(unsigned user)
{
    const struct conn *c = sim.conns;
    while (c != NULL && !(user_of(c) == user && c->is_attached))
        c = c->next;
    return c != NULL;
}

static void judge_node(const struct conn *c)
{
    struct notifier *n = hub_notifier(c->node->hub);
    for (unsigned i = 0; i < SIM_USERS; i++) {
        const struct uuid user = sim_user(i);
        bool is_online;
        n->ops->online(n, &user, 1, &is_online);
        if (is_online != user_is_online(i))
            sim_violation("node %u believes that user %u is %s", c->node->index, i,
                          is_online ? "online" : "offline");
    }
}

static void judge_presence(const struct conn *c, unsigned channel)
{
    const struct heard *h = &c->heard[channel];
    if (!h->is_watched || !sim.mood.is_reliable)
        return;
    if (!h->knows_presence)
        sim_violation("user %u is not told who is in channel %u", user_of(c), channel);
    for (unsigned i = 0; i < SIM_USERS; i++) {
        if (oracle_is_member(&sim.oracle, i, channel, oracle_end(&sim.oracle, channel)) &&
            h->online[i] != user_is_online(i))
            sim_violation("user %u believes that %u in channel %u is %s", user_of(c), i, channel,
                          h->online[i] ? "online" : "offline");
    }
}

void judge_end(struct conn *c)
{
    judge_node(c);
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        struct heard *h = &c->heard[i];
        const uint64_t end = oracle_end(&sim.oracle, i);
        if (!oracle_is_member(&sim.oracle, user_of(c), i, end))
            continue;
        if (!h->has_base)
            h->upto = h->attached_at;
        judge_no_hole(c, i, end + 1, false);
        judge_presence(c, i);
    }
    for (unsigned i = 0; i < c->n_sent; i++)
        if (c->sent[i].seq != 0 && c->sent[i].n_acks != 1)
            sim_violation("user %u gets no ack of %llu", user_of(c), LLU(c->sent[i].seq));
    for (unsigned i = 0; i < sim.mood.n_partitions && c->is_open; i++)
        judge_own_told(c, i);
}
