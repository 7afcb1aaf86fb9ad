/* Accounts and the sessions that were revoked. Calls block: for workers only.
 * Every driver promises: e-mail addresses are unique, byte for byte; what a call answered ERR_OK
 * to is durable. ERR_UNAVAILABLE where the store cannot be reached or written. */
#ifndef PARLEY_PORT_ACCOUNT_STORE_H
#define PARLEY_PORT_ACCOUNT_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "domain/user.h"

struct account {
    struct user user;
    struct str password_hash; /* as the hasher wrote it */
    int64_t valid_after_us;   /* tokens issued before this are void (password changed); 0: none */
};

/* One thing that voids tokens: a session (`jti`) or all older ones of a user. */
struct revocation {
    struct uuid jti;          /* UUID_NIL: not a single session but */
    struct uuid user;         /* every token of this user */
    int64_t issued_before_us; /* issued before this */
    int64_t expires_us;       /* when no such token can be valid any more */
};

struct account_store;
struct account_store_ops {
    /* Strings of `u` are copied. ERR_EMAIL_TAKEN. */
    enum err (*add)(struct account_store *self, const struct user *u, struct str password_hash);
    /* ERR_USER_NOT_FOUND. Strings go into `arena`. */
    enum err (*by_email)(struct account_store *self, struct str email, struct arena *arena,
                         struct account *out);
    enum err (*by_id)(struct account_store *self, const struct uuid *id, struct arena *arena,
                      struct account *out);
    /* In order of creation; stops when `each` returns false. */
    enum err (*list)(struct account_store *self, bool (*each)(const struct account *, void *arg),
                     void *arg);
    /* Also voids every token issued before `now_us`. ERR_USER_NOT_FOUND. */
    enum err (*set_password)(struct account_store *self, const struct uuid *id,
                             struct str password_hash, int64_t now_us);
    enum err (*revoke)(struct account_store *self, const struct revocation *r);
    /* Every revocation that has not expired at `now_us`, those of set_password among them (which
     * never expire: how long a token lives is not the store's to know). */
    enum err (*revocations)(struct account_store *self, int64_t now_us,
                            void (*each)(const struct revocation *, void *arg), void *arg);
};

struct account_store {
    const struct account_store_ops *ops;
};

#endif
