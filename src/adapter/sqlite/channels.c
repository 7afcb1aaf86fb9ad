/* Channels and memberships: what changes them. Reading them is in memberships.c. */
#include "adapter/sqlite/channels.h"

#include "base/mem.h"

static struct sqlite_store *store_of(struct channel_store *self)
{
    return MEM_OWNER(self, struct sqlite_store, channels);
}

struct member_job {
    struct job super;
    const struct channel *created;
    const struct uuid *user, *channel;
    uint32_t channels_max;
};

static bool is_in_too_many(struct writer *w, int64_t user, uint32_t channels_max)
{
    sqlite3_stmt *st = db_statement(&w->db, ST_MEMBER_COUNT);
    db_bind_int(st, 1, user);
    db_bind_int(st, 2, channels_max);
    if (!db_row(&w->db, st))
        return false;
    bool full = db_int(st, 0) >= channels_max;
    db_reset(st);
    return full;
}

static bool is_member(struct db *db, int64_t user, int64_t channel, uint64_t *read_seq)
{
    sqlite3_stmt *st = db_statement(db, ST_MEMBER_GET);
    db_bind_int(st, 1, user);
    db_bind_int(st, 2, channel);
    if (!db_row(db, st))
        return false;
    *read_seq = db_u64(st, 0);
    db_reset(st);
    return true;
}

static struct str user_name(struct writer *w, int64_t user)
{
    struct str name = STR_NONE;
    sqlite3_stmt *st = db_statement(&w->db, ST_USER_NAME);
    db_bind_int(st, 1, user);
    if (db_row(&w->db, st)) {
        name = db_str_copy(st, 0, &w->arena);
        db_reset(st);
    }
    return name;
}

/* Who does what to which channel. */
struct change {
    struct cached_row *channel;
    int64_t user; /* row */
    struct uuid user_id;
    struct channel info; /* strings in the writer's arena */
    uint32_t members;
};

static bool change_load(struct writer *w, struct change *c, const struct uuid *user)
{
    sqlite3_stmt *st = db_statement(&w->db, ST_CHANNEL_BY_ROW);
    db_bind_int(st, 1, c->channel->row);
    if (!db_row(&w->db, st))
        return false;
    c->info = channel_of_row(st, &w->arena);
    c->members = (uint32_t)db_int(st, 4);
    c->user_id = *user;
    db_reset(st);
    return true;
}

static uint64_t change_emit(struct writer *w, const struct change *c, enum event_kind kind)
{
    struct event e = {.kind = kind,
                      .channel = c->info.id,
                      .user = c->user_id,
                      .username = user_name(w, c->user),
                      .channel_info = c->info,
                      .members = c->members};
    writer_emit(w, &e, c->channel, c->user);
    return e.seq;
}

static void change_count(struct writer *w, struct change *c, int by)
{
    sqlite3_stmt *st = db_statement(&w->db, ST_CHANNEL_MEMBERS);
    db_bind_int(st, 1, c->channel->row);
    db_bind_int(st, 2, by);
    db_run(&w->db, st);
    c->members = (uint32_t)((int)c->members + by);
}

/* Nothing that was said before someone joined counts as unread. */
static void member_add(struct writer *w, struct change *c)
{
    change_count(w, c, 1);
    uint64_t seq = change_emit(w, c, EVENT_JOINED);
    sqlite3_stmt *st = db_statement(&w->db, ST_MEMBER_ADD);
    db_bind_int(st, 1, c->user);
    db_bind_int(st, 2, c->channel->row);
    db_bind_u64(st, 3, seq);
    db_bind_u64(st, 4, c->channel->head);
    db_run(&w->db, st);
}

static enum err create_run(struct writer *w, struct job *self)
{
    const struct member_job *job = (const struct member_job *)self;
    const struct channel *wanted = job->created;
    struct change c = {.user = writer_user(w, &wanted->owner)};
    if (c.user == 0)
        return ERR_USER_NOT_FOUND;
    if (is_in_too_many(w, c.user, job->channels_max))
        return ERR_TOO_MANY_CHANNELS;
    sqlite3_stmt *st = db_statement(&w->db, ST_CHANNEL_ADD);
    db_bind_uuid(st, 1, &wanted->id);
    db_bind_str(st, 2, wanted->name);
    db_bind_int(st, 3, c.user);
    db_bind_int(st, 4, wanted->created_us);
    db_run(&w->db, st);
    c.channel = writer_channel(w, &wanted->id);
    if (c.channel == NULL || !change_load(w, &c, &wanted->owner))
        return ERR_UNAVAILABLE;
    change_emit(w, &c, EVENT_CREATED);
    member_add(w, &c);
    return ERR_OK;
}

