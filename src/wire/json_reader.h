/* A strict pull reader of JSON texts (RFC 8259) that builds no tree.
 *
 * The caller asks for what it expects, value by value, and skips the rest; nothing is skipped
 * unchecked. It takes exactly what jansson takes with JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL: no
 * invalid or overlong UTF-8, no lone surrogates, no raw control characters, no duplicate keys at
 * any level (compared after decoding), no NUL in keys, no integers beyond int64 and no reals
 * beyond double, no trailing bytes; but at most READER_DEPTH_MAX levels.
 *
 *     reader_start(&r, &memory, text);
 *     if (reader_enter(&r, READER_OBJECT))
 *         while (reader_key(&r, &key))
 *             str_eq(key, STR("name")) ? reader_string(&r, &name) : reader_skip(&r);
 *     if (!reader_finish(&r)) ... r.error says why
 *
 * An error is sticky: every later call returns false, so loops end by themselves. Strings without
 * escapes are borrowed from the text, others from the memory; both until the next reader_start.
 * Nothing here is shared: one reader and one memory a thread.
 */
#ifndef PARLEY_WIRE_JSON_READER_H
#define PARLEY_WIRE_JSON_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define READER_TEXT_MAX  65536
#define READER_DEPTH_MAX 32

/* What decoded strings and the keys of open objects are kept in, from text to text. Grows to what
 * the longest text needed: at most READER_TEXT_MAX bytes, and a key for each four of them. */
struct reader_memory {
    char *decoded;
    size_t n_decoded, decoded_cap;
    struct str *keys;
    size_t n_keys, keys_cap;
};

enum reader_kind {
    READER_NONE, /* no value begins here */
    READER_OBJECT,
    READER_LIST,
    READER_STRING,
    READER_NUMBER,
    READER_BOOL,
    READER_NULL,
};

struct reader {
    const char *begin, *at, *end;
    const char *error; /* NULL, or a static sentence for people */
    struct reader_memory *memory;
    unsigned depth;
    bool is_first; /* the container just entered has given nothing yet */
    struct {
        enum reader_kind kind;
        size_t first_key; /* an object's keys in memory->keys begin here */
    } levels[READER_DEPTH_MAX];
};

struct reader_number {
    bool is_integer, is_negative; /* -0 is not negative */
    uint64_t magnitude;           /* of an integer */
};

/* Zeroed memory is ready for use. */
void reader_memory_fini(struct reader_memory *m);

/* Begins with `text`, which must outlive the reader. */
void reader_start(struct reader *r, struct reader_memory *m, struct str text);
/* What kind of value comes next, by its first byte. */
enum reader_kind reader_peek(struct reader *r);
/* Each of these reads one value of that kind; another kind is an error (peek first). */
bool reader_string(struct reader *r, struct str *out);
bool reader_number(struct reader *r, struct reader_number *out);
/* Reads one value of any kind, checks all of it. */
bool reader_skip(struct reader *r);
/* Steps into an object or list. */
bool reader_enter(struct reader *r, enum reader_kind kind);
/* The key of the object's next member, whose value must be read next. False: the object ended and
 * the reader is behind it, or an error. */
bool reader_key(struct reader *r, struct str *key);
/* True: the list's next element can be read. False as above. */
bool reader_item(struct reader *r);
/* The text must end here. True when all of it was well-formed. */
bool reader_finish(struct reader *r);

#endif
