/* permessage-deflate without context takeover (RFC 7692): zlib streams, reset for each message.
 *
 * A stream costs tens of kilobytes, so they belong to threads, not to connections: each thread
 * keeps one for deflating and one spare for inflating. A connection holds an inflating stream only
 * while a compressed message of its own is under way. What a thread keeps is freed when it ends.
 */
#ifndef PARLEY_WIRE_WS_ZIP_H
#define PARLEY_WIRE_WS_ZIP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* The window of what we send: 4 KiB. Offers that ask for less are declined (ws_offer.c). */
#define WS_DEFLATE_WINDOW_BITS 12

struct ws_inflate;

/* The calling thread's spare, or a new one, ready for a message. */
struct ws_inflate *ws_inflate_take(void);
/* Gives it back, on whatever thread; the second spare of a thread is freed. NULL is fine. */
void ws_inflate_give(struct ws_inflate *w);
/* Inflates a piece of a message onto `out`, never past `out->max` (nor does it allocate past it).
 * Returns 0, WS_CLOSE_BAD_DATA or WS_CLOSE_TOO_BIG. */
uint16_t ws_inflate_feed(struct ws_inflate *w, struct str in, struct buf *out);
/* Every piece was fed: puts back the four bytes that the sender left out, and checks that the
 * message ends where a block does. Returns as above. */
uint16_t ws_inflate_end(struct ws_inflate *w, struct buf *out);

#endif
