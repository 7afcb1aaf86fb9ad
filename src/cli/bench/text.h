/* The texts that the bench sends: they say which message they are and prove that nothing in them
 * was altered, so that every delivery can be checked by itself. Letters, digits and spaces only:
 * no server escapes them in JSON.
 *
 *   pb1 CHANNEL SENDER COUNTER SENT CHECKSUM padding...     (hexadecimal)
 */
#ifndef PARLEY_CLI_BENCH_TEXT_H
#define PARLEY_CLI_BENCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_BYTES_MIN 80

struct text {
    uint32_t channel; /* number within the run */
    uint32_t sender;  /* number within the channel */
    uint64_t counter; /* of the sender, from 1 */
    uint64_t sent_ns; /* steady clock */
};

/* Writes exactly `n` bytes (TEXT_BYTES_MIN or more). */
void text_write(const struct text *t, char *out, size_t n);
/* False when it is no text of ours, or not as it was written. */
bool text_read(const char *p, size_t n, struct text *out);

#endif
