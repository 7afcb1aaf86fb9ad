#include "consumer/envelope.h"

#include <assert.h>

static const char *const kind_names[ENVELOPE_KINDS] = {
    [ENVELOPE_WEBHOOK] = "webhook",
    [ENVELOPE_REPLAYED] = "replayed",
};

const char *envelope_kind_name(enum envelope_kind kind)
{
    assert(kind > 0 && kind < ENVELOPE_KINDS);
    return kind_names[kind];
}

static void put_number(struct buf *out, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        buf_putc(out, (char)(value >> (8 * bytes) & 0xff));
}

/* The longest prefix of at most `max` bytes that is whole characters. */
static struct str cut(struct str s, size_t max)
{
    size_t n = 0;
    while (n < s.n) {
        size_t step = str_utf8_first((struct str){s.p + n, s.n - n});
        if (step == 0 || n + step > max)
            break;
        n += step;
    }
    return (struct str){s.p, n};
}

void envelope_encode(const struct envelope *e, struct buf *out)
{
    struct str reason = cut(e->reason, ENVELOPE_REASON_MAX);
    assert(e->kind > 0 && e->kind < ENVELOPE_KINDS);
    assert(e->attempt <= ENVELOPE_ATTEMPTS_MAX && e->payload.n <= ENVELOPE_PAYLOAD_MAX);
    assert(e->not_before_ms >= 0 && e->first_ms >= 0);
    buf_putc(out, ENVELOPE_VERSION);
    buf_putc(out, (char)e->kind);
    put_number(out, e->attempt, 2);
    put_number(out, (uint64_t)e->not_before_ms, 8);
    put_number(out, (uint64_t)e->first_ms, 8);
    buf_put(out, e->id.b, sizeof e->id.b);
    put_number(out, reason.n, 2);
    buf_put(out, reason.p, reason.n);
    put_number(out, e->payload.n, 4);
    buf_put(out, e->payload.p, e->payload.n);
}

/* What is left to read; `failed` once something was not there. */
struct reader {
    struct str rest;
    bool failed;
};

static struct str take(struct reader *r, size_t n)
{
    if (r->failed || r->rest.n < n) {
        r->failed = true;
        return STR_NONE;
    }
    struct str s = {r->rest.p, n};
    r->rest = (struct str){r->rest.p + n, r->rest.n - n};
    return s;
}

static uint64_t take_number(struct reader *r, unsigned bytes)
{
    struct str s = take(r, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++)
        value = value << 8 | (unsigned char)s.p[i];
    return value;
}

static bool is_sane(const struct envelope *e)
{
    return e->kind > 0 && e->kind < ENVELOPE_KINDS && e->attempt <= ENVELOPE_ATTEMPTS_MAX &&
           e->not_before_ms >= 0 && e->first_ms >= 0 && e->reason.n <= ENVELOPE_REASON_MAX &&
           str_is_utf8(e->reason) && e->payload.n <= ENVELOPE_PAYLOAD_MAX;
}

bool envelope_decode(struct str bytes, struct envelope *out)
{
    struct reader r = {bytes, false};
    if (take_number(&r, 1) != ENVELOPE_VERSION)
        return false;
    *out = (struct envelope){.kind = (enum envelope_kind)take_number(&r, 1)};
    out->attempt = (unsigned)take_number(&r, 2);
    out->not_before_ms = (int64_t)take_number(&r, 8);
    out->first_ms = (int64_t)take_number(&r, 8);
    struct str id = take(&r, sizeof out->id.b);
    if (!r.failed)
        memcpy(out->id.b, id.p, id.n);
    out->reason = take(&r, take_number(&r, 2));
    out->payload = take(&r, take_number(&r, 4));
    return !r.failed && r.rest.n == 0 && is_sane(out);
}
