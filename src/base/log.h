/* Log lines on stderr: JSON, or text on a terminal. One line is one write of at most 2,048 bytes;
 * a longer one is cut at a field or in a text, and says so ("cut"). Texts may hold anything:
 * controls, quotes and what is not UTF-8 are escaped, so that a line stays a line. Never a token, a
 * password or a message's text: callers pass ids, counts, addresses and reasons. Any thread. */
#ifndef PARLEY_BASE_LOG_H
#define PARLEY_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *key;
    enum { LOG_FIELD_STR, LOG_FIELD_INT } type;
    struct str s;
    int64_t i;
};

#define LOG_S(key, value)   ((struct log_field){(key), LOG_FIELD_STR, str_of(value), 0})
#define LOG_STR(key, value) ((struct log_field){(key), LOG_FIELD_STR, (value), 0})
#define LOG_I(key, value)   ((struct log_field){(key), LOG_FIELD_INT, {NULL, 0}, (int64_t)(value)})

/* Below `level` nothing is written. `json`: 1 JSON, 0 text, -1 text where stderr is a terminal. */
void log_setup(enum log_level level, int json);
/* "debug", "info", "warn", "error"; false for anything else. */
bool log_level_parse(struct str name, enum log_level *out);

/* Who knows what the calling thread works on: writes its trace's id, or returns false. Every line
 * then has it as `trace_id`. NULL: nobody does. */
#define LOG_TRACE_SIZE 33
typedef bool (*log_trace_f)(char out[LOG_TRACE_SIZE]);
void log_set_trace(log_trace_f trace);

/* One line with `n` fields; `event` is a constant that operators search for. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

/* log_event(LOG_INFO, "listener opened", LOG_S("address", address), LOG_I("port", port)) */
#define log_event(level, event, ...)                                     \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
/* The same without fields. */
#define log_note(level, event) log_write((level), (event), NULL, 0)

#endif
