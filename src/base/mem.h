/* Heap memory that is there or the program stops: running out of memory is not an error that any
 * caller could handle without losing something that was promised. Sizes are bounded by the limits
 * that the callers check before they ask. */
#ifndef PARLEY_BASE_MEM_H
#define PARLEY_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
/* An array of `n` zeroed elements; the product is checked. */
void *mem_array(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *mem_realloc(void *p, size_t size) __attribute__((alloc_size(2), returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* Copies `n` bytes and adds a NUL. */
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
/* NULL is fine. */
void mem_free(void *p);

#define MEM_NEW(type) ((type *)mem_zalloc(sizeof(type)))
/* The struct of `type` whose member `member` is at `ptr`. */
#define MEM_OWNER(ptr, type, member) ((type *)(void *)(((char *)(ptr)) - offsetof(type, member)))

#endif
