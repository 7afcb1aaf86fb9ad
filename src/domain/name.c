#include "domain/name.h"

#include <stdint.h>

/* The code point at `*at` of valid UTF-8; moves `*at` behind it. */
static uint32_t next_char(struct str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.p + *at;
    if (p[0] < 0x80) {
        *at += 1;
        return p[0];
    }
    size_t len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t c = p[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    *at += len;
    return c;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

/* The Unicode property White_Space less the control characters, and the characters without width
 * that would make a name look empty: soft hyphen, joiners and directional marks, byte order mark.
 */
static bool is_blank(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } blanks[] = {
        {0x20, 0x20},     {0xA0, 0xA0},     {0xAD, 0xAD},     {0x1680, 0x1680}, {0x2000, 0x200F},
        {0x2028, 0x202F}, {0x205F, 0x2064}, {0x2066, 0x206F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF},
    };
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++)
        if (c >= blanks[i].first && c <= blanks[i].last)
            return true;
    return false;
}

bool name_is_valid(struct str name, size_t chars_max)
{
    if (name.n > chars_max * 4 || !str_is_utf8(name) || str_chars(name) > chars_max)
        return false;
    bool seen = false;
    for (size_t at = 0; at < name.n;) {
        uint32_t c = next_char(name, &at);
        if (is_control(c))
            return false;
        seen = seen || !is_blank(c);
    }
    return seen;
}
