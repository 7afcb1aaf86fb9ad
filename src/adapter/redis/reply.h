/* What Redis answered, as a tree in an arena. Inside adapter/redis only.
 *
 * The parser is hiredis', which builds the tree through our functions: so an answer that claims a
 * million elements, or more bytes than any of ours has, is refused while it comes in, and nothing
 * is allocated for it. One reader a connection; after an error the connection is of no more use.
 */
#ifndef PARLEY_ADAPTER_REDIS_REPLY_H
#define PARLEY_ADAPTER_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define REPLY_BYTES_MAX    ((size_t)4 * 1024 * 1024) /* of one answer, on the wire */
#define REPLY_ELEMENTS_MAX 16384                     /* of one answer, in all its arrays */

enum reply_type {
    REPLY_NIL,
    REPLY_STRING,
    REPLY_STATUS,
    REPLY_ERROR,
    REPLY_INTEGER,
    REPLY_ARRAY,
};

struct reply {
    enum reply_type type;
    int64_t integer;
    struct str str; /* string, status, error; in the arena */
    size_t n;       /* elements, none of them NULL */
    struct reply **elements;
};

struct reply_reader;
struct reply_reader *reply_reader_new(void);
void reply_reader_free(struct reply_reader *r);

/* The next answer is built in `arena`. */
void reply_reader_begin(struct reply_reader *r, struct arena *arena);
/* Bytes from Redis. False when they are not the protocol, or too much. */
bool reply_reader_feed(struct reply_reader *r, const char *p, size_t n);
/* The next answer, NULL when it is not complete yet. False as above. */
bool reply_reader_next(struct reply_reader *r, struct reply **out);

/* Is everything that was fed part of an answer that was given out? */
bool reply_reader_is_empty(const struct reply_reader *r);

/* An error that names `word`, such as "NOSCRIPT"? (An error within a script has others before
 * it.) */
bool reply_is_error(const struct reply *r, const char *word);

#endif
