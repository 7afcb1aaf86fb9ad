/* Frames as a test table writes them, and what a decoder makes of them as one line of text.
 *
 * A transcript lists the items in order: text(Hello) binary(..) ping(..) pong(..)
 * close(1000,reason) error(1002). Bytes that are not printable, and ")", stand as \xx, payloads
 * above 64 bytes as #length:crc32. The same bytes must give the same transcript however they are
 * cut. */
#ifndef PARLEY_TESTS_WIRE_WS_SCRIPT_H
#define PARLEY_TESTS_WIRE_WS_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rand.h"
#include "wire/ws.h"

#define SCRIPT_STREAM_MAX ((size_t)160 << 20)

struct ws_put {
    int first; /* the first byte of the head, or PUT_RAW */
    const char *payload;
    size_t n;
};
enum { PUT_END = 0, PUT_RAW = -1 };
#define F(first, payload)                       \
    {                                           \
        (first), (payload), sizeof(payload) - 1 \
    }
#define RAW(bytes)                          \
    {                                       \
        PUT_RAW, (bytes), sizeof(bytes) - 1 \
    }

/* Appends one frame with the shortest length; `masked` as clients do. */
void script_put_frame(struct buf *out, int first, bool masked, const void *payload, size_t n);
/* The same with a payload that zlib compressed as RFC 7692 wants it. */
void script_put_deflated(struct buf *out, int first, bool masked, struct str text);
/* `text` compressed so, `level` and `window_bits` (9-15) as zlib has them. */
void script_deflate(struct buf *out, struct str text, int level, int window_bits);
/* Appends `puts` up to PUT_END (at most `max`). */
void script_put_all(struct buf *out, const struct ws_put *puts, size_t max, bool masked);

/* Appends a few frames of a conversation (from a client, not compressed), in fragments and with
 * control frames between; `broken`: then damages a byte or drops some. */
void script_put_random(struct buf *out, struct rand_seeded *r, bool broken);

/* How a stream is cut before it is fed. */
struct script_cut {
    size_t every;             /* bytes a piece; 0: one piece */
    size_t at;                /* where the first of two pieces ends, when every is 0 */
    struct rand_seeded *rand; /* or pieces of random lengths */
};
/* Feeds a copy of `stream` and appends the transcript to `out` (NUL-terminated). Asserts that no
 * gather outlives the items. Returns the number of items. */
size_t script_run(const struct ws_config *config, bool deflate, struct str stream,
                  struct script_cut cut, struct buf *out);
/* Appends one item to a transcript. */
void script_put_item(struct buf *out, enum ws_result result, const struct ws_item *item);

/* Bytes of heap in use now. */
size_t script_heap_bytes(void);

#endif
