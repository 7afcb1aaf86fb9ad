#include "node/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "node/config_check.h"
#include "node/config_expand.h"
#include "node/config_key.h"
#include "node/config_report.h"
#include "node/config_value.h"
#include "node/config_yaml.h"

#define WHY_BYTES_MAX 1024

struct load {
    struct config_yaml_handler super;
    struct config *c;
    struct config_report *report;
    const char *file;
    char **env;
};

static void load_default(struct load *l, const struct config_key *key)
{
    struct str item = str_of(key->fallback);
    bool is_set = key->type == CONFIG_IGNORED || key->type == CONFIG_ALIAS;
    bool is_number = key->type == CONFIG_UINT || key->type == CONFIG_SIZE;
    if (is_set || (is_number && item.n == 0))
        return;
    struct buf why;
    buf_init(&why, WHY_BYTES_MAX);
    bool good = config_value_set(l->c, key, &(struct config_text){&item, 1, false}, &why);
    assert(good);
    buf_fini(&why);
}

/* Says that there is no such key or section, and which one might be meant. */
static void report_unknown(struct load *l, const struct config_where *where, const char *path,
                           bool is_section)
{
    char near[CONFIG_PATH_SIZE];
    const char *what = is_section ? "section" : "key";
    if (config_key_nearest(path, is_section, near))
        config_report_add(l->report, true, where, path, "there is no such %s; did you mean %s?",
                          what, near);
    else
        config_report_add(l->report, true, where, path, "there is no such %s", what);
}

static bool on_file_section(struct config_yaml_handler *self, const char *path, unsigned line)
{
    struct load *l = MEM_OWNER(self, struct load, super);
    struct config_where where = {LAYER_FILE, line, l->file};
    if (config_key_is_section(path))
        return true;
    if (config_key_find(path) != NULL)
        config_report_add(l->report, true, &where, path, "a value is expected, not a section");
    else
        report_unknown(l, &where, path, true);
    return false;
}

/* One value from one source. */
static void load_value(struct load *l, const struct config_key *key, const struct config_text *text,
                       const struct config_where *where)
{
    struct buf why;
    const struct config_key *meant = config_key_resolve(key);
    struct config_where *said = &l->c->where[config_key_index(meant)];
    if (key->type == CONFIG_IGNORED) {
        config_report_add(l->report, false, where, key->path, "has no effect here. %s", key->text);
        return;
    }
    if (where->layer == LAYER_FILE && said->layer == LAYER_FILE) {
        config_report_add(l->report, true, where, key->path, "was said on line %u as well",
                          said->line);
        return;
    }
    buf_init(&why, WHY_BYTES_MAX);
    if (config_value_set(l->c, meant, text, &why))
        *said = *where;
    else
        config_report_add(l->report, true, where, key->path, "%.*s", STR_FMT(buf_str(&why)));
    buf_fini(&why);
}

/* Replaces the references in every item; all items end up in `bytes`. False: reported. */
static bool expand_items(struct load *l, const struct config_text *text, struct str *items,
                         struct buf *bytes, struct buf *why)
{
    size_t ends[CONFIG_LIST_MAX];
    for (size_t i = 0; i < text->n; i++) {
        if (!config_expand(text->items[i], l->env, bytes, why))
            return false;
        ends[i] = bytes->n;
    }
    if (bytes->failed) {
        buf_puts(why, "the value is too long");
        return false;
    }
    for (size_t i = 0, at = 0; i < text->n; at = ends[i++])
        items[i] = (struct str){bytes->p + at, ends[i] - at};
    return true;
}

static void on_file_value(struct config_yaml_handler *self, const char *path,
                          const struct config_text *text, unsigned line)
{
    struct load *l = MEM_OWNER(self, struct load, super);
    struct config_where where = {LAYER_FILE, line, l->file};
    const struct config_key *key = config_key_find(path);
    if (key == NULL && config_key_is_section(path))
        config_report_add(l->report, true, &where, path, "is a section: keys are expected");
    else if (key == NULL)
        report_unknown(l, &where, path, false);
    if (key == NULL)
        return;
    struct str items[CONFIG_LIST_MAX];
    struct buf bytes, why;
    buf_init(&bytes, CONFIG_FORMAT_BYTES_MAX);
    buf_init(&why, WHY_BYTES_MAX);
    if (key->type == CONFIG_IGNORED || expand_items(l, text, items, &bytes, &why))
        load_value(l, key, &(struct config_text){items, text->n, text->is_list}, &where);
    else
        config_report_add(l->report, true, &where, path, "%.*s", STR_FMT(buf_str(&why)));
    buf_fini(&why);
    buf_fini(&bytes);
}

