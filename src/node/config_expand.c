#include "node/config_expand.h"

#include <ctype.h>

const char *env_get(char **env, struct str name)
{
    for (; env != NULL && *env != NULL; env++)
        if (strncmp(*env, name.p, name.n) == 0 && (*env)[name.n] == '=')
            return *env + name.n + 1;
    return NULL;
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!(isalpha(c) || c == '_' || (i > 0 && isdigit(c))))
            return false;
    }
    return s.n > 0;
}

/* Appends what the inside of `${...}` stands for. */
static bool put_reference(struct str inside, char **env, struct buf *out, struct buf *why)
{
    struct str name = inside, fallback = STR_NONE;
    const char *mark = memmem(inside.p, inside.n, ":-", 2);
    if (mark != NULL) {
        name.n = (size_t)(mark - inside.p);
        fallback = (struct str){mark + 2, inside.n - name.n - 2};
    }
    if (!is_name(name)) {
        buf_puts(why, "what stands in ${...} is not the name of an environment variable");
        return false;
    }
    const char *value = env_get(env, name);
    if (mark != NULL && (value == NULL || value[0] == '\0')) {
        buf_put(out, fallback.p, fallback.n);
        return true;
    }
    if (value == NULL) {
        buf_printf(why, "the environment variable %.*s is not set", STR_FMT(name));
        return false;
    }
    buf_puts(out, value);
    return true;
}

bool config_expand(struct str value, char **env, struct buf *out, struct buf *why)
{
    while (value.n > 0) {
        const char *at = memmem(value.p, value.n, "${", 2);
        size_t plain = at == NULL ? value.n : (size_t)(at - value.p);
        bool is_escaped = at != NULL && plain > 0 && at[-1] == '$';
        buf_put(out, value.p, is_escaped ? plain - 1 : plain);
        if (at == NULL)
            break;
        value.p = at + 2;
        value.n -= plain + 2;
        if (is_escaped) {
            buf_puts(out, "${");
            continue;
        }
        const char *end = memchr(value.p, '}', value.n);
        if (end == NULL) {
            buf_puts(why, "${ without }");
            return false;
        }
        struct str inside = {value.p, (size_t)(end - value.p)};
        if (!put_reference(inside, env, out, why))
            return false;
        value.p = end + 1;
        value.n -= inside.n + 1;
    }
    return true;
}
