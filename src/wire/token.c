#include "wire/token.h"

#include <assert.h>
#include <jwt.h>
#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"

struct token_key {
    size_t n;
    unsigned char secret[];
};

struct token_key *token_key_new(struct str secret)
{
    /* libjwt takes a token's word for it when it is given no key. */
    assert(secret.n >= 1 && secret.n <= INT_MAX);
    struct token_key *k = mem_alloc(sizeof *k + secret.n);
    k->n = secret.n;
    memcpy(k->secret, secret.p, secret.n);
    return k;
}

void token_key_free(struct token_key *k)
{
    if (k == NULL)
        return;
    explicit_bzero(k->secret, k->n);
    mem_free(k);
}

static bool claims_put(jwt_t *jwt, const struct claims *c)
{
    return jwt_add_grant(jwt, "Username", c->name) == 0 &&
           jwt_add_grant(jwt, "Email", c->email) == 0 &&
           jwt_add_grant(jwt, "UserID", uuid_text(&c->user).s) == 0 &&
           (uuid_eq(&c->jti, &UUID_NIL) || jwt_add_grant(jwt, "jti", uuid_text(&c->jti).s) == 0) &&
           jwt_add_grant(jwt, "iss", TOKEN_ISSUER) == 0 &&
           jwt_add_grant_int(jwt, "iat", c->issued_s) == 0 &&
           jwt_add_grant_int(jwt, "exp", c->expires_s) == 0;
}

enum err token_sign(const struct token_key *k, const struct claims *c, char *out, size_t size)
{
    enum err e = ERR_INTERNAL;
    jwt_t *jwt = NULL;
    char *text = NULL;
    if (jwt_new(&jwt) != 0)
        return e;
    if (claims_put(jwt, c) && jwt_set_alg(jwt, JWT_ALG_HS256, k->secret, (int)k->n) == 0)
        text = jwt_encode_str(jwt);
    if (text != NULL && strlen(text) <= TOKEN_TEXT_MAX && str_copy(str_of(text), out, size))
        e = ERR_OK;
    free(text);
    jwt_free(jwt);
    return e;
}

/* A text claim that fits into `out` of `size` bytes. */
static bool text_claim(jwt_t *jwt, const char *name, char *out, size_t size)
{
    const char *value = jwt_get_grant(jwt, name);
    return value != NULL && str_copy(str_of(value), out, size);
}

/* A whole number; `*is_there` is false, and the value 0, when there is no such claim. False: it is
 * something else. By its JSON text, since jwt_get_grant_int takes "x" for 0 and -1 for absent. */
static bool time_claim(jwt_t *jwt, const char *name, int64_t *value, bool *is_there)
{
    char *text = jwt_get_grants_json(jwt, name);
    *is_there = text != NULL;
    *value = 0;
    if (text == NULL)
        return true;
    bool is_negative = text[0] == '-';
    unsigned long long magnitude;
    bool is_whole = str_to_u64(str_of(text + is_negative), &magnitude) && magnitude <= INT64_MAX;
    if (is_whole)
        *value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    free(text);
    return is_whole;
}

static enum err times_check(jwt_t *jwt, int64_t now_s, struct claims *out)
{
    int64_t not_before;
    bool has_exp, has_iat, has_nbf;
    if (!time_claim(jwt, "exp", &out->expires_s, &has_exp) || !has_exp ||
        !time_claim(jwt, "iat", &out->issued_s, &has_iat) ||
        !time_claim(jwt, "nbf", &not_before, &has_nbf) || (has_nbf && now_s < not_before))
        return ERR_BAD_TOKEN;
    return now_s < out->expires_s ? ERR_OK : ERR_TOKEN_EXPIRED;
}

static enum err claims_read(jwt_t *jwt, int64_t now_s, struct claims *out)
{
    char user[UUID_TEXT_LEN + 1];
    if (!text_claim(jwt, "UserID", user, sizeof user) ||
        !uuid_from_text(str_of(user), &out->user) ||
        !text_claim(jwt, "Username", out->name, sizeof out->name) ||
        !text_claim(jwt, "Email", out->email, sizeof out->email))
        return ERR_BAD_TOKEN;
    const char *jti = jwt_get_grant(jwt, "jti");
    if (jti == NULL || !uuid_from_text(str_of(jti), &out->jti))
        out->jti = UUID_NIL;
    return times_check(jwt, now_s, out);
}

enum err token_verify(const struct token_key *k, struct str token, int64_t now_s,
                      struct claims *out)
{
    char text[TOKEN_TEXT_MAX + 1];
    jwt_t *jwt = NULL;
    struct claims claims;
    if (!str_copy(token, text, sizeof text) || jwt_decode(&jwt, text, k->secret, (int)k->n) != 0)
        return ERR_BAD_TOKEN;
    /* It lets HS384 and HS512 pass under the same key. */
    enum err e =
        jwt_get_alg(jwt) == JWT_ALG_HS256 ? claims_read(jwt, now_s, &claims) : ERR_BAD_TOKEN;
    if (e == ERR_OK)
        *out = claims;
    jwt_free(jwt);
    return e;
}

bool token_from_bearer(struct str value, struct str *token)
{
    const struct str scheme = STR("Bearer ");
    if (value.n <= scheme.n || !str_eq_nocase((struct str){value.p, scheme.n}, scheme))
        return false;
    size_t i = scheme.n;
    while (i < value.n && value.p[i] == ' ')
        i++;
    *token = (struct str){value.p + i, value.n - i};
    return token->n > 0;
}
