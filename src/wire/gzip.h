/* Compression of whole bodies (RFC 1952), for answers of the HTTP edge. Any thread; a large body
 * takes milliseconds. */
#ifndef PARLEY_WIRE_GZIP_H
#define PARLEY_WIRE_GZIP_H

#include "base/bytes.h"
#include "base/str.h"

/* `data` as one gzip member, a new reference; NULL when it would not be smaller. */
struct bytes *gzip_bytes(struct str data);

#endif
