#include "adapter/webhook/signature.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/buf.h"

#define PREFIX   "whsec_"
#define HEAD_MAX 96 /* id, dot, time, dot */

/* Standard base64, whole, with its padding (RFC 4648 section 4). */
static bool decode(struct str text, unsigned char *out, size_t *n)
{
    if (text.n == 0 || text.n % 4 != 0 || text.n / 4 * 3 > SIGNATURE_KEY_MAX)
        return false;
    const char *end = memchr(text.p, '=', text.n);
    size_t padding = end == NULL ? 0 : (size_t)(text.p + text.n - end);
    if (padding > 2 || (padding == 2 && end[1] != '='))
        return false;
    if (EVP_DecodeBlock(out, (const unsigned char *)text.p, (int)text.n) < 0)
        return false;
    *n = text.n / 4 * 3 - padding;
    return true;
}

bool signature_key_init(struct signature_key *k, struct str secret)
{
    const struct str prefix = STR(PREFIX);
    if (secret.n >= prefix.n && memcmp(secret.p, prefix.p, prefix.n) == 0)
        return decode((struct str){secret.p + prefix.n, secret.n - prefix.n}, k->bytes, &k->n);
    if (secret.n == 0 || secret.n > sizeof k->bytes)
        return false;
    memcpy(k->bytes, secret.p, secret.n);
    k->n = secret.n;
    return true;
}

bool signature_make(const struct signature_key *k, struct str id, int64_t time_s, struct str body,
                    char out[SIGNATURE_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf signed_text;
    buf_init(&signed_text, HEAD_MAX + body.n);
    buf_printf(&signed_text, "%.*s.%" PRId64 ".", STR_FMT(id), time_s);
    buf_put(&signed_text, body.p, body.n);
    bool ok = !signed_text.failed &&
              HMAC(EVP_sha256(), k->bytes, (int)k->n, (const unsigned char *)signed_text.p,
                   signed_text.n, digest, &n) != NULL &&
              n == 32;
    buf_fini(&signed_text);
    if (!ok)
        return false;
    memcpy(out, "v1,", 3);
    EVP_EncodeBlock((unsigned char *)out + 3, digest, (int)n);
    return true;
}
