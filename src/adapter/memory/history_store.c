/* The writer's side. */
#include <stdio.h>
#include <string.h>

#include "adapter/memory/history_state.h"
#include "base/mem.h"

static struct memory_history *history_of(struct history_store *self)
{
    return MEM_OWNER(self, struct memory_history, door);
}

struct memory_posts *memory_posts_find(const struct memory_history *h, const struct uuid *channel)
{
    struct memory_posts *found;
    HASH_FIND(hh, h->by_channel, channel, sizeof *channel, found);
    return found;
}

size_t memory_posts_at(const struct memory_posts *c, uint64_t seq)
{
    size_t at = c->n;
    while (at > 0 && c->posts[at - 1]->seq >= seq)
        at--;
    return at;
}

struct event memory_post_copy(const struct event *e, struct arena *arena)
{
    struct event copy = *e;
    copy.username = arena_str(arena, e->username);
    copy.content = arena_str(arena, e->content);
    copy.client_msg_id = arena_str(arena, e->client_msg_id);
    return copy;
}

static struct str str_own(struct str s)
{
    return (struct str){mem_strndup(s.n == 0 ? "" : s.p, s.n), s.n};
}

static void post_add(struct memory_history *h, const struct event *e)
{
    struct memory_posts *c = memory_posts_find(h, &e->channel);
    if (c == NULL) {
        c = MEM_NEW(struct memory_posts);
        c->channel = e->channel;
        HASH_ADD(hh, h->by_channel, channel, sizeof c->channel, c);
    }
    size_t at = memory_posts_at(c, e->seq);
    if (at < c->n && c->posts[at]->seq == e->seq)
        return;
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 16 : 2 * c->cap;
        c->posts = mem_realloc(c->posts, c->cap * sizeof(struct event *));
    }
    memmove(&c->posts[at + 1], &c->posts[at], (c->n - at) * sizeof(struct event *));
    c->n++;
    struct event *copy = c->posts[at] = MEM_NEW(struct event);
    *copy = *e;
    copy->username = str_own(e->username);
    copy->content = str_own(e->content);
    copy->client_msg_id = str_own(e->client_msg_id);
    copy->channel_info = (struct channel){.owner = UUID_NIL};
    copy->origin = (struct origin){ORIGIN_NO_SHARD, 0, STR_NONE};
    copy->queued_us = 0;
}

/* How many of `n` things the call may write; *e is its answer. */
static size_t write_begin(struct memory_history *h, size_t n, enum err *e)
{
    *e = h->refusing ? ERR_UNAVAILABLE : ERR_OK;
    if (h->refusing)
        return 0;
    if (!h->fails || h->writes_left-- > 0)
        return n;
    *e = ERR_UNAVAILABLE;
    h->refusing = true;
    return n / 2;
}

