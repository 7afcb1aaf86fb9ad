#include "cluster/follower.h"

#include <assert.h>

#include "base/mem.h"
#include "cluster/follower_state.h"
#include "domain/client_time.h"
#include "domain/id.h"
#include "domain/message.h"

struct follower *follower_new(const struct follower_config *config)
{
    assert(config->epoch >= 1 && config->epoch <= FOLLOWER_EPOCH_MAX);
    assert(config->partition < LOG_PARTITIONS_MAX);
    struct follower *f = MEM_NEW(struct follower);
    f->epoch = config->epoch;
    f->partition = config->partition;
    f->seed = config->seed;
    heads_init(&f->heads, config->seed);
    window_init(&f->window, config->window_ms == 0 ? FOLLOWER_WINDOW_MS : config->window_ms,
                config->window_ids == 0 ? FOLLOWER_WINDOW_IDS : config->window_ids,
                config->others == 0 ? FOLLOWER_OTHERS : config->others);
    return f;
}

void follower_free(struct follower *f)
{
    if (f == NULL)
        return;
    follower_end_rebuild(f);
    heads_fini(&f->heads);
    window_fini(&f->window);
    mem_free(f);
}

/* The log's time as far as it makes sense. */
static int64_t record_time(const struct log_record *r)
{
    return r->time_ms <= FOLLOWER_TIME_MAX ? r->time_ms : 0;
}

static XXH128_hash_t client_id_hash(const struct follower *f, const struct event *e)
{
    char key[2 * sizeof(struct uuid) + CLIENT_MSG_ID_CHARS_MAX];
    memcpy(key, e->user.b, sizeof e->user.b);
    memcpy(key + sizeof e->user.b, e->channel.b, sizeof e->channel.b);
    memcpy(key + 2 * sizeof(struct uuid), e->client_msg_id.p, e->client_msg_id.n);
    return XXH3_128bits_withSeed(key, 2 * sizeof(struct uuid) + e->client_msg_id.n, f->seed);
}

static uint64_t content_hash(const struct follower *f, const struct event *e)
{
    /* Fibonacci hashing spreads what is known of kind and parent over the seed */
    uint64_t seed = f->seed + (e->parent * 8 + (uint64_t)e->kind) * 0x9E3779B97F4A7C15u;
    return XXH3_64bits_withSeed(e->content.p, e->content.n, seed);
}

/* The stamp of a post; also of one that is read back to build the window again. */
static uint64_t stamp(const struct follower *f, uint64_t last, const struct log_record *r)
{
    return id_next(last, record_time(r), f->partition);
}

static void remember(struct follower *f, const struct event *e, XXH128_hash_t hash,
                     uint32_t channel, bool knows_prev)
{
    const struct window_entry entry = {.hash = hash,
                                       .user = e->user,
                                       .content = content_hash(f, e),
                                       .offset = seq_offset(e->seq),
                                       .prev_seq = e->prev_seq,
                                       .id = e->id,
                                       .channel = channel,
                                       .knows_prev = knows_prev};
    window_add(&f->window, &entry);
}

static void note_clock(struct follower *f, const struct event *e)
{
    int64_t id_ms;
    if (client_time_ms(e->client_msg_id, &id_ms))
        early_note(&f->early, &e->user, id_ms, id_time_ms(e->id));
}

static void judge_repeat(struct follower *f, const struct log_record *r,
                         const struct window_entry *first, struct judgement *out)
{
    struct event *e = &out->event;
    out->verdict = first->content == content_hash(f, e) ? VERDICT_REPEAT : VERDICT_CONFLICT;
    e->seq = seq_of(f->epoch, first->offset);
    e->prev_seq = first->prev_seq;
    e->id = first->id;
    e->at_us = id_time_ms(e->id) * 1000;
    out->knows_prev = first->knows_prev;
    window_add_other(&f->window, r->offset, f->last_id);
}

static void head_move(struct follower *f, uint32_t channel, const struct event *e, uint64_t version)
{
    struct channel_head *head = &f->heads.all[channel];
    if (head->at >= e->seq)
        return;
    head->at = e->seq;
    if (event_is_post(e)) {
        head->seq = e->seq;
        head->id = e->id;
    } else {
        head->version = version;
    }
    heads_mark(&f->heads, channel);
}

