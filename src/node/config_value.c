#include "node/config_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

static void *field(struct config *c, const struct config_key *key)
{
    return (char *)c + key->offset;
}

static const void *field_of(const struct config *c, const struct config_key *key)
{
    return (const char *)c + key->offset;
}

static struct str trimmed(struct str s)
{
    while (s.n > 0 && isspace((unsigned char)s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool set_string(char **to, struct str s)
{
    mem_free(*to);
    *to = mem_strndup(s.p, s.n);
    return true;
}

static bool set_bool(bool *to, struct str s, struct buf *why)
{
    static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};
    for (size_t value = 0; value < 2; value++)
        for (size_t i = 0; i < 3; i++)
            if (str_eq_nocase(s, str_of(words[value][i]))) {
                *to = value == 1;
                return true;
            }
    buf_printf(why, "\"%.*s\" is neither true nor false", STR_FMT(s));
    return false;
}

static bool parse_number(const struct config_key *key, struct str s, uint64_t *out, struct buf *why)
{
    unsigned long long v = 0;
    bool is_number = str_to_u64(s, &v), is_signed = false;
    if (!is_number && s.n > 1 && s.p[0] == '-')
        is_signed = str_to_u64((struct str){s.p + 1, s.n - 1}, &v);
    if (!is_number && !is_signed) {
        buf_printf(why, "\"%.*s\" is not a whole number", STR_FMT(s));
        return false;
    }
    if (is_signed || v < key->lo || v > key->hi) {
        buf_printf(why, "%.*s is out of range (%" PRIu64 "..%" PRIu64 "%s%s)", STR_FMT(s), key->lo,
                   key->hi, key->unit[0] != '\0' ? " " : "", key->unit);
        return false;
    }
    *out = v;
    return true;
}

static bool set_uint(const struct config_key *key, uint32_t *to, struct str s, struct buf *why)
{
    uint64_t v;
    if (!parse_number(key, s, &v, why))
        return false;
    *to = (uint32_t)v;
    return true;
}

static bool set_ratio(double *to, struct str s, struct buf *why)
{
    char text[32], *end = text;
    double v = -1;
    if (str_copy(s, text, sizeof text))
        v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v >= 0 && v <= 1)) {
        buf_printf(why, "\"%.*s\" is not a number from 0 to 1", STR_FMT(s));
        return false;
    }
    *to = v;
    return true;
}

/* The `i`th of "a|b|c"; empty behind the last. */
static struct str choice(const char *choices, unsigned i)
{
    while (i-- > 0) {
        choices += strcspn(choices, "|");
        choices += *choices == '|';
    }
    return (struct str){choices, strcspn(choices, "|")};
}

static bool find_choice(const struct config_key *key, struct str s, unsigned *out, struct buf *why)
{
    struct str c;
    for (unsigned i = 0; (c = choice(key->choices, i)).n > 0; i++)
        if (str_eq(c, s)) {
            *out = i;
            return true;
        }
    buf_printf(why, "\"%.*s\" is not one of %s", STR_FMT(s), key->choices);
    return false;
}

/* The parts of a list, or of one text with commas; empty ones are left out. False: too many. */
static bool split(const struct config_text *text, struct str out[CONFIG_LIST_MAX], size_t *n,
                  struct buf *why)
{
    *n = 0;
    for (size_t i = 0; i < text->n; i++) {
        struct str rest = text->items[i];
        while (rest.n > 0) {
            const char *comma = text->is_list ? NULL : memchr(rest.p, ',', rest.n);
            size_t len = comma == NULL ? rest.n : (size_t)(comma - rest.p);
            struct str part = trimmed((struct str){rest.p, len});
            rest.p += len + (comma != NULL);
            rest.n -= len + (comma != NULL);
            if (part.n == 0)
                continue;
            if (*n == CONFIG_LIST_MAX) {
                buf_printf(why, "a list may have at most %d values", CONFIG_LIST_MAX);
                return false;
            }
            out[(*n)++] = part;
        }
    }
    return true;
}

static void list_free(struct config_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->items[i]);
    mem_free(l->items);
    *l = (struct config_list){0, NULL};
}

static bool set_list(struct config_list *to, const struct config_text *text, struct buf *why)
{
    struct str parts[CONFIG_LIST_MAX];
    size_t n;
    if (!split(text, parts, &n, why))
        return false;
    list_free(to);
    to->items = mem_array(n, sizeof *to->items);
    for (size_t i = 0; i < n; i++)
        to->items[i] = mem_strndup(parts[i].p, parts[i].n);
    to->n = n;
    return true;
}

