#include "service/auth.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "service/attempts.h"
#include "service/revocations.h"
#include "service/throttle.h"
#include "telemetry/metrics.h"

#define SECOND_US            INT64_C(1000000)
#define RETRY_UNAVAILABLE_MS 1000

struct auth {
    struct auth_config config;
    struct revocations *revocations;
    struct attempts *attempts;
    /* Of a password nobody knows: what is verified when there is no such account. */
    char nobody[PASSWORD_HASH_SIZE];
};

struct auth *auth_new(const struct auth_config *config)
{
    int started = sodium_init();
    assert(started >= 0 && config->session_s > 0);
    struct auth *a = MEM_NEW(struct auth);
    a->config = *config;
    if (a->config.hasher == NULL)
        a->config.hasher = &password_argon2id;
    a->revocations = revocations_new(REVOCATIONS_MAX, config->session_s * SECOND_US);
    a->attempts = attempts_new(config->clock, config->cache, config->cache_secret);
    char secret[32];
    rand_bytes(secret, sizeof secret);
    enum err e = a->config.hasher->hash((struct str){secret, sizeof secret}, a->nobody);
    assert(e == ERR_OK); /* 19 MiB at start: without them nobody could ever log in */
    sodium_memzero(secret, sizeof secret);
    return a;
}

void auth_free(struct auth *a)
{
    if (a == NULL)
        return;
    revocations_free(a->revocations);
    attempts_free(a->attempts);
    mem_free(a);
}

static int64_t now_us(const struct auth *a)
{
    return clock_wall_us(a->config.clock);
}

/* What a store or the hasher refused with. */
static enum err refuse(struct fault *f, enum err e)
{
    fault_set(f, e, NULL);
    if (f != NULL && e == ERR_UNAVAILABLE)
        f->retry_after_ms = RETRY_UNAVAILABLE_MS;
    return e;
}

/* One try out of `per_min` a minute. Whom nobody names is not counted. */
static enum err try_take(struct auth *a, enum attempt what, struct str whom,
                         const uint32_t *per_min, struct fault *f)
{
    if (whom.n == 0)
        return ERR_OK;
    uint32_t wait_ms = attempts_take(a->attempts, what, whom, limit_now(per_min));
    if (wait_ms == 0)
        return ERR_OK;
    fault_set(f, ERR_RATE_LIMITED, NULL);
    if (f != NULL)
        f->retry_after_ms = wait_ms;
    return ERR_RATE_LIMITED;
}

static enum err try_take_address(struct auth *a, enum attempt what, struct str address,
                                 const uint32_t *per_min, struct fault *f)
{
    struct throttle_address key = throttle_address(address);
    return try_take(a, what, (struct str){key.bytes, key.n}, per_min, f);
}

/* "The Field: email, password is required": the names of those that are empty, in this order. */
static enum err require_fields(const struct str *email, const struct str *name,
                               const struct str *password, struct fault *f)
{
    struct {
        const char *field;
        const struct str *value;
    } fields[] = {{"email", email}, {"username", name}, {"password", password}};
    char missing[64] = "";
    size_t at = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].value == NULL || fields[i].value->n > 0)
            continue;
        at += (size_t)snprintf(missing + at, sizeof missing - at, "%s%s", at > 0 ? ", " : "",
                               fields[i].field);
    }
    if (at == 0)
        return ERR_OK;
    return fault_set(f, ERR_BAD_REQUEST, "The Field: %s is required", missing);
}

static enum err check_password(struct str password, struct fault *f)
{
    if (user_password_is_valid(password))
        return ERR_OK;
    return fault_set(f, ERR_BAD_REQUEST, "The Field: password should be %d to %d bytes long",
                     USER_PASSWORD_BYTES_MIN, USER_PASSWORD_BYTES_MAX);
}

static enum err check_registration(struct str name, struct str email, struct str password,
                                   struct fault *f)
{
    enum err e = require_fields(&email, &name, &password, f);
    if (e != ERR_OK)
        return e;
    if (!user_email_is_valid(email))
        return fault_set(f, ERR_BAD_REQUEST, "The Field: email should be an email address");
    if (!user_name_is_valid(name))
        return fault_set(f, ERR_BAD_REQUEST,
                         "The Field: username should be 1 to %d characters that can be seen",
                         USER_NAME_CHARS_MAX);
    return check_password(password, f);
}

