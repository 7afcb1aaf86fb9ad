/* A growing byte buffer with a limit from birth. Appending past the limit changes nothing more,
 * and sets `failed`, which stays set: a writer appends freely and checks once at the end. */
#ifndef PARLEY_BASE_BUF_H
#define PARLEY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
    char *p;     /* NULL while nothing was ever appended */
    size_t n;    /* bytes held */
    size_t cap;  /* bytes allocated */
    size_t max;  /* the limit of `n` */
    bool failed; /* an append did not fit */
};

/* An empty buffer that holds at most `max` bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Makes room for `n` more bytes and returns where to write them, NULL past the limit (and after
 * it). The caller then adds what it wrote to `b->n`. */
char *buf_reserve(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first `n` bytes; moves the rest. */
void buf_consume(struct buf *b, size_t n);
/* Empties it and forgets a failure, keeps the memory. */
void buf_clear(struct buf *b);

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

#endif
