/* Any bytes as answers of Redis, in pieces of any size: what is taken is a whole tree within the
 * limits, the same however it was cut, and every part of it can be read. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "adapter/redis/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte of it; a number that depends on all of them. */
static uint64_t tree_sum(const struct reply *r, size_t *elements)
{
    uint64_t sum = (uint64_t)r->type + (uint64_t)r->integer * 31;
    assert(++*elements <= REPLY_ELEMENTS_MAX);
    assert(r->type == REPLY_ARRAY || r->n == 0);
    for (size_t i = 0; i < r->str.n; i++)
        sum = sum * 131 + (uint8_t)r->str.p[i];
    for (size_t i = 0; i < r->n; i++)
        sum = sum * 137 + tree_sum(r->elements[i], elements);
    return sum;
}

/* What all answers come to, fed `piece` bytes at a time. */
static uint64_t read_all(const uint8_t *data, size_t size, size_t piece)
{
    struct reply_reader *r = reply_reader_new();
    struct arena arena;
    uint64_t sum = 0;
    bool good = true;
    assert(r != NULL);
    arena_init(&arena);
    reply_reader_begin(r, &arena);
    for (size_t at = 0; at < size && good; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        struct reply *answer = NULL;
        good = reply_reader_feed(r, (const char *)data + at, n);
        while (good && (good = reply_reader_next(r, &answer)) && answer != NULL) {
            size_t elements = 0;
            sum = sum * 139 + tree_sum(answer, &elements);
            arena_fini(&arena);
            arena_init(&arena);
            reply_reader_begin(r, &arena);
        }
    }
    reply_reader_free(r);
    arena_fini(&arena);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint64_t whole = read_all(data + 1, size - 1, size);
    assert(read_all(data + 1, size - 1, (size_t)data[0] % 7 + 1) == whole);
    return 0;
}
