#include <assert.h>

#include "base/rand.h"
#include "wire/ws.h"
#include "wire/ws_mask.h"

#define FIN  0x80
#define RSV1 0x40
#define MASK 0x80

#define CLOSE_REASON_MAX 123

bool ws_close_code_is_valid(unsigned code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

size_t ws_head_len(size_t payload_len)
{
    return payload_len <= 125 ? 2 : payload_len <= UINT16_MAX ? 4 : 10;
}

size_t ws_head(enum ws_opcode opcode, bool compressed, size_t payload_len, char *out)
{
    size_t n = ws_head_len(payload_len);
    out[0] = (char)(FIN | (compressed ? RSV1 : 0) | (int)opcode);
    out[1] = n == 2 ? (char)payload_len : n == 4 ? 126 : 127;
    uint64_t rest = payload_len;
    for (size_t i = n - 1; i >= 2; i--) {
        out[i] = (char)(rest & 0xFF);
        rest >>= 8;
    }
    return n;
}

void ws_put_frame(struct buf *out, enum ws_opcode opcode, struct str payload)
{
    size_t head_n = ws_head_len(payload.n);
    char *p = buf_reserve(out, head_n + payload.n);
    if (p == NULL)
        return;
    ws_head(opcode, false, payload.n, p);
    if (payload.n > 0)
        memcpy(p + head_n, payload.p, payload.n);
    out->n += head_n + payload.n;
}

void ws_put_frame_masked(struct buf *out, enum ws_opcode opcode, struct str payload)
{
    uint8_t key[4];
    size_t head_n = ws_head_len(payload.n);
    char *p = buf_reserve(out, head_n + sizeof key + payload.n);
    if (p == NULL)
        return;
    ws_head(opcode, false, payload.n, p);
    p[1] = (char)(p[1] | MASK);
    rand_bytes(key, sizeof key);
    memcpy(p + head_n, key, sizeof key);
    char *body = p + head_n + sizeof key;
    if (payload.n > 0)
        memcpy(body, payload.p, payload.n);
    ws_mask(body, payload.n, key, 0);
    out->n += head_n + sizeof key + payload.n;
}

/* How much of `s` fits into `max` bytes without cutting a character. */
static size_t utf8_cut(struct str s, size_t max)
{
    if (s.n <= max)
        return s.n;
    size_t n = max;
    while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

size_t ws_close_frame(uint16_t code, struct str reason, char *out)
{
    if (code == WS_CLOSE_NO_STATUS)
        return ws_head(WS_CLOSE, false, 0, out);
    assert(ws_close_code_is_valid(code));
    size_t n = utf8_cut(reason, CLOSE_REASON_MAX);
    size_t head_n = ws_head(WS_CLOSE, false, 2 + n, out);
    out[head_n] = (char)(code >> 8);
    out[head_n + 1] = (char)(code & 0xFF);
    if (n > 0)
        memcpy(out + head_n + 2, reason.p, n);
    return head_n + 2 + n;
}
