/* UTF-8 checked as it streams: a text that comes in pieces fails at its first bad byte, wherever
 * the pieces were cut (RFC 3629; the Unicode Standard, table 3-7). */
#ifndef PARLEY_WIRE_WS_UTF8_H
#define PARLEY_WIRE_WS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at the start of a text. */
struct ws_utf8 {
    uint8_t need;   /* continuation bytes still to come */
    uint8_t lo, hi; /* the range of the next one */
};

/* False at a byte that no valid text can have here; the state is of no use then. */
bool ws_utf8_feed(struct ws_utf8 *u, const char *p, size_t n);

/* May the text end here? */
static inline bool ws_utf8_is_whole(const struct ws_utf8 *u)
{
    return u->need == 0;
}

#endif
