/* The one inner loop of reading and of writing JSON strings: how far a run of bytes goes that
 * stand for themselves. Eight bytes a step ("Bit Twiddling Hacks", Sean Eron Anderson: a byte less
 * than n, a byte equal to n), then byte by byte to the exact place. */
#ifndef PARLEY_WIRE_JSON_SCAN_H
#define PARLEY_WIRE_JSON_SCAN_H

#include <stdint.h>

#include "base/str.h"

#define JSON_SCAN_ONES  UINT64_C(0x0101010101010101)
#define JSON_SCAN_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t json_scan_zeros(uint64_t word)
{
    return (word - JSON_SCAN_ONES) & ~word & JSON_SCAN_HIGHS;
}

/* Length of the run at `p` without quote, backslash and control characters; `n` when it reaches
 * the end. */
static inline size_t json_scan_plain(const char *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, sizeof word);
        uint64_t control = (word - JSON_SCAN_ONES * 0x20) & ~word & JSON_SCAN_HIGHS;
        if ((control | json_scan_zeros(word ^ JSON_SCAN_ONES * '"') |
             json_scan_zeros(word ^ JSON_SCAN_ONES * '\\')) != 0)
            break;
    }
    while (i < n && (unsigned char)p[i] >= 0x20 && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

#endif
