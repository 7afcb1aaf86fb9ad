#include "fanout/notice.h"

#include <assert.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/herald.h"
#include "fanout/presence.h"
#include "fanout/sizes.h"
#include "fanout/watch.h"

/* What the notice is about; which fields count depends on `handle`. */
struct notice_body {
    atomic_uint refs;
    void (*handle)(struct shard *sh, const struct notice_body *b);
    bool is_precious;  /* never dropped */
    bool only_watched; /* of no use to a shard where nobody watches anything */
    struct uuid user, channel, jti;
    int64_t issued_before_us;
    uint32_t except_shard;
    uint64_t except_session;
    struct bytes *frame;
    struct str name; /* in the body's own memory */
    size_t n;
    struct uuid channels[];
};

struct notice {
    struct mail mail;
    struct shard *shard;
    struct notice_body *body;
};

static struct notice_body *body_new(void (*handle)(struct shard *, const struct notice_body *),
                                    const struct uuid *user, size_t n_channels, size_t name_bytes)
{
    struct notice_body *b = mem_zalloc(sizeof *b + n_channels * sizeof b->channels[0] + name_bytes);
    atomic_init(&b->refs, 1);
    b->handle = handle;
    b->user = *user;
    return b;
}

static void body_unref(struct notice_body *b)
{
    if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) > 1)
        return;
    bytes_unref(b->frame);
    mem_free(b);
}

static void notice_free(struct mail *m)
{
    struct notice *n = MEM_OWNER(m, struct notice, mail);
    atomic_fetch_sub_explicit(&n->shard->notices, 1, memory_order_relaxed);
    body_unref(n->body);
    mem_free(n);
}

static void notice_run(struct task *t)
{
    struct mail *m = MEM_OWNER(t, struct mail, task);
    struct notice *n = MEM_OWNER(m, struct notice, mail);
    n->body->handle(n->shard, n->body);
    notice_free(m);
}

static void body_post(struct notice_body *b, struct shard *sh)
{
    if (b->only_watched && atomic_load_explicit(&sh->n_watched, memory_order_relaxed) == 0)
        return;
    const unsigned before = atomic_fetch_add_explicit(&sh->notices, 1, memory_order_relaxed);
    if (before >= NOTICES_MAX && !b->is_precious) {
        atomic_fetch_sub_explicit(&sh->notices, 1, memory_order_relaxed);
        if (b->n > 0)
            atomic_store_explicit(&sh->is_stale, true, memory_order_relaxed);
        return;
    }
    struct notice *n = MEM_NEW(struct notice);
    n->mail.task.run = notice_run;
    n->mail.drop = notice_free;
    n->shard = sh;
    n->body = b;
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    shard_mail(sh, &n->mail);
}

/* To every shard; gives the caller's reference back. */
static void body_send(struct notice_body *b, struct hub *h)
{
    struct shard *sh;
    for (uint32_t i = 0; (sh = hub_shard(h, i)) != NULL; i++)
        body_post(b, sh);
    body_unref(b);
}

/* ---- Presence ---- */

static void presence_handle(struct shard *sh, const struct notice_body *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct audience *a = audience_find(sh, &b->channels[i]);
        if (a != NULL && a->watch != NULL)
            watch_note(a, &b->user, b->name, 0);
    }
}

static bool hub_is_watched(const struct hub *h)
{
    const struct shard *sh;
    unsigned n = 0;
    for (uint32_t i = 0; (sh = hub_shard(h, i)) != NULL; i++)
        n += atomic_load_explicit(&sh->n_watched, memory_order_relaxed);
    return n > 0;
}

static struct notice_body *presence_body(void (*handle)(struct shard *, const struct notice_body *),
                                         const struct uuid *user, struct str name,
                                         const struct uuid *channels, size_t n)
{
    struct notice_body *b = body_new(handle, user, n, name.n);
    if (n > 0)
        memcpy(b->channels, channels, n * sizeof *channels);
    b->n = n;
    char *text = (char *)&b->channels[n];
    if (name.n > 0)
        memcpy(text, name.p, name.n);
    b->name = (struct str){text, name.n};
    return b;
}

