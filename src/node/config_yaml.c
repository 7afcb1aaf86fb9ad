#include "node/config_yaml.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <uthash.h>
#include <yaml.h>

#include "base/arena.h"

/* A path that was seen. */
struct seen {
    UT_hash_handle hh;
    unsigned line;
    char path[];
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one in hand */
    bool has_event, failed;
    struct config_yaml_handler *handler;
    struct arena arena;
    struct seen *seen;
    char path[CONFIG_YAML_PATH_SIZE]; /* of the section or key in hand */
};

static unsigned line_of(const struct reader *r)
{
    return (unsigned)r->event.start_mark.line + 1;
}

static void report(struct reader *r, unsigned line, const char *why)
{
    r->handler->on_error(r->handler, r->path, line, why);
}

static void fail(struct reader *r, unsigned line, const char *why)
{
    r->handler->on_error(r->handler, "", line, why);
    r->failed = true;
}

/* Takes the next event in hand; false when there is none because the file is broken. */
static bool advance(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = false;
    if (r->failed)
        return false;
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        const char *why = r->parser.problem == NULL ? "not YAML" : r->parser.problem;
        fail(r, (unsigned)r->parser.problem_mark.line + 1, why);
        return false;
    }
    r->has_event = true;
    return true;
}

/* Refuses what would make the file more than it looks like. */
static const char *extra_of(const yaml_event_t *e)
{
    static const char anchor[] = "anchors and aliases are not allowed",
                      tag[] = "tags are not allowed";
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return anchor;
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor != NULL ? anchor : e->data.scalar.tag != NULL ? tag : NULL;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor != NULL ? anchor
               : e->data.sequence_start.tag != NULL  ? tag
                                                     : NULL;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor != NULL ? anchor
               : e->data.mapping_start.tag != NULL  ? tag
                                                    : NULL;
    default:
        return NULL;
    }
}

/* The event in hand, refused when it is extra. */
static bool check_event(struct reader *r)
{
    const char *why = extra_of(&r->event);
    if (why != NULL)
        fail(r, line_of(r), why);
    return why == NULL;
}

static struct str scalar(const struct reader *r)
{
    return (struct str){(const char *)r->event.data.scalar.value, r->event.data.scalar.length};
}

static bool is_null(const struct reader *r)
{
    struct str s = scalar(r);
    return r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (s.n == 0 || str_eq(s, STR("~")) || str_eq_nocase(s, STR("null")));
}

static bool is_start(const struct reader *r)
{
    return r->event.type == YAML_SEQUENCE_START_EVENT || r->event.type == YAML_MAPPING_START_EVENT;
}

static bool is_end(const struct reader *r)
{
    return r->event.type == YAML_SEQUENCE_END_EVENT || r->event.type == YAML_MAPPING_END_EVENT;
}

/* Passes over the node whose first event is in hand; its last event is in hand after. */
static bool skip_node(struct reader *r)
{
    unsigned depth = 0;
    do {
        if (!check_event(r))
            return false;
        depth += is_start(r);
        depth -= is_end(r);
        if (depth > CONFIG_YAML_DEPTH_MAX)
            fail(r, line_of(r), "nested too deeply");
    } while (depth > 0 && advance(r));
    return !r->failed;
}

static bool read_value(struct reader *r)
{
    struct str item = scalar(r);
    struct config_text text = {&item, 1, false};
    if (!is_null(r))
        r->handler->on_value(r->handler, r->path, &text, line_of(r));
    return true;
}

