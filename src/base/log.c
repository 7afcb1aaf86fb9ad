#include "base/log.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_LINE_BYTES 2048
/* Two closing quotes (of the event or a field, when either was cut), the mark and the end. */
#define LOG_END_BYTES 24

static atomic_int threshold = LOG_INFO;
static atomic_int as_json = 1;
static _Atomic(log_trace_f) trace_id;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level level, int json)
{
    atomic_store(&threshold, (int)level);
    atomic_store(&as_json, json < 0 ? !isatty(STDERR_FILENO) : json);
}

void log_set_trace(log_trace_f trace)
{
    atomic_store(&trace_id, trace);
}

bool log_level_parse(struct str name, enum log_level *out)
{
    for (int i = 0; i <= LOG_ERROR; i++)
        if (str_eq(name, str_of(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

/* A line as it grows. What does not fit any more sets `cut`, and nothing is added after that but
 * the end, for which there is always room: a cut line is still one line of JSON or text. */
struct line {
    char p[LOG_LINE_BYTES];
    size_t n;
    bool cut;
};

static void line_put(struct line *l, const char *p, size_t n)
{
    l->cut = l->cut || l->n + n > sizeof l->p - LOG_END_BYTES;
    if (l->cut)
        return;
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void line_puts(struct line *l, const char *s)
{
    line_put(l, s, strlen(s));
}

static void line_put_int(struct line *l, int64_t v)
{
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)v);
    line_puts(l, number);
}

static void line_end(struct line *l, const char *s)
{
    size_t n = strlen(s);
    assert(n <= sizeof l->p - l->n);
    memcpy(l->p + l->n, s, n);
    l->n += n;
}

/* The first character of `s` and how long it is; the length is 1 for a byte that is not UTF-8.
 * What must not reach a terminal or a JSON string is replaced by an escape: quotes, controls (C1
 * too, which some terminals obey) and bytes that are not UTF-8. */
static size_t line_put_char(struct line *l, struct str s)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t len = str_utf8_first(s);
    char escape[8];
    if (c == '"' || c == '\\') {
        snprintf(escape, sizeof escape, "\\%c", c);
        line_puts(l, escape);
    } else if (len == 0 || c < 0x20 || c == 0x7F) {
        snprintf(escape, sizeof escape, "\\u%04x", c);
        line_puts(l, escape);
    } else if (c == 0xC2 && (unsigned char)s.p[1] < 0xA0) {
        snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)s.p[1]);
        line_puts(l, escape);
    } else {
        line_put(l, s.p, len);
    }
    return len == 0 ? 1 : len;
}

static void line_put_escaped(struct line *l, struct str s)
{
    for (size_t i = 0; i < s.n && !l->cut;)
        i += line_put_char(l, (struct str){s.p + i, s.n - i});
}

/* A field is there with its beginning and its end, or not at all; only text is cut in between. */
static void line_put_field(struct line *l, const struct log_field *f, bool json)
{
    size_t before = l->n;
    bool is_text = f->type == LOG_FIELD_STR;
    line_puts(l, json ? ",\"" : " ");
    line_puts(l, f->key);
    line_puts(l, !json ? "=" : is_text ? "\":\"" : "\":");
    if (!is_text)
        line_put_int(l, f->i);
    if (l->cut) {
        l->n = before;
        return;
    }
    if (is_text) {
        line_put_escaped(l, f->s);
        line_end(l, json ? "\"" : "");
    }
}

static void line_put_head(struct line *l, enum log_level level, const char *event, bool json)
{
    char time[CLOCK_RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(&clock_system), 6, time);
    line_puts(l, json ? "{\"time\":\"" : "");
    line_puts(l, time);
    line_puts(l, json ? "\",\"level\":\"" : " ");
    line_puts(l, level_names[level]);
    line_puts(l, json ? "\",\"event\":\"" : " ");
    line_put_escaped(l, str_of(event));
    line_end(l, json ? "\"" : "");
}

static void line_put_trace(struct line *l, bool json)
{
    char id[LOG_TRACE_SIZE];
    log_trace_f trace = atomic_load_explicit(&trace_id, memory_order_relaxed);
    if (trace == NULL || !trace(id))
        return;
    const struct log_field f = LOG_S("trace_id", id);
    line_put_field(l, &f, json);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    bool json = atomic_load_explicit(&as_json, memory_order_relaxed) != 0;
    struct line l;
    l.n = 0;
    l.cut = false;
    line_put_head(&l, level, event, json);
    for (size_t i = 0; i < n; i++)
        line_put_field(&l, &fields[i], json);
    line_put_trace(&l, json);
    if (l.cut)
        line_end(&l, json ? ",\"cut\":true" : " ...");
    line_end(&l, json ? "}\n" : "\n");
    ssize_t ignored = write(STDERR_FILENO, l.p, l.n);
    (void)ignored;
}
