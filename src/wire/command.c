#include "wire/command.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/json_reader.h"

/* What every JSON client holds exactly. */
#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)

struct command_parser {
    struct reader_memory memory;
    struct reader reader;
    struct command *out;
    const char *wrong; /* the first field that does not fit; NULL: all did */
    struct command_position resume[COMMAND_CHANNELS_MAX];
    struct uuid watch[COMMAND_CHANNELS_MAX];
};

struct command_parser *command_parser_new(void)
{
    return MEM_NEW(struct command_parser);
}

void command_parser_free(struct command_parser *p)
{
    if (p == NULL)
        return;
    reader_memory_fini(&p->memory);
    mem_free(p);
}

/* Each read_ function takes one value off the reader, whatever it is. False: it does not fit the
 * field, or the text is malformed (which the reader remembers). */
typedef bool read_f(struct command_parser *p, void *out);

static bool misfit(struct command_parser *p)
{
    reader_skip(&p->reader);
    return false;
}

static bool read_text(struct command_parser *p, void *out)
{
    if (reader_peek(&p->reader) != READER_STRING)
        return misfit(p);
    return reader_string(&p->reader, out);
}

static bool read_uuid(struct command_parser *p, void *out)
{
    struct str text;
    return read_text(p, &text) && uuid_from_text(text, out);
}

static bool read_number(struct command_parser *p, void *out)
{
    struct reader_number number;
    if (reader_peek(&p->reader) != READER_NUMBER)
        return misfit(p);
    if (!reader_number(&p->reader, &number) || !number.is_integer || number.is_negative)
        return false;
    *(uint64_t *)out = number.magnitude;
    return number.magnitude <= NUMBER_MAX;
}

/* A number, or its digits as a string: ids of old clients come either way. */
static bool read_id(struct command_parser *p, void *out)
{
    struct str text;
    unsigned long long value;
    if (reader_peek(&p->reader) != READER_STRING)
        return read_number(p, out);
    if (!reader_string(&p->reader, &text) || !str_to_u64(text, &value))
        return false;
    *(uint64_t *)out = value;
    return value <= NUMBER_MAX;
}

static int uuid_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

/* {"<channel>": seq, ...}. One channel in two spellings is no duplicate key, but means nothing. */
static bool read_positions(struct command_parser *p, void *out)
{
    struct reader *r = &p->reader;
    size_t n = 0;
    struct str key;
    bool fits = true;
    if (reader_peek(r) != READER_OBJECT)
        return misfit(p);
    reader_enter(r, READER_OBJECT);
    while (reader_key(r, &key)) {
        struct command_position at;
        if (read_id(p, &at.seq) && uuid_from_text(key, &at.channel) && n < COMMAND_CHANNELS_MAX)
            p->resume[n++] = at;
        else
            fits = false;
    }
    static_assert(offsetof(struct command_position, channel) == 0, "sorted as a uuid");
    qsort(p->resume, n, sizeof p->resume[0], uuid_compare);
    for (size_t i = 1; i < n; i++)
        fits = fits && !uuid_eq(&p->resume[i - 1].channel, &p->resume[i].channel);
    *(size_t *)out = n;
    return fits;
}

/* ["<channel>", ...]; naming one twice is the same as naming it once. */
static bool read_channels(struct command_parser *p, void *out)
{
    struct reader *r = &p->reader;
    size_t n = 0, kept = 0;
    bool fits = true;
    if (reader_peek(r) != READER_LIST)
        return misfit(p);
    reader_enter(r, READER_LIST);
    while (reader_item(r)) {
        struct uuid channel;
        if (read_uuid(p, &channel) && n < COMMAND_CHANNELS_MAX)
            p->watch[n++] = channel;
        else
            fits = false;
    }
    qsort(p->watch, n, sizeof p->watch[0], uuid_compare);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !uuid_eq(&p->watch[kept - 1], &p->watch[i]))
            p->watch[kept++] = p->watch[i];
    *(size_t *)out = kept;
    return fits;
}

/* How a value meets one that another name of the same field gave before. */
enum meeting { REPLACES, YIELDS, CLASHES };

/* clang-format off */
#define NAME(literal) {literal, sizeof(literal) - 1}
/* clang-format on */

