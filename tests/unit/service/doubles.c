#include "doubles.h"

#include <assert.h>
#include <stdio.h>

/* ---- Accounts ---- */

static struct account_double *self_of(struct account_store *self)
{
    return (struct account_double *)self;
}

static struct account account_of(const struct double_account *a, struct arena *arena)
{
    return (struct account){
        .user = {a->id, arena_str(arena, str_of(a->name)), arena_str(arena, str_of(a->email)),
                 a->created_us},
        .password_hash = arena_str(arena, str_of(a->hash)),
        .valid_after_us = a->valid_after_us,
    };
}

static struct double_account *find(struct account_double *d, const struct uuid *id,
                                   struct str email)
{
    for (size_t i = 0; i < d->n; i++)
        if (id != NULL ? uuid_eq(&d->accounts[i].id, id)
                       : str_eq(str_of(d->accounts[i].email), email))
            return &d->accounts[i];
    return NULL;
}

static enum err add(struct account_store *self, const struct user *u, struct str hash)
{
    struct account_double *d = self_of(self);
    if (d->is_down)
        return ERR_UNAVAILABLE;
    if (find(d, NULL, u->email) != NULL)
        return ERR_EMAIL_TAKEN;
    assert(d->n < DOUBLE_ACCOUNTS_MAX);
    struct double_account *a = &d->accounts[d->n++];
    *a = (struct double_account){.id = u->id, .created_us = u->created_us};
    bool fits = str_copy(u->name, a->name, sizeof a->name) &&
                str_copy(u->email, a->email, sizeof a->email) &&
                str_copy(hash, a->hash, sizeof a->hash);
    assert(fits);
    return ERR_OK;
}

static enum err by_email(struct account_store *self, struct str email, struct arena *arena,
                         struct account *out)
{
    struct account_double *d = self_of(self);
    if (d->is_down)
        return ERR_UNAVAILABLE;
    const struct double_account *a = find(d, NULL, email);
    if (a == NULL)
        return ERR_USER_NOT_FOUND;
    *out = account_of(a, arena);
    return ERR_OK;
}

static enum err by_id(struct account_store *self, const struct uuid *id, struct arena *arena,
                      struct account *out)
{
    struct account_double *d = self_of(self);
    if (d->is_down)
        return ERR_UNAVAILABLE;
    struct double_account *a = find(d, id, STR_NONE);
    if (a == NULL)
        return ERR_USER_NOT_FOUND;
    if (d->is_changed_meanwhile)
        snprintf(a->hash, sizeof a->hash, "V1:changed");
    *out = account_of(a, arena);
    return ERR_OK;
}

static enum err list(struct account_store *self, bool (*each)(const struct account *, void *arg),
                     void *arg)
{
    struct account_double *d = self_of(self);
    for (size_t i = 0; i < d->n; i++) {
        struct arena arena;
        arena_init(&arena);
        struct account a = account_of(&d->accounts[i], &arena);
        bool more = each(&a, arg);
        arena_fini(&arena);
        if (!more)
            break;
    }
    return ERR_OK;
}

static enum err set_password(struct account_store *self, const struct uuid *id, struct str hash,
                             int64_t now_us)
{
    struct account_double *d = self_of(self);
    struct double_account *a = find(d, id, STR_NONE);
    if (d->is_down)
        return ERR_UNAVAILABLE;
    if (a == NULL)
        return ERR_USER_NOT_FOUND;
    str_copy(hash, a->hash, sizeof a->hash);
    a->valid_after_us = now_us;
    d->writes++;
    return ERR_OK;
}

static enum err revoke(struct account_store *self, const struct revocation *r)
{
    struct account_double *d = self_of(self);
    if (d->is_down)
        return ERR_UNAVAILABLE;
    assert(d->n_revocations < DOUBLE_REVOCATIONS_MAX);
    d->revocations[d->n_revocations++] = *r;
    return ERR_OK;
}

static enum err revocations(struct account_store *self, int64_t now_us,
                            void (*each)(const struct revocation *, void *arg), void *arg)
{
    struct account_double *d = self_of(self);
    if (d->is_down)
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < d->n_revocations; i++)
        if (d->revocations[i].expires_us > now_us)
            each(&d->revocations[i], arg);
    for (size_t i = 0; i < d->n; i++) {
        const struct double_account *a = &d->accounts[i];
        struct revocation r = {UUID_NIL, a->id, a->valid_after_us,
                               a->valid_after_us + d->session_us};
        if (a->valid_after_us > 0 && r.expires_us > now_us)
            each(&r, arg);
    }
    return ERR_OK;
}

void account_double_init(struct account_double *d, int64_t session_us)
{
    static const struct account_store_ops ops = {add,          by_email, by_id,      list,
                                                 set_password, revoke,   revocations};
    *d = (struct account_double){.super = {&ops}, .session_us = session_us};
}

/* ---- Passwords ---- */

struct hash_count hash_count;
void (*during_verify)(void);

static enum err count_hash(struct str password, char out[PASSWORD_HASH_SIZE])
{
    hash_count.hashed++;
    if (hash_count.has_no_memory)
        return ERR_UNAVAILABLE;
    snprintf(out, PASSWORD_HASH_SIZE, "V1:%.*s", STR_FMT(password));
    return ERR_OK;
}

static enum err count_verify(struct str password, const char *hash)
{
    hash_count.verified++;
    if (during_verify != NULL)
        during_verify();
    if (hash_count.has_no_memory)
        return ERR_UNAVAILABLE;
    return str_eq(str_of(hash + 3), password) ? ERR_OK : ERR_BAD_PASSWORD;
}

static enum hash_state count_inspect(const char *hash)
{
    if (strncmp(hash, "V1:", 3) == 0)
        return HASH_CURRENT;
    return strncmp(hash, "V0:", 3) == 0 ? HASH_STALE : HASH_MALFORMED;
}

const struct hasher counting_hasher = {count_hash, count_verify, count_inspect};

/* ---- Notifier ---- */

static void on_read_moved(struct notifier *self, const struct uuid *user,
                          const struct uuid *channel, uint64_t seq, uint32_t shard,
                          uint64_t session)
{
    struct notifier_double *d = (struct notifier_double *)self;
    d->read_moved++;
    d->user = *user;
    d->channel = *channel;
    d->seq = seq;
    d->shard = shard;
    d->session = session;
}

static void on_revoked(struct notifier *self, const struct uuid *user, const struct uuid *jti,
                       int64_t issued_before_us)
{
    struct notifier_double *d = (struct notifier_double *)self;
    d->revoked++;
    d->user = *user;
    d->jti = *jti;
    d->issued_before_us = issued_before_us;
}

static void online(struct notifier *self, const struct uuid *users, size_t n, bool *out)
{
    const struct notifier_double *d = (const struct notifier_double *)self;
    for (size_t i = 0; i < n; i++)
        out[i] = uuid_eq(&users[i], &d->online);
}

void notifier_double_init(struct notifier_double *d)
{
    static const struct notifier_ops ops = {on_read_moved, on_revoked, online};
    *d = (struct notifier_double){.super = {&ops}};
}
