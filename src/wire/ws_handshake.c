#include <assert.h>
#include <openssl/evp.h>

#include "wire/ws.h"

#define KEY_LEN  24
#define SHA1_LEN 20

/* RFC 6455 section 1.3. */
static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static bool is_base64_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

bool ws_key_is_valid(struct str key)
{
    if (key.n != KEY_LEN || key.p[KEY_LEN - 1] != '=' || key.p[KEY_LEN - 2] != '=')
        return false;
    for (size_t i = 0; i < KEY_LEN - 2; i++)
        if (!is_base64_char(key.p[i]))
            return false;
    return true;
}

void ws_accept(struct str key, char *out)
{
    assert(ws_key_is_valid(key));
    char text[KEY_LEN + sizeof guid];
    memcpy(text, key.p, KEY_LEN);
    memcpy(text + KEY_LEN, guid, sizeof guid);
    unsigned char hash[SHA1_LEN];
    int ok = EVP_Digest(text, KEY_LEN + sizeof guid - 1, hash, NULL, EVP_sha1(), NULL);
    assert(ok == 1);
    (void)ok;
    int n = EVP_EncodeBlock((unsigned char *)out, hash, SHA1_LEN);
    assert(n == WS_ACCEPT_SIZE - 1);
    (void)n;
}
