/* The log of events and how an append is judged. */
#include <assert.h>

#include "adapter/memory/state.h"
#include "base/mem.h"
#include "domain/id.h"

struct memory_user *memory_user_find(const struct memory_store *s, const struct uuid *id)
{
    struct memory_user *found;
    HASH_FIND(hh, s->users, id, sizeof *id, found);
    return found;
}

struct memory_channel *memory_channel_find(const struct memory_store *s, const struct uuid *id)
{
    struct memory_channel *found;
    HASH_FIND(hh, s->by_channel, id, sizeof *id, found);
    return found;
}

struct memory_member *memory_member_find(const struct memory_channel *c, const struct uuid *user)
{
    struct memory_member *m = c->members;
    while (m != NULL && !uuid_eq(&m->user->account.user.id, user))
        m = m->next;
    return m;
}

static struct str str_own(struct str s)
{
    return (struct str){mem_strndup(s.n == 0 ? "" : s.p, s.n), s.n};
}

/* FNV-1a: the low bits of made-up ids are spread as well as those of drawn ones. */
unsigned memory_partition_of(const struct memory_store *s, const struct uuid *channel)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof channel->b; i++)
        hash = (hash ^ channel->b[i]) * 16777619u;
    return hash % s->n_partitions;
}

size_t memory_index_after(const struct memory_partition *p, uint64_t seq)
{
    if (seq <= p->base)
        return 0;
    return seq - p->base < p->n ? (size_t)(seq - p->base) : p->n;
}

static void event_stamp(struct memory_store *s, struct event *e, struct memory_channel *c)
{
    struct memory_partition *p = &s->partitions[c->partition];
    e->partition = c->partition;
    e->seq = p->base + p->n + 1;
    e->prev_seq = c->head;
    e->at_us = clock_wall_us(s->clock);
    if (!event_is_post(e))
        return;
    e->id = p->last_id = id_next(p->last_id, e->at_us / 1000, c->partition);
    e->at_us = id_time_ms(e->id) * 1000;
    c->head = e->seq;
}

static struct memory_client_id client_id_key(const struct uuid *channel, const struct uuid *user,
                                             struct str text)
{
    struct memory_client_id c;
    assert(text.n <= sizeof c.key.text);
    memset(&c, 0, sizeof c);
    c.key.channel = *channel;
    c.key.user = *user;
    memcpy(c.key.text, text.p, text.n);
    return c;
}

static struct memory_client_id *client_id_find(const struct memory_store *s,
                                               const struct uuid *channel, const struct uuid *user,
                                               struct str text)
{
    struct memory_client_id wanted = client_id_key(channel, user, text), *found;
    HASH_FIND(hh, s->client_ids, &wanted.key, sizeof wanted.key, found);
    return found;
}

static void client_id_add(struct memory_store *s, struct event *e)
{
    struct memory_client_id *c = MEM_NEW(struct memory_client_id);
    *c = client_id_key(&e->channel, &e->user, e->client_msg_id);
    c->event = e;
    HASH_ADD(hh, s->client_ids, key, sizeof c->key, c);
}

static void list_add(struct event ***list, size_t *n, size_t *cap, struct event *e)
{
    if (*n == *cap) {
        *cap = *cap == 0 ? 64 : 2 * *cap;
        *list = mem_realloc(*list, *cap * sizeof **list);
    }
    (*list)[(*n)++] = e;
}

struct event *memory_event_add(struct memory_store *s, const struct event *e)
{
    struct event *copy = MEM_NEW(struct event);
    *copy = *e;
    copy->username = str_own(e->username);
    copy->content = str_own(e->content);
    copy->client_msg_id = str_own(e->client_msg_id);
    struct memory_channel *c = memory_channel_find(s, &e->channel);
    assert(c != NULL);
    event_stamp(s, copy, c);
    if (!event_is_post(e))
        copy->channel_info = c->info;
    if (copy->client_msg_id.n > 0)
        client_id_add(s, copy);
    struct memory_partition *p = &s->partitions[c->partition];
    list_add(&p->events, &p->n, &p->cap, copy);
    list_add(&s->batch, &s->n_batch, &s->batch_cap, copy);
    return copy;
}

