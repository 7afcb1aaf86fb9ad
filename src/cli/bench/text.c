#include "cli/bench/text.h"

#include <assert.h>
#include <string.h>

/* Where the fields begin; each is followed by a space. */
enum {
    AT_CHANNEL = 4,
    AT_SENDER = AT_CHANNEL + 9,
    AT_COUNTER = AT_SENDER + 9,
    AT_SENT = AT_COUNTER + 17,
    AT_SUM = AT_SENT + 17,
    AT_PADDING = AT_SUM + 17,
};
_Static_assert(AT_PADDING < TEXT_BYTES_MIN, "the fields fit into the shortest text");

static const char padding[64] = "the quick brown fox jumps over the lazy dog 0123456789 ABCDEFGH ";

static void hex_write(char *out, uint64_t v, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; v >>= 4)
        out[i] = "0123456789abcdef"[v & 15];
}

/* Eight digits at once. What is no digit gives some number; the checksum tells. */
static uint32_t hex_read8(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    x = (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) + 9 * (x >> 6 & UINT64_C(0x0101010101010101));
    x = __builtin_bswap64(x); /* the last digit lies lowest now */
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(x | x >> 16);
}

static uint64_t hex_read16(const char *p)
{
    return (uint64_t)hex_read8(p) << 32 | hex_read8(p + 8);
}

/* Eight bytes at a time through a 128-bit product (the step of wyhash). */
static uint64_t sum_step(uint64_t sum, uint64_t word)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t sum_bytes(uint64_t sum, const char *p, size_t n)
{
    uint64_t word;
    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = sum_step(sum, word);
    }
    word = n;
    memcpy(&word, p, n);
    return sum_step(sum, word ^ (uint64_t)n << 56);
}

/* Over everything but the field that holds it. */
static uint64_t text_sum(const char *p, size_t n)
{
    uint64_t sum = sum_bytes(UINT64_C(0x2545f4914f6cdd1d), p, AT_SUM);
    return sum_bytes(sum, p + AT_SUM + 16, n - AT_SUM - 16);
}

void text_write(const struct text *t, char *out, size_t n)
{
    assert(n >= TEXT_BYTES_MIN);
    memset(out, ' ', AT_PADDING);
    memcpy(out, "pb1", 3);
    hex_write(out + AT_CHANNEL, t->channel, 8);
    hex_write(out + AT_SENDER, t->sender, 8);
    hex_write(out + AT_COUNTER, t->counter, 16);
    hex_write(out + AT_SENT, t->sent_ns, 16);
    /* A server may trim: no space at the end. */
    for (size_t i = AT_PADDING; i < n; i++)
        out[i] = i == n - 1 ? '.' : padding[(i + t->counter) % sizeof padding];
    hex_write(out + AT_SUM, text_sum(out, n), 16);
}

bool text_read(const char *p, size_t n, struct text *out)
{
    char sum[16];
    if (n < TEXT_BYTES_MIN || memcmp(p, "pb1 ", 4) != 0)
        return false;
    *out = (struct text){
        .channel = hex_read8(p + AT_CHANNEL),
        .sender = hex_read8(p + AT_SENDER),
        .counter = hex_read16(p + AT_COUNTER),
        .sent_ns = hex_read16(p + AT_SENT),
    };
    hex_write(sum, text_sum(p, n), sizeof sum);
    return memcmp(sum, p + AT_SUM, sizeof sum) == 0;
}
