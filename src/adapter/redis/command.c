#include "adapter/redis/command.h"

#include <inttypes.h>
#include <stdio.h>

void command_begin(struct buf *b, size_t argc)
{
    buf_printf(b, "*%zu\r\n", argc);
}

void command_arg(struct buf *b, struct str word)
{
    buf_printf(b, "$%zu\r\n", word.n);
    buf_put(b, word.p, word.n);
    buf_put(b, "\r\n", 2);
}

void command_number(struct buf *b, uint64_t n)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRIu64, n);
    command_arg(b, (struct str){text, (size_t)length});
}

void command_words(struct buf *b, size_t argc, const char *const *words)
{
    command_begin(b, argc);
    for (size_t i = 0; i < argc; i++)
        command_arg(b, str_of(words[i]));
}