/* From the start of a list to its end. */
static bool read_list(struct reader *r)
{
    struct str items[CONFIG_LIST_MAX];
    struct config_text text = {items, 0, true};
    unsigned line = line_of(r);
    bool good = true;
    while (advance(r) && check_event(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
        if (r->event.type != YAML_SCALAR_EVENT || text.n == CONFIG_LIST_MAX) {
            if (good)
                report(r, line_of(r),
                       r->event.type == YAML_SCALAR_EVENT ? "the list has too many values"
                                                          : "a list may hold plain values only");
            good = false;
            if (!skip_node(r))
                return false;
        } else {
            items[text.n++] = arena_str(&r->arena, scalar(r));
        }
    }
    if (good && !r->failed)
        r->handler->on_value(r->handler, r->path, &text, line);
    return !r->failed;
}

/* Appends the key in hand to the path. False when it is none that could mean anything. */
static bool enter_key(struct reader *r)
{
    struct str key = r->event.type == YAML_SCALAR_EVENT ? scalar(r) : STR_NONE;
    size_t n = strlen(r->path);
    bool good = key.n > 0 && n + 1 + key.n < sizeof r->path;
    for (size_t i = 0; i < key.n && good; i++)
        good = isalnum((unsigned char)key.p[i]) || key.p[i] == '_';
    if (good)
        snprintf(r->path + n, sizeof r->path - n, "%s%.*s", n > 0 ? "." : "", STR_FMT(key));
    return good;
}

/* Marks the path in hand as seen. False: it was before. */
static bool see_path(struct reader *r)
{
    struct seen *s;
    size_t n = strlen(r->path);
    HASH_FIND_STR(r->seen, r->path, s);
    if (s != NULL) {
        char why[64];
        snprintf(why, sizeof why, "stands twice; first on line %u", s->line);
        report(r, line_of(r), why);
        return false;
    }
    if (HASH_COUNT(r->seen) == CONFIG_YAML_KEYS_MAX) {
        fail(r, line_of(r), "too many keys");
        return false;
    }
    s = arena_alloc(&r->arena, sizeof *s + n + 1);
    memcpy(s->path, r->path, n + 1);
    s->line = line_of(r);
    HASH_ADD_STR(r->seen, path, s);
    return true;
}

static bool read_section(struct reader *r, unsigned depth);

/* What stands behind a key on line `line`: the event in hand is its first. */
static bool read_node(struct reader *r, unsigned line, unsigned depth)
{
    if (!check_event(r))
        return false;
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return read_value(r);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(r);
    case YAML_MAPPING_START_EVENT:
        if (!r->handler->on_section(r->handler, r->path, line))
            return skip_node(r);
        return read_section(r, depth + 1);
    default:
        fail(r, line_of(r), "a value is expected here");
        return false;
    }
}

/* One key and what stands behind it; the key is in hand. */
static bool read_entry(struct reader *r, unsigned depth)
{
    size_t n = strlen(r->path);
    unsigned line = line_of(r);
    if (!check_event(r))
        return false;
    bool wanted = enter_key(r);
    if (!wanted)
        report(r, line_of(r), "a key may have letters, digits and _ only, and not too many");
    if (wanted && !see_path(r))
        wanted = false;
    if (!skip_node(r) || !advance(r)) /* the key, which may be anything in YAML */
        return false;
    bool read = wanted ? read_node(r, line, depth) : skip_node(r);
    r->path[n] = '\0';
    return read;
}

/* From the start of a mapping to its end. */
static bool read_section(struct reader *r, unsigned depth)
{
    if (depth > CONFIG_YAML_DEPTH_MAX) {
        fail(r, line_of(r), "nested too deeply");
        return false;
    }
    while (advance(r)) {
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_entry(r, depth))
            return false;
    }
    return false;
}

/* The whole file: nothing, or one document that is a section. */
static void read_stream(struct reader *r)
{
    if (!advance(r) || !advance(r) || r->event.type == YAML_STREAM_END_EVENT || !advance(r))
        return;
    bool is_section = check_event(r) && r->event.type == YAML_MAPPING_START_EVENT;
    bool is_nothing = !r->failed && r->event.type == YAML_SCALAR_EVENT && is_null(r);
    if (is_section && !read_section(r, 1))
        return;
    if (!is_section && !is_nothing && !r->failed)
        fail(r, line_of(r), "sections with keys are expected");
    if (!advance(r) || !advance(r) || r->event.type == YAML_STREAM_END_EVENT)
        return;
    fail(r, line_of(r), "one document is expected, not several");
}

void config_yaml_read(struct str text, struct config_yaml_handler *handler)
{
    struct reader r = {.handler = handler};
    int initialised = yaml_parser_initialize(&r.parser);
    assert(initialised);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.n);
    arena_init(&r.arena);
    read_stream(&r);
    if (r.has_event)
        yaml_event_delete(&r.event);
    HASH_CLEAR(hh, r.seen);
    arena_fini(&r.arena);
    yaml_parser_delete(&r.parser);
}
