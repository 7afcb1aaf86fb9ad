#include "base/str.h"

#include <limits.h>
#include <stdint.h>

static char ascii_fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool str_eq_secret(struct str shown, struct str secret)
{
    volatile unsigned char differs = 0;
    if (secret.n == 0 || shown.n != secret.n)
        return false;
    for (size_t i = 0; i < secret.n; i++)
        differs |= (unsigned char)(shown.p[i] ^ secret.p[i]);
    return differs == 0;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_fold(a.p[i]) != ascii_fold(b.p[i]))
            return false;
    return true;
}

bool str_to_u64(struct str s, unsigned long long *out)
{
    unsigned long long v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9 || v > (ULLONG_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

bool str_copy(struct str s, char *out, size_t size)
{
    if (s.n >= size || (s.n > 0 && memchr(s.p, 0, s.n) != NULL)) {
        if (size > 0)
            out[0] = '\0';
        return false;
    }
    if (s.n > 0)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

/* Length of the sequence that `lead` opens, and the range its second byte must lie in
 * (Unicode Standard, table 3-7). 0: not a lead byte. */
static size_t utf8_lead(unsigned char lead, unsigned char *lo, unsigned char *hi)
{
    *lo = 0x80;
    *hi = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0)
            *lo = 0xA0;
        if (lead == 0xED)
            *hi = 0x9F;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0)
            *lo = 0x90;
        if (lead == 0xF4)
            *hi = 0x8F;
        return 4;
    }
    return 0;
}

size_t str_utf8_first(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned char lo, hi;
    if (s.n == 0 || p[0] < 0x80)
        return s.n > 0;
    size_t len = utf8_lead(p[0], &lo, &hi);
    if (len == 0 || s.n < len || p[1] < lo || p[1] > hi)
        return 0;
    for (size_t k = 2; k < len; k++)
        if ((p[k] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool str_is_utf8(struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        uint64_t word = UINT64_MAX;
        if (s.n - i >= sizeof word)
            memcpy(&word, s.p + i, sizeof word);
        if ((word & 0x8080808080808080u) == 0) {
            i += sizeof word;
            continue;
        }
        size_t len = str_utf8_first((struct str){s.p + i, s.n - i});
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t str_chars(struct str s)
{
    size_t chars = 0;
    for (size_t i = 0; i < s.n; i++)
        chars += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return chars;
}
