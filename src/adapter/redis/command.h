/* What Redis is asked: commands in its protocol, written one after the other into a buffer. Inside
 * adapter/redis only. */
#ifndef PARLEY_ADAPTER_REDIS_COMMAND_H
#define PARLEY_ADAPTER_REDIS_COMMAND_H

#include <stdint.h>

#include "base/buf.h"

#define COMMAND_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* A command of `argc` words, which follow by the calls below. */
void command_begin(struct buf *b, size_t argc);
void command_arg(struct buf *b, struct str word);
void command_number(struct buf *b, uint64_t n);
/* A whole command of constant words. */
void command_words(struct buf *b, size_t argc, const char *const *words);

#endif
