#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *mem_check(void *p)
{
    if (p == NULL) {
        fputs("parley: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return mem_check(malloc(size == 0 ? 1 : size));
}

void *mem_zalloc(size_t size)
{
    return mem_check(calloc(1, size == 0 ? 1 : size));
}

void *mem_array(size_t n, size_t size)
{
    return mem_check(calloc(n == 0 ? 1 : n, size == 0 ? 1 : size));
}

void *mem_realloc(void *p, size_t size)
{
    return mem_check(realloc(p, size == 0 ? 1 : size));
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
    char *copy = mem_alloc(n + 1);
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void mem_free(void *p)
{
    free(p);
}
