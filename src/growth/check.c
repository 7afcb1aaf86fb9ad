/* Was everything moved? The history: each channel's posts are read back whole and come to the same
 * number and hash as where they came from; then pages are compared as people will read them. */
#include <inttypes.h>

#include "base/mem.h"
#include "base/rand.h"
#include "growth/digest.h"
#include "growth/steps.h"

#define PAGE_POSTS    1000
#define SAMPLE_POSTS  20
#define SAMPLES_MAX   256 /* channels whose pages are compared */
#define LOOKED_AT_MAX 100 /* posts of a page, where the first difference is looked for */

struct check {
    struct import *import;
    struct digests digests;
    uint64_t posts, channels;
    uint64_t sample_every; /* channels */
    enum err err;
};

/* ---- What it should be ---- */

static enum err source_digest(struct check *k)
{
    struct import *im = k->import;
    struct import_source *s = im->config.source;
    uint64_t seq = 0, done = 0;
    size_t n = 1;
    enum err e = ERR_OK;
    while (e == ERR_OK && n > 0) {
        struct arena arena;
        struct event *posts;
        arena_init(&arena);
        e = s->ops->posts(s, seq, im->config.batch, &arena, &posts, &n);
        for (size_t i = 0; e == ERR_OK && i < n; i++)
            digest_add(&k->digests, digests_get(&k->digests, &posts[i].channel), &posts[i]);
        if (n > 0)
            seq = posts[n - 1].seq;
        arena_fini(&arena);
        import_progress(im, "posts hashed", done += n, im->size.posts);
    }
    return e;
}

/* ---- What it is ---- */

static enum err target_digest(struct check *k, struct digest *of)
{
    struct history_store *h = k->import->config.history;
    struct post_page page = {.more = true};
    enum err e = ERR_OK;
    while (e == ERR_OK && page.more) {
        struct arena arena;
        arena_init(&arena);
        e = h->ops->replay(h, &of->channel, of->last_seq, PAGE_POSTS, &arena, &page);
        for (size_t i = 0; e == ERR_OK && i < page.n; i++)
            digest_add(&k->digests, of, &page.rows[i].event);
        k->posts += e == ERR_OK ? page.n : 0;
        arena_fini(&arena);
        import_progress(k->import, "posts read back", k->posts, k->import->size.posts);
    }
    return e;
}

static bool post_eq(const struct event *a, const struct event *b)
{
    return a->kind == b->kind && a->seq == b->seq && a->prev_seq == b->prev_seq && a->id == b->id &&
           a->parent == b->parent && uuid_eq(&a->user, &b->user) &&
           str_eq(a->username, b->username) && str_eq(a->content, b->content) &&
           str_eq(a->client_msg_id, b->client_msg_id);
}

/* The position of the first post of a channel that is not the same on both sides; 0: none is. */
static enum err first_difference(struct check *k, const struct uuid *channel, uint64_t *out)
{
    struct message_store *ours = k->import->config.source->messages;
    struct message_store *theirs = k->import->config.history->messages;
    struct post_page a = {.more = true}, b;
    uint64_t seq = 0;
    enum err e = ERR_OK;
    *out = 0;
    while (e == ERR_OK && *out == 0 && a.more) {
        struct arena arena;
        arena_init(&arena);
        e = ours->ops->after(ours, channel, seq, LOOKED_AT_MAX, &arena, &a);
        if (e == ERR_OK)
            e = theirs->ops->after(theirs, channel, seq, LOOKED_AT_MAX, &arena, &b);
        for (size_t i = 0; e == ERR_OK && i < a.n && *out == 0; i++)
            if (i >= b.n || !post_eq(&a.rows[i].event, &b.rows[i].event))
                *out = a.rows[i].event.seq;
        if (e == ERR_OK && *out == 0 && b.n > a.n)
            *out = b.rows[a.n].event.seq;
        seq = e == ERR_OK && a.n > 0 ? a.rows[a.n - 1].event.seq : seq;
        arena_fini(&arena);
    }
    return e;
}

static enum err channel_compare(struct check *k, const struct import_channel *c)
{
    struct digest is = {.channel = c->channel.id};
    const struct digest *was = digests_get(&k->digests, &c->channel.id);
    uint64_t seq;
    if (was->last_seq != c->head.seq)
        import_differs(k->import, "channel %s ends at %" PRIu64 ", not at %" PRIu64,
                       uuid_text(&is.channel).s, was->last_seq, c->head.seq);
    enum err e = target_digest(k, &is);
    if (e != ERR_OK || digest_eq(was, &is))
        return e;
    e = first_difference(k, &is.channel, &seq);
    import_differs(k->import,
                   "channel %s has %" PRIu64 " posts of %" PRIu64 " or others; the first that is "
                   "not the same has the position %" PRIu64,
                   uuid_text(&is.channel).s, is.posts, was->posts, seq);
    return e;
}

