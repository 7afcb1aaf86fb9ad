#include "base/bytes.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct bytes *bytes_new(size_t len)
{
    struct bytes *b = mem_alloc(sizeof *b + len);
    atomic_init(&b->refs, 1);
    b->len = len;
    return b;
}

struct bytes *bytes_copy(const void *p, size_t len)
{
    struct bytes *b = bytes_new(len);
    if (len > 0)
        memcpy(b->data, p, len);
    return b;
}

struct bytes *bytes_ref(struct bytes *b)
{
    unsigned before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return b;
}

void bytes_unref(struct bytes *b)
{
    if (b == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        mem_free(b);
}