static void judge_post(struct follower *f, const struct log_record *r, struct judgement *out)
{
    struct event *e = &out->event;
    int64_t now = record_time(r), last = id_time_ms(f->last_id);
    uint32_t channel = heads_get(&f->heads, &e->channel);
    const struct window_entry *first = NULL;
    XXH128_hash_t hash = {0, 0};
    window_advance(&f->window, now > last ? now : last, r->offset, f->last_id);
    if (e->client_msg_id.n > 0) {
        hash = client_id_hash(f, e);
        first = window_find(&f->window, hash, &e->user, channel);
    }
    if (first != NULL) {
        judge_repeat(f, r, first, out);
        return;
    }
    out->verdict = VERDICT_POST;
    e->seq = seq_of(f->epoch, r->offset);
    e->prev_seq = f->heads.all[channel].seq;
    e->id = f->last_id = stamp(f, f->last_id, r);
    e->at_us = id_time_ms(e->id) * 1000;
    if (e->client_msg_id.n > 0) {
        remember(f, e, hash, channel, !out->covered);
        note_clock(f, e);
    }
    head_move(f, channel, e, 0);
}

static void judge_change(struct follower *f, const struct log_record *r, struct judgement *out)
{
    struct event *e = &out->event;
    uint32_t channel = heads_get(&f->heads, &e->channel);
    e->seq = seq_of(f->epoch, r->offset);
    e->prev_seq = f->heads.all[channel].seq;
    e->at_us = record_time(r) * 1000;
    out->verdict = VERDICT_STALE;
    if (out->version <= f->heads.all[channel].version)
        return;
    out->verdict = VERDICT_CHANGE;
    head_move(f, channel, e, out->version);
}

/* ---- Below the snapshot ---- */

/* A post below the snapshot that was a first one then: it is stamped again as it was. */
static void rebuild_post(struct follower *f, const struct log_record *r, struct event *e)
{
    /* a head of the rebuild is the last post of a channel since the window's beginning */
    struct channel_head *before = &f->rebuilt->all[heads_get(f->rebuilt, &e->channel)];
    e->seq = seq_of(f->epoch, r->offset);
    e->prev_seq = before->seq;
    before->seq = e->seq;
    e->id = f->rebuilt_id = stamp(f, f->rebuilt_id, r);
    if (e->client_msg_id.n > 0)
        remember(f, e, client_id_hash(f, e), heads_get(&f->heads, &e->channel), e->prev_seq != 0);
}

static void rebuild(struct follower *f, const struct log_record *r)
{
    struct record record;
    if (f->rebuilt == NULL || r->offset < f->rebuilt_next || r->offset < f->window.from)
        return;
    f->rebuilt_next = r->offset + 1;
    if (!record_decode(r->value, &record) || !uuid_eq(&record.event.channel, &r->key) ||
        !event_is_post(&record.event))
        return;
    if (window_is_other(&f->window, r->offset))
        follower_rebuild_other(f, r->offset);
    else
        rebuild_post(f, r, &record.event);
}

void follower_judge(struct follower *f, const struct log_record *r, struct judgement *out)
{
    struct record record;
    assert(r->partition == f->partition);
    *out = (struct judgement){.verdict = VERDICT_KNOWN, .knows_prev = true};
    if (r->offset < f->next) {
        rebuild(f, r);
        return;
    }
    follower_end_rebuild(f);
    f->next = r->offset + 1;
    out->covered = r->offset < f->exact_from;
    out->verdict = VERDICT_INVALID;
    if (r->offset > SEQ_OFFSET_MAX || !record_decode(r->value, &record) ||
        !uuid_eq(&record.event.channel, &r->key))
        return;
    out->event = record.event;
    out->event.partition = f->partition;
    out->version = record.version;
    if (event_is_post(&out->event))
        judge_post(f, r, out);
    else
        judge_change(f, r, out);
}

uint64_t follower_next(const struct follower *f)
{
    return f->next;
}

uint64_t follower_exact_from(const struct follower *f)
{
    return f->exact_from;
}

uint64_t follower_last_id(const struct follower *f)
{
    return f->last_id;
}

const struct channel_head *follower_head(const struct follower *f, const struct uuid *channel)
{
    uint32_t at = heads_find(&f->heads, channel);
    return at == HEADS_NONE ? NULL : &f->heads.all[at];
}

int64_t follower_window_ms(const struct follower *f)
{
    return f->window.gone_id == 0 ? 0 : id_time_ms(f->window.gone_id) + 1;
}

bool follower_is_early(const struct follower *f, const struct uuid *user, int64_t id_ms)
{
    return early_is_marked(&f->early, user, id_ms);
}

uint64_t follower_window_safe(const struct follower *f, int64_t now_ms, int64_t margin_ms)
{
    const struct window *w = &f->window;
    int64_t last = id_time_ms(f->last_id);
    if (now_ms < last)
        now_ms = last;
    uint32_t goes = window_count_before(w, now_ms + margin_ms - w->ms);
    uint32_t room = w->entries_max - w->n, spare = w->entries_max / 4;
    if (room < spare && goes < spare - room)
        goes = spare - room;
    if (goes > w->n)
        goes = w->n;
    return goes == 0 ? w->gone : window_entry_at(w, goes - 1)->offset + 1;
}
