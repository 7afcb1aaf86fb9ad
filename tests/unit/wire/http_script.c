#include "http_script.h"

#include <assert.h>

#include "base/mem.h"
#include "wire/http_fault.h"

#define PIECE_MAX 30

static const struct {
    const char *name, *reason;
} faults[] = {
#define FAULT_ROW(name, status, reason) {&#name[sizeof "HTTP_FAULT_" - 1], reason},
    HTTP_FAULT_TABLE(FAULT_ROW)
#undef FAULT_ROW
};

static const char *fault_name(const char *reason)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].reason, reason) == 0)
            return faults[i].name;
    return "UNKNOWN";
}

static void put_bytes(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] > ' ' && s.p[i] <= '~')
            buf_putc(out, s.p[i]);
        else
            buf_printf(out, "\\%02x", (unsigned char)s.p[i]);
    }
}

static void put_separator(struct buf *out)
{
    if (out->n > 0)
        buf_putc(out, ' ');
}

static void put_request(struct buf *out, const struct http_request *r, bool fields)
{
    put_separator(out);
    put_bytes(out, r->method);
    buf_putc(out, ' ');
    put_bytes(out, r->target);
    if (r->body.n > 0) {
        buf_puts(out, " +");
        put_bytes(out, r->body);
    }
    buf_puts(out, r->version_1_0 ? " 1.0" : "");
    buf_puts(out, r->keep_alive ? "" : " close");
    buf_puts(out, r->expect_continue ? " expect" : "");
    buf_puts(out, r->upgrade_websocket ? " upgrade" : "");
    for (size_t i = 0; fields && i < r->n_fields; i++) {
        buf_putc(out, ' ');
        put_bytes(out, r->fields[i].name);
        buf_putc(out, '=');
        put_bytes(out, r->fields[i].value);
    }
}

/* Feeds one piece; false when the stream ends here. */
static bool piece_feed(struct http_parser *p, const char *piece, size_t n, bool fields,
                       struct buf *out)
{
    size_t at = 0;
    for (;;) {
        size_t used;
        enum http_result result = http_parse(p, piece + at, n - at, &used);
        assert(used <= n - at);
        at += used;
        if (result == HTTP_MORE) {
            assert(at == n);
            return true;
        }
        if (result == HTTP_ERROR) {
            put_separator(out);
            buf_printf(out, "!%d %s", http_parser_status(p), fault_name(http_parser_reason(p)));
            assert(http_parse(p, piece, 0, &used) == HTTP_ERROR && !http_parser_is_midway(p));
            return false;
        }
        assert(http_parser_is_midway(p) == (result == HTTP_HEAD));
        if (result == HTTP_DONE) {
            bool upgrade = http_parser_request(p)->upgrade_websocket;
            put_request(out, http_parser_request(p), fields);
            http_parser_next(p);
            if (upgrade)
                return false;
        }
    }
}

static size_t piece_len(struct http_cut cut, size_t at, size_t left)
{
    size_t n = left;
    if (cut.rand != NULL)
        n = (size_t)rand_next_below(cut.rand, PIECE_MAX);
    else if (cut.every > 0)
        n = cut.every;
    else if (cut.at > at)
        n = cut.at - at;
    return n < left ? n : left;
}

void http_script_run(const struct http_limits *limits, struct str stream, struct http_cut cut,
                     bool fields, struct buf *out)
{
    struct http_parser *p = http_parser_new(limits);
    size_t at = 0;
    bool alive = true;
    while (alive && at < stream.n) {
        size_t n = piece_len(cut, at, stream.n - at);
        char *piece = mem_alloc(n > 0 ? n : 1);
        if (n > 0)
            memcpy(piece, stream.p + at, n);
        alive = piece_feed(p, piece, n, fields, out);
        mem_free(piece);
        at += n;
    }
    if (alive && http_parser_is_midway(p)) {
        put_separator(out);
        buf_putc(out, '?');
    }
    http_parser_free(p);
    buf_putc(out, '\0');
    out->n--;
}
