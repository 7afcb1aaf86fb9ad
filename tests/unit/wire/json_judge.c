#include "json_judge.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define FLAGS      (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY)
#define NUMBER_MAX 9007199254740991

static void judge_stop(const char *what, struct str text)
{
    fprintf(stderr, "%s:\n%.*s\n", what, STR_FMT(text));
    abort();
}

static size_t depth_of(const json_t *j)
{
    size_t deepest = 0, i;
    const char *key;
    json_t *value;
    if (json_is_array(j)) {
        json_array_foreach(j, i, value)
        {
            size_t depth = depth_of(value);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    if (!json_is_object(j))
        return 0;
    json_object_foreach((json_t *)(uintptr_t)j, key, value)
    {
        size_t depth = depth_of(value);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* jansson's tree of `text`, NULL where it, or one of the reader's bounds, refuses it. No JSON text
 * holds a raw NUL, but jansson reads over one that comes right behind a number or a word. */
static json_t *tree_of(struct str text)
{
    json_t *j = NULL;
    if (text.n > 0 && text.n <= READER_TEXT_MAX && memchr(text.p, '\0', text.n) == NULL)
        j = json_loadb(text.p, text.n, FLAGS, NULL);
    if (j != NULL && depth_of(j) > READER_DEPTH_MAX) {
        json_decref(j);
        j = NULL;
    }
    return j;
}

static json_t *number_read(struct reader *r)
{
    struct reader_number n;
    reader_peek(r);
    const char *begin = r->at;
    if (!reader_number(r, &n))
        return NULL;
    if (n.is_integer)
        return json_integer(n.is_negative ? (json_int_t)(0 - n.magnitude)
                                          : (json_int_t)n.magnitude);
    char *copy = strndup(begin, (size_t)(r->at - begin));
    json_t *j = json_real(strtod(copy, NULL));
    free(copy);
    return j;
}

/* The tree as our reader tells it; NULL on an error. */
static json_t *tree_read(struct reader *r)
{
    struct str s;
    json_t *j;
    switch (reader_peek(r)) {
    case READER_STRING:
        return reader_string(r, &s) ? json_stringn(s.p, s.n) : NULL;
    case READER_NUMBER:
        return number_read(r);
    case READER_BOOL:
        j = json_boolean(*r->at == 't');
        break;
    case READER_NULL:
        j = json_null();
        break;
    case READER_LIST:
        reader_enter(r, READER_LIST);
        for (j = json_array(); reader_item(r);)
            json_array_append_new(j, tree_read(r));
        return j;
    case READER_OBJECT:
        reader_enter(r, READER_OBJECT);
        for (j = json_object(); reader_key(r, &s);)
            json_object_setn_new(j, s.p, s.n, tree_read(r));
        return j;
    default:
        reader_skip(r);
        return NULL;
    }
    return reader_skip(r) ? j : NULL;
}

bool judge_json(struct reader_memory *m, struct str text)
{
    struct reader r;
    json_t *theirs = tree_of(text);
    reader_start(&r, m, text);
    json_t *ours = tree_read(&r);
    bool taken = reader_finish(&r);
    if (taken != (theirs != NULL))
        judge_stop(taken ? "taken, but jansson refuses it" : r.error, text);
    if (taken && !json_equal(ours, theirs))
        judge_stop("read differently", text);
    if (!taken && (r.error == NULL || r.error[0] == '\0'))
        judge_stop("refused without a word", text);
    reader_start(&r, m, text);
    reader_skip(&r);
    if (reader_finish(&r) != taken)
        judge_stop("skipped differently", text);
    json_decref(ours);
    json_decref(theirs);
    return taken;
}

static struct str text_of(const json_t *j)
{
    return (struct str){json_string_value(j), json_string_length(j)};
}

/* The value of a field; NULL when it is absent or null. */
static json_t *field(const json_t *data, const char *name)
{
    json_t *j = json_object_get(data, name);
    return json_is_null(j) ? NULL : j;
}

static bool id_fits(const json_t *j, bool or_text, uint64_t *out)
{
    unsigned long long v = 0;
    if (json_is_integer(j) && json_integer_value(j) >= 0)
        v = (unsigned long long)json_integer_value(j);
    else if (!or_text || !json_is_string(j) || !str_to_u64(text_of(j), &v))
        return false;
    *out = v;
    return v <= NUMBER_MAX;
}

static bool uuid_fits(const json_t *j, struct uuid *out)
{
    return json_is_string(j) && uuid_from_text(text_of(j), out);
}

/* Are the positions those of `c`, each once? `c` NULL: do they fit at all? */
static bool positions_fit(json_t *j, const struct command *c)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    static struct command_position seen[COMMAND_CHANNELS_MAX];
    if (!json_is_object(j) || json_object_size(j) > COMMAND_CHANNELS_MAX)
        return false;
    json_object_foreach(j, key, value)
    {
        struct command_position *at = &seen[n];
        if (!uuid_from_text(str_of(key), &at->channel) || !id_fits(value, true, &at->seq))
            return false;
        for (size_t i = 0; i < n; i++)
            if (uuid_eq(&seen[i].channel, &at->channel))
                return false;
        n++;
    }
    for (size_t i = 0; c != NULL && i < n; i++) {
        size_t k = 0;
        while (k < c->n_resume && !(uuid_eq(&c->resume[k].channel, &seen[i].channel) &&
                                    c->resume[k].seq == seen[i].seq))
            k++;
        if (k == c->n_resume || c->n_resume != n)
            return false;
    }
    return c == NULL || c->n_resume == n;
}

static bool channels_fit(const json_t *j, const struct command *c)
{
    size_t i, n = 0;
    json_t *value;
    static struct uuid seen[COMMAND_CHANNELS_MAX];
    if (!json_is_array(j) || json_array_size(j) > COMMAND_CHANNELS_MAX)
        return false;
    json_array_foreach(j, i, value)
    {
        size_t k = 0;
        if (!uuid_fits(value, &seen[n]))
            return false;
        while (!uuid_eq(&seen[k], &seen[n]))
            k++;
        n += k == n;
    }
    for (i = 0; c != NULL && i < n; i++) {
        size_t k = 0;
        while (k < c->n_watch && !uuid_eq(&c->watch[k], &seen[i]))
            k++;
        if (k == c->n_watch)
            return false;
    }
    return c == NULL || c->n_watch == n;
}

static bool text_fits(const json_t *j, bool has, struct str ours, const struct command *c)
{
    if (j == NULL || c == NULL)
        return j == NULL ? c == NULL || !has : json_is_string(j);
    return json_is_string(j) && has && str_eq(ours, text_of(j));
}

static bool number_fits(const json_t *j, bool or_text, bool has, uint64_t ours,
                        const struct command *c)
{
    uint64_t v;
    if (j == NULL)
        return c == NULL || !has;
    return id_fits(j, or_text, &v) && (c == NULL || (has && ours == v));
}

static bool channel_fits(const json_t *data, const struct command *c)
{
    json_t *first = field(data, "channel_id"), *second = field(data, "channel");
    struct uuid one, other;
    if ((first != NULL && !uuid_fits(first, &one)) ||
        (second != NULL && !uuid_fits(second, &other)))
        return false;
    if (c == NULL || (first == NULL && second == NULL))
        return c == NULL || !c->has_channel;
    return c->has_channel && uuid_eq(&c->channel, first != NULL ? &one : &other);
}

static bool lists_fit(const json_t *data, const struct command *c)
{
    json_t *resume = field(data, "resume"), *watch = field(data, "watch"),
           *channels = field(data, "channels");
    if (json_is_object(channels) ? resume != NULL : channels != NULL && watch != NULL)
        return false;
    if (channels != NULL && json_is_object(channels))
        resume = channels;
    else if (channels != NULL)
        watch = channels;
    if ((resume != NULL && !positions_fit(resume, c)) || (watch != NULL && !channels_fit(watch, c)))
        return false;
    return c == NULL || (c->has_resume == (resume != NULL) && c->has_watch == (watch != NULL));
}

/* Do the fields of `data` fit their types; and, where `c` is given, are they what it says? */
static bool data_fits(const json_t *data, const struct command *c)
{
    static const struct command none;
    const struct command *v = c == NULL ? &none : c;
    return (data == NULL || json_is_object(data)) && channel_fits(data, c) &&
           number_fits(field(data, "message_id"), true, v->has_message_id, v->message_id, c) &&
           number_fits(field(data, "seq"), true, v->has_seq, v->seq, c) &&
           number_fits(field(data, "protocol"), false, v->has_protocol, v->protocol, c) &&
           text_fits(field(data, "content"), v->has_content, v->content, c) &&
           text_fits(field(data, "client_msg_id"), v->has_client_msg_id, v->client_msg_id, c) &&
           lists_fit(data, c);
}

static bool ref_fits(const json_t *ref)
{
    return ref == NULL || json_is_number(ref) ||
           (json_is_string(ref) && str_chars(text_of(ref)) <= COMMAND_REF_CHARS_MAX);
}

/* Is `raw` the text of `ref`? A ref that fits is told even when the rest is refused. */
static bool ref_is(const json_t *ref, struct str raw)
{
    if (ref == NULL || !ref_fits(ref))
        return raw.n == 0;
    json_t *ours = json_loadb(raw.n > 0 ? raw.p : "", raw.n, FLAGS, NULL);
    bool same = ours != NULL && json_equal(ours, ref);
    json_decref(ours);
    return same;
}

static enum command_action action_of(const json_t *action)
{
    static const char *const names[] = {"",      "CreateMessage", "CreateReply", "Hello", "Resume",
                                        "Watch", "Typing",        "Read",        "Ping"};
    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(text_of(action), str_of(names[i])))
            return (enum command_action)i;
    return COMMAND_UNKNOWN;
}

bool judge_command(struct command_parser *p, struct str text)
{
    struct command c;
    const char *reason = NULL;
    json_t *j = tree_of(text);
    bool taken = command_parse(p, text, &c, &reason);
    if (taken == (reason != NULL) || (reason != NULL && reason[0] == '\0'))
        judge_stop("a verdict without its reason", text);
    if (!json_is_object(j)) {
        if (taken)
            judge_stop("taken, but no object, or jansson refuses it", text);
        json_decref(j);
        return false;
    }
    json_t *ref = field(j, "ref"), *data = field(j, "data"), *action = json_object_get(j, "action");
    /* How long a number was written jansson does not tell: that is tested by examples. */
    bool long_ref = !taken && json_is_number(ref) && c.ref.n == 0;
    if (taken != (json_is_string(action) && data_fits(data, NULL) && ref_fits(ref) && !long_ref))
        judge_stop(taken ? "taken, but a field does not fit" : reason, text);
    if (!long_ref && !ref_is(ref, c.ref))
        judge_stop("the ref is not what was sent", text);
    if (taken && (c.action != action_of(action) || !data_fits(data, &c)))
        judge_stop("read differently", text);
    json_decref(j);
    return taken;
}