enum err auth_register(struct auth *a, struct str name, struct str email, struct str password,
                       struct str address, struct arena *arena, struct user *out, struct fault *f)
{
    char hash[PASSWORD_HASH_SIZE];
    enum err e = check_registration(name, email, password, f);
    if (e == ERR_OK)
        e = try_take_address(a, ATTEMPT_REGISTER_ADDRESS, address,
                             &a->config.limits->registrations_per_min_address, f);
    if (e != ERR_OK)
        return e;
    struct user u = {uuid_random(), name, email, now_us(a)};
    e = a->config.hasher->hash(password, hash);
    if (e == ERR_OK)
        e = a->config.accounts->ops->add(a->config.accounts, &u, str_of(hash));
    if (e != ERR_OK)
        return refuse(f, e);
    u.name = arena_str(arena, name);
    u.email = arena_str(arena, email);
    *out = u;
    metric_inc(M_REGISTERED);
    return ERR_OK;
}

/* Always one computation. An account whose hash is none (somebody wrote into the store by hand)
 * is treated as one that does not exist. `*stale`: worth renewing. */
static enum err verify(struct auth *a, const struct account *account, struct str password,
                       bool *stale)
{
    char hash[PASSWORD_HASH_SIZE];
    enum hash_state state = HASH_MALFORMED;
    if (account != NULL && str_copy(account->password_hash, hash, sizeof hash))
        state = a->config.hasher->inspect(hash);
    if (account != NULL && state == HASH_MALFORMED) {
        struct uuid_text id = uuid_text(&account->user.id);
        log_event(LOG_ERROR, "stored password hash is malformed", LOG_S("user", id.s));
    }
    *stale = state == HASH_STALE;
    enum err e = a->config.hasher->verify(password, state == HASH_MALFORMED ? a->nobody : hash);
    return e == ERR_OK && state == HASH_MALFORMED ? ERR_BAD_PASSWORD : e;
}

/* Brings the stored hash up to today's parameters while the password is at hand. Best effort: the
 * next log-in tries again. The account is read once more, so that a password that was changed
 * meanwhile stays changed; passing its own `valid_after_us` voids nothing further. */
static void rehash(struct auth *a, const struct account *account, struct str password)
{
    char hash[PASSWORD_HASH_SIZE];
    struct arena arena;
    struct account again;
    struct account_store *accounts = a->config.accounts;
    arena_init(&arena);
    enum err e = a->config.hasher->hash(password, hash);
    if (e == ERR_OK)
        e = accounts->ops->by_id(accounts, &account->user.id, &arena, &again);
    if (e == ERR_OK && str_eq(again.password_hash, account->password_hash))
        e = accounts->ops->set_password(accounts, &account->user.id, str_of(hash),
                                        account->valid_after_us);
    if (e != ERR_OK)
        log_event(LOG_WARN, "password hash not renewed", LOG_S("error", err_name(e)));
    arena_fini(&arena);
}

/* A token's time has whole seconds: one that follows a change of the password within its second
 * is dated to the next, or it would be void from the start. `began_us` is from before the account
 * was read: if the password is changed after that, the token is void. */
static struct identity new_identity(const struct auth *a, const struct account *account,
                                    int64_t began_us, struct arena *arena)
{
    int64_t issued_s = began_us / SECOND_US;
    int64_t valid_s = (account->valid_after_us + SECOND_US - 1) / SECOND_US;
    if (issued_s < valid_s)
        issued_s = valid_s;
    return (struct identity){
        .user = account->user.id,
        .name = arena_str(arena, account->user.name),
        .email = arena_str(arena, account->user.email),
        .jti = uuid_random(),
        .issued_s = issued_s,
        .expires_s = issued_s + a->config.session_s,
        .created_us = account->user.created_us,
    };
}

static enum err admit_login(struct auth *a, struct str email, struct str password,
                            struct str address, struct fault *f)
{
    const struct limits *limits = a->config.limits;
    enum err e = require_fields(&email, NULL, &password, f);
    if (e == ERR_OK)
        e = try_take_address(a, ATTEMPT_LOGIN_ADDRESS, address, &limits->logins_per_min_address, f);
    if (e == ERR_OK)
        e = try_take(a, ATTEMPT_LOGIN_ACCOUNT, email, &limits->logins_per_min_account, f);
    if (e == ERR_RATE_LIMITED)
        metric_inc(M_LOGIN_THROTTLED);
    return e;
}

