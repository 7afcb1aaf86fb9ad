#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

/* The first block is small, since most arenas hold little; the next ones double up to the last. */
#define ARENA_BLOCK_BYTES_FIRST 512
#define ARENA_BLOCK_BYTES_LAST  8192

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){NULL, 0};
}

void arena_fini(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        mem_free(b);
    }
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    size = (size + align - 1) / align * align;
    struct arena_block *b = a->blocks;
    if (b == NULL || b->size - b->used < size) {
        size_t room = b == NULL ? ARENA_BLOCK_BYTES_FIRST : b->size * 2;
        if (room > ARENA_BLOCK_BYTES_LAST)
            room = ARENA_BLOCK_BYTES_LAST;
        if (room < size)
            room = size;
        b = mem_alloc(sizeof *b + room);
        b->next = a->blocks;
        b->used = 0;
        b->size = room;
        a->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += size;
    a->used += size;
    memset(p, 0, size);
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}
