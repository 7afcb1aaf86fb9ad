#include "wire/json_reader.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/json_scan.h"

#define KEYS_FIRST 64
/* Up to here every key is compared with every other, beyond they are sorted first: the cost of an
 * object stays within n log n, whatever keys a stranger chooses. */
#define KEYS_COMPARED 16

static const char malformed[] = "The text is not valid JSON";
static const char cut_short[] = "The JSON text ends too early";

static bool fail(struct reader *r, const char *why)
{
    if (r->error == NULL)
        r->error = why;
    r->at = r->end; /* so that a later call finds nothing */
    return false;
}

/* Malformed here; or cut short, when there is nothing here at all. */
static bool fail_at(struct reader *r, const char *p)
{
    return fail(r, p == r->end ? cut_short : malformed);
}

void reader_memory_fini(struct reader_memory *m)
{
    mem_free(m->decoded);
    mem_free(m->keys);
    *m = (struct reader_memory){0};
}

/* Checks the UTF-8 of the whole text at once: what is not ASCII can only stand in strings, and
 * escapes are ASCII, so the strings need no check of their own. */
void reader_start(struct reader *r, struct reader_memory *m, struct str text)
{
    if (text.n == 0)
        text = STR("");
    m->n_decoded = 0;
    m->n_keys = 0;
    r->at = r->begin = text.p;
    r->end = text.p + text.n;
    r->error = NULL;
    r->memory = m;
    r->depth = 0;
    r->is_first = false;
    if (text.n > READER_TEXT_MAX)
        fail(r, "The text is too long");
    else if (!str_is_utf8(text))
        fail(r, "The text is not valid UTF-8");
}

