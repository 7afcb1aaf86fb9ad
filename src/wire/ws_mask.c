#include "wire/ws_mask.h"

#include <string.h>

void ws_mask(char *p, size_t n, const uint8_t key[4], size_t phase)
{
    uint8_t turned[8];
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = key[(phase + i) % 4];
    uint64_t word;
    memcpy(&word, turned, sizeof word);

    size_t i = 0;
    for (; n - i >= 4 * sizeof word; i += 4 * sizeof word) {
        uint64_t four[4];
        memcpy(four, p + i, sizeof four);
        for (size_t k = 0; k < 4; k++)
            four[k] ^= word;
        memcpy(p + i, four, sizeof four);
    }
    for (; n - i >= sizeof word; i += sizeof word) {
        uint64_t one;
        memcpy(&one, p + i, sizeof one);
        one ^= word;
        memcpy(p + i, &one, sizeof one);
    }
    for (; i < n; i++)
        p[i] = (char)(p[i] ^ turned[i % sizeof turned]);
}
