/* Everything that makes the parser refuse a request: the status to answer and the sentence that
 * says what is wrong. The one table of them; tests and documentation go by it. */
#ifndef PARLEY_WIRE_HTTP_FAULT_H
#define PARLEY_WIRE_HTTP_FAULT_H

#define HTTP_FAULT_TABLE(X)                                                                    \
    X(HTTP_FAULT_NONE, 0, "")                                                                  \
    /* lines */                                                                                \
    X(HTTP_FAULT_CONTROL_CHAR, 400, "A control character stands in the head")                  \
    X(HTTP_FAULT_BARE_LF, 400, "A line ends without a carriage return")                        \
    X(HTTP_FAULT_BARE_CR, 400, "A carriage return stands without a line feed")                 \
    X(HTTP_FAULT_EMPTY_LINES, 400, "More than one empty line comes before the request")        \
    X(HTTP_FAULT_LINE_TOO_LONG, 414, "The request line is too long")                           \
    X(HTTP_FAULT_HEAD_TOO_LARGE, 431, "The header fields are too large")                       \
    X(HTTP_FAULT_TOO_MANY_FIELDS, 431, "There are too many header fields")                     \
    /* the request line */                                                                     \
    X(HTTP_FAULT_REQUEST_LINE, 400, "The request line is malformed")                           \
    X(HTTP_FAULT_VERSION, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here")                   \
    X(HTTP_FAULT_METHOD, 501, "This method is not known here")                                 \
    X(HTTP_FAULT_TARGET, 400, "The request target is malformed")                               \
    /* fields */                                                                               \
    X(HTTP_FAULT_FOLD, 400, "A header field is folded over several lines")                     \
    X(HTTP_FAULT_FIELD, 400, "A header field is malformed")                                    \
    X(HTTP_FAULT_HOST_MISSING, 400, "The Host field is missing")                               \
    X(HTTP_FAULT_HOST, 400, "The Host field is malformed or repeated")                         \
    X(HTTP_FAULT_LENGTH, 400, "The Content-Length field is malformed or repeated")             \
    X(HTTP_FAULT_TWO_FRAMINGS, 400, "Content-Length and Transfer-Encoding exclude each other") \
    X(HTTP_FAULT_CODING_REPEATED, 400, "The Transfer-Encoding field is repeated")              \
    X(HTTP_FAULT_CODING_1_0, 400, "HTTP/1.0 has no Transfer-Encoding")                         \
    X(HTTP_FAULT_CODING, 501, "Only the transfer coding chunked is understood")                \
    X(HTTP_FAULT_EXPECT, 417, "Only 100-continue can be expected")                             \
    /* the body */                                                                             \
    X(HTTP_FAULT_BODY_TOO_LARGE, 413, "The request body is too large")                         \
    X(HTTP_FAULT_CHUNK_SIZE, 400, "A chunk size is malformed")                                 \
    X(HTTP_FAULT_CHUNK_EXTENSION, 400, "A chunk extension is malformed or too long")           \
    X(HTTP_FAULT_CHUNK_END, 400, "A chunk does not end where its size says")                   \
    X(HTTP_FAULT_TRAILER_FIELD, 400, "This field may not be a trailer")                        \
    X(HTTP_FAULT_TRAILERS, 431, "The trailer fields are too large or too many")

enum http_fault {
#define HTTP_FAULT_ENUM(name, status, reason) name,
    HTTP_FAULT_TABLE(HTTP_FAULT_ENUM)
#undef HTTP_FAULT_ENUM
};

#endif
