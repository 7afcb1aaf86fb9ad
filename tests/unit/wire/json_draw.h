/* JSON texts drawn at random, and random damage to them: the same again from the same seed. */
#ifndef PARLEY_TESTS_JSON_DRAW_H
#define PARLEY_TESTS_JSON_DRAW_H

#include "base/buf.h"
#include "base/rand.h"

/* Any value, nested up to `depth` levels; mostly well-formed. */
void draw_value(struct rand_seeded *r, struct buf *out, unsigned depth);
/* A command of the protocol with some of its fields, a few of them of a wrong type. */
void draw_command(struct rand_seeded *r, struct buf *out);
/* Changes a few bytes: flipped, put in, left out, repeated, cut off. */
void draw_damage(struct rand_seeded *r, struct buf *text);

#endif