/* Who begins to watch now asks the store, later, and finds the session counted: between the two
 * stands the mutex of the counts. */
void notice_came_or_went(struct hub *h, const struct uuid *user, struct str name,
                         const struct uuid *channels, size_t n)
{
    if (!hub_is_watched(h))
        return;
    struct notice_body *b = presence_body(presence_handle, user, name, channels, n);
    b->only_watched = true;
    body_send(b, h);
}

static void herald_handle(struct shard *sh, const struct notice_body *b)
{
    herald_presence(hub_herald(sh->hub), &b->user, b->name, b->channels, b->n);
}

void notice_presence(struct session *s)
{
    const struct session_state *st = s->hub;
    struct hub *h = s->shard->hub;
    if (!hub_is_watched(h) && hub_herald(h) == NULL)
        return;
    struct uuid *channels = mem_array(st->n_subs, sizeof *channels);
    for (uint32_t i = 0; i < st->n_subs; i++)
        channels[i] = session_subs(s)[i].audience->channel;
    notice_came_or_went(h, &s->user, s->username, channels, st->n_subs);
    if (hub_herald(h) != NULL) {
        struct notice_body *b =
            presence_body(herald_handle, &s->user, s->username, channels, st->n_subs);
        body_post(b, hub_shard(h, 0));
        body_unref(b);
    }
    mem_free(channels);
}

void notice_unsure(struct hub *h)
{
    struct shard *sh;
    for (uint32_t i = 0; (sh = hub_shard(h, i)) != NULL; i++)
        atomic_store_explicit(&sh->is_stale, true, memory_order_relaxed);
}

/* ---- Typing ---- */

static void typing_handle(struct shard *sh, const struct notice_body *b)
{
    struct audience *a = audience_find(sh, &b->channel);
    if (a != NULL && a->watch != NULL)
        audience_frame(a, MEMBER_WATCHES, &b->user, b->frame);
}

void notice_typing(struct hub *h, const struct uuid *user, struct str name,
                   const struct uuid *channel)
{
    if (!hub_is_watched(h))
        return;
    struct notice_body *b = body_new(typing_handle, user, 0, 0);
    b->only_watched = true;
    b->channel = *channel;
    b->frame = hub_config(h)->encoder->typing(channel, user, name);
    body_send(b, h);
}

/* ---- Read positions ---- */

static void read_handle(struct shard *sh, const struct notice_body *b)
{
    struct session *next;
    for (struct session *s = shard_user_first(sh, &b->user); s != NULL; s = next) {
        next = shard_user_next(s);
        const bool is_except = b->except_shard == sh->index && b->except_session == s->id;
        if (session_is(s, SESSION_OPEN) && !is_except)
            s->ops->frame(s, b->frame);
    }
}

void notice_read(struct hub *h, const struct uuid *user, const struct uuid *channel, uint64_t seq,
                 uint32_t except_shard, uint64_t except_session)
{
    if (!presence_is_here(hub_presence(h), user))
        return;
    struct notice_body *b = body_new(read_handle, user, 0, 0);
    b->except_shard = except_shard;
    b->except_session = except_session;
    b->frame = hub_config(h)->encoder->read(channel, seq);
    body_send(b, h);
}

/* ---- Revocations ---- */

static void revoked_handle(struct shard *sh, const struct notice_body *b)
{
    struct session *next;
    for (struct session *s = shard_user_first(sh, &b->user); s != NULL; s = next) {
        next = shard_user_next(s);
        const bool is_meant = uuid_eq(&b->jti, &UUID_NIL) ? s->issued_us < b->issued_before_us
                                                          : uuid_eq(&b->jti, &s->jti);
        if (is_meant)
            s->ops->revoked(s);
    }
}

void notice_revoked(struct hub *h, const struct uuid *user, const struct uuid *jti,
                    int64_t issued_before_us)
{
    struct notice_body *b = body_new(revoked_handle, user, 0, 0);
    b->is_precious = true;
    b->jti = *jti;
    b->issued_before_us = issued_before_us;
    body_send(b, h);
}
