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
        } else if (c >= 0x80) {
            if (!lead_take(u, c))
                return false;
            i++;
        } else {
            i += ascii_run(p + i, n - i);
        }
    }
    return true;
}