/* Both exist? */
static enum err change_find(struct writer *w, const struct member_job *job, struct change *c)
{
    c->channel = writer_channel(w, job->channel);
    c->user = writer_user(w, job->user);
    if (c->channel == NULL || !change_load(w, c, job->user))
        return ERR_CHANNEL_NOT_FOUND;
    return c->user == 0 ? ERR_USER_NOT_FOUND : ERR_OK;
}

static enum err join_run(struct writer *w, struct job *self)
{
    const struct member_job *job = (const struct member_job *)self;
    struct change c;
    uint64_t read_seq;
    enum err e = change_find(w, job, &c);
    if (e != ERR_OK)
        return e;
    if (is_member(&w->db, c.user, c.channel->row, &read_seq))
        return ERR_ALREADY_MEMBER;
    if (is_in_too_many(w, c.user, job->channels_max))
        return ERR_TOO_MANY_CHANNELS;
    member_add(w, &c);
    return ERR_OK;
}

static enum err leave_run(struct writer *w, struct job *self)
{
    const struct member_job *job = (const struct member_job *)self;
    struct change c;
    enum err e = change_find(w, job, &c);
    if (e != ERR_OK)
        return e == ERR_USER_NOT_FOUND ? ERR_NOT_JOINED : e;
    sqlite3_stmt *st = db_statement(&w->db, ST_MEMBER_REMOVE);
    db_bind_int(st, 1, c.user);
    db_bind_int(st, 2, c.channel->row);
    if (!db_run(&w->db, st))
        return ERR_NOT_JOINED;
    change_count(w, &c, -1);
    change_emit(w, &c, EVENT_LEFT);
    return ERR_OK;
}

/* The writer of another process holds the positions and heads; this one must not add events. */
static enum err run_member_job(struct sqlite_store *s, struct job *job)
{
    return s->beside ? ERR_UNAVAILABLE : queue_run(&s->queue, job);
}

static enum err channel_create(struct channel_store *self, const struct channel *c,
                               uint32_t channels_max)
{
    struct member_job job = {.super.run = create_run, .created = c, .channels_max = channels_max};
    return run_member_job(store_of(self), &job.super);
}

static enum err channel_join(struct channel_store *self, const struct uuid *user,
                             const struct uuid *channel, uint32_t channels_max)
{
    struct member_job job = {
        .super.run = join_run, .user = user, .channel = channel, .channels_max = channels_max};
    return run_member_job(store_of(self), &job.super);
}

static enum err channel_leave(struct channel_store *self, const struct uuid *user,
                              const struct uuid *channel)
{
    struct member_job job = {.super.run = leave_run, .user = user, .channel = channel};
    return run_member_job(store_of(self), &job.super);
}

struct read_job {
    struct job super;
    const struct uuid *user, *channel;
    uint64_t seq, now;
    bool moved;
};

static enum err read_run(struct writer *w, struct job *self)
{
    struct read_job *job = (struct read_job *)self;
    const struct cached_row *channel = writer_channel(w, job->channel);
    int64_t user = writer_user(w, job->user);
    uint64_t stands;
    if (channel == NULL || user == 0 || !is_member(&w->db, user, channel->row, &stands))
        return ERR_NOT_MEMBER;
    uint64_t written = positions_get(&w->store->positions, user, channel->row);
    if (stands < written)
        stands = written;
    uint64_t wanted = job->seq < channel->head ? job->seq : channel->head;
    job->moved = wanted > stands;
    job->now = job->moved ? wanted : stands;
    if (!job->moved)
        return ERR_OK;
    sqlite3_stmt *st = db_statement(&w->db, ST_MEMBER_READ);
    db_bind_int(st, 1, user);
    db_bind_int(st, 2, channel->row);
    db_bind_u64(st, 3, wanted);
    db_run(&w->db, st);
    return ERR_OK;
}

static enum err channel_mark_read(struct channel_store *self, const struct uuid *user,
                                  const struct uuid *channel, uint64_t seq, uint64_t *now,
                                  bool *moved)
{
    struct read_job job = {.super.run = read_run, .user = user, .channel = channel, .seq = seq};
    enum err e = run_member_job(store_of(self), &job.super);
    *now = job.now;
    *moved = e == ERR_OK && job.moved;
    return e;
}

const struct channel_store_ops sqlite_channel_ops = {
    channel_create,    channel_get,     channel_list,        channel_join,      channel_leave,
    channel_is_member, channel_members, channel_memberships, channel_mark_read,
};