static bool set_set(const struct config_key *key, unsigned *to, const struct config_text *text,
                    struct buf *why)
{
    struct str parts[CONFIG_LIST_MAX];
    size_t n;
    unsigned bits = 0, bit;
    if (!split(text, parts, &n, why))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!find_choice(key, parts[i], &bit, why))
            return false;
        bits |= 1u << bit;
    }
    *to = bits;
    return true;
}

static bool check_text(const struct config_key *key, const struct config_text *text,
                       struct buf *why)
{
    if (text->is_list && key->type != CONFIG_LIST && key->type != CONFIG_SET) {
        buf_puts(why, "one value is expected, not a list");
        return false;
    }
    for (size_t i = 0; i < text->n; i++) {
        struct str s = text->items[i];
        if (s.n > CONFIG_VALUE_BYTES_MAX) {
            buf_printf(why, "a value may have at most %d bytes", CONFIG_VALUE_BYTES_MAX);
            return false;
        }
        if (s.n > 0 && (memchr(s.p, 0, s.n) != NULL || !str_is_utf8(s))) {
            buf_puts(why, "the value is not UTF-8 text without NUL");
            return false;
        }
    }
    return true;
}

bool config_value_set(struct config *c, const struct config_key *key,
                      const struct config_text *text, struct buf *why)
{
    void *to = field(c, key);
    if (!check_text(key, text, why))
        return false;
    if (key->type == CONFIG_LIST)
        return set_list(to, text, why);
    if (key->type == CONFIG_SET)
        return set_set(key, to, text, why);
    struct str s = text->items[0];
    switch (key->type) {
    case CONFIG_STRING:
    case CONFIG_SECRET:
        return set_string(to, s);
    case CONFIG_BOOL:
        return set_bool(to, s, why);
    case CONFIG_UINT:
        return set_uint(key, to, s, why);
    case CONFIG_SIZE:
        return parse_number(key, s, to, why);
    case CONFIG_RATIO:
        return set_ratio(to, s, why);
    case CONFIG_ENUM:
        return find_choice(key, s, to, why);
    default: /* ignored */
        return true;
    }
}

/* As YAML: bare when that cannot be read as anything else, else in double quotes. */
static void put_string(struct buf *out, const char *s)
{
    static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./_-";
    if (isalpha((unsigned char)s[0]) && s[strspn(s, bare)] == '\0') {
        buf_puts(out, s);
        return;
    }
    buf_putc(out, '"');
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F)
            buf_printf(out, "\\x%02x", (unsigned)*s);
        else if (*s == '"' || *s == '\\')
            buf_printf(out, "\\%c", *s);
        else
            buf_putc(out, *s);
    }
    buf_putc(out, '"');
}

static void put_list(struct buf *out, const struct config_list *l)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < l->n; i++) {
        buf_puts(out, i > 0 ? ", " : "");
        put_string(out, l->items[i]);
    }
    buf_putc(out, ']');
}

static void put_set(struct buf *out, const struct config_key *key, unsigned bits)
{
    struct str c;
    const char *before = "";
    buf_putc(out, '[');
    for (unsigned i = 0; (c = choice(key->choices, i)).n > 0; i++)
        if (bits & 1u << i) {
            buf_printf(out, "%s%.*s", before, STR_FMT(c));
            before = ", ";
        }
    buf_putc(out, ']');
}

void config_value_format(const struct config *c, const struct config_key *key, struct buf *out)
{
    const void *at = field_of(c, key);
    switch (key->type) {
    case CONFIG_STRING:
    case CONFIG_SECRET:
        put_string(out, *(char *const *)at);
        break;
    case CONFIG_BOOL:
        buf_puts(out, *(const bool *)at ? "true" : "false");
        break;
    case CONFIG_UINT:
        buf_printf(out, "%" PRIu32, *(const uint32_t *)at);
        break;
    case CONFIG_SIZE:
        buf_printf(out, "%" PRIu64, *(const uint64_t *)at);
        break;
    case CONFIG_RATIO:
        buf_printf(out, "%g", *(const double *)at);
        break;
    case CONFIG_ENUM: {
        struct str word = choice(key->choices, *(const unsigned *)at);
        buf_put(out, word.p, word.n);
        break;
    }
    case CONFIG_SET:
        put_set(out, key, *(const unsigned *)at);
        break;
    case CONFIG_LIST:
        put_list(out, at);
        break;
    case CONFIG_IGNORED:
    case CONFIG_ALIAS:
        break;
    }
}

void config_value_free(struct config *c, const struct config_key *key)
{
    if (key->type == CONFIG_LIST)
        list_free(field(c, key));
    if (key->type == CONFIG_STRING || key->type == CONFIG_SECRET) {
        char **s = field(c, key);
        mem_free(*s);
        *s = NULL;
    }
}
