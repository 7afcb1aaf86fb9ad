/* An answer under construction, and its way onto the wire.
 *
 * Handlers append JSON to `body`, or set `shared` to bytes that exist already. What every answer
 * carries (length, CORS, security headers, Date) is added when it is rendered, in one place.
 */
#ifndef PARLEY_DELIVERY_HTTP_RESPONSE_H
#define PARLEY_DELIVERY_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

/* The longest body of an answer; only the list of all channels comes near it (100,000 names). */
#define HTTP_ANSWER_BYTES_MAX (16u << 20)
/* Bodies from this size on are compressed when the client accepts it. */
#define HTTP_GZIP_BYTES_MIN 1024

struct response {
    int status;
    struct buf body;
    struct bytes *shared; /* the body instead of `body`; a reference of its own; NULL: none */
    const char *type;     /* Content-Type; NULL: JSON */
    const char *cache;    /* Cache-Control; NULL: no-store */
    const char *referrer; /* Referrer-Policy; NULL: no-referrer */
    struct buf fields;    /* further header lines, each with its CRLF */
    uint32_t retry_after_ms;
    bool gzip;             /* the body is compressed */
    bool varies_by_coding; /* another Accept-Encoding would have got another body */
};

void response_init(struct response *r);
void response_fini(struct response *r);
/* Forgets body and fields, for another answer instead. */
void response_reset(struct response *r);

/* {"status":"success","message":...} */
void response_success(struct response *r, const char *message);
/* The same up to and with `"data":`; the handler appends the value, then response_data_end. */
struct buf *response_data_begin(struct response *r, const char *message);
void response_data_end(struct response *r);
/* {"status":"fail","message":...,"code":...}, with retry_after_ms where waiting helps. */
void response_fail(struct response *r, const struct fault *f);
/* The same with the table's sentence. */
void response_fail_err(struct response *r, enum err e);
/* For statuses that no `enum err` has (426, 431, ...). `text` is UTF-8. */
void response_refuse(struct response *r, int status, const char *text);
/* The same two, left open: the caller adds `,"key":value` and the closing brace. */
struct buf *response_success_open(struct response *r, const char *message);
struct buf *response_fail_open(struct response *r, const struct fault *f);

/* Compresses a JSON body of HTTP_GZIP_BYTES_MIN or more if that makes it smaller. For workers: a
 * large body takes milliseconds. */
void response_compress(struct response *r, bool accepted);

/* What the connection and the request say about how to render. */
struct response_frame {
    struct str allow_origin; /* Access-Control-Allow-Origin; empty: none */
    bool varies_by_origin;
    bool close;          /* Connection: close */
    bool say_keep_alive; /* HTTP/1.0 wants to be told */
    int64_t now_s;
};
/* Appends status line and header block, the final empty line included. */
void response_head(const struct response *r, const struct response_frame *frame, struct buf *out);
size_t response_length(const struct response *r);

#endif
