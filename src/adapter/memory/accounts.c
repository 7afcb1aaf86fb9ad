#include "adapter/memory/state.h"
#include "base/mem.h"

static struct memory_store *store_of(struct account_store *self)
{
    return MEM_OWNER(self, struct memory_store, accounts);
}

static struct memory_user *user_by_email(const struct memory_store *s, struct str email)
{
    struct memory_user *u = s->users;
    while (u != NULL && !str_eq(u->account.user.email, email))
        u = u->hh.next;
    return u;
}

static struct str str_own(struct str s)
{
    return (struct str){mem_strndup(s.n == 0 ? "" : s.p, s.n), s.n};
}

struct add_job {
    struct memory_job super;
    const struct user *user;
    struct str password_hash;
};

static enum err add_run(struct memory_store *s, struct memory_job *self)
{
    const struct add_job *job = (const struct add_job *)self;
    if (user_by_email(s, job->user->email) != NULL)
        return ERR_EMAIL_TAKEN;
    struct memory_user *u = MEM_NEW(struct memory_user);
    u->account.user = (struct user){.id = job->user->id,
                                    .name = str_own(job->user->name),
                                    .email = str_own(job->user->email),
                                    .created_us = job->user->created_us};
    u->account.password_hash = str_own(job->password_hash);
    HASH_ADD(hh, s->users, account.user.id, sizeof u->account.user.id, u);
    return ERR_OK;
}

static enum err account_add(struct account_store *self, const struct user *u, struct str hash)
{
    struct add_job job = {.super.run = add_run, .user = u, .password_hash = hash};
    return memory_store_do(store_of(self), &job.super);
}

static enum err account_copy(const struct memory_user *u, struct arena *arena, struct account *out)
{
    if (u == NULL)
        return ERR_USER_NOT_FOUND;
    *out = u->account;
    out->user.name = arena_str(arena, u->account.user.name);
    out->user.email = arena_str(arena, u->account.user.email);
    out->password_hash = arena_str(arena, u->account.password_hash);
    return ERR_OK;
}

static enum err account_by_email(struct account_store *self, struct str email, struct arena *arena,
                                 struct account *out)
{
    struct memory_store *s = store_of(self);
    pthread_mutex_lock(&s->mutex);
    enum err e = account_copy(user_by_email(s, email), arena, out);
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static enum err account_by_id(struct account_store *self, const struct uuid *id,
                              struct arena *arena, struct account *out)
{
    struct memory_store *s = store_of(self);
    pthread_mutex_lock(&s->mutex);
    enum err e = account_copy(memory_user_find(s, id), arena, out);
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static enum err account_list(struct account_store *self,
                             bool (*each)(const struct account *, void *arg), void *arg)
{
    struct memory_store *s = store_of(self);
    struct arena arena;
    arena_init(&arena);
    pthread_mutex_lock(&s->mutex);
    size_t n = HASH_COUNT(s->users), i = 0;
    struct account *copies = arena_alloc(&arena, n * sizeof *copies);
    for (const struct memory_user *u = s->users; u != NULL; u = u->hh.next)
        account_copy(u, &arena, &copies[i++]);
    pthread_mutex_unlock(&s->mutex);
    for (i = 0; i < n && each(&copies[i], arg); i++)
        ;
    arena_fini(&arena);
    return ERR_OK;
}

struct password_job {
    struct memory_job super;
    const struct uuid *id;
    struct str password_hash;
    int64_t now_us;
};

static enum err password_run(struct memory_store *s, struct memory_job *self)
{
    const struct password_job *job = (const struct password_job *)self;
    struct memory_user *u = memory_user_find(s, job->id);
    if (u == NULL)
        return ERR_USER_NOT_FOUND;
    mem_free((char *)u->account.password_hash.p);
    u->account.password_hash = str_own(job->password_hash);
    u->account.valid_after_us = job->now_us;
    return ERR_OK;
}

static enum err account_set_password(struct account_store *self, const struct uuid *id,
                                     struct str hash, int64_t now_us)
{
    struct password_job job = {
        .super.run = password_run, .id = id, .password_hash = hash, .now_us = now_us};
    return memory_store_do(store_of(self), &job.super);
}

struct revoke_job {
    struct memory_job super;
    const struct revocation *revocation;
};

static enum err revoke_run(struct memory_store *s, struct memory_job *self)
{
    struct memory_revocation *r = MEM_NEW(struct memory_revocation);
    r->revocation = *((const struct revoke_job *)self)->revocation;
    r->next = s->revocations;
    s->revocations = r;
    return ERR_OK;
}

static enum err account_revoke(struct account_store *self, const struct revocation *r)
{
    struct revoke_job job = {.super.run = revoke_run, .revocation = r};
    return memory_store_do(store_of(self), &job.super);
}

static size_t revocations_copy(const struct memory_store *s, int64_t now_us,
                               struct revocation *copies)
{
    size_t n = 0;
    for (const struct memory_revocation *r = s->revocations; r != NULL; r = r->next)
        if (r->revocation.expires_us > now_us)
            copies[n++] = r->revocation;
    for (const struct memory_user *u = s->users; u != NULL; u = u->hh.next)
        if (u->account.valid_after_us != 0)
            copies[n++] = (struct revocation){.user = u->account.user.id,
                                              .issued_before_us = u->account.valid_after_us,
                                              .expires_us = INT64_MAX};
    return n;
}

static enum err account_revocations(struct account_store *self, int64_t now_us,
                                    void (*each)(const struct revocation *, void *arg), void *arg)
{
    struct memory_store *s = store_of(self);
    pthread_mutex_lock(&s->mutex);
    size_t room = HASH_COUNT(s->users);
    for (const struct memory_revocation *r = s->revocations; r != NULL; r = r->next)
        room++;
    struct revocation *copies = mem_array(room, sizeof *copies);
    size_t n = revocations_copy(s, now_us, copies);
    pthread_mutex_unlock(&s->mutex);
    for (size_t i = 0; i < n; i++)
        each(&copies[i], arg);
    mem_free(copies);
    return ERR_OK;
}

const struct account_store_ops memory_account_ops = {
    account_add,          account_by_email, account_by_id,       account_list,
    account_set_password, account_revoke,   account_revocations,
};
