/* Page cursors: standard base64 of the text {'message_id': N} or {'reply_id': N}. */
#ifndef PARLEY_WIRE_CURSOR_H
#define PARLEY_WIRE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CURSOR_TEXT_SIZE 64

/* `key` is "message_id" or "reply_id". Writes a NUL-terminated cursor into `out`
 * (CURSOR_TEXT_SIZE). */
void cursor_encode(const char *key, uint64_t id, char *out);
/* Strict: exactly that text with that key, N a decimal of 1..2^53-1. Missing padding, and a
 * space where an unencoded "+" was turned into one, are accepted. */
bool cursor_decode(const char *key, struct str cursor, uint64_t *id);

#endif
