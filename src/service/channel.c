#include "service/channel.h"

#include "base/mem.h"

struct channels {
    struct channel_config config;
};

struct channels *channels_new(const struct channel_config *config)
{
    struct channels *c = MEM_NEW(struct channels);
    c->config = *config;
    return c;
}

void channels_free(struct channels *c)
{
    mem_free(c);
}

static const struct channel_store_ops *ops(const struct channels *c)
{
    return c->config.store->ops;
}

enum err channels_create(struct channels *c, const struct uuid *owner, struct str name,
                         struct arena *arena, struct channel *out, struct fault *f)
{
    if (name.n == 0)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: name is required");
    if (!channel_name_is_valid(name))
        return fault_set(f, ERR_BAD_REQUEST,
                         "The Field: name should be 1 to %d characters that can be seen",
                         CHANNEL_NAME_CHARS_MAX);
    *out = (struct channel){uuid_random(), arena_str(arena, name), *owner,
                            clock_wall_us(c->config.clock)};
    enum err e = ops(c)->create(c->config.store, out, c->config.limits->channels_per_connection);
    return e == ERR_OK ? ERR_OK : fault_set(f, e, NULL);
}

enum err channels_join(struct channels *c, const struct uuid *user, const struct uuid *channel)
{
    return ops(c)->join(c->config.store, user, channel, c->config.limits->channels_per_connection);
}

enum err channels_leave(struct channels *c, const struct uuid *user, const struct uuid *channel)
{
    return ops(c)->leave(c->config.store, user, channel);
}

enum err channels_require_member(struct channels *c, const struct uuid *user,
                                 const struct uuid *channel)
{
    return ops(c)->is_member(c->config.store, user, channel);
}

enum err channels_list(struct channels *c, void (*each)(const struct channel *, void *arg),
                       void *arg)
{
    return ops(c)->list(c->config.store, each, arg);
}

enum err channels_of_user(struct channels *c, const struct uuid *user, struct arena *arena,
                          struct memberships *out)
{
    return ops(c)->memberships(c->config.store, user, true, arena, out);
}

/* Members as they come, doubling; names in the arena. */
struct roster {
    struct arena *arena;
    struct user *users;
    size_t n, cap;
};

static void roster_add(const struct user *u, void *arg)
{
    struct roster *r = arg;
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        r->users = mem_realloc(r->users, r->cap * sizeof *r->users);
    }
    r->users[r->n++] = (struct user){.id = u->id, .name = arena_str(r->arena, u->name)};
}

/* Who of them is connected. */
static void roster_ask_online(const struct channels *c, const struct roster *r, bool *online)
{
    struct uuid *ids = mem_array(r->n, sizeof *ids);
    for (size_t i = 0; i < r->n; i++)
        ids[i] = r->users[i].id;
    c->config.notifier->ops->online(c->config.notifier, ids, r->n, online);
    mem_free(ids);
}

static struct member *roster_members(const struct channels *c, const struct roster *r)
{
    struct member *members = arena_alloc(r->arena, r->n * sizeof *members);
    bool *online = mem_array(r->n, sizeof *online);
    roster_ask_online(c, r, online);
    for (size_t i = 0; i < r->n; i++)
        members[i] = (struct member){r->users[i], online[i]};
    mem_free(online);
    return members;
}

enum err channels_members(struct channels *c, const struct uuid *reader, const struct uuid *channel,
                          struct arena *arena, struct member **out, size_t *n)
{
    struct roster r = {.arena = arena};
    enum err e = channels_require_member(c, reader, channel);
    if (e == ERR_OK)
        e = ops(c)->members(c->config.store, channel, roster_add, &r);
    if (e == ERR_OK) {
        *out = roster_members(c, &r);
        *n = r.n;
    }
    mem_free(r.users);
    return e;
}

enum err channels_mark_read(struct channels *c, const struct uuid *user, const struct uuid *channel,
                            uint64_t seq, uint32_t shard, uint64_t session, uint64_t *now)
{
    bool moved = false;
    enum err e = ops(c)->mark_read(c->config.store, user, channel, seq, now, &moved);
    if (e == ERR_OK && moved)
        c->config.notifier->ops->read_moved(c->config.notifier, user, channel, *now, shard,
                                            session);
    return e;
}