static void on_file_error(struct config_yaml_handler *self, const char *path, unsigned line,
                          const char *why)
{
    struct load *l = MEM_OWNER(self, struct load, super);
    config_report_add(l->report, true, &(struct config_where){LAYER_FILE, line, l->file}, path,
                      "%s", why);
}

/* Reads what there is, up to the limit. False: reported. */
static bool read_file(struct load *l, struct buf *text)
{
    struct config_where where = {LAYER_FILE, 0, l->file};
    FILE *f = fopen(l->file, "re");
    size_t got = 1;
    while (f != NULL && got > 0 && !text->failed) {
        char *at = buf_reserve(text, 4096);
        if (at == NULL)
            break;
        got = fread(at, 1, 4096, f);
        text->n += got;
    }
    bool failed = f == NULL || ferror(f) || text->failed;
    if (text->failed)
        config_report_add(l->report, true, NULL, l->file, "is larger than %u bytes",
                          CONFIG_FILE_BYTES_MAX);
    else if (failed)
        config_report_add(l->report, true, NULL, where.name, "%s", strerror(errno));
    if (f != NULL)
        fclose(f);
    return !failed;
}

static void load_file(struct load *l)
{
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX + 4096);
    if (read_file(l, &text))
        config_yaml_read(buf_str(&text), &l->super);
    buf_fini(&text);
}

static const struct config_key *key_of_variable(struct str name)
{
    char env[CONFIG_ENV_SIZE];
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        config_key_env(&config_keys[i], env);
        if (str_eq(name, str_of(env)))
            return &config_keys[i];
    }
    return NULL;
}

static void load_environ(struct load *l)
{
    for (char **e = l->env; e != NULL && *e != NULL; e++) {
        const char *equals = strchr(*e, '=');
        if (strncmp(*e, "PARLEY_", 7) != 0 || equals == NULL || equals[1] == '\0')
            continue;
        struct str name = {*e, (size_t)(equals - *e)}, value = str_of(equals + 1);
        const struct config_key *key = key_of_variable(name);
        if (key == NULL) {
            config_report_add(l->report, false, NULL, "", "%.*s: names no setting", STR_FMT(name));
            continue;
        }
        struct config_where where = {LAYER_ENVIRONMENT, 0, NULL};
        load_value(l, key, &(struct config_text){&value, 1, false}, &where);
    }
}

static void load_flags(struct load *l, const struct config_override *flags, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct config_key *key = config_key_find(flags[i].path);
        struct str value = str_of(flags[i].value);
        assert(key != NULL);
        struct config_where where = {LAYER_FLAG, 0, flags[i].flag};
        load_value(l, key, &(struct config_text){&value, 1, false}, &where);
    }
}

enum err config_load(struct config *out, const char *file, char **env,
                     const struct config_override *flags, size_t n, struct config_report *report)
{
    struct load l = {{on_file_section, on_file_value, on_file_error}, out, report, file, env};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        load_default(&l, &config_keys[i]);
    if (file != NULL)
        load_file(&l);
    load_environ(&l);
    load_flags(&l, flags, n);
    config_check(out, report);
    return report->errors == 0 ? ERR_OK : ERR_BAD_REQUEST;
}

void config_fini(struct config *c)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        config_value_free(c, &config_keys[i]);
    mem_free(c->server.listen_host);
    c->server.listen_host = NULL;
}

size_t config_compare(const struct config *running, const struct config *fresh,
                      struct config_report *report)
{
    size_t taken = 0;
    struct buf a, b;
    buf_init(&a, CONFIG_FORMAT_BYTES_MAX);
    buf_init(&b, CONFIG_FORMAT_BYTES_MAX);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = &config_keys[i];
        buf_clear(&a);
        buf_clear(&b);
        config_value_format(running, key, &a);
        config_value_format(fresh, key, &b);
        if (str_eq(buf_str(&a), buf_str(&b)))
            continue;
        if (key->flags & CONFIG_RELOAD)
            taken++;
        else
            config_report_add(report, false, &fresh->where[i], key->path,
                              "takes effect after a restart");
    }
    buf_fini(&a);
    buf_fini(&b);
    return taken;
}
