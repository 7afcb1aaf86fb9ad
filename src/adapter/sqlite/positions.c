#include "adapter/sqlite/positions.h"

#include <assert.h>
#include <uthash.h>

#include "base/mem.h"

struct position {
    struct {
        int64_t user, channel;
    } key;
    struct list due, in_user;
    struct position_user *owner;
    uint64_t first_seq, seq;
    UT_hash_handle hh;
};

struct position_user {
    int64_t user;
    struct list positions;
    UT_hash_handle hh;
};

void positions_init(struct positions *p)
{
    *p = (struct positions){.users = NULL};
    pthread_mutex_init(&p->mutex, NULL);
    list_init(&p->due);
}

static void position_free(struct positions *p, struct position *pos)
{
    struct position_user *owner = pos->owner;
    assert(p->all != NULL && p->users != NULL);
    HASH_DEL(p->all, pos);
    list_remove(&pos->due);
    list_remove(&pos->in_user);
    mem_free(pos);
    if (!list_is_empty(&owner->positions))
        return;
    HASH_DEL(p->users, owner);
    mem_free(owner);
}

void positions_fini(struct positions *p)
{
    while (!list_is_empty(&p->due))
        position_free(p, MEM_OWNER(p->due.next, struct position, due));
    pthread_mutex_destroy(&p->mutex);
}

static struct position_user *user_find(struct positions *p, int64_t user)
{
    struct position_user *u;
    HASH_FIND(hh, p->users, &user, sizeof user, u);
    return u;
}

static struct position *position_find(struct positions *p, int64_t user, int64_t channel)
{
    struct position wanted, *pos;
    memset(&wanted, 0, sizeof wanted);
    wanted.key.user = user;
    wanted.key.channel = channel;
    HASH_FIND(hh, p->all, &wanted.key, sizeof wanted.key, pos);
    return pos;
}

static struct position_user *user_get(struct positions *p, int64_t user)
{
    struct position_user *u = user_find(p, user);
    if (u != NULL)
        return u;
    u = MEM_NEW(struct position_user);
    u->user = user;
    list_init(&u->positions);
    HASH_ADD(hh, p->users, user, sizeof u->user, u);
    return u;
}

static void move_one(struct positions *p, const struct position_move *m)
{
    struct position *pos = position_find(p, m->user, m->channel);
    if (pos != NULL) {
        pos->seq = m->seq;
        return;
    }
    pos = MEM_NEW(struct position);
    pos->key.user = m->user;
    pos->key.channel = m->channel;
    pos->first_seq = pos->seq = m->seq;
    pos->owner = user_get(p, m->user);
    list_append(&p->due, &pos->due);
    list_append(&pos->owner->positions, &pos->in_user);
    HASH_ADD(hh, p->all, key, sizeof pos->key, pos);
}

void positions_move(struct positions *p, const struct position_move *moves, size_t n)
{
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < n; i++)
        move_one(p, &moves[i]);
    pthread_mutex_unlock(&p->mutex);
}

uint64_t positions_get(struct positions *p, int64_t user, int64_t channel)
{
    pthread_mutex_lock(&p->mutex);
    struct position *pos = position_find(p, user, channel);
    uint64_t seq = pos == NULL ? 0 : pos->seq;
    pthread_mutex_unlock(&p->mutex);
    return seq;
}

size_t positions_of(struct positions *p, int64_t user, struct arena *arena,
                    struct position_move **out)
{
    size_t n = 0;
    *out = NULL;
    pthread_mutex_lock(&p->mutex);
    struct position_user *u = user_find(p, user);
    for (struct list *l = u == NULL ? NULL : u->positions.next; l != NULL && l != &u->positions;
         l = l->next)
        n++;
    if (n > 0) {
        struct position_move *at = *out = arena_alloc(arena, n * sizeof **out);
        for (struct list *l = u->positions.next; l != &u->positions; l = l->next) {
            const struct position *pos = MEM_OWNER(l, struct position, in_user);
            *at++ = (struct position_move){user, pos->key.channel, pos->seq};
        }
    }
    pthread_mutex_unlock(&p->mutex);
    return n;
}

/* Without the mutex: nobody but the writer changes the list, and it is the writer. */
bool positions_flush(struct positions *p, struct db *db, size_t max, uint64_t until_seq)
{
    for (struct list *l = p->due.next; l != &p->due; l = l->next) {
        const struct position *pos = MEM_OWNER(l, struct position, due);
        if (pos->first_seq > until_seq)
            return true;
        if (p->n_flushed == max)
            return false;
        sqlite3_stmt *st = db_statement(db, ST_MEMBER_READ);
        db_bind_int(st, 1, pos->key.user);
        db_bind_int(st, 2, pos->key.channel);
        db_bind_u64(st, 3, pos->seq);
        db_run(db, st);
        p->n_flushed++;
    }
    return true;
}

void positions_commit(struct positions *p)
{
    if (p->n_flushed == 0)
        return;
    pthread_mutex_lock(&p->mutex);
    for (; p->n_flushed > 0; p->n_flushed--)
        position_free(p, MEM_OWNER(p->due.next, struct position, due));
    pthread_mutex_unlock(&p->mutex);
}

void positions_undo(struct positions *p)
{
    p->n_flushed = 0;
}
