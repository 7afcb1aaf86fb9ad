/* WebSocket frames (RFC 6455), and compressed messages (RFC 7692), without I/O.
 *
 * The decoder takes bytes as they come and hands out whole messages and control frames. A frame
 * that arrives whole and alone is handed out where it lies (unmasked in place), without a copy;
 * only what arrives in pieces is gathered, in a buffer that exists only meanwhile. Everything that
 * RFC 6455 forbids ends in WS_ERROR with the close code to send. UTF-8 is checked as it streams,
 * so that a bad text fails at its first bad byte.
 */
#ifndef PARLEY_WIRE_WS_H
#define PARLEY_WIRE_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

#define WS_CLOSE_NORMAL          1000
#define WS_CLOSE_GOING_AWAY      1001
#define WS_CLOSE_PROTOCOL        1002
#define WS_CLOSE_NO_STATUS       1005 /* never on the wire: a close frame without a code */
#define WS_CLOSE_BAD_DATA        1007
#define WS_CLOSE_TOO_BIG         1009
#define WS_CLOSE_INTERNAL        1011
#define WS_CLOSE_RESTART         1012
#define WS_CLOSE_UNAUTHENTICATED 4001
#define WS_CLOSE_SLOW            4008
#define WS_CLOSE_TOO_FAST        4029

struct ws_config {
    bool client;            /* the decoder's own side: a client refuses masked frames */
    size_t message_max;     /* bytes, inflated, below 1 GiB; over it WS_CLOSE_TOO_BIG */
    unsigned fragments_max; /* frames of one message; over it WS_CLOSE_TOO_BIG */
};

/* Small enough to sit in every connection. */
struct ws_decoder {
    const struct ws_config *config; /* borrowed, shared by all connections of a kind */
    struct ws_gather *gather;       /* NULL unless something arrived in pieces */
    bool deflate;    /* permessage-deflate was negotiated (no context takeover, either way) */
    bool closed;     /* a close frame came: what follows it is dropped */
    uint16_t failed; /* the code of the WS_ERROR that ended it, 0: none */
};

enum ws_result {
    WS_MORE,    /* everything was used; come again with more bytes */
    WS_MESSAGE, /* `item` holds a text or binary message */
    WS_CONTROL, /* `item` holds a ping, pong or close */
    WS_ERROR,   /* `item.code` is the close code; every further call says the same */
};

struct ws_item {
    enum ws_opcode opcode;
    struct str payload; /* lent until the next call; of a close frame: its reason */
    uint16_t code;      /* close frames (WS_CLOSE_NO_STATUS: none was given) and errors */
};

/* Allocates nothing. `deflate`: what was negotiated for this connection. */
void ws_decoder_init(struct ws_decoder *d, const struct ws_config *config, bool deflate);
void ws_decoder_fini(struct ws_decoder *d);
/* Uses bytes of `p` (which it may unmask in place) up to one item; `*used` says how many. Call
 * again with the rest, even if nothing is left, until WS_MORE: that call also gives back the memory
 * that the last item lent. */
enum ws_result ws_decode(struct ws_decoder *d, char *p, size_t n, size_t *used,
                         struct ws_item *item);

/* May this code stand in a close frame (RFC 6455 section 7.4, and IANA's 1012 to 1014)? */
bool ws_close_code_is_valid(unsigned code);

/* ---- Encoding ---- */

#define WS_HEAD_MAX 14
/* Writes the head of a final, unmasked frame into `out` (WS_HEAD_MAX); returns its length. */
size_t ws_head(enum ws_opcode opcode, bool compressed, size_t payload_len, char *out);
size_t ws_head_len(size_t payload_len);
/* Appends a whole final frame, unmasked (servers). */
void ws_put_frame(struct buf *out, enum ws_opcode opcode, struct str payload);
/* Appends a whole final frame, masked with a random key (clients). */
void ws_put_frame_masked(struct buf *out, enum ws_opcode opcode, struct str payload);
/* A close frame (WS_CLOSE_NO_STATUS: an empty one). `reason` is UTF-8, cut between characters to at
 * most 123 bytes. Returns its length, at most 127. */
#define WS_CLOSE_FRAME_MAX 127
size_t ws_close_frame(uint16_t code, struct str reason, char *out);
/* Appends `payload` as a compressed text frame (RFC 7692 section 7.2.1). Thread-safe: each thread
 * keeps a deflate stream of its own. False (nothing appended) when it would not be smaller, or when
 * `out` may not have room for it. */
bool ws_put_frame_deflated(struct buf *out, struct str payload);

/* ---- Handshake ---- */

/* Sec-WebSocket-Accept for a valid `key` (28 characters and NUL). */
#define WS_ACCEPT_SIZE 29
void ws_accept(struct str key, char *out);
/* 24 characters of base64 that decode to 16 bytes? */
bool ws_key_is_valid(struct str key);
/* Does a Sec-WebSocket-Extensions value (all fields joined by ", ") offer permessage-deflate in a
 * form we accept? Then `response` gets the value to answer with (the first such offer's). */
#define WS_EXTENSION_SIZE 128
bool ws_offers_deflate(struct str extensions, char *response);

#endif
