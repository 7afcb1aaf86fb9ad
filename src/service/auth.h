/* Accounts and sessions: register, log in, log out, who is speaking.
 *
 * Passwords are hashed with argon2id (libsodium, t=2, 19 MiB: the OWASP Password Storage Cheat
 * Sheet's minimum). Log-in takes the same time and gives the same answer whether or not the
 * account exists. Calls that hash block for tens of milliseconds and run on a pool of their own;
 * `auth_admit` is memory only and runs anywhere. Revocations are kept in memory, read from the
 * store at start and every few seconds (auth_refresh), so that another process (the command line)
 * can revoke too.
 */
#ifndef PARLEY_SERVICE_AUTH_H
#define PARLEY_SERVICE_AUTH_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "domain/limits.h"
#include "port/account_store.h"
#include "port/cache.h"
#include "port/notifier.h"
#include "service/password.h"

struct auth_config {
    struct account_store *accounts;
    struct notifier *notifier; /* may be NULL: the command line */
    const struct clock *clock;
    const struct limits *limits; /* borrowed; rates may be changed by a reload */
    int64_t session_s;           /* lifetime of a session, seconds */
    struct cache *cache;         /* counts tries across nodes (attempts.h); NULL: there is none */
    struct str cache_secret;     /* what all nodes know, 16 bytes or more; copied */
    const struct hasher *hasher; /* NULL: password_argon2id */
};

/* What a token says, and what a log-in gives. Strings as their source says. */
struct identity {
    struct uuid user;
    struct str name, email;
    struct uuid jti; /* UUID_NIL: the token names no session */
    int64_t issued_s, expires_s;
    int64_t created_us; /* of the account; only from auth_login and auth_me */
};

struct auth;
struct auth *auth_new(const struct auth_config *config);
void auth_free(struct auth *a);

/* Blocking; for the hashing pool. `address` is the peer's, for the throttles (empty: none). Fields
 * are checked by domain/user.h; refusals have sentences in `f`. ERR_BAD_REQUEST, ERR_EMAIL_TAKEN,
 * ERR_RATE_LIMITED, ERR_UNAVAILABLE. */
enum err auth_register(struct auth *a, struct str name, struct str email, struct str password,
                       struct str address, struct arena *arena, struct user *out, struct fault *f);
/* A new session. ERR_BAD_PASSWORD (no such account too), ERR_RATE_LIMITED, ERR_UNAVAILABLE. */
enum err auth_login(struct auth *a, struct str email, struct str password, struct str address,
                    struct arena *arena, struct identity *out, struct fault *f);
/* Is the session of a token, whose signature and times were checked, still good? ERR_OK,
 * ERR_BAD_TOKEN, or ERR_TOKEN_EXPIRED when it is older than `session_s`. Any thread, never blocks
 * for long. */
enum err auth_admit(struct auth *a, const struct identity *id);
/* Blocking. Durable, in force here when it returns, and the session's sockets are told.
 * ERR_BAD_REQUEST for an identity without jti. */
enum err auth_logout(struct auth *a, const struct identity *id, struct fault *f);
/* Blocking. The account behind an identity. ERR_BAD_TOKEN when it is gone. */
enum err auth_me(struct auth *a, const struct identity *id, struct arena *arena, struct user *out);
/* Blocking. Sets a password by e-mail and voids all older sessions. For the command line. */
enum err auth_set_password(struct auth *a, struct str email, struct str password, struct fault *f);
/* Blocking. Reads the revocations again; tells sessions that became void. */
enum err auth_refresh(struct auth *a);

#endif
