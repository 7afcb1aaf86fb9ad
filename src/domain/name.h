/* The rule that names of channels and of users share: a line of text that a person can see. */
#ifndef PARLEY_DOMAIN_NAME_H
#define PARLEY_DOMAIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* 1..`chars_max` characters of valid UTF-8, without control characters (C0, DEL, C1), and at least
 * one that is neither white space nor invisible. */
bool name_is_valid(struct str name, size_t chars_max);

#endif
