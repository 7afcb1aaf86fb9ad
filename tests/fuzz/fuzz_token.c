/* Tokens: any bytes, and any header and payload under a good signature, which is how the checks
 * behind the signature are reached. What is accepted must be what jansson reads in it. */
#include <assert.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "wire/token.h"

#define NOW    INT64_C(1795515346)
#define SECRET "a secret of thirty-two bytes, or more"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void base64url_put(struct buf *out, const unsigned char *p, size_t n)
{
    char *at = buf_reserve(out, n / 3 * 4 + 5);
    assert(at != NULL);
    EVP_EncodeBlock((unsigned char *)at, p, (int)n);
    for (size_t len = strcspn(at, "="); len > 0; len--, at++, out->n++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
}

static void token_make(struct buf *out, struct str header, struct str payload)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len;
    base64url_put(out, (const unsigned char *)header.p, header.n);
    buf_putc(out, '.');
    base64url_put(out, (const unsigned char *)payload.p, payload.n);
    HMAC(EVP_sha256(), SECRET, sizeof SECRET - 1, (const unsigned char *)out->p, out->n, mac,
         &mac_len);
    buf_putc(out, '.');
    base64url_put(out, mac, mac_len);
}

static bool is_text(const json_t *payload, const char *name, const char *expected)
{
    const json_t *j = json_object_get(payload, name);
    return json_is_string(j) && strcmp(json_string_value(j), expected) == 0;
}

static void accepted_check(struct str header, struct str payload, const struct claims *c)
{
    json_t *h = json_loadb(header.p, header.n, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *p = json_loadb(payload.p, payload.n, JSON_DISABLE_EOF_CHECK, NULL);
    struct uuid user;
    assert(json_is_string(json_object_get(h, "alg")) && json_is_object(p));
    assert(strcasecmp(json_string_value(json_object_get(h, "alg")), "HS256") == 0);
    assert(is_text(p, "Username", c->name) && is_text(p, "Email", c->email));
    assert(uuid_from_text(str_of(json_string_value(json_object_get(p, "UserID"))), &user));
    assert(uuid_eq(&user, &c->user));
    assert(json_is_integer(json_object_get(p, "exp")));
    assert(json_integer_value(json_object_get(p, "exp")) == c->expires_s && c->expires_s > NOW);
    json_t *nbf = json_object_get(p, "nbf"), *iat = json_object_get(p, "iat");
    assert(nbf == NULL || (json_is_integer(nbf) && json_integer_value(nbf) <= NOW));
    assert(iat == NULL || json_is_integer(iat));
    json_decref(h);
    json_decref(p);
}

/* The first line is the header (the usual one when it is empty), the rest the payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct token_key *key;
    struct str header = {(const char *)data, size}, payload, ignored;
    struct claims c;
    struct buf token;
    if (key == NULL)
        key = token_key_new(STR(SECRET));
    token_from_bearer(header, &ignored);
    enum err e = token_verify(key, header, NOW, &c);
    assert(e == ERR_BAD_TOKEN || e == ERR_TOKEN_EXPIRED);
    const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (end == NULL || size > 2 * TOKEN_TEXT_MAX)
        return 0;
    header.n = (size_t)(end - header.p);
    payload = (struct str){end + 1, size - header.n - 1};
    if (header.n == 0)
        header = STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    buf_init(&token, 1 << 20);
    token_make(&token, header, payload);
    if (token_verify(key, buf_str(&token), NOW, &c) == ERR_OK)
        accepted_check(header, payload, &c);
    buf_fini(&token);
    return 0;
}
