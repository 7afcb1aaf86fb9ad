/* Words: what the nodes of a cluster tell each other over the bus, as bytes.
 *
 *     1 byte    version
 *     1 byte    kind
 *     16 bytes  the node that speaks
 *     then the fields of the kind, in this order, those it has:
 *     16 bytes  user
 *     16 bytes  channel, or the session (jti) that is void
 *      8 bytes  number: a position, or a time in microseconds
 *      3 bytes  slice, part (big-endian), whose highest bit says that it is the slice's last
 *      1 byte   length of a name, and the name: UTF-8
 *     the rest  a list of UUIDs
 *
 * Numbers are big-endian. What does not read as exactly one word of this version is refused. */
#ifndef PARLEY_FANOUT_WORD_H
#define PARLEY_FANOUT_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "port/bus.h"

enum word_kind {
    WORD_READ = 1,    /* user, channel, number: a read position has moved */
    WORD_REVOKED = 2, /* user, channel (the jti), number: sessions are void (notifier.h) */
    WORD_TYPING = 3,  /* user, channel, name */
    WORD_ONLINE = 4,  /* user, name, list of channels: has a session open on the speaking node */
    WORD_OFFLINE = 5, /* the same: has none any more */
    WORD_SLICE = 6,   /* slice, list of users: part of who is online there (peers.h) */
    WORD_ASK = 7,     /* tell me who is online, all of you */
    WORD_BYE = 8,     /* the speaking node stops */
};

struct word {
    enum word_kind kind;
    struct uuid node;
    struct uuid user, channel;
    uint64_t number;
    unsigned slice, part;
    bool is_last;
    struct str name;         /* at most WORD_NAME_MAX bytes; borrowed */
    const struct uuid *list; /* at most WORD_LIST_MAX; borrowed */
    size_t n;
};

#define WORD_SLICES   16 /* of all users, by their hash */
#define WORD_PART_MAX 0x7fff
#define WORD_NAME_MAX 200 /* fifty characters */
#define WORD_LIST_MAX 230 /* fits with any other fields */

/* Writes the word into `out`; returns its length. */
size_t word_encode(const struct word *w, char out[BUS_NOTE_MAX]);
/* Reads a note; what `out` borrows is in it. */
bool word_decode(struct str note, struct word *out);

#endif
