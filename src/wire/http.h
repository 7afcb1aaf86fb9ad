/* HTTP/1.1 requests (RFC 9112) without I/O: strict, because what two parsers read differently is
 * how requests are smuggled. The parser is fed bytes as they come and says when a head is whole
 * and when the body is; whatever is malformed ends in HTTP_ERROR with the status to answer, after
 * which the connection must be closed.
 *
 * Refused: both Content-Length and Transfer-Encoding, repeated or signed or empty lengths,
 * codings other than a single "chunked" (501), any coding in HTTP/1.0, obs-fold, bare CR or LF,
 * NUL and other control characters, white space before a colon, tabs around the value of a field
 * that decides how the request is read, such fields as trailers, a missing (HTTP/1.1), repeated
 * or malformed Host, a target that is not in origin form (or "*" for OPTIONS), more than one
 * empty line before a request, methods outside RFC 9110 and PATCH (501), request lines (414) or
 * heads (431) over `head_bytes`, more than `head_fields` fields (431), a body over `body_bytes`
 * (413), versions other than 1.0 and 1.1 (505), other expectations than 100-continue (417). The
 * table of all of them is http_fault.h. Chunk extensions and trailers are checked, bounded by
 * `head_bytes` together, and dropped.
 *
 * Memory: the head and the body are copied as they come, into buffers that grow up to their limits
 * and never by what a peer merely announces. http_parser_next gives all of it back.
 */
#ifndef PARLEY_WIRE_HTTP_H
#define PARLEY_WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct http_field {
    struct str name, value; /* value without surrounding white space */
};

/* A request; everything points into the parser's memory, valid until http_parser_next. */
struct http_request {
    struct str method, target, path, query; /* query without "?" */
    struct str body;
    const struct http_field *fields;
    size_t n_fields;
    bool keep_alive; /* by version and Connection */
    bool version_1_0;
    bool expect_continue;   /* a 100 must be sent before the body comes */
    bool upgrade_websocket; /* Connection: Upgrade, Upgrade: websocket, GET, HTTP/1.1, no body */
};

struct http_limits {
    size_t head_bytes, head_fields, body_bytes;
};

enum http_result {
    HTTP_MORE,  /* everything was used; come again */
    HTTP_HEAD,  /* the head is whole (once a request): look at it, then feed on */
    HTTP_DONE,  /* the body too: answer, then http_parser_next */
    HTTP_ERROR, /* refuse with `http_parser_status`, close */
};

struct http_parser;
struct http_parser *http_parser_new(const struct http_limits *limits);
void http_parser_free(struct http_parser *p);
/* Uses bytes up to the next result; `*used` says how many. After HTTP_HEAD come again even if no
 * bytes are left: a request without a body is HTTP_DONE then. Feeding the same bytes in other
 * pieces gives the same results. After HTTP_ERROR every call says the same. */
enum http_result http_parse(struct http_parser *p, const char *data, size_t n, size_t *used);
const struct http_request *http_parser_request(const struct http_parser *p);
/* After HTTP_ERROR: the status, and a sentence that says what is wrong (static). */
int http_parser_status(const struct http_parser *p);
const char *http_parser_reason(const struct http_parser *p);
/* Forgets the request and begins the next; gives its memory back. */
void http_parser_next(struct http_parser *p);
/* Is a request begun and not done (a deadline should run)? */
bool http_parser_is_midway(const struct http_parser *p);

/* The first field of that name (case does not matter); false, and STR_NONE, when absent. */
bool http_field_get(const struct http_request *r, const char *name, struct str *out);
/* Does the comma-separated list in all fields of that name hold `token` (case does not matter)? */
bool http_field_has_token(const struct http_request *r, const char *name, const char *token);
/* The value of the first cookie `name` (RFC 6265 section 5.4 form); false, STR_NONE when absent. */
bool http_cookie_get(const struct http_request *r, const char *name, struct str *out);
/* The percent-decoded value of the first query parameter `name`, with a NUL that `*len` does not
 * count; "+" stays a plus, since cursors are base64 that clients do not encode. 0 absent, 1 found,
 * -1 malformed (an encoded NUL too) or no room in `size`. */
int http_query_get(struct str query, const char *name, char *out, size_t size, size_t *len);
/* Does Accept-Encoding allow `coding` (RFC 9110 section 12.5.3, q=0 refuses)? */
bool http_accepts_coding(const struct http_request *r, const char *coding);
/* The reason phrase of a status; "" when unknown. */
const char *http_reason(int status);

#endif
