/* A borrowed run of bytes: pointer and length, not terminated, never owned. */
#ifndef PARLEY_BASE_STR_H
#define PARLEY_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* For printf's "%.*s". */
#define STR_FMT(s) (int)(s).n, (s).p

static inline struct str str_of(const char *cstring)
{
    return (struct str){cstring, cstring == NULL ? 0 : strlen(cstring)};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Of what somebody shows with a secret that was set: takes the same time for every text of the same
 * length. An empty secret equals nothing. */
bool str_eq_secret(struct str shown, struct str secret);
/* ASCII case folded, as header names compare (RFC 9110 section 5.1). */
bool str_eq_nocase(struct str a, struct str b);
/* Decimal digits only, the whole of `s`, no sign, no overflow. False leaves `*out` alone. */
bool str_to_u64(struct str s, unsigned long long *out);
/* Copies with a final NUL; false (and "" in `out`) when it does not fit or holds a NUL. */
bool str_copy(struct str s, char *out, size_t size);
/* Is `s` valid UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF)? */
bool str_is_utf8(struct str s);
/* Length of the valid UTF-8 sequence that `s` begins with, 1-4; 0 when it begins with none. */
size_t str_utf8_first(struct str s);
/* How many code points valid UTF-8 `s` holds. */
size_t str_chars(struct str s);

#endif
