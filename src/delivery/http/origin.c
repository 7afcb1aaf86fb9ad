#include "delivery/http/origin.h"

#include "base/mem.h"

static bool str_ends_with(struct str s, struct str end)
{
    return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

static struct str port_strip(struct str scheme, struct str host)
{
    struct str implied = str_eq_nocase(scheme, STR("https")) ? STR(":443") : STR(":80");
    if (str_ends_with(host, implied))
        host.n -= implied.n;
    return host;
}

/* Splits an origin; `rest` (may be NULL) takes what follows the authority. */
static bool origin_split(struct str text, struct origin_parts *out, struct str *rest)
{
    const char *colon = text.n == 0 ? NULL : memchr(text.p, ':', text.n);
    if (colon == NULL)
        return false;
    struct str scheme = {text.p, (size_t)(colon - text.p)};
    struct str after = {colon, text.n - scheme.n};
    if (after.n <= 3 || memcmp(after.p, "://", 3) != 0)
        return false;
    if (!str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https")))
        return false;
    struct str host = {after.p + 3, 0};
    while (host.n < after.n - 3 && strchr("/?#@\\ ", host.p[host.n]) == NULL)
        host.n++;
    struct str left = {host.p + host.n, after.n - 3 - host.n};
    if (host.n == 0 || (left.n > 0 && left.p[0] != '/') || (rest == NULL && left.n > 0))
        return false;
    *out = (struct origin_parts){scheme, port_strip(scheme, host)};
    if (rest != NULL)
        *rest = left;
    return true;
}

static bool parts_eq(const struct origin_parts *a, const struct origin_parts *b)
{
    return str_eq_nocase(a->scheme, b->scheme) && str_eq_nocase(a->host, b->host);
}

bool origins_init(struct origins *o, const char *const *origins, size_t n, size_t *bad)
{
    *o = (struct origins){.listed = mem_array(n == 0 ? 1 : n, sizeof *o->listed)};
    for (size_t i = 0; i < n; i++) {
        struct str text = str_of(origins[i]);
        struct origin_parts parts;
        if (str_eq(text, STR("*"))) {
            o->any = true;
        } else if (origin_split(text, &parts, NULL)) {
            o->listed[o->n_listed++] = text;
        } else {
            *bad = i;
            return false;
        }
    }
    return true;
}

bool origins_set_public(struct origins *o, const char *url)
{
    struct str path;
    return origin_split(str_of(url), &o->public, &path);
}

void origins_fini(struct origins *o)
{
    mem_free(o->listed);
    *o = (struct origins){0};
}

bool origins_is_listed(const struct origins *o, struct str origin)
{
    struct origin_parts asked, parts;
    if (!origin_split(origin, &asked, NULL))
        return false;
    for (size_t i = 0; i < o->n_listed; i++)
        if (origin_split(o->listed[i], &parts, NULL) && parts_eq(&asked, &parts))
            return true;
    return false;
}

struct str origins_allow(const struct origins *o, struct str origin)
{
    if (o->any)
        return STR("*");
    return origins_is_listed(o, origin) ? origin : STR_NONE;
}

bool origins_public_is_https(const struct origins *o)
{
    return str_eq_nocase(o->public.scheme, STR("https"));
}

static bool origin_is_own(const struct origins *o, const struct http_request *r, bool https,
                          struct str origin)
{
    struct origin_parts asked;
    if (!origin_split(origin, &asked, NULL))
        return false;
    if (o->public.host.n > 0 && parts_eq(&asked, &o->public))
        return true;
    struct str host;
    if (!http_field_get(r, "Host", &host) || host.n == 0)
        return false;
    struct origin_parts own = {https ? STR("https") : STR("http"), host};
    own.host = port_strip(own.scheme, own.host);
    return parts_eq(&asked, &own);
}

bool origins_is_own(const struct origins *o, const struct http_request *r, bool https)
{
    struct str value;
    if (http_field_get(r, "Sec-Fetch-Site", &value) && str_eq(value, STR("same-origin")))
        return true;
    return http_field_get(r, "Origin", &value) && origin_is_own(o, r, https, value);
}

bool origins_is_foreign(const struct origins *o, const struct http_request *r, bool https)
{
    if (origins_is_own(o, r, https))
        return false;
    struct str value;
    if (http_field_get(r, "Sec-Fetch-Site", &value))
        return !str_eq(value, STR("none"));
    return http_field_get(r, "Origin", &value);
}
