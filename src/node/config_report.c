#include "node/config_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "node/config_key.h"

#define PROBLEM_BYTES_MAX 1024

void config_report_init(struct config_report *r)
{
    r->n = 0;
    r->errors = 0;
}

void config_report_fini(struct config_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        mem_free(r->problems[i].text);
    config_report_init(r);
}

void config_where_print(const struct config_where *where, const char *path, struct buf *out)
{
    char env[CONFIG_ENV_SIZE];
    switch (where->layer) {
    case LAYER_DEFAULT:
        buf_puts(out, "default");
        break;
    case LAYER_FILE:
        buf_printf(out, "%s:%u", where->name, where->line);
        break;
    case LAYER_ENVIRONMENT:
        config_key_env(config_key_find(path), env);
        buf_puts(out, env);
        break;
    case LAYER_FLAG:
        buf_puts(out, where->name);
        break;
    }
}

/* A variable and a flag say by their names which key they are. */
static void put_subject(struct buf *line, const struct config_where *where, const char *path)
{
    enum config_layer layer = where == NULL ? LAYER_DEFAULT : where->layer;
    if (layer != LAYER_DEFAULT) {
        config_where_print(where, path, line);
        buf_puts(line, ": ");
    }
    if (layer <= LAYER_FILE && path[0] != '\0')
        buf_printf(line, "%s: ", path);
}

void config_report_add(struct config_report *r, bool is_error, const struct config_where *where,
                       const char *path, const char *fmt, ...)
{
    char sentence[PROBLEM_BYTES_MAX];
    struct buf line;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    if (is_error)
        r->errors++;
    if (r->n > CONFIG_PROBLEMS_MAX)
        return;
    buf_init(&line, 2 * PROBLEM_BYTES_MAX);
    if (r->n < CONFIG_PROBLEMS_MAX)
        put_subject(&line, where, path);
    buf_puts(&line, r->n < CONFIG_PROBLEMS_MAX ? sentence : "and more");
    for (size_t i = 0; i < line.n; i++) /* a value may hold anything; this goes to a terminal */
        if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F)
            line.p[i] = '?';
    r->problems[r->n++] = (struct config_problem){is_error, mem_strndup(line.p, line.n)};
    buf_fini(&line);
}
