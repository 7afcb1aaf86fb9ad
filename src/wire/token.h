/* Session tokens: JWT (RFC 7519), HS256 only, with chat-app's claims. On libjwt, with the checks
 * that it leaves to its callers: the algorithm, exp, nbf, the types of the claims.
 *
 * UserID, Username, Email and exp must be there; a token that does not expire is none. `iat` may
 * lie ahead (clocks differ), `iss` is written but not judged: the secret says who issued it. */
#ifndef PARLEY_WIRE_TOKEN_H
#define PARLEY_WIRE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

#define TOKEN_ISSUER          "parley"
#define TOKEN_TEXT_MAX        4096
#define TOKEN_NAME_BYTES_MAX  200
#define TOKEN_EMAIL_BYTES_MAX 255

struct claims {
    struct uuid user;                      /* UserID */
    char name[TOKEN_NAME_BYTES_MAX + 1];   /* Username */
    char email[TOKEN_EMAIL_BYTES_MAX + 1]; /* Email */
    struct uuid jti; /* UUID_NIL: a token without one (or with one that is no UUID) */
    int64_t issued_s, expires_s;
};

struct token_key;
/* `secret` of 1 or more bytes is copied. */
struct token_key *token_key_new(struct str secret);
void token_key_free(struct token_key *k);
/* Writes a token of at most TOKEN_TEXT_MAX bytes, and a NUL, into `out`. ERR_INTERNAL when it does
 * not fit or a claim is not UTF-8. Any thread. */
enum err token_sign(const struct token_key *k, const struct claims *c, char *out, size_t size);
/* ERR_BAD_TOKEN, or ERR_TOKEN_EXPIRED for one that is good but for its time; `out` is set on ERR_OK
 * only. Any thread. */
enum err token_verify(const struct token_key *k, struct str token, int64_t now_s,
                      struct claims *out);
/* The token in "Bearer <token>" (the scheme's case does not matter), or false. */
bool token_from_bearer(struct str value, struct str *token);

#endif
