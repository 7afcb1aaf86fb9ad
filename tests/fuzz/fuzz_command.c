/* Any bytes as a websocket message: the verdict is jansson's, and so is what was read. */
#include "json_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct command_parser *parser;
    static struct reader_memory memory;
    struct str text = {(const char *)data, size};
    if (parser == NULL)
        parser = command_parser_new();
    judge_json(&memory, text);
    judge_command(parser, text);
    return 0;
}
