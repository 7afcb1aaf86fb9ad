#include "wire/http.h"
#include "wire/http_chars.h"

/* ---- Fields ---- */

bool http_field_get(const struct http_request *r, const char *name, struct str *out)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < r->n_fields; i++) {
        if (str_eq_nocase(r->fields[i].name, wanted)) {
            *out = r->fields[i].value;
            return true;
        }
    }
    *out = STR_NONE;
    return false;
}

bool http_field_has_token(const struct http_request *r, const char *name, const char *token)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < r->n_fields; i++) {
        if (!str_eq_nocase(r->fields[i].name, wanted))
            continue;
        struct str list = r->fields[i].value;
        while (list.p != NULL)
            if (str_eq_nocase(http_list_next(&list, ','), str_of(token)))
                return true;
    }
    return false;
}

/* ---- Cookies ---- */

/* Cuts what comes before the first `c` off `s`; `s` is what follows it, or has a NULL `p`. */
static struct str cut_at(struct str *s, char c)
{
    const char *at = s->n == 0 ? NULL : memchr(s->p, c, s->n);
    struct str before = *s;
    *s = STR_NONE;
    if (at != NULL) {
        size_t n = (size_t)(at - before.p);
        *s = (struct str){at + 1, before.n - n - 1};
        before.n = n;
    }
    return before;
}

bool http_cookie_get(const struct http_request *r, const char *name, struct str *out)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        if (!str_eq_nocase(r->fields[i].name, STR("cookie")))
            continue;
        struct str list = r->fields[i].value;
        while (list.p != NULL) {
            struct str value = cut_at(&list, ';');
            struct str key = http_trim(cut_at(&value, '='));
            if (value.p != NULL && str_eq(key, str_of(name))) {
                *out = http_trim(value);
                return true;
            }
        }
    }
    *out = STR_NONE;
    return false;
}

/* ---- The query ---- */

/* The character at `*i`, percent-decoded; steps on. -1: malformed. */
static int query_char(struct str s, size_t *i)
{
    char c = s.p[(*i)++];
    if (c != '%')
        return (unsigned char)c;
    if (s.n - *i < 2)
        return -1;
    int high = http_hex_digit(s.p[*i]), low = http_hex_digit(s.p[*i + 1]);
    *i += 2;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool query_name_is(struct str text, const char *name)
{
    size_t i = 0;
    while (i < text.n && *name != '\0')
        if (query_char(text, &i) != (unsigned char)*name++)
            return false;
    return i == text.n && *name == '\0';
}

static int query_decode(struct str text, char *out, size_t size, size_t *len)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        int c = query_char(text, &i);
        if (c <= 0 || n + 1 >= size)
            return -1;
        out[n++] = (char)c;
    }
    if (n >= size)
        return -1;
    out[n] = '\0';
    *len = n;
    return 1;
}

int http_query_get(struct str query, const char *name, char *out, size_t size, size_t *len)
{
    while (query.p != NULL) {
        struct str value = cut_at(&query, '&');
        struct str key = cut_at(&value, '=');
        if (query_name_is(key, name))
            return query_decode(value, out, size, len);
    }
    return 0;
}

/* ---- Accept-Encoding ---- */

/* Is the weight "q=0" with any zeros behind it, or malformed? Both refuse. */
static bool weight_refuses(struct str params)
{
    while (params.p != NULL) {
        struct str value = http_list_next(&params, ';');
        struct str name = http_trim(cut_at(&value, '='));
        if (!str_eq_nocase(name, STR("q")))
            continue;
        value = http_trim(value);
        if (value.n == 0 || value.n > 5 || (value.p[0] != '0' && value.p[0] != '1') ||
            (value.n > 1 && value.p[1] != '.'))
            return true;
        bool zero = value.p[0] == '0';
        for (size_t i = 2; i < value.n; i++) {
            if (value.p[i] < '0' || value.p[i] > '9' || (value.p[0] == '1' && value.p[i] != '0'))
                return true;
            zero = zero && value.p[i] == '0';
        }
        return zero;
    }
    return false;
}

/* "x-gzip" is "gzip" (RFC 9110 section 8.4.1.3). */
static bool coding_is(struct str listed, struct str coding)
{
    return str_eq_nocase(listed, coding) ||
           (str_eq_nocase(coding, STR("gzip")) && str_eq_nocase(listed, STR("x-gzip")));
}

bool http_accepts_coding(const struct http_request *r, const char *coding)
{
    /* Without any word on it only "identity" goes; naming it outweighs "*". */
    bool named = false, named_allows = false;
    bool allows = str_eq_nocase(str_of(coding), STR("identity"));
    for (size_t i = 0; i < r->n_fields; i++) {
        if (!str_eq_nocase(r->fields[i].name, STR("accept-encoding")))
            continue;
        struct str list = r->fields[i].value;
        while (list.p != NULL) {
            struct str params = http_list_next(&list, ',');
            struct str listed = http_list_next(&params, ';');
            if (coding_is(listed, str_of(coding))) {
                named = true;
                named_allows = !weight_refuses(params);
            } else if (str_eq(listed, STR("*"))) {
                allows = !weight_refuses(params);
            }
        }
    }
    return named ? named_allows : allows;
}

/* ---- Statuses ---- */

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}
