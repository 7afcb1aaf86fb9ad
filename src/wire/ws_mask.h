/* The masking of RFC 6455 section 5.3: bytes XORed with a key of four, eight at a time. */
#ifndef PARLEY_WIRE_WS_MASK_H
#define PARLEY_WIRE_WS_MASK_H

#include <stddef.h>
#include <stdint.h>

/* Masks or unmasks `n` bytes in place; `phase` bytes of the same frame came before them. */
void ws_mask(char *p, size_t n, const uint8_t key[4], size_t phase);

#endif