/* The known fields of `data`. Where a name has several rows, the value's kind picks one. */
static const struct field {
    struct str name;
    enum reader_kind kind;
    enum meeting meeting;
    read_f *read;
    size_t has, at; /* offsets in struct command */
    const char *wrong;
} fields[] = {
/* clang-format off */
#define FIELD(name, kind, meeting, read, member, at, wrong)                                        \
    {NAME(name), kind, meeting, read, offsetof(struct command, has_##member),                      \
     offsetof(struct command, at), wrong}
    /* clang-format on */
    FIELD("channel_id", READER_NONE, REPLACES, read_uuid, channel, channel,
          "data.channel_id must be a UUID"),
    FIELD("channel", READER_NONE, YIELDS, read_uuid, channel, channel,
          "data.channel must be a UUID"),
    FIELD("message_id", READER_NONE, REPLACES, read_id, message_id, message_id,
          "data.message_id must be a whole number from 0 to 9007199254740991"),
    FIELD("content", READER_NONE, REPLACES, read_text, content, content,
          "data.content must be a string"),
    FIELD("client_msg_id", READER_NONE, REPLACES, read_text, client_msg_id, client_msg_id,
          "data.client_msg_id must be a string"),
    FIELD("seq", READER_NONE, REPLACES, read_id, seq, seq,
          "data.seq must be a whole number from 0 to 9007199254740991"),
    FIELD("protocol", READER_NONE, REPLACES, read_number, protocol, protocol,
          "data.protocol must be a whole number"),
    FIELD("resume", READER_NONE, CLASHES, read_positions, resume, n_resume,
          "data.resume must name at most 1000 channels, each once, with the last seq seen"),
    FIELD("watch", READER_NONE, CLASHES, read_channels, watch, n_watch,
          "data.watch must be a list of at most 1000 channel ids"),
    FIELD("channels", READER_LIST, CLASHES, read_channels, watch, n_watch,
          "data.channels must be a list of at most 1000 channel ids"),
    FIELD("channels", READER_OBJECT, CLASHES, read_positions, resume, n_resume,
          "data.channels must name at most 1000 channels, each once, with the last seq seen"),
#undef FIELD
};

static const struct field *field_find(struct str name, enum reader_kind kind)
{
    const struct field *found = NULL;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *f = &fields[i];
        if (!str_eq(f->name, name))
            continue;
        found = f;
        if (f->kind == kind)
            break;
    }
    return found;
}

static void wrong_set(struct command_parser *p, const char *sentence)
{
    if (p->wrong == NULL)
        p->wrong = sentence;
}

static void field_read(struct command_parser *p, struct str name)
{
    enum reader_kind kind = reader_peek(&p->reader);
    const struct field *f = field_find(name, kind);
    if (f == NULL || kind == READER_NULL) {
        reader_skip(&p->reader);
        return;
    }
    struct uuid ignored; /* the only field that yields is a UUID */
    bool *has = (bool *)((char *)p->out + f->has);
    void *at = *has && f->meeting == YIELDS ? (void *)&ignored : (char *)p->out + f->at;
    bool clash = *has && f->meeting == CLASHES;
    if (!f->read(p, at))
        wrong_set(p, f->wrong);
    else if (clash)
        wrong_set(p, "data.channels cannot stand beside data.resume or data.watch");
    *has = true;
}

static void data_read(struct command_parser *p)
{
    struct str name;
    if (reader_peek(&p->reader) != READER_OBJECT) {
        if (reader_peek(&p->reader) != READER_NULL)
            wrong_set(p, "data must be an object");
        reader_skip(&p->reader);
        return;
    }
    reader_enter(&p->reader, READER_OBJECT);
    while (reader_key(&p->reader, &name))
        field_read(p, name);
}

static void action_read(struct command_parser *p)
{
    static const struct {
        struct str name;
        enum command_action action;
    } actions[] = {
        {NAME("CreateMessage"), COMMAND_CREATE_MESSAGE},
        {NAME("CreateReply"), COMMAND_CREATE_REPLY},
        {NAME("Hello"), COMMAND_HELLO},
        {NAME("Resume"), COMMAND_RESUME},
        {NAME("Watch"), COMMAND_WATCH},
        {NAME("Typing"), COMMAND_TYPING},
        {NAME("Read"), COMMAND_READ},
        {NAME("Ping"), COMMAND_PING},
    };
    struct str name;
    if (!read_text(p, &name)) {
        wrong_set(p, "action must be a string");
        return;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (str_eq(name, actions[i].name))
            p->out->action = actions[i].action;
}

/* Kept as it was written, so that it goes back as it came. */
static void ref_read(struct command_parser *p)
{
    struct reader *r = &p->reader;
    struct str text;
    enum reader_kind kind = reader_peek(r);
    const char *begin = r->at;
    bool fits = false;
    if (kind == READER_STRING)
        fits = reader_string(r, &text) && str_chars(text) <= COMMAND_REF_CHARS_MAX;
    else
        fits = reader_skip(r) && (kind == READER_NULL || (kind == READER_NUMBER &&
                                                          r->at - begin <= COMMAND_REF_CHARS_MAX));
    if (!fits)
        wrong_set(p, "ref must be a string or number of at most 64 characters");
    else if (kind != READER_NULL)
        p->out->ref = (struct str){begin, (size_t)(r->at - begin)};
}

static void message_read(struct command_parser *p)
{
    struct reader *r = &p->reader;
    struct str name;
    bool has_action = false;
    if (reader_peek(r) != READER_OBJECT) {
        wrong_set(p, "The message must be a JSON object");
        reader_skip(r);
        return;
    }
    reader_enter(r, READER_OBJECT);
    while (reader_key(r, &name)) {
        if (str_eq(name, STR("action"))) {
            has_action = true;
            action_read(p);
        } else if (str_eq(name, STR("data"))) {
            data_read(p);
        } else if (str_eq(name, STR("ref"))) {
            ref_read(p);
        } else {
            reader_skip(r);
        }
    }
    if (!has_action)
        wrong_set(p, "action is missing");
}

bool command_parse(struct command_parser *p, struct str text, struct command *out,
                   const char **reason)
{
    *out = (struct command){.resume = p->resume, .watch = p->watch};
    p->out = out;
    p->wrong = NULL;
    reader_start(&p->reader, &p->memory, text);
    message_read(p);
    *reason = reader_finish(&p->reader) ? p->wrong : p->reader.error;
    return *reason == NULL;
}
