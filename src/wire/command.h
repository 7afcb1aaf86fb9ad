/* What a websocket client says: the strict pull parser of the hot path.
 *
 * `{"action":..., "ref":..., "data":{...}}` with the fields in any order and unknown ones ignored.
 * As strict as jansson with JSON_REJECT_DUPLICATES: no invalid or overlong UTF-8, no lone
 * surrogates, no raw control characters, no duplicate keys, no trailing bytes, at most
 * LIMIT_JSON_DEPTH (32) levels (see json_reader.h); a differential fuzz target holds it to that.
 * Strings without escapes are borrowed from the input; others are decoded into the scratch buffer.
 *
 * A field that is null is a field that is not there. Which fields an action needs is not judged
 * here, but a known field must have its type whatever the action is.
 */
#ifndef PARLEY_WIRE_COMMAND_H
#define PARLEY_WIRE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

/* More is an error. The protocol's own bounds are lower and judged by whoever acts. */
#define COMMAND_CHANNELS_MAX  1000
#define COMMAND_REF_CHARS_MAX 64

enum command_action {
    COMMAND_UNKNOWN,
    COMMAND_CREATE_MESSAGE,
    COMMAND_CREATE_REPLY,
    COMMAND_HELLO,
    COMMAND_RESUME,
    COMMAND_WATCH,
    COMMAND_TYPING,
    COMMAND_READ,
    COMMAND_PING,
};

struct command_position {
    struct uuid channel;
    uint64_t seq;
};

struct command {
    enum command_action action;
    struct str ref; /* raw JSON text, quotes included; empty: none */
    /* data: `has_` says whether the field was there with a usable type */
    bool has_channel, has_message_id, has_content, has_client_msg_id, has_seq, has_protocol;
    struct uuid channel; /* channel_id; or channel, where there is no channel_id */
    uint64_t message_id; /* number or decimal string, 0..2^53-1 */
    struct str content;  /* decoded */
    struct str client_msg_id;
    uint64_t seq; /* as message_id */
    uint64_t protocol;
    bool has_resume;                 /* `resume` (Hello) or `channels` (Resume) */
    struct command_position *resume; /* no channel twice; in no particular order */
    size_t n_resume;
    bool has_watch;     /* `watch` (Hello) or `channels` as a list (Watch) */
    struct uuid *watch; /* no channel twice; in no particular order */
    size_t n_watch;
};

/* Reusable memory of one parsing thread. */
struct command_parser;
struct command_parser *command_parser_new(void);
void command_parser_free(struct command_parser *p);
/* Parses one message. True: `*out` points into `text` and the parser, valid until the next call.
 * False: `*reason` is a static sentence of what is wrong; `out->ref` is set if it was read. A
 * field of a wrong type or form is an error that names the field; the rest is read all the same,
 * so that a `ref` behind it is found. */
bool command_parse(struct command_parser *p, struct str text, struct command *out,
                   const char **reason);

#endif
