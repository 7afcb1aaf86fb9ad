#include "delivery/http/response.h"

#include <assert.h>
#include <time.h>

#include "wire/frame.h"
#include "wire/gzip.h"
#include "wire/http.h"

#define FIELDS_BYTES_MAX     8192
#define RETRY_AFTER_MS_LEAST 1000 /* told where an error has no hint of its own */

void response_init(struct response *r)
{
    *r = (struct response){.status = 200};
    buf_init(&r->body, HTTP_ANSWER_BYTES_MAX);
    buf_init(&r->fields, FIELDS_BYTES_MAX);
}

void response_fini(struct response *r)
{
    buf_fini(&r->body);
    buf_fini(&r->fields);
    bytes_unref(r->shared);
    r->shared = NULL;
}

void response_reset(struct response *r)
{
    response_fini(r);
    response_init(r);
}

struct buf *response_success_open(struct response *r, const char *message)
{
    r->status = 200;
    buf_puts(&r->body, "{\"status\":\"success\",\"message\":");
    json_put_string(&r->body, str_of(message));
    return &r->body;
}

void response_success(struct response *r, const char *message)
{
    buf_putc(response_success_open(r, message), '}');
}

struct buf *response_data_begin(struct response *r, const char *message)
{
    buf_puts(response_success_open(r, message), ",\"data\":");
    return &r->body;
}

void response_data_end(struct response *r)
{
    buf_putc(&r->body, '}');
}

static void fail_put(struct response *r, int status, const char *text, const char *code,
                     uint32_t retry_after_ms)
{
    if (retry_after_ms == 0 && (status == 429 || status == 503))
        retry_after_ms = RETRY_AFTER_MS_LEAST;
    response_reset(r);
    r->status = status;
    r->retry_after_ms = retry_after_ms;
    buf_puts(&r->body, "{\"status\":\"fail\",\"message\":");
    json_put_string(&r->body, str_of(text));
    buf_puts(&r->body, ",\"code\":");
    json_put_string(&r->body, str_of(code));
    if (retry_after_ms > 0)
        buf_printf(&r->body, ",\"retry_after_ms\":%u", retry_after_ms);
}

struct buf *response_fail_open(struct response *r, const struct fault *f)
{
    assert(f->err != ERR_OK);
    fail_put(r, err_status(f->err), fault_text(f), err_code(f->err), f->retry_after_ms);
    return &r->body;
}

void response_fail(struct response *r, const struct fault *f)
{
    buf_putc(response_fail_open(r, f), '}');
}

void response_fail_err(struct response *r, enum err e)
{
    struct fault f;
    fault_set(&f, e, NULL);
    response_fail(r, &f);
}

void response_refuse(struct response *r, int status, const char *text)
{
    bool too_large = status == 413 || status == 414 || status == 431;
    enum err e = too_large ? ERR_TOO_LARGE : ERR_BAD_REQUEST;
    fail_put(r, status, text, err_code(e), 0);
    buf_putc(&r->body, '}');
}

/* ---- Compression ---- */

void response_compress(struct response *r, bool accepted)
{
    if (r->shared != NULL || r->type != NULL || r->body.failed || r->body.n < HTTP_GZIP_BYTES_MIN)
        return;
    r->varies_by_coding = true;
    if (!accepted || (r->shared = gzip_bytes(buf_str(&r->body))) == NULL)
        return;
    r->gzip = true;
    buf_fini(&r->body);
}

/* ---- The head ---- */

static void date_put(struct buf *out, int64_t now_s)
{
    time_t t = (time_t)now_s;
    struct tm tm;
    char text[64];
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    buf_puts(out, text);
}

static void vary_put(struct buf *out, bool origin, bool coding)
{
    if (origin || coding)
        buf_printf(out, "Vary: %s%s%s\r\n", origin ? "Origin" : "", origin && coding ? ", " : "",
                   coding ? "Accept-Encoding" : "");
}

static void access_put(struct buf *out, struct str origin)
{
    if (origin.n == 0)
        return;
    buf_puts(out, "Access-Control-Allow-Origin: ");
    buf_put(out, origin.p, origin.n);
    buf_puts(out, "\r\nAccess-Control-Expose-Headers: Retry-After\r\n");
}

size_t response_length(const struct response *r)
{
    return r->shared != NULL ? r->shared->len : r->body.n;
}

void response_head(const struct response *r, const struct response_frame *frame, struct buf *out)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
    date_put(out, frame->now_s);
    if (r->status >= 200 && r->status != 204 && r->status != 304) {
        buf_printf(out, "Content-Type: %s\r\n",
                   r->type == NULL ? "application/json; charset=utf-8" : r->type);
        buf_printf(out, "Content-Length: %zu\r\n", response_length(r));
    }
    if (r->gzip)
        buf_puts(out, "Content-Encoding: gzip\r\n");
    if (r->retry_after_ms > 0)
        buf_printf(out, "Retry-After: %u\r\n", (r->retry_after_ms + 999) / 1000);
    access_put(out, frame->allow_origin);
    vary_put(out, frame->varies_by_origin, r->varies_by_coding);
    if (r->status >= 200)
        buf_printf(out,
                   "Cache-Control: %s\r\n"
                   "X-Content-Type-Options: nosniff\r\n"
                   "Referrer-Policy: %s\r\n",
                   r->cache == NULL ? "no-store" : r->cache,
                   r->referrer == NULL ? "no-referrer" : r->referrer);
    if (r->fields.n > 0)
        buf_put(out, r->fields.p, r->fields.n);
    if (frame->close)
        buf_puts(out, "Connection: close\r\n");
    else if (frame->say_keep_alive)
        buf_puts(out, "Connection: keep-alive\r\n");
    buf_puts(out, "\r\n");
}
