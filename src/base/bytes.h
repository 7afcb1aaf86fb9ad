/* Immutable bytes shared by reference: how a frame that is encoded once reaches thousands of
 * connections on several threads. Filled by whoever made it, before the first share; never written
 * after. The count is atomic, the content needs no lock. */
#ifndef PARLEY_BASE_BYTES_H
#define PARLEY_BASE_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    atomic_uint refs;
    size_t len;
    char data[];
};

/* `len` bytes, content undefined, one reference (the caller's). */
struct bytes *bytes_new(size_t len);
/* A copy of `p`. */
struct bytes *bytes_copy(const void *p, size_t len);
/* Another reference; returns `b`. */
struct bytes *bytes_ref(struct bytes *b);
/* Gives one reference back; the last frees. NULL is fine. */
void bytes_unref(struct bytes *b);

#endif
