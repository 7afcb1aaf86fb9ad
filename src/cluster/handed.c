#include "cluster/handed.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define VERSION 1

static void put_u64(struct buf *b, uint64_t v)
{
    v = htobe64(v);
    buf_put(b, &v, sizeof v);
}

size_t handed_size(const struct log_record *r)
{
    return HANDED_RECORD_BYTES + r->value.n + r->tag.n + r->trace.n;
}

void handed_begin(struct buf *b, const struct uuid *log)
{
    buf_clear(b);
    buf_putc(b, VERSION);
    buf_put(b, log->b, sizeof log->b);
}

static void put_str(struct buf *b, struct str s)
{
    if (s.n > 0)
        buf_put(b, s.p, s.n);
}

void handed_add(struct buf *b, const struct log_record *r)
{
    uint32_t n = htobe32((uint32_t)r->value.n);
    assert(r->tag.n <= LOG_TAG_MAX && r->trace.n <= LOG_TRACE_MAX);
    buf_putc(b, (char)r->partition);
    put_u64(b, r->offset);
    put_u64(b, (uint64_t)r->time_ms);
    buf_put(b, r->key.b, sizeof r->key.b);
    buf_put(b, &n, sizeof n);
    buf_putc(b, (char)r->tag.n);
    buf_putc(b, (char)r->trace.n);
    put_str(b, r->value);
    put_str(b, r->tag);
    put_str(b, r->trace);
}

static uint64_t get_u64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return be64toh(v);
}

static struct str take_str(struct str *s, size_t n)
{
    struct str taken = {s->p, n};
    s->p += n;
    s->n -= n;
    return taken;
}

/* The record at the beginning of `*s`, which it is taken off; false when there is no whole one. */
static bool record_take(struct str *s, struct log_record *r)
{
    if (s->n < HANDED_RECORD_BYTES)
        return false;
    const char *head = take_str(s, HANDED_RECORD_BYTES).p;
    uint32_t value_n;
    memcpy(&value_n, head + 33, sizeof value_n);
    value_n = be32toh(value_n);
    size_t tag_n = (unsigned char)head[37], trace_n = (unsigned char)head[38];
    *r = (struct log_record){.partition = (unsigned char)head[0],
                             .offset = get_u64(head + 1),
                             .time_ms = (int64_t)get_u64(head + 9)};
    memcpy(r->key.b, head + 17, sizeof r->key.b);
    if (value_n > s->n || tag_n > LOG_TAG_MAX || trace_n > LOG_TRACE_MAX ||
        value_n + tag_n + trace_n > s->n)
        return false;
    r->value = take_str(s, value_n);
    r->tag = take_str(s, tag_n);
    r->trace = take_str(s, trace_n);
    return true;
}

bool handed_is_valid(struct str batch, const struct uuid *log, unsigned partitions)
{
    struct log_record r;
    if (batch.n < HANDED_HEAD_BYTES || batch.p[0] != VERSION ||
        memcmp(batch.p + 1, log->b, sizeof log->b) != 0)
        return false;
    take_str(&batch, HANDED_HEAD_BYTES);
    while (batch.n > 0)
        if (!record_take(&batch, &r) || r.partition >= partitions || r.time_ms < 0)
            return false;
    return true;
}

void handed_each(struct str batch, void (*each)(const struct log_record *r, void *arg), void *arg)
{
    struct log_record r;
    take_str(&batch, HANDED_HEAD_BYTES);
    while (batch.n > 0) {
        bool whole = record_take(&batch, &r);
        assert(whole);
        each(&r, arg);
    }
}