enum err auth_login(struct auth *a, struct str email, struct str password, struct str address,
                    struct arena *arena, struct identity *out, struct fault *f)
{
    struct arena own;
    struct account account;
    bool stale;
    enum err e = admit_login(a, email, password, address, f);
    if (e != ERR_OK)
        return e;
    arena_init(&own);
    int64_t began_us = now_us(a);
    e = a->config.accounts->ops->by_email(a->config.accounts, email, &own, &account);
    if (e == ERR_OK || e == ERR_USER_NOT_FOUND)
        e = verify(a, e == ERR_OK ? &account : NULL, password, &stale);
    if (e == ERR_OK) {
        if (stale)
            rehash(a, &account, password);
        *out = new_identity(a, &account, began_us, arena);
        metric_inc(M_LOGIN_OK);
    } else {
        refuse(f, e);
        if (e == ERR_BAD_PASSWORD)
            metric_inc(M_LOGIN_WRONG);
    }
    arena_fini(&own);
    return e;
}

/* A token older than sessions live is over, though it may have been issued when they lived longer:
 * revocations are remembered for a session's lifetime only. */
enum err auth_admit(struct auth *a, const struct identity *id)
{
    if (id->issued_s > 0 && id->issued_s + a->config.session_s <= now_us(a) / SECOND_US)
        return ERR_TOKEN_EXPIRED;
    bool is_void = revocations_has(a->revocations, &id->user, &id->jti, id->issued_s * SECOND_US);
    return is_void ? ERR_BAD_TOKEN : ERR_OK;
}

/* Puts a revocation in force here and tells the sockets it concerns, if it is news. */
static void revoke_here(struct auth *a, const struct revocation *r)
{
    struct notifier *n = a->config.notifier;
    if (revocations_add(a->revocations, r, now_us(a)) && n != NULL)
        n->ops->revoked(n, &r->user, &r->jti, r->issued_before_us);
}

enum err auth_logout(struct auth *a, const struct identity *id, struct fault *f)
{
    if (uuid_eq(&id->jti, &UUID_NIL))
        return fault_set(f, ERR_BAD_REQUEST,
                         "This token names no session; it ends when it expires");
    struct revocation r = {
        .jti = id->jti, .user = id->user, .expires_us = id->expires_s * SECOND_US};
    enum err e = a->config.accounts->ops->revoke(a->config.accounts, &r);
    if (e != ERR_OK)
        return refuse(f, e);
    revoke_here(a, &r);
    return ERR_OK;
}

enum err auth_me(struct auth *a, const struct identity *id, struct arena *arena, struct user *out)
{
    struct account account;
    enum err e = a->config.accounts->ops->by_id(a->config.accounts, &id->user, arena, &account);
    if (e == ERR_OK)
        *out = account.user;
    return e == ERR_USER_NOT_FOUND ? ERR_BAD_TOKEN : e;
}

enum err auth_set_password(struct auth *a, struct str email, struct str password, struct fault *f)
{
    char hash[PASSWORD_HASH_SIZE];
    struct arena arena;
    struct account account;
    enum err e = check_password(password, f);
    if (e != ERR_OK)
        return e;
    arena_init(&arena);
    e = a->config.accounts->ops->by_email(a->config.accounts, email, &arena, &account);
    struct uuid user = e == ERR_OK ? account.user.id : UUID_NIL;
    arena_fini(&arena);
    if (e == ERR_OK)
        e = a->config.hasher->hash(password, hash);
    int64_t now = now_us(a);
    if (e == ERR_OK)
        e = a->config.accounts->ops->set_password(a->config.accounts, &user, str_of(hash), now);
    if (e != ERR_OK)
        return refuse(f, e);
    revoke_here(a,
                &(struct revocation){UUID_NIL, user, now, now + a->config.session_s * SECOND_US});
    return ERR_OK;
}

static void on_stored_revocation(const struct revocation *r, void *arg)
{
    revoke_here(arg, r);
}

enum err auth_refresh(struct auth *a)
{
    int64_t now = now_us(a);
    enum err e =
        a->config.accounts->ops->revocations(a->config.accounts, now, on_stored_revocation, a);
    while (revocations_sweep(a->revocations, now))
        ;
    return e;
}
