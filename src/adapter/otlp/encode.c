#include "adapter/otlp/encode.h"

#include <inttypes.h>

#define STATUS_ERROR 2 /* opentelemetry.proto.trace.v1.Status.StatusCode */

static void put_text(struct buf *out, const char *s)
{
    buf_putc(out, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_putc(out, '\\');
        if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_putc(out, *s);
    }
    buf_putc(out, '"');
}

/* ---- Attributes ---- */

/* Begins the next element of an array that began at `start`. */
static void put_comma(struct buf *out, size_t start)
{
    if (out->n > start)
        buf_putc(out, ',');
}

static void put_text_attr(struct buf *out, size_t start, const char *key, const char *value)
{
    put_comma(out, start);
    buf_printf(out, "{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
    put_text(out, value);
    buf_puts(out, "}}");
}

/* 64-bit numbers are strings in the JSON mapping. */
static void put_number_attr(struct buf *out, size_t start, const char *key, int64_t value)
{
    put_comma(out, start);
    buf_printf(out, "{\"key\":\"%s\",\"value\":{\"intValue\":\"%" PRId64 "\"}}", key, value);
}

static void put_attrs(struct buf *out, const struct trace_span *s)
{
    buf_puts(out, ",\"attributes\":[");
    size_t start = out->n;
    for (unsigned i = 0; i < s->n_attrs; i++) {
        const struct trace_attr *a = &s->attrs[i];
        if (a->text != NULL)
            put_text_attr(out, start, a->key, a->text);
        else
            put_number_attr(out, start, a->key, a->number);
    }
    if (s->error != NULL)
        put_text_attr(out, start, "error.type", s->error);
    if (s->is_request)
        put_text_attr(out, start, "parley.kept_for",
                      trace_context_is_sampled(&s->parents.of[0]) ? "ratio" : "slowness");
    buf_putc(out, ']');
}

/* ---- Spans ---- */

static void put_ids(struct buf *out, const struct trace_context *c, uint64_t span)
{
    char trace[TRACE_ID_TEXT_LEN + 1];
    trace_id_format(c, trace);
    buf_printf(out, "\"traceId\":\"%s\",\"spanId\":\"%016" PRIx64 "\"", trace, span);
}

static void put_link(struct buf *out, size_t start, const struct trace_context *c, uint64_t span)
{
    put_comma(out, start);
    buf_putc(out, '{');
    put_ids(out, c, span);
    buf_putc(out, '}');
}

/* Of copy `i`: to the other copies, or to what the client says it belongs to. */
static void put_links(struct buf *out, const struct trace_span *s, unsigned i)
{
    if (s->parents.n == 1 && !s->has_link)
        return;
    buf_puts(out, ",\"links\":[");
    size_t start = out->n;
    for (unsigned k = 0; k < s->parents.n; k++)
        if (k != i)
            put_link(out, start, &s->parents.of[k], s->id + k);
    if (s->has_link)
        put_link(out, start, &s->parents.of[1], s->parents.of[1].span);
    buf_putc(out, ']');
}

static void put_span(struct buf *out, const struct trace_span *s, unsigned i, int64_t epoch_us)
{
    const struct trace_context *parent = &s->parents.of[i];
    buf_putc(out, '{');
    put_ids(out, parent, s->id + i);
    if (parent->span != 0)
        buf_printf(out, ",\"parentSpanId\":\"%016" PRIx64 "\"", parent->span);
    buf_printf(out,
               ",\"name\":\"%s\",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64
               "000\",\"endTimeUnixNano\":\"%" PRId64 "000\"",
               s->name, (int)s->kind, s->begun_us + epoch_us, s->ended_us + epoch_us);
    put_attrs(out, s);
    put_links(out, s, i);
    if (s->error != NULL)
        buf_printf(out, ",\"status\":{\"code\":%d}", STATUS_ERROR);
    buf_putc(out, '}');
}

static void put_resource(struct buf *out, const struct otlp_resource *r)
{
    buf_puts(out, "\"resource\":{\"attributes\":[");
    size_t start = out->n;
    put_text_attr(out, start, "service.name", r->service);
    put_text_attr(out, start, "service.version", r->version);
    put_text_attr(out, start, "service.instance.id", r->node);
    buf_puts(out, "]}");
}

void otlp_encode(const struct otlp_resource *r, const struct trace_span *spans, size_t n,
                 int64_t epoch_us, struct buf *out)
{
    buf_puts(out, "{\"resourceSpans\":[{");
    put_resource(out, r);
    buf_puts(out, ",\"scopeSpans\":[{\"scope\":{\"name\":\"parley\",\"version\":");
    put_text(out, r->version);
    buf_puts(out, "},\"spans\":[");
    size_t start = out->n;
    for (size_t i = 0; i < n; i++)
        for (unsigned copy = 0; copy < spans[i].parents.n; copy++) {
            put_comma(out, start);
            put_span(out, &spans[i], copy, epoch_us);
        }
    buf_puts(out, "]}]}]}");
}
