/* What the parser makes of a stream of requests, as one line of text.
 *
 * Each finished request stands as "METHOD target", "+" and its body if it has one, and the flags
 * that are set: 1.0 close expect upgrade. A refusal stands as "!status NAME" (http_fault.h), a
 * request whose end is missing as "?". The same bytes must give the same text however they are
 * cut. */
#ifndef PARLEY_TESTS_WIRE_HTTP_SCRIPT_H
#define PARLEY_TESTS_WIRE_HTTP_SCRIPT_H

#include "base/buf.h"
#include "base/rand.h"
#include "wire/http.h"

struct http_cut {
    size_t every;             /* bytes a piece; 0: one piece */
    size_t at;                /* where the first of two pieces ends, when every is 0 */
    struct rand_seeded *rand; /* or pieces of random lengths */
};

/* Feeds `stream` to a new parser and appends the text, NUL-terminated. `fields`: with all header
 * fields too. Stops at a refusal, and after an upgrade. Every piece lies in memory of exactly its
 * size. */
void http_script_run(const struct http_limits *limits, struct str stream, struct http_cut cut,
                     bool fields, struct buf *out);

#endif