static enum err history_write(struct history_store *self, const struct event *posts, size_t n)
{
    struct memory_history *h = history_of(self);
    enum err e;
    pthread_mutex_lock(&h->mutex);
    n = write_begin(h, n, &e);
    for (size_t i = 0; i < n; i++)
        post_add(h, &posts[i]);
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static void head_put(struct memory_history *h, uint32_t epoch, unsigned partition,
                     const struct channel_head *head)
{
    struct memory_head *m = h->heads;
    while (m != NULL && !(m->epoch == epoch && m->partition == partition &&
                          uuid_eq(&m->head.channel, &head->channel)))
        m = m->next;
    if (m == NULL) {
        m = MEM_NEW(struct memory_head);
        m->epoch = epoch;
        m->partition = partition;
        m->next = h->heads;
        h->heads = m;
    } else if (m->head.at > head->at) {
        return;
    }
    m->head = *head;
}

static enum err history_write_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                                    const struct channel_head *heads, size_t n)
{
    struct memory_history *h = history_of(self);
    enum err e;
    pthread_mutex_lock(&h->mutex);
    n = write_begin(h, n, &e);
    for (size_t i = 0; i < n; i++)
        head_put(h, epoch, partition, &heads[i]);
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static struct memory_snapshot *snapshot_find(const struct memory_history *h, uint32_t epoch,
                                             unsigned partition)
{
    struct memory_snapshot *m = h->snapshots;
    while (m != NULL && !(m->snapshot.epoch == epoch && m->snapshot.partition == partition))
        m = m->next;
    return m;
}

static void snapshot_put(struct memory_history *h, const struct log_snapshot *s)
{
    struct memory_snapshot *m = snapshot_find(h, s->epoch, s->partition);
    if (m == NULL) {
        m = MEM_NEW(struct memory_snapshot);
        m->next = h->snapshots;
        h->snapshots = m;
    } else if (m->snapshot.next_offset > s->next_offset) {
        return;
    }
    mem_free((char *)m->snapshot.not_first.p);
    m->snapshot = *s;
    m->snapshot.not_first = str_own(s->not_first);
}

static enum err history_write_snapshot(struct history_store *self, const struct log_snapshot *s)
{
    struct memory_history *h = history_of(self);
    enum err e;
    pthread_mutex_lock(&h->mutex);
    if (write_begin(h, 1, &e) == 1)
        snapshot_put(h, s);
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static enum err history_read_snapshot(struct history_store *self, uint32_t epoch,
                                      unsigned partition, struct arena *arena,
                                      struct log_snapshot *out)
{
    struct memory_history *h = history_of(self);
    enum err e = ERR_UNAVAILABLE;
    pthread_mutex_lock(&h->mutex);
    const struct memory_snapshot *m = snapshot_find(h, epoch, partition);
    if (!h->refusing)
        e = m == NULL ? ERR_NOT_FOUND : ERR_OK;
    if (e == ERR_OK) {
        *out = m->snapshot;
        out->not_first = arena_str(arena, m->snapshot.not_first);
    }
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static enum err history_read_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                                   bool (*each)(const struct channel_head *, void *arg), void *arg)
{
    struct memory_history *h = history_of(self);
    pthread_mutex_lock(&h->mutex);
    bool goes_on = !h->refusing;
    for (const struct memory_head *m = h->heads; m != NULL && goes_on; m = m->next)
        if (m->epoch == epoch && m->partition == partition)
            goes_on = each(&m->head, arg);
    enum err e = h->refusing ? ERR_UNAVAILABLE : ERR_OK;
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static const struct event *client_id_find(const struct memory_posts *c, const struct uuid *user,
                                          struct str client_msg_id)
{
    for (size_t i = 0; c != NULL && i < c->n; i++)
        if (uuid_eq(&c->posts[i]->user, user) && c->posts[i]->client_msg_id.n > 0 &&
            str_eq(c->posts[i]->client_msg_id, client_msg_id))
            return c->posts[i];
    return NULL;
}

static enum err history_by_client_id(struct history_store *self, const struct uuid *user,
                                     const struct uuid *channel, struct str client_msg_id,
                                     struct arena *arena, struct event *out)
{
    struct memory_history *h = history_of(self);
    enum err e = ERR_UNAVAILABLE;
    pthread_mutex_lock(&h->mutex);
    if (!h->refusing) {
        const struct event *found =
            client_id_find(memory_posts_find(h, channel), user, client_msg_id);
        e = found == NULL ? ERR_NOT_FOUND : ERR_OK;
        if (found != NULL)
            *out = memory_post_copy(found, arena);
    }
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static enum err history_own_heads(struct history_store *self, const struct uuid *user,
                                  void (*each)(const struct uuid *channel, uint64_t seq, void *arg),
                                  void *arg)
{
    struct memory_history *h = history_of(self);
    pthread_mutex_lock(&h->mutex);
    enum err e = h->refusing ? ERR_UNAVAILABLE : ERR_OK;
    for (const struct memory_posts *c = h->by_channel; c != NULL && e == ERR_OK; c = c->hh.next) {
        size_t i = c->n;
        while (i > 0 && !uuid_eq(&c->posts[i - 1]->user, user))
            i--;
        if (i > 0)
            each(&c->channel, c->posts[i - 1]->seq, arg);
    }
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static enum err history_unread(struct history_store *self, const struct uuid *user,
                               const struct uuid *channel, uint64_t seq, unsigned max,
                               unsigned *out)
{
    struct memory_history *h = history_of(self);
    *out = 0;
    pthread_mutex_lock(&h->mutex);
    enum err e = h->refusing ? ERR_UNAVAILABLE : ERR_OK;
    const struct memory_posts *c = e == ERR_OK ? memory_posts_find(h, channel) : NULL;
    for (size_t i = 0; c != NULL && i < c->n && *out < max; i++)
        *out += c->posts[i]->seq > seq && !uuid_eq(&c->posts[i]->user, user);
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static enum err history_replay(struct history_store *self, const struct uuid *channel, uint64_t seq,
                               unsigned limit, struct arena *arena, struct post_page *out)
{
    return self->messages->ops->after(self->messages, channel, seq, limit, arena, out);
}

static enum err history_is_empty(struct history_store *self, bool *out)
{
    struct memory_history *h = history_of(self);
    pthread_mutex_lock(&h->mutex);
    enum err e = h->refusing ? ERR_UNAVAILABLE : ERR_OK;
    *out = h->by_channel == NULL && h->heads == NULL && h->snapshots == NULL;
    pthread_mutex_unlock(&h->mutex);
    return e;
}

static bool history_is_ready(struct history_store *self, char *detail, size_t size)
{
    struct memory_history *h = history_of(self);
    pthread_mutex_lock(&h->mutex);
    bool ready = !h->refusing;
    pthread_mutex_unlock(&h->mutex);
    snprintf(detail, size, "%s", ready ? "" : "the history in memory was told to refuse");
    return ready;
}

static const struct history_store_ops history_ops = {
    .write = history_write,
    .write_heads = history_write_heads,
    .write_snapshot = history_write_snapshot,
    .read_snapshot = history_read_snapshot,
    .read_heads = history_read_heads,
    .by_client_id = history_by_client_id,
    .own_heads = history_own_heads,
    .unread = history_unread,
    .replay = history_replay,
    .is_empty = history_is_empty,
    .is_ready = history_is_ready,
};

struct memory_history *memory_history_new(void)
{
    struct memory_history *h = MEM_NEW(struct memory_history);
    h->door = (struct history_store){&history_ops, &h->messages};
    h->messages.ops = &memory_history_messages_ops;
    pthread_mutex_init(&h->mutex, NULL);
    return h;
}

static void posts_free(struct memory_history *h)
{
    struct memory_posts *c, *next;
    HASH_ITER (hh, h->by_channel, c, next) {
        HASH_DEL(h->by_channel, c);
        for (size_t i = 0; i < c->n; i++) {
            mem_free((char *)c->posts[i]->username.p);
            mem_free((char *)c->posts[i]->content.p);
            mem_free((char *)c->posts[i]->client_msg_id.p);
            mem_free(c->posts[i]);
        }
        mem_free(c->posts);
        mem_free(c);
    }
}

void memory_history_free(struct memory_history *h)
{
    if (h == NULL)
        return;
    posts_free(h);
    while (h->heads != NULL) {
        struct memory_head *m = h->heads;
        h->heads = m->next;
        mem_free(m);
    }
    while (h->snapshots != NULL) {
        struct memory_snapshot *m = h->snapshots;
        h->snapshots = m->next;
        mem_free((char *)m->snapshot.not_first.p);
        mem_free(m);
    }
    pthread_mutex_destroy(&h->mutex);
    mem_free(h);
}

struct history_store *memory_history_door(struct memory_history *h)
{
    return &h->door;
}

void memory_history_refuse(struct memory_history *h, bool refuse)
{
    pthread_mutex_lock(&h->mutex);
    h->refusing = refuse;
    h->fails = false;
    pthread_mutex_unlock(&h->mutex);
}

void memory_history_fail_after(struct memory_history *h, size_t n)
{
    pthread_mutex_lock(&h->mutex);
    h->fails = true;
    h->writes_left = n;
    pthread_mutex_unlock(&h->mutex);
}
