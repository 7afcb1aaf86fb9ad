#include "wire/cursor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* The longest text: {'message_id': 18446744073709551615}. */
#define CURSOR_PLAIN_MAX 40
#define ID_LIMIT         (UINT64_C(1) << 53)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Standard base64 with padding (RFC 4648 section 4) and a NUL. */
static void base64_encode(const char *plain, size_t n, char *out)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (i + k < n ? (unsigned char)plain[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *out++ = i + k <= n ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
    *out = '\0';
}

/* Decodes the characters of whole and broken groups as they come; the caller compares with the
 * canonical form. Returns the length, 0 for anything that is not of the alphabet or too long. */
static size_t base64_decode(const char *text, size_t n, char *out, size_t size)
{
    size_t len = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(alphabet, text[i]);
        if (digit == NULL)
            return 0;
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (len == size)
            return 0;
        out[len++] = (char)(bits >> held);
    }
    return len;
}

void cursor_encode(const char *key, uint64_t id, char *out)
{
    char plain[CURSOR_PLAIN_MAX];
    int n = snprintf(plain, sizeof plain, "{'%s': %" PRIu64 "}", key, id);
    assert(n > 0 && (size_t)n < sizeof plain && (size_t)n / 3 * 4 + 5 <= CURSOR_TEXT_SIZE);
    base64_encode(plain, (size_t)n, out);
}

/* The number in the text {'key': N}. */
static bool plain_parse(const char *key, struct str plain, uint64_t *id)
{
    char opening[CURSOR_PLAIN_MAX];
    int n = snprintf(opening, sizeof opening, "{'%s': ", key);
    assert(n > 0 && (size_t)n < sizeof opening);
    size_t head = (size_t)n;
    unsigned long long value;
    if (plain.n < head + 2 || memcmp(plain.p, opening, head) != 0 || plain.p[plain.n - 1] != '}' ||
        !str_to_u64((struct str){plain.p + head, plain.n - head - 1}, &value))
        return false;
    *id = value;
    return value > 0 && value < ID_LIMIT;
}

/* One id has one cursor: what decodes must be what would be encoded. So leading zeros, stray bits
 * and padding that does not fit need no rules of their own. */
bool cursor_decode(const char *key, struct str cursor, uint64_t *id)
{
    char text[CURSOR_TEXT_SIZE], plain[CURSOR_PLAIN_MAX], canonical[CURSOR_TEXT_SIZE];
    uint64_t value;
    if (!str_copy(cursor, text, sizeof text))
        return false;
    for (char *p = text; *p != '\0'; p++)
        if (*p == ' ')
            *p = '+';
    size_t digits = strcspn(text, "=");
    size_t n = base64_decode(text, digits, plain, sizeof plain);
    if (!plain_parse(key, (struct str){plain, n}, &value))
        return false;
    cursor_encode(key, value, canonical);
    if (strncmp(text, canonical, digits) != 0 || strcspn(canonical, "=") != digits ||
        (text[digits] != '\0' && strcmp(text + digits, canonical + digits) != 0))
        return false;
    *id = value;
    return true;
}
