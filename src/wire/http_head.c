#include "wire/http_head.h"

#include "wire/http_chars.h"

#define PORT_MAX 65535

/* ---- The request line ---- */

/* RFC 9110 section 9, and RFC 5789. */
static const char *const methods[] = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
};

static bool method_is_known(struct str method)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (str_eq(method, str_of(methods[i])))
            return true;
    return false;
}

static bool percents_are_whole(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%')
            continue;
        if (s.n - i < 3 || http_hex_digit(s.p[i + 1]) < 0 || http_hex_digit(s.p[i + 2]) < 0)
            return false;
    }
    return true;
}

/* Origin form (RFC 9112 section 3.2.1); browsers leave some characters unencoded that RFC 3986
 * would not have there, and the class of characters allows them. */
static bool target_is_valid(struct str method, struct str target)
{
    if (str_eq(target, STR("*")))
        return str_eq(method, STR("OPTIONS"));
    return target.n > 0 && target.p[0] == '/' && http_chars_all(target, HTTP_CHAR_TARGET) &&
           percents_are_whole(target);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum http_fault version_read(struct str v, bool *version_1_0)
{
    if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || !is_digit(v.p[5]) || v.p[6] != '.' ||
        !is_digit(v.p[7]))
        return HTTP_FAULT_REQUEST_LINE;
    if (v.p[5] != '1' || v.p[7] > '1')
        return HTTP_FAULT_VERSION;
    *version_1_0 = v.p[7] == '0';
    return HTTP_FAULT_NONE;
}

/* Cuts `line` before its first space, which is dropped; false when it has none. */
static bool word_cut(struct str *line, struct str *word)
{
    const char *space = line->n == 0 ? NULL : memchr(line->p, ' ', line->n);
    if (space == NULL)
        return false;
    *word = (struct str){line->p, (size_t)(space - line->p)};
    *line = (struct str){space + 1, line->n - word->n - 1};
    return true;
}

enum http_fault http_start_line_read(struct str line, struct http_start_line *out)
{
    if (!word_cut(&line, &out->method) || !word_cut(&line, &out->target) ||
        !http_chars_all(out->method, HTTP_CHAR_TOKEN))
        return HTTP_FAULT_REQUEST_LINE;
    enum http_fault fault = version_read(line, &out->version_1_0);
    if (fault != HTTP_FAULT_NONE)
        return fault;
    if (!method_is_known(out->method))
        return HTTP_FAULT_METHOD;
    return target_is_valid(out->method, out->target) ? HTTP_FAULT_NONE : HTTP_FAULT_TARGET;
}

/* ---- The fields that decide how a request is read ---- */

struct evidence {
    unsigned hosts, lengths, codings, expects;
    unsigned long long length;
    bool close, keep_alive, upgrade; /* in Connection */
    bool websocket;                  /* in Upgrade */
};

static bool port_is_valid(struct str port)
{
    unsigned long long number;
    return port.n == 0 || (port.n <= 5 && str_to_u64(port, &number) && number <= PORT_MAX);
}

/* uri-host [":" port] (RFC 9110 section 7.2), the host not empty (section 4.2.1). */
static bool host_is_valid(struct str v)
{
    size_t n = 0;
    if (v.n > 0 && v.p[0] == '[') {
        const char *end = memchr(v.p, ']', v.n);
        if (end == NULL)
            return false;
        n = (size_t)(end - v.p) + 1;
        for (size_t i = 1; i + 1 < n; i++)
            if (http_hex_digit(v.p[i]) < 0 && v.p[i] != ':' && v.p[i] != '.')
                return false;
        if (n < 4) /* "[::]" is the shortest */
            return false;
    } else {
        while (n < v.n && v.p[n] != ':')
            n++;
        struct str name = {v.p, n};
        if (!http_chars_all(name, HTTP_CHAR_HOST) || !percents_are_whole(name))
            return false;
    }
    return n == v.n || (v.p[n] == ':' && port_is_valid((struct str){v.p + n + 1, v.n - n - 1}));
}

static enum http_fault take_host(struct evidence *e, struct str value)
{
    return e->hosts++ == 0 && host_is_valid(value) ? HTTP_FAULT_NONE : HTTP_FAULT_HOST;
}

static enum http_fault take_length(struct evidence *e, struct str value)
{
    return e->lengths++ == 0 && str_to_u64(value, &e->length) ? HTTP_FAULT_NONE : HTTP_FAULT_LENGTH;
}

static enum http_fault take_coding(struct evidence *e, struct str value)
{
    if (e->codings++ > 0)
        return HTTP_FAULT_CODING_REPEATED;
    return str_eq_nocase(value, STR("chunked")) ? HTTP_FAULT_NONE : HTTP_FAULT_CODING;
}

static enum http_fault take_expect(struct evidence *e, struct str value)
{
    e->expects++;
    return str_eq_nocase(value, STR("100-continue")) ? HTTP_FAULT_NONE : HTTP_FAULT_EXPECT;
}

static enum http_fault take_connection(struct evidence *e, struct str value)
{
    while (value.p != NULL) {
        struct str option = http_list_next(&value, ',');
        e->close |= str_eq_nocase(option, STR("close"));
        e->keep_alive |= str_eq_nocase(option, STR("keep-alive"));
        e->upgrade |= str_eq_nocase(option, STR("upgrade"));
    }
    return HTTP_FAULT_NONE;
}

