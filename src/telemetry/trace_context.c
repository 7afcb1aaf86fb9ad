#include "telemetry/trace_context.h"

#include <inttypes.h>
#include <stdio.h>

#define VERSION_INVALID 0xFF

/* Lower case only, as the grammar has it. */
static bool hex_take(struct str *s, unsigned digits, uint64_t *out)
{
    uint64_t value = 0;
    if (s->n < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        char c = s->p[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else
            return false;
        value = value << 4 | digit;
    }
    s->p += digits;
    s->n -= digits;
    *out = value;
    return true;
}

static bool dash_take(struct str *s)
{
    if (s->n == 0 || *s->p != '-')
        return false;
    s->p++;
    s->n--;
    return true;
}

bool traceparent_parse(struct str text, struct trace_context *out)
{
    uint64_t version, flags;
    struct trace_context c;
    struct str s = text;
    bool ok = hex_take(&s, 2, &version) && version != VERSION_INVALID && dash_take(&s) &&
              hex_take(&s, 16, &c.trace[0]) && hex_take(&s, 16, &c.trace[1]) && dash_take(&s) &&
              hex_take(&s, 16, &c.span) && dash_take(&s) && hex_take(&s, 2, &flags);
    if (!ok || !trace_context_is_set(&c) || c.span == 0)
        return false;
    if (s.n > 0 && (version == 0 || *s.p != '-'))
        return false;
    c.flags = flags & TRACE_SAMPLED;
    *out = c;
    return true;
}

void traceparent_format(const struct trace_context *c, char out[TRACEPARENT_LEN + 1])
{
    snprintf(out, TRACEPARENT_LEN + 1, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-%02x",
             c->trace[0], c->trace[1], c->span, (unsigned)(c->flags & 0xFF));
}

void trace_id_format(const struct trace_context *c, char out[TRACE_ID_TEXT_LEN + 1])
{
    snprintf(out, TRACE_ID_TEXT_LEN + 1, "%016" PRIx64 "%016" PRIx64, c->trace[0], c->trace[1]);
}
