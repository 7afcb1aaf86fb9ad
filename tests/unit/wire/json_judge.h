/* jansson's verdict on JSON texts and commands, against ours: for tests of drawn texts and for the
 * fuzz targets. Stops the program, with the text, where the two differ. */
#ifndef PARLEY_TESTS_JSON_JUDGE_H
#define PARLEY_TESTS_JSON_JUDGE_H

#include "base/str.h"
#include "wire/command.h"
#include "wire/json_reader.h"

/* The reader takes `text` (any value) where jansson does, and reads the same from it. Returns
 * whether it was taken. */
bool judge_json(struct reader_memory *m, struct str text);
/* The parser takes `text` where jansson does, it is an object of at most 32 levels and its fields
 * have their types; and reads the same from it. Returns whether it was taken. */
bool judge_command(struct command_parser *p, struct str text);

#endif