static inline void space_skip(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

enum reader_kind reader_peek(struct reader *r)
{
    space_skip(r);
    if (r->at == r->end)
        return READER_NONE;
    switch (*r->at) {
    case '"':
        return READER_STRING;
    case '{':
        return READER_OBJECT;
    case '[':
        return READER_LIST;
    case 't':
    case 'f':
        return READER_BOOL;
    case 'n':
        return READER_NULL;
    default:
        return *r->at == '-' || (*r->at >= '0' && *r->at <= '9') ? READER_NUMBER : READER_NONE;
    }
}

/* Where the next decoded string goes. What a text decodes to is never longer than the text, so
 * room for the whole text (and a NUL) at the first use keeps every earlier string in its place. */
static char *decoded_room(struct reader *r)
{
    struct reader_memory *m = r->memory;
    size_t need = (size_t)(r->end - r->begin) + 1;
    if (m->decoded_cap < need) {
        assert(m->n_decoded == 0);
        m->decoded = mem_realloc(m->decoded, need);
        m->decoded_cap = need;
    }
    return m->decoded + m->n_decoded;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of `\uXXXX` at `p`, -1 when there is none. */
static int32_t unicode_escape(const char *p, const char *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    int32_t value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *out++ = (char)(0x80 | (c & 0x3F));
    return out;
}

/* Decodes the `\u` escape at `*p`, with the second half of a surrogate pair. */
static bool unicode_decode(const char **p, const char *end, char **out)
{
    int32_t c = unicode_escape(*p, end);
    if (c < 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return false;
    *p += 6;
    if (c >= 0xD800 && c <= 0xDBFF) {
        int32_t low = unicode_escape(*p, end);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        *p += 6;
    }
    *out = utf8_put(*out, (uint32_t)c);
    return true;
}

/* Decodes the escape at `*p`, a backslash. */
static bool escape_decode(const char **p, const char *end, char **out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (end - *p < 2)
        return false;
    if ((*p)[1] == 'u')
        return unicode_decode(p, end, out);
    const char *found = (*p)[1] == '\0' ? NULL : strchr(names, (*p)[1]);
    if (found == NULL)
        return false;
    *(*out)++ = values[found - names];
    *p += 2;
    return true;
}

/* The string whose first escape is at `p`, `begin` being behind its opening quote. */
static bool string_decode(struct reader *r, const char *begin, const char *p, struct str *out)
{
    char *first = decoded_room(r), *at = first + (p - begin);
    memcpy(first, begin, (size_t)(p - begin));
    while (p < r->end && *p != '"') {
        size_t run = json_scan_plain(p, (size_t)(r->end - p));
        memcpy(at, p, run);
        at += run;
        p += run;
        if (p < r->end && *p != '"' && (*p != '\\' || !escape_decode(&p, r->end, &at)))
            return fail(r, malformed);
    }
    if (p == r->end)
        return fail(r, cut_short);
    r->at = p + 1;
    *out = (struct str){first, (size_t)(at - first)};
    r->memory->n_decoded += out->n;
    return true;
}

bool reader_string(struct reader *r, struct str *out)
{
    space_skip(r);
    if (r->at == r->end || *r->at != '"')
        return fail_at(r, r->at);
    const char *begin = r->at + 1;
    const char *p = begin + json_scan_plain(begin, (size_t)(r->end - begin));
    if (p < r->end && *p == '\\')
        return string_decode(r, begin, p, out);
    if (p == r->end || *p != '"')
        return fail_at(r, p);
    *out = (struct str){begin, (size_t)(p - begin)};
    r->at = p + 1;
    return true;
}

static const char *digits_skip(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Does the real number from `p` to `end` fit a double? (One that is too small is 0.) */
static bool real_fits(struct reader *r, const char *p, const char *end)
{
    char *copy = decoded_room(r);
    memcpy(copy, p, (size_t)(end - p));
    copy[end - p] = '\0';
    return isfinite(strtod(copy, NULL)) != 0;
}

/* The fraction and exponent behind the integer part that ends at `p`, `p` itself when there are
 * none, NULL when they are malformed. */
static const char *real_tail(const char *p, const char *end)
{
    if (p < end && *p == '.') {
        const char *digits = p + 1;
        p = digits_skip(digits, end);
        if (p == digits)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *digits = p + 1;
        if (digits < end && (*digits == '+' || *digits == '-'))
            digits++;
        p = digits_skip(digits, end);
        if (p == digits)
            return NULL;
    }
    return p;
}

/* The magnitude of the digits from `p` to `end`, which may be as large as int64 allows. */
static bool integer_fits(const char *p, const char *end, bool minus, uint64_t *magnitude)
{
    unsigned long long value;
    if (!str_to_u64((struct str){p, (size_t)(end - p)}, &value))
        return false;
    *magnitude = value;
    return value <= (uint64_t)INT64_MAX + minus;
}

bool reader_number(struct reader *r, struct reader_number *out)
{
    space_skip(r);
    bool minus = r->at < r->end && *r->at == '-';
    const char *digits = r->at + minus, *after = digits_skip(digits, r->end);
    if (after == digits || (*digits == '0' && after - digits > 1))
        return fail_at(r, digits);
    const char *p = real_tail(after, r->end);
    if (p == NULL)
        return fail(r, malformed);
    *out = (struct reader_number){.is_integer = p == after};
    if (!(p == after ? integer_fits(digits, after, minus, &out->magnitude)
                     : real_fits(r, r->at, p)))
        return fail(r, "A number in the JSON text is too large");
    out->is_negative = minus && out->magnitude != 0;
    r->at = p;
    return true;
}

static bool word_skip(struct reader *r, struct str word)
{
    if ((size_t)(r->end - r->at) < word.n || memcmp(r->at, word.p, word.n) != 0)
        return fail(r, malformed);
    r->at += word.n;
    return true;
}

bool reader_skip(struct reader *r)
{
    struct str ignored;
    struct reader_number number;
    enum reader_kind kind = reader_peek(r);
    switch (kind) {
    case READER_STRING:
        return reader_string(r, &ignored);
    case READER_NUMBER:
        return reader_number(r, &number);
    case READER_BOOL:
        return word_skip(r, *r->at == 't' ? STR("true") : STR("false"));
    case READER_NULL:
        return word_skip(r, STR("null"));
    case READER_OBJECT:
    case READER_LIST: /* recursion ends at READER_DEPTH_MAX */
        reader_enter(r, kind);
        while (kind == READER_OBJECT ? reader_key(r, &ignored) : reader_item(r))
            reader_skip(r);
        return r->error == NULL;
    default:
        return fail_at(r, r->at);
    }
}

bool reader_enter(struct reader *r, enum reader_kind kind)
{
    assert(kind == READER_OBJECT || kind == READER_LIST);
    if (reader_peek(r) != kind)
        return fail_at(r, r->at);
    if (r->depth == READER_DEPTH_MAX)
        return fail(r, "The JSON text is nested too deeply");
    r->levels[r->depth].kind = kind;
    r->levels[r->depth].first_key = r->memory->n_keys;
    r->depth++;
    r->is_first = true;
    r->at++;
    return true;
}

static int key_compare(const void *left, const void *right)
{
    const struct str *a = left, *b = right;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return a->n == 0 ? 0 : memcmp(a->p, b->p, a->n);
}

static bool keys_differ(struct str *keys, size_t n)
{
    size_t window = n - 1;
    if (n > KEYS_COMPARED) {
        qsort(keys, n, sizeof keys[0], key_compare);
        window = 1;
    }
    for (size_t i = 1; i < n; i++)
        for (size_t k = i > window ? i - window : 0; k < i; k++)
            if (str_eq(keys[i], keys[k]))
                return false;
    return true;
}

/* Steps out of the innermost object or list when its closing bracket comes next; false on an
 * error as well, so that loops end. */
static bool container_goes_on(struct reader *r, enum reader_kind kind, char closing)
{
    if (r->error != NULL)
        return false;
    assert(r->depth > 0 && r->levels[r->depth - 1].kind == kind);
    space_skip(r);
    if (r->at < r->end && *r->at == closing) {
        struct reader_memory *m = r->memory;
        size_t first = r->levels[--r->depth].first_key;
        if (m->n_keys > first + 1 && !keys_differ(m->keys + first, m->n_keys - first))
            return fail(r, "A key stands twice in one object of the JSON text");
        m->n_keys = first;
        r->is_first = false;
        r->at++;
        return false;
    }
    if (!r->is_first) {
        if (r->at == r->end || *r->at != ',')
            return fail_at(r, r->at);
        r->at++;
    }
    r->is_first = false;
    return true;
}

static void key_remember(struct reader_memory *m, struct str key)
{
    if (m->n_keys == m->keys_cap) {
        m->keys_cap = m->keys_cap == 0 ? KEYS_FIRST : m->keys_cap * 2;
        m->keys = mem_realloc(m->keys, m->keys_cap * sizeof m->keys[0]);
    }
    m->keys[m->n_keys++] = key;
}

bool reader_key(struct reader *r, struct str *key)
{
    if (!container_goes_on(r, READER_OBJECT, '}') || !reader_string(r, key))
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-*): reader_string has set it, since it returned true. */
    if (key->n > 0 && memchr(key->p, '\0', key->n) != NULL)
        return fail(r, "A key of the JSON text holds a NUL");
    key_remember(r->memory, *key);
    space_skip(r);
    if (r->at == r->end || *r->at != ':')
        return fail_at(r, r->at);
    r->at++;
    return true;
}

bool reader_item(struct reader *r)
{
    return container_goes_on(r, READER_LIST, ']');
}

bool reader_finish(struct reader *r)
{
    space_skip(r);
    if (r->error == NULL && (r->at < r->end || r->depth > 0))
        fail(r, malformed);
    return r->error == NULL;
}