static void event_free(struct event *e)
{
    mem_free((char *)e->username.p);
    mem_free((char *)e->content.p);
    mem_free((char *)e->client_msg_id.p);
    mem_free(e);
}

void memory_event_undo(struct memory_store *s)
{
    struct event *e = s->batch[--s->n_batch];
    assert(event_is_post(e));
    s->partitions[e->partition].n--;
    memory_channel_find(s, &e->channel)->head = e->prev_seq;
    if (e->client_msg_id.n > 0) {
        struct memory_client_id *c = client_id_find(s, &e->channel, &e->user, e->client_msg_id);
        HASH_DEL(s->client_ids, c);
        mem_free(c);
    }
    event_free(e);
}

void memory_log_free(struct memory_store *s)
{
    struct memory_client_id *c, *next;
    HASH_ITER (hh, s->client_ids, c, next) {
        HASH_DEL(s->client_ids, c);
        mem_free(c);
    }
    for (unsigned i = 0; i < s->n_partitions; i++) {
        struct memory_partition *p = &s->partitions[i];
        while (p->n > 0)
            event_free(p->events[--p->n]);
        mem_free(p->events);
    }
    mem_free(s->batch);
}

struct event *memory_message_find(const struct memory_store *s, uint64_t id)
{
    const unsigned partition = id_partition(id);
    if (partition >= s->n_partitions)
        return NULL;
    const struct memory_partition *p = &s->partitions[partition];
    for (size_t i = 0; i < p->n; i++)
        if (p->events[i]->kind == EVENT_MESSAGE && p->events[i]->id == id)
            return p->events[i];
    return NULL;
}

static enum err append_refusal(const struct memory_store *s, const struct append *a)
{
    if (memory_channel_find(s, &a->channel) == NULL)
        return ERR_CHANNEL_NOT_FOUND;
    if (memory_user_find(s, &a->user) == NULL)
        return ERR_USER_NOT_FOUND;
    if (a->kind == EVENT_MESSAGE)
        return ERR_OK;
    const struct event *parent = memory_message_find(s, a->parent);
    return parent != NULL && uuid_eq(&parent->channel, &a->channel) ? ERR_OK
                                                                    : ERR_MESSAGE_NOT_FOUND;
}

static void append_set_stamps(struct append *a, const struct event *e)
{
    a->seq = e->seq;
    a->prev_seq = e->prev_seq;
    a->id = e->id;
}

/* Is it answered already, by what was posted under its client_msg_id before? */
static bool append_is_known(const struct memory_store *s, struct append *a)
{
    const struct memory_client_id *known =
        a->client_msg_id.n == 0 ? NULL : client_id_find(s, &a->channel, &a->user, a->client_msg_id);
    if (known == NULL)
        return false;
    const struct event *e = known->event;
    if (e->kind == a->kind && e->parent == a->parent && str_eq(e->content, a->content)) {
        a->duplicate = true;
        append_set_stamps(a, e);
    } else {
        a->err = ERR_CLIENT_ID_CONFLICT;
    }
    return true;
}

void memory_append_judge(struct memory_store *s, struct append *a)
{
    assert(a->kind == EVENT_MESSAGE || a->kind == EVENT_REPLY);
    a->duplicate = false;
    a->err = append_refusal(s, a);
    if (a->err != ERR_OK || append_is_known(s, a))
        return;
    const struct event e = {
        .kind = a->kind,
        .parent = a->kind == EVENT_REPLY ? a->parent : 0,
        .channel = a->channel,
        .user = a->user,
        .username = a->username,
        .content = a->content,
        .client_msg_id = a->client_msg_id,
    };
    append_set_stamps(a, memory_event_add(s, &e));
}
