#include "cli/bench/sight.h"

#include <jansson.h>
#include <string.h>

enum field { FIELD_MESSAGE, FIELD_CHANNEL, FIELD_ID, FIELD_CONTENT, FIELD_SEQ, FIELD_PREV };

static const struct str field_keys[SIGHT_FIELDS] = {
    [FIELD_MESSAGE] = {"\"message\":\"", 11},
    [FIELD_CHANNEL] = {"\"channel_id\":\"", 14},
    [FIELD_ID] = {"\"message_id\":", 13},
    [FIELD_CONTENT] = {"\"content\":\"", 11},
    [FIELD_SEQ] = {"\"seq\":", 6},
    [FIELD_PREV] = {"\"prev_seq\":", 11},
};

static bool stands_at(struct str frame, size_t at, struct str key)
{
    return at + key.n <= frame.n && memcmp(frame.p + at, key.p, key.n) == 0;
}

/* What follows the key, up to the end of the frame. */
static bool field_find(struct sight_memory *m, enum field f, struct str frame, struct str *rest)
{
    struct str key = field_keys[f];
    size_t at = m->places[f][0];
    if (!stands_at(frame, at, key))
        at = m->places[f][1];
    if (!stands_at(frame, at, key)) {
        const char *found = memmem(frame.p, frame.n, key.p, key.n);
        if (found == NULL)
            return false;
        at = (size_t)(found - frame.p);
        m->places[f][m->oldest[f]] = (uint32_t)at;
        m->oldest[f] ^= 1;
    }
    *rest = (struct str){frame.p + at + key.n, frame.n - at - key.n};
    return true;
}

/* Up to the closing quote; false where something is escaped. */
static bool take_string(struct str rest, struct str *out)
{
    const char *quote = memchr(rest.p, '"', rest.n);
    if (quote == NULL)
        return false;
    *out = (struct str){rest.p, (size_t)(quote - rest.p)};
    return memchr(out->p, '\\', out->n) == NULL;
}

static bool take_content(struct sight_memory *m, struct str rest, struct str *out)
{
    if (m->content_n < rest.n && rest.p[m->content_n] == '"') {
        *out = (struct str){rest.p, m->content_n};
        return true;
    }
    if (!take_string(rest, out))
        return false;
    m->content_n = out->n;
    return true;
}

static bool take_number(struct str rest, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(rest.p[i] - '0');
    *out = v;
    return i > 0 && i < 20 && i < rest.n && (rest.p[i] == ',' || rest.p[i] == '}');
}

static enum sight_kind kind_of(struct str message)
{
    if (str_eq(message, STR("send message successfully")))
        return SIGHT_PUSH;
    if (str_eq(message, STR("create message successfully")))
        return SIGHT_ACK;
    return SIGHT_OTHER;
}

static bool sight_scan(struct sight_memory *m, struct str frame, struct sight *out)
{
    struct str rest, message;
    if (!field_find(m, FIELD_MESSAGE, frame, &rest) || !take_string(rest, &message))
        return false;
    out->kind = kind_of(message);
    if (out->kind == SIGHT_OTHER)
        return false;
    if (!field_find(m, FIELD_CHANNEL, frame, &rest) || !take_string(rest, &out->channel_id) ||
        !field_find(m, FIELD_ID, frame, &rest) || !take_number(rest, &out->message_id) ||
        !field_find(m, FIELD_CONTENT, frame, &rest) || !take_content(m, rest, &out->content))
        return false;
    out->has_seq = field_find(m, FIELD_SEQ, frame, &rest) && take_number(rest, &out->seq) &&
                   field_find(m, FIELD_PREV, frame, &rest) && take_number(rest, &out->prev_seq);
    return true;
}

static struct str json_str(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return (struct str){json_string_value(v), json_string_length(v)};
}

static bool json_u64(const json_t *object, const char *key, uint64_t *out)
{
    const json_t *v = json_object_get(object, key);
    *out = (uint64_t)json_integer_value(v);
    return json_is_integer(v);
}

void sight_parse(struct sight_memory *m, struct str frame, struct sight *out)
{
    *out = (struct sight){.kind = SIGHT_OTHER};
    json_decref(m->parsed);
    json_t *root = json_loadb(frame.p, frame.n, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    m->parsed = root;
    m->parsed_frames++;
    out->reason = json_str(root, "message");
    out->kind = kind_of(out->reason);
    if (str_eq(json_str(root, "status"), STR("fail")))
        out->kind = SIGHT_FAIL;
    else if (str_eq(json_str(root, "action"), STR("Hello")))
        out->kind = SIGHT_HELLO;
    out->channel_id = json_str(data, "channel_id");
    out->content = json_str(data, "content");
    json_u64(data, "message_id", &out->message_id);
    out->has_seq = json_u64(data, "seq", &out->seq) && json_u64(data, "prev_seq", &out->prev_seq);
}

void sight_read(struct sight_memory *m, struct str frame, struct sight *out)
{
    *out = (struct sight){.kind = SIGHT_OTHER};
    if (!sight_scan(m, frame, out))
        sight_parse(m, frame, out);
}

void sight_memory_fini(struct sight_memory *m)
{
    json_decref(m->parsed);
    m->parsed = NULL;
}
