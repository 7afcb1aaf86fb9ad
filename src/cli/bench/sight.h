/* What the bench needs to see of a server's frame, found without parsing the JSON: each field is
 * looked for where it stood in an earlier frame, else by searching. A frame in which that fails is
 * parsed whole, so that any server's way of writing JSON is understood. */
#ifndef PARLEY_CLI_BENCH_SIGHT_H
#define PARLEY_CLI_BENCH_SIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum sight_kind {
    SIGHT_PUSH,
    SIGHT_ACK,
    SIGHT_FAIL,
    SIGHT_HELLO,
    SIGHT_OTHER,
};

struct sight {
    enum sight_kind kind;
    /* Of pushes and acks. */
    struct str channel_id, content;
    uint64_t message_id;
    bool has_seq; /* the server tells positions */
    uint64_t seq, prev_seq;
    /* Of fails: the sentence. */
    struct str reason;
};

/* The places of the last frames; one a thread. Zeroed is empty. */
enum { SIGHT_FIELDS = 6, SIGHT_PLACES = 2 };
struct sight_memory {
    uint32_t places[SIGHT_FIELDS][SIGHT_PLACES];
    uint8_t oldest[SIGHT_FIELDS];
    size_t content_n; /* of the last frame: where the quote is tried first */
    void *parsed;     /* holds what a frame that had to be parsed lends */
    uint64_t parsed_frames;
};

void sight_memory_fini(struct sight_memory *m);
/* `out` borrows from the frame and from `m`, until the next call. Escapes in `content` may have
 * gone unnoticed: whoever finds it wrong asks sight_parse. */
void sight_read(struct sight_memory *m, struct str frame, struct sight *out);
/* The same, slowly and surely. */
void sight_parse(struct sight_memory *m, struct str frame, struct sight *out);

#endif
