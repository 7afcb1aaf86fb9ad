#include "service/password.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "service/bcrypt.h"
#include "telemetry/trace.h"

#define PASSES       2
#define MEMORY_BYTES (19u << 20)

static_assert(crypto_pwhash_STRBYTES <= PASSWORD_HASH_SIZE, "a hash fits its buffer");

static enum err argon2id_hash(struct str password, char out[PASSWORD_HASH_SIZE])
{
    struct trace_span span;
    trace_begin(&span, "hash password", TRACE_INTERNAL);
    int failed = crypto_pwhash_str_alg(out, password.p, password.n, PASSES, MEMORY_BYTES,
                                       crypto_pwhash_ALG_ARGON2ID13);
    trace_end(&span, failed ? ERR_UNAVAILABLE : ERR_OK);
    return failed ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err sodium_verify(struct str password, const char *hash)
{
    errno = 0;
    if (crypto_pwhash_str_verify(hash, password.p, password.n) == 0)
        return ERR_OK;
    return errno == ENOMEM ? ERR_UNAVAILABLE : ERR_BAD_PASSWORD;
}

static enum err argon2id_verify(struct str password, const char *hash)
{
    struct trace_span span;
    trace_begin(&span, "verify password", TRACE_INTERNAL);
    enum err e =
        bcrypt_is_hash(hash) ? bcrypt_verify(password, hash) : sodium_verify(password, hash);
    trace_end(&span, ERR_OK);
    return e;
}

static enum hash_state argon2id_inspect(const char *hash)
{
    if (bcrypt_is_hash(hash))
        return HASH_STALE;
    int stale = crypto_pwhash_str_needs_rehash(hash, PASSES, MEMORY_BYTES);
    return stale < 0 ? HASH_MALFORMED : stale > 0 ? HASH_STALE : HASH_CURRENT;
}

const struct hasher password_argon2id = {argon2id_hash, argon2id_verify, argon2id_inspect};
