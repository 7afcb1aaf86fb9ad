/* What readers take out of the overlay. */
#include "cluster/overlay_state.h"
#include "domain/id.h"

/* Takes the mutex. The posts of the channel, or NULL. */
static const struct overlay_channel *view_begin(struct overlay *o, unsigned partition,
                                                const struct uuid *channel, unsigned limit,
                                                struct arena *arena, struct overlay_view *out)
{
    const struct overlay_partition *p = &o->partitions[partition];
    *out = (struct overlay_view){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
    pthread_mutex_lock(&o->mutex);
    const struct overlay_channel *c = overlay_channel_find(o, channel);
    out->has_gap = p->start > atomic_load(&p->persisted);
    out->is_known = c != NULL;
    out->before = c == NULL ? 0 : c->before;
    return c;
}

static void view_add(const struct overlay *o, const struct overlay_post *post, struct arena *arena,
                     struct overlay_view *out)
{
    struct post *row = &out->rows[out->n++];
    const struct event *e = &post->event;
    row->event = *e;
    row->event.username = arena_str(arena, e->username);
    row->event.content = arena_str(arena, e->content);
    row->event.client_msg_id = arena_str(arena, e->client_msg_id);
    row->event.channel_info.name = STR_NONE;
    const struct overlay_thread *t =
        e->kind == EVENT_MESSAGE ? overlay_thread_find(o, e->id) : NULL;
    row->reply_count = t == NULL ? 0 : t->n;
}

void overlay_messages(struct overlay *o, unsigned partition, const struct uuid *channel,
                      uint64_t from_id, unsigned limit, struct arena *arena,
                      struct overlay_view *out)
{
    const struct overlay_channel *c = view_begin(o, partition, channel, limit, arena, out);
    for (const struct overlay_post *post = c == NULL ? NULL : c->newest; post != NULL && !out->more;
         post = overlay_older(o, post)) {
        if (post->event.kind != EVENT_MESSAGE || (from_id != 0 && post->event.id > from_id))
            continue;
        if (out->n < limit)
            view_add(o, post, arena, out);
        else
            out->more = true;
    }
    pthread_mutex_unlock(&o->mutex);
}

void overlay_replies(struct overlay *o, uint64_t message_id, uint64_t from_id, unsigned limit,
                     struct arena *arena, struct overlay_view *out)
{
    *out = (struct overlay_view){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
    pthread_mutex_lock(&o->mutex);
    const struct overlay_thread *t = overlay_thread_find(o, message_id);
    for (const struct overlay_post *post = t == NULL ? NULL : t->newest; post != NULL && !out->more;
         post = overlay_same(o, post)) {
        if (from_id != 0 && post->event.id > from_id)
            continue;
        if (out->n < limit)
            view_add(o, post, arena, out);
        else
            out->more = true;
    }
    pthread_mutex_unlock(&o->mutex);
}

/* The first post of the channel after `seq`. Mostly `seq` is that of a post, which knows; else one
 * goes back from the newest. */
static const struct overlay_post *post_after(const struct overlay *o,
                                             const struct overlay_partition *p,
                                             const struct overlay_channel *c, uint64_t seq)
{
    uint32_t at = overlay_find(p, seq, false);
    if (at < p->n && overlay_post_at(p, at)->event.seq == seq &&
        uuid_eq(&overlay_post_at(p, at)->event.channel, &c->id))
        return overlay_post_at(p, at)->newer;
    const struct overlay_post *first = NULL;
    for (const struct overlay_post *post = c->newest; post != NULL && post->event.seq > seq;
         post = overlay_older(o, post))
        first = post;
    return first;
}

void overlay_after(struct overlay *o, unsigned partition, const struct uuid *channel, uint64_t seq,
                   unsigned limit, struct arena *arena, struct overlay_view *out)
{
    const struct overlay_partition *p = &o->partitions[partition];
    const struct overlay_channel *c = view_begin(o, partition, channel, limit, arena, out);
    for (const struct overlay_post *post = c == NULL ? NULL : post_after(o, p, c, seq);
         post != NULL && !out->more; post = post->newer) {
        if (out->n < limit)
            view_add(o, post, arena, out);
        else
            out->more = true;
    }
    pthread_mutex_unlock(&o->mutex);
}

bool overlay_count(struct overlay *o, const struct uuid *channel, uint64_t seq,
                   const struct uuid *except, unsigned max, unsigned *count, uint64_t *before)
{
    pthread_mutex_lock(&o->mutex);
    const struct overlay_channel *c = overlay_channel_find(o, channel);
    *count = 0;
    *before = c == NULL ? 0 : c->before;
    for (const struct overlay_post *post = c == NULL ? NULL : c->newest;
         post != NULL && post->event.seq > seq && *count < max; post = overlay_older(o, post))
        *count += except == NULL || !uuid_eq(&post->event.user, except);
    pthread_mutex_unlock(&o->mutex);
    return c != NULL;
}

uint64_t overlay_reply_count(struct overlay *o, uint64_t message_id)
{
    pthread_mutex_lock(&o->mutex);
    const struct overlay_thread *t = overlay_thread_find(o, message_id);
    uint64_t n = t == NULL ? 0 : t->n;
    pthread_mutex_unlock(&o->mutex);
    return n;
}

uint64_t overlay_own_head(struct overlay *o, const struct uuid *channel, const struct uuid *user)
{
    pthread_mutex_lock(&o->mutex);
    const struct overlay_channel *c = overlay_channel_find(o, channel);
    const struct overlay_post *post = c == NULL ? NULL : c->newest;
    while (post != NULL && !uuid_eq(&post->event.user, user))
        post = overlay_older(o, post);
    uint64_t seq = post == NULL ? 0 : post->event.seq;
    pthread_mutex_unlock(&o->mutex);
    return seq;
}

bool overlay_channel_of(struct overlay *o, uint64_t message_id, struct uuid *channel)
{
    unsigned partition = id_partition(message_id);
    bool found = false;
    if (partition >= o->n_partitions)
        return false;
    const struct overlay_partition *p = &o->partitions[partition];
    pthread_mutex_lock(&o->mutex);
    uint32_t at = overlay_find(p, message_id, true);
    if (at < p->n) {
        const struct event *e = &overlay_post_at(p, at)->event;
        found = e->id == message_id && e->kind == EVENT_MESSAGE;
        if (found)
            *channel = e->channel;
    }
    pthread_mutex_unlock(&o->mutex);
    return found;
}
