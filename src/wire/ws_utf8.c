#include "wire/ws_utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* How many bytes from `p` on are ASCII. */
static size_t ascii_run(const char *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        uint64_t w[4];
        memcpy(w, p + i, sizeof w);
        if (((w[0] | w[1] | w[2] | w[3]) & HIGH_BITS) != 0)
            break;
    }
    while (i < n && (p[i] & 0x80) == 0)
        i++;
    return i;
}

static bool lead_take(struct ws_utf8 *u, uint8_t c)
{
    if (c < 0xC2 || c > 0xF4)
        return false;
    u->need = (uint8_t)(1 + (c >= 0xE0) + (c >= 0xF0));
    u->lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    u->hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    return true;
}

static bool is_continuation(char c)
{
    return ((uint8_t)c & 0xC0) == 0x80;
}

/* The length of the character at `p` when it is whole and of the forms that most texts have, with
 * no special case in the table; 0 sends it the slow way. */
static size_t common_char(const char *p, size_t n)
{
    uint8_t c = (uint8_t)p[0];
    if (c >= 0xE1 && c <= 0xEF && c != 0xED)
        return n >= 3 && is_continuation(p[1]) && is_continuation(p[2]) ? 3 : 0;
    return c >= 0xC2 && c <= 0xDF && n >= 2 && is_continuation(p[1]) ? 2 : 0;
}

bool ws_utf8_feed(struct ws_utf8 *u, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint8_t c = (uint8_t)p[i];
        if (u->need > 0) {
            if (c < u->lo || c > u->hi)
                return false;
            u->need--;
            u->lo = 0x80;
            u->hi = 0xBF;
            i++;
        } else if (c < 0x80) {
            i += ascii_run(p + i, n - i);
        } else {
            size_t len = common_char(p + i, n - i);
            if (len == 0 && !lead_take(u, c))
                return false;
            i += len == 0 ? 1 : len;
        }
    }
    return true;
}