static enum http_fault take_upgrade(struct evidence *e, struct str value)
{
    while (value.p != NULL)
        e->websocket |= str_eq_nocase(http_list_next(&value, ','), STR("websocket"));
    return HTTP_FAULT_NONE;
}

static const struct {
    const char *name;
    enum http_fault (*take)(struct evidence *e, struct str value);
} known_fields[] = {
    {"host", take_host},     {"content-length", take_length}, {"transfer-encoding", take_coding},
    {"expect", take_expect}, {"connection", take_connection}, {"upgrade", take_upgrade},
};

enum { KNOWN_FIELDS = sizeof known_fields / sizeof *known_fields };

static bool field_is_known(struct str name)
{
    for (size_t k = 0; k < KNOWN_FIELDS; k++)
        if (str_eq_nocase(name, str_of(known_fields[k].name)))
            return true;
    return false;
}

/* ---- Field lines ---- */

enum http_fault http_field_line_read(struct str line, struct http_field *out)
{
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return HTTP_FAULT_FOLD;
    const char *colon = memchr(line.p, ':', line.n);
    if (colon == NULL)
        return HTTP_FAULT_FIELD;
    out->name = (struct str){line.p, (size_t)(colon - line.p)};
    struct str raw = {colon + 1, line.n - out->name.n - 1};
    out->value = http_trim(raw);
    if (!http_chars_all(out->name, HTTP_CHAR_TOKEN))
        return HTTP_FAULT_FIELD;
    /* Not every parser takes a tab for white space around a length. */
    bool has_tab = raw.n > 0 && memchr(raw.p, '\t', raw.n) != NULL;
    return has_tab && field_is_known(out->name) ? HTTP_FAULT_FIELD : HTTP_FAULT_NONE;
}

enum http_fault http_trailer_line_check(struct str line)
{
    struct http_field f;
    enum http_fault fault = http_field_line_read(line, &f);
    return fault == HTTP_FAULT_NONE && field_is_known(f.name) ? HTTP_FAULT_TRAILER_FIELD : fault;
}

/* ---- The judgement ---- */

static enum http_fault evidence_gather(const struct http_request *r, struct evidence *e)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        for (size_t k = 0; k < KNOWN_FIELDS; k++) {
            if (!str_eq_nocase(r->fields[i].name, str_of(known_fields[k].name)))
                continue;
            enum http_fault fault = known_fields[k].take(e, r->fields[i].value);
            if (fault != HTTP_FAULT_NONE)
                return fault;
        }
    }
    return HTTP_FAULT_NONE;
}

static enum http_fault evidence_weigh(const struct evidence *e, const struct http_request *r,
                                      size_t body_bytes)
{
    if (e->hosts == 0 && !r->version_1_0)
        return HTTP_FAULT_HOST_MISSING;
    if (e->codings > 0 && e->lengths > 0)
        return HTTP_FAULT_TWO_FRAMINGS;
    if (e->codings > 0 && r->version_1_0)
        return HTTP_FAULT_CODING_1_0;
    return e->length > body_bytes ? HTTP_FAULT_BODY_TOO_LARGE : HTTP_FAULT_NONE;
}

static void target_split(struct http_request *r)
{
    const char *mark = memchr(r->target.p, '?', r->target.n);
    r->path = r->target;
    r->query = STR_NONE;
    if (mark == NULL)
        return;
    r->path.n = (size_t)(mark - r->target.p);
    r->query = (struct str){mark + 1, r->target.n - r->path.n - 1};
}

static void flags_set(struct http_request *r, const struct evidence *e)
{
    bool has_body = e->codings > 0 || e->length > 0;
    r->keep_alive = !e->close && (!r->version_1_0 || e->keep_alive);
    r->expect_continue = e->expects > 0 && has_body && !r->version_1_0;
    r->upgrade_websocket =
        e->upgrade && e->websocket && !r->version_1_0 && !has_body && str_eq(r->method, STR("GET"));
}

enum http_fault http_head_judge(struct http_request *r, size_t body_bytes,
                                struct http_framing *framing)
{
    struct evidence e = {0};
    enum http_fault fault = evidence_gather(r, &e);
    if (fault == HTTP_FAULT_NONE)
        fault = evidence_weigh(&e, r, body_bytes);
    if (fault != HTTP_FAULT_NONE)
        return fault;
    *framing = (struct http_framing){.chunked = e.codings > 0, .length = e.length};
    target_split(r);
    flags_set(r, &e);
    return HTTP_FAULT_NONE;
}

/* ---- Chunk extensions ---- */

static size_t token_span(struct str s, size_t from)
{
    size_t i = from;
    while (i < s.n && http_char_is(s.p[i], HTTP_CHAR_TOKEN))
        i++;
    return i - from;
}

/* The length of the quoted string at `from`, 0 when it is none. */
static size_t quoted_span(struct str s, size_t from)
{
    if (from >= s.n || s.p[from] != '"')
        return 0;
    for (size_t i = from + 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1 - from;
        if (s.p[i] == '\\')
            i++;
    }
    return 0;
}

bool http_chunk_extensions_are_valid(struct str text)
{
    size_t i = 0;
    while (i < text.n) {
        if (text.p[i++] != ';')
            return false;
        size_t n = token_span(text, i);
        if (n == 0)
            return false;
        i += n;
        if (i == text.n || text.p[i] != '=')
            continue;
        i++;
        n = token_span(text, i);
        if (n == 0)
            n = quoted_span(text, i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
