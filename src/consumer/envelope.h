/* What a consumer could not do, packed for another try: the value of a record in `parley.retry`,
 * and, after the last try, in `parley.dead`.
 *
 * Whoever fails for the first time (notify, when a web hook does not answer) fills an envelope with
 * attempt 1 and a not-before time, and produces it into the retry log with `id` as the record's
 * key. consumer/retry.h takes it from there. The payload is the kind's own and is not looked into.
 *
 *     0  version   1 byte, ENVELOPE_VERSION
 *     1  kind      1 byte
 *     2  attempt   2 bytes       numbers are big-endian
 *     4  not before, first tried  8 bytes each, milliseconds since 1970
 *    20  id        16 bytes
 *    36  reason    2 bytes of length, then UTF-8
 *        payload   4 bytes of length, then bytes; nothing follows
 *
 * Decoding trusts nothing: a length, kind or time that cannot be is refused.
 */
#ifndef PARLEY_CONSUMER_ENVELOPE_H
#define PARLEY_CONSUMER_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

#define ENVELOPE_VERSION      1
#define ENVELOPE_REASON_MAX   200         /* bytes; longer ones are cut between characters */
#define ENVELOPE_PAYLOAD_MAX  (64 * 1024) /* bytes */
#define ENVELOPE_ATTEMPTS_MAX 1000        /* more is nonsense */
#define ENVELOPE_BYTES_MAX    (42 + ENVELOPE_REASON_MAX + ENVELOPE_PAYLOAD_MAX)

enum envelope_kind {
    ENVELOPE_WEBHOOK = 1,  /* a signed POST to notify.webhookUrl; the payload is its body */
    ENVELOPE_REPLAYED = 2, /* in parley.dead only: the dead envelope of this id was put back */
};
#define ENVELOPE_KINDS 3 /* kinds are below */

struct envelope {
    enum envelope_kind kind;
    unsigned attempt;      /* tries so far; 0 after a replay by hand */
    int64_t not_before_ms; /* no further try before this time of the wall clock */
    int64_t first_ms;      /* when it was tried first */
    struct uuid id;        /* the same over all tries: what a receiver knows a repeat by */
    struct str reason;     /* why the last try failed, for people; no secrets, no message's text */
    struct str payload;
};

/* Appends `e` to `out`; `out` fails when its limit (ENVELOPE_BYTES_MAX is enough) is lower. */
void envelope_encode(const struct envelope *e, struct buf *out);
/* `out` borrows from `bytes`. False for anything that envelope_encode does not write. */
bool envelope_decode(struct str bytes, struct envelope *out);
/* "webhook", "replayed". Static. */
const char *envelope_kind_name(enum envelope_kind kind);

#endif
