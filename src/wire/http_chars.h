/* The character classes of RFC 9110 section 5.6 and RFC 3986, as one table of bits. */
#ifndef PARLEY_WIRE_HTTP_CHARS_H
#define PARLEY_WIRE_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
    HTTP_CHAR_TOKEN = 1,  /* tchar */
    HTTP_CHAR_TEXT = 2,   /* what a line may hold: visible, obs-text, space, tab */
    HTTP_CHAR_TARGET = 4, /* of a request target, and what browsers leave unencoded there */
    HTTP_CHAR_HOST = 8,   /* of a host name: unreserved, sub-delims, "%" */
};

extern const uint8_t http_chars[256];

static inline bool http_char_is(char c, unsigned classes)
{
    return (http_chars[(unsigned char)c] & classes) != 0;
}

/* Is `s` at least one character long, and all of it in `classes`? */
bool http_chars_all(struct str s, unsigned classes);
/* 0-15, or -1. */
int http_hex_digit(char c);
/* Without the spaces and tabs around it. */
struct str http_trim(struct str s);
/* Cuts the first element off a list separated by `separator`, outside quoted strings. Returns it
 * trimmed; `*list` is what follows, with a NULL `p` after the last one. */
struct str http_list_next(struct str *list, char separator);

#endif