/* ---- Pages ---- */

static bool page_eq(const struct post_page *a, const struct post_page *b)
{
    if (a->n != b->n || a->next_id != b->next_id)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!post_eq(&a->rows[i].event, &b->rows[i].event) ||
            a->rows[i].reply_count != b->rows[i].reply_count)
            return false;
    return true;
}

/* A page of replies to the message that has the most of them on the page `of`. */
static enum err replies_compare(struct check *k, const struct post_page *of, struct arena *arena)
{
    struct message_store *ours = k->import->config.source->messages;
    struct message_store *theirs = k->import->config.history->messages;
    const struct post *most = NULL;
    struct post_page a, b;
    for (size_t i = 0; i < of->n; i++)
        if (of->rows[i].reply_count > (most == NULL ? 0 : most->reply_count))
            most = &of->rows[i];
    if (most == NULL)
        return ERR_OK;
    enum err e = ours->ops->replies(ours, most->event.id, 0, SAMPLE_POSTS, arena, &a);
    if (e == ERR_OK)
        e = theirs->ops->replies(theirs, most->event.id, 0, SAMPLE_POSTS, arena, &b);
    if (e == ERR_OK && !page_eq(&a, &b))
        import_differs(k->import, "the replies to message %" PRIu64 " are not the same",
                       most->event.id);
    return e;
}

static enum err page_compare(struct check *k, const struct uuid *channel, uint64_t from_id,
                             uint64_t *oldest)
{
    struct message_store *ours = k->import->config.source->messages;
    struct message_store *theirs = k->import->config.history->messages;
    struct post_page a = {.n = 0}, b = {.n = 0};
    struct arena arena;
    arena_init(&arena);
    enum err e = ours->ops->messages(ours, channel, from_id, SAMPLE_POSTS, &arena, &a);
    if (e == ERR_OK)
        e = theirs->ops->messages(theirs, channel, from_id, SAMPLE_POSTS, &arena, &b);
    if (e == ERR_OK && !page_eq(&a, &b))
        import_differs(k->import, "the page of channel %s from %" PRIu64 " is not the same",
                       uuid_text(channel).s, from_id);
    if (e == ERR_OK)
        e = replies_compare(k, &a, &arena);
    *oldest = e == ERR_OK && a.n > 0 ? a.rows[a.n - 1].event.id : 0;
    arena_fini(&arena);
    return e;
}

/* The newest page, and one from somewhere before it. */
static enum err pages_compare(struct check *k, const struct import_channel *c)
{
    uint64_t oldest, somewhere;
    enum err e = page_compare(k, &c->channel.id, 0, &oldest);
    rand_bytes(&somewhere, sizeof somewhere);
    if (e == ERR_OK && oldest > 1)
        e = page_compare(k, &c->channel.id, 1 + somewhere % (oldest - 1), &oldest);
    return e;
}

static bool channel_check(const struct import_channel *c, void *arg)
{
    struct check *k = arg;
    k->err = channel_compare(k, c);
    if (k->err == ERR_OK && k->channels++ % k->sample_every == 0)
        k->err = pages_compare(k, c);
    return k->err == ERR_OK;
}

/* ---- The ends ---- */

static bool head_check(const struct channel_head *h, void *arg)
{
    struct check *k = arg;
    const struct digest *was = digests_get(&k->digests, &h->channel);
    k->channels--;
    if (was->last_seq != h->seq)
        import_differs(k->import, "the end of channel %s is noted as %" PRIu64 ", not %" PRIu64,
                       uuid_text(&h->channel).s, h->seq, was->last_seq);
    return true;
}

static enum err heads_check(struct check *k)
{
    struct history_store *h = k->import->config.history;
    enum err e = h->ops->read_heads(h, import_epoch(k->import), 0, head_check, k);
    if (e == ERR_OK && k->channels != 0)
        import_differs(k->import, "not every channel has its end noted");
    return e;
}

enum err check_posts(struct import *im)
{
    struct check k = {.import = im, .sample_every = im->size.channels / SAMPLES_MAX + 1};
    digests_init(&k.digests);
    enum err e = source_digest(&k);
    if (e == ERR_OK)
        e = im->config.source->ops->channels(im->config.source, channel_check, &k);
    if (e == ERR_OK)
        e = k.err;
    if (e == ERR_OK && k.channels != im->size.channels)
        import_differs(im, "%" PRIu64 " channels were looked at, not %" PRIu64, k.channels,
                       im->size.channels);
    if (e == ERR_OK)
        e = heads_check(&k);
    digests_fini(&k.digests);
    return e;
}

enum err check_all(struct import *im)
{
    enum err e = check_posts(im);
    return e == ERR_OK ? check_rows(im) : e;
}
