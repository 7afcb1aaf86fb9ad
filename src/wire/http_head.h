/* The parts of a request's head, read line by line, and the judgement over the whole of it. Pure
 * functions: text in, fault out. */
#ifndef PARLEY_WIRE_HTTP_HEAD_H
#define PARLEY_WIRE_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/http.h"
#include "wire/http_fault.h"

struct http_start_line {
    struct str method, target;
    bool version_1_0;
};

/* `line` is without its CRLF, free of control characters. */
enum http_fault http_start_line_read(struct str line, struct http_start_line *out);
/* A header field, not empty. Tabs around the value are refused in the fields that decide how the
 * message is read. */
enum http_fault http_field_line_read(struct str line, struct http_field *out);
/* A trailer field, not empty. Those that decide how a message is read may not come so late
 * (RFC 9110 section 6.5.1). */
enum http_fault http_trailer_line_check(struct str line);

/* How the body is delimited (RFC 9112 section 6). */
struct http_framing {
    bool chunked;
    unsigned long long length; /* when not chunked; 0: no body */
};

/* Completes `r`, whose method, target, version and fields are set: path and query, the flags. */
enum http_fault http_head_judge(struct http_request *r, size_t body_bytes,
                                struct http_framing *framing);

/* Is this what may follow the size in the line that opens a chunk (RFC 9112 section 7.1.1)? White
 * space is refused there, as it served to smuggle. */
bool http_chunk_extensions_are_valid(struct str text);

#endif
