#include "wire/proto.h"

#include <string.h>

#define WIRE_VARINT   0
#define WIRE_BYTES    2
#define VARINT_MAX    10
#define TIME_SECONDS  1
#define TIME_NANOS    2
#define US_PER_SECOND 1000000

static size_t varint_encode(uint64_t v, char out[VARINT_MAX])
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (char)(v | 0x80);
    out[n++] = (char)v;
    return n;
}

static void put_varint(struct buf *out, uint64_t v)
{
    char bytes[VARINT_MAX];
    buf_put(out, bytes, varint_encode(v, bytes));
}

static void put_key(struct buf *out, unsigned field, unsigned wire)
{
    put_varint(out, (uint64_t)field << 3 | wire);
}

void proto_put_u64(struct buf *out, unsigned field, uint64_t v)
{
    if (v == 0)
        return;
    put_key(out, field, WIRE_VARINT);
    put_varint(out, v);
}

void proto_put_text(struct buf *out, unsigned field, struct str s)
{
    if (s.n == 0)
        return;
    put_key(out, field, WIRE_BYTES);
    put_varint(out, s.n);
    buf_put(out, s.p, s.n);
}

void proto_put_uuid(struct buf *out, unsigned field, const struct uuid *u)
{
    char text[UUID_TEXT_LEN];
    uuid_to_text(u, text);
    proto_put_text(out, field, (struct str){text, sizeof text});
}

void proto_put_time(struct buf *out, unsigned field, int64_t us)
{
    size_t begun = proto_begin(out, field);
    proto_put_u64(out, TIME_SECONDS, (uint64_t)(us / US_PER_SECOND));
    proto_put_u64(out, TIME_NANOS, (uint64_t)(us % US_PER_SECOND * 1000));
    proto_end(out, begun);
}

size_t proto_begin(struct buf *out, unsigned field)
{
    put_key(out, field, WIRE_BYTES);
    return out->n;
}

/* The length stands in front, in as few bytes as it needs: the content is moved behind it. */
void proto_end(struct buf *out, size_t begun)
{
    size_t len = out->n - begun;
    char head[VARINT_MAX];
    size_t n = varint_encode(len, head);
    if (buf_reserve(out, n) == NULL)
        return;
    memmove(out->p + begun + n, out->p + begun, len);
    memcpy(out->p + begun, head, n);
    out->n += n;
}
