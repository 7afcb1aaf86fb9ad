#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_LINE_BYTES 2048

static atomic_int threshold = LOG_INFO;
static atomic_int as_json = 1;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level level, int json)
{
    atomic_store(&threshold, (int)level);
    atomic_store(&as_json, json < 0 ? !isatty(STDERR_FILENO) : json);
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

struct line {
    char p[LOG_LINE_BYTES];
    size_t n;
};

/* Leaves room for the end of the line, so that a cut line is still one line of JSON or text. */
static void line_put(struct line *l, const char *p, size_t n)
{
    size_t room = sizeof l->p - 8 - l->n;
    if (n > room)
        n = room;
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void line_puts(struct line *l, const char *s)
{
    line_put(l, s, strlen(s));
}

static void line_put_escaped(struct line *l, struct str s)
{
    for (size_t i = 0; i < s.n && l->n + 16 < sizeof l->p; i++) {
        unsigned char c = (unsigned char)s.p[i];
        char escape[8];
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else if (c < 0x20 || c >= 0x7F)
            snprintf(escape, sizeof escape, "\\u%04x", c);
        else
            snprintf(escape, sizeof escape, "%c", c);
        line_puts(l, escape);
    }
}

static void line_put_json(struct line *l, const struct log_field *f)
{
    char number[24];
    line_puts(l, ",\"");
    line_puts(l, f->key);
    line_puts(l, "\":");
    if (f->type == LOG_FIELD_INT) {
        snprintf(number, sizeof number, "%lld", (long long)f->i);
        line_puts(l, number);
        return;
    }
    line_puts(l, "\"");
    line_put_escaped(l, f->s);
    line_puts(l, "\"");
}

static void line_put_text(struct line *l, const struct log_field *f)
{
    char number[24];
    line_puts(l, " ");
    line_puts(l, f->key);
    line_puts(l, "=");
    if (f->type == LOG_FIELD_INT) {
        snprintf(number, sizeof number, "%lld", (long long)f->i);
        line_puts(l, number);
    } else {
        line_put_escaped(l, f->s);
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    bool json = atomic_load_explicit(&as_json, memory_order_relaxed) != 0;
    char time[CLOCK_RFC3339_SIZE];
    struct line l = {.n = 0};
    clock_rfc3339(clock_wall_us(&clock_system), 6, time);
    line_puts(&l, json ? "{\"time\":\"" : "");
    line_puts(&l, time);
    line_puts(&l, json ? "\",\"level\":\"" : " ");
    line_puts(&l, level_names[level]);
    line_puts(&l, json ? "\",\"event\":\"" : " ");
    line_puts(&l, event);
    line_puts(&l, json ? "\"" : "");
    for (size_t i = 0; i < n; i++)
        (json ? line_put_json : line_put_text)(&l, &fields[i]);
    if (json)
        l.p[l.n++] = '}';
    l.p[l.n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, l.p, l.n);
    (void)ignored;
}
