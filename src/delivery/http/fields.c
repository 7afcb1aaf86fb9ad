#include "delivery/http/fields.h"

#include <assert.h>

#include "domain/id.h"
#include "domain/limits.h"
#include "domain/message.h"

#define QUERY_VALUE_SIZE 512 /* of the longest parameter, a cursor, with room to spare */

/* ---- Values ---- */

static enum err number_check(const struct field *field, unsigned long long n,
                             struct field_value *value, struct fault *f)
{
    uint64_t least = field->type == FIELD_SEQ ? 0 : 1;
    uint64_t most = field->type == FIELD_LIMIT ? LIMIT_PAGE_ROWS : ID_MAX;
    if (n < least || n > most)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: %s should be between %llu and %llu",
                         field->key, (unsigned long long)least, (unsigned long long)most);
    value->number = n;
    return ERR_OK;
}

/* A value that came as text. */
static enum err text_check(const struct field *field, struct field_value *value, struct fault *f)
{
    unsigned long long n;
    switch (field->type) {
    case FIELD_TEXT:
        return ERR_OK;
    case FIELD_CLIENT_ID:
        if (client_msg_id_is_valid(value->text))
            return ERR_OK;
        return fault_set(f, ERR_BAD_REQUEST,
                         "The Field: %s should be 1 to %d characters of A-Za-z0-9._:-", field->key,
                         CLIENT_MSG_ID_CHARS_MAX);
    case FIELD_UUID:
        if (uuid_from_text(value->text, &value->uuid))
            return ERR_OK;
        return fault_set(f, ERR_BAD_REQUEST, "The Field: %s should be a UUID", field->key);
    case FIELD_ID:
    case FIELD_SEQ:
    case FIELD_LIMIT:
        if (str_to_u64(value->text, &n))
            return number_check(field, n, value, f);
        return fault_set(f, ERR_BAD_REQUEST, "The Field: %s should be number", field->key);
    }
    return ERR_INTERNAL;
}

static bool field_is_number(const struct field *field)
{
    return field->type == FIELD_ID || field->type == FIELD_SEQ || field->type == FIELD_LIMIT;
}

/* "The Field: a, b is required", for what is required and was not given. */
static enum err required_check(const struct field *fields, size_t n,
                               const struct field_value *values, struct fault *f)
{
    struct buf names;
    buf_init(&names, sizeof f->text);
    for (size_t i = 0; i < n; i++)
        if (fields[i].required != NULL && !values[i].given)
            buf_printf(&names, "%s%s", names.n > 0 ? ", " : "", fields[i].required);
    enum err e = ERR_OK;
    if (names.n > 0)
        e = fault_set(f, ERR_BAD_REQUEST, "The Field: %.*s is required", STR_FMT(buf_str(&names)));
    buf_fini(&names);
    return e;
}

/* ---- The body ---- */

/* How deep JSON text nests; counts brackets outside strings, so that invalid text may be told any
 * depth: it is refused anyway. */
static unsigned json_depth(struct str text)
{
    unsigned depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

static enum err body_parse(struct exchange *x, struct fault *f)
{
    struct str body = x->request->body;
    if (json_depth(body) > LIMIT_JSON_DEPTH)
        return fault_set(f, ERR_BAD_REQUEST, "The body is nested deeper than %d levels",
                         LIMIT_JSON_DEPTH);
    json_error_t error;
    x->json = json_loadb(body.n == 0 ? "" : body.p, body.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                         &error);
    if (x->json == NULL)
        return fault_set(f, ERR_BAD_REQUEST, "The body is not valid JSON (line %d, column %d)",
                         error.line, error.column);
    if (!json_is_object(x->json))
        return fault_set(f, ERR_BAD_REQUEST, "The body should be a JSON object");
    return ERR_OK;
}

/* The JSON type fits, and whether anything was given. */
static enum err json_check(const struct field *field, const json_t *json, struct field_value *value,
                           struct fault *f)
{
    if (json == NULL || json_is_null(json))
        return ERR_OK;
    if (json_is_string(json)) {
        value->text = (struct str){json_string_value(json), json_string_length(json)};
        value->given = value->text.n > 0 || field->required == NULL;
        return ERR_OK;
    }
    if (field_is_number(field) && json_is_integer(json)) {
        json_int_t n = json_integer_value(json);
        value->given = field->type != FIELD_ID || n != 0;
        return !value->given ? ERR_OK
                             : number_check(field, n < 0 ? UINT64_MAX : (uint64_t)n, value, f);
    }
    return fault_set(f, ERR_BAD_REQUEST, "The Field: %s should be %s", field->key,
                     field_is_number(field) ? "number" : "string");
}

enum err fields_from_body(struct exchange *x, const struct field *fields, size_t n,
                          struct field_value *values, struct fault *f)
{
    assert(x->json == NULL);
    memset(values, 0, n * sizeof *values);
    enum err e = body_parse(x, f);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = json_check(&fields[i], json_object_get(x->json, fields[i].key), &values[i], f);
    if (e == ERR_OK)
        e = required_check(fields, n, values, f);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        if (values[i].given && values[i].text.p != NULL)
            e = text_check(&fields[i], &values[i], f);
    return e;
}

/* ---- The query ---- */

static enum err query_read(struct exchange *x, const struct field *field, struct field_value *value,
                           struct fault *f)
{
    char text[QUERY_VALUE_SIZE];
    size_t len = 0;
    int found = http_query_get(x->request->query, field->key, text, sizeof text, &len);
    if (found < 0)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: %s is malformed", field->key);
    value->given = found > 0 && (len > 0 || field->required == NULL);
    if (value->given)
        value->text = arena_str(&x->arena, (struct str){text, len});
    return ERR_OK;
}

enum err fields_from_query(struct exchange *x, const struct field *fields, size_t n,
                           struct field_value *values, struct fault *f)
{
    memset(values, 0, n * sizeof *values);
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = query_read(x, &fields[i], &values[i], f);
    if (e == ERR_OK)
        e = required_check(fields, n, values, f);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        if (values[i].given)
            e = text_check(&fields[i], &values[i], f);
    return e;
}
