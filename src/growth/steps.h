/* The steps of an import (growth/import.h). Inside growth only. */
#ifndef PARLEY_GROWTH_STEPS_H
#define PARLEY_GROWTH_STEPS_H

#include "growth/import.h"

struct import {
    struct import_config config;
    struct import_size size;
    struct import_note note;
    uint64_t differences;
};

/* Copies posts from note.cursor on and moves it. ERR_UNAVAILABLE, ERR_INTERNAL. */
enum err copy_posts(struct import *im);
/* Heads and the snapshot of the epoch of what came over. */
enum err copy_heads(struct import *im);
/* Accounts, channels, memberships, then revoked sessions. */
enum err load_tables(struct import *im);
/* Compares everything. ERR_OK when it came to its end, whatever it found. */
enum err check_all(struct import *im);
/* Its two halves: the history, and the rows. */
enum err check_posts(struct import *im);
enum err check_rows(struct import *im);

/* The epoch of the last position that came over. */
uint32_t import_epoch(const struct import *im);
void import_progress(struct import *im, const char *what, uint64_t done, uint64_t total);
/* Counts a difference and tells it as a printf sentence. */
void import_differs(struct import *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
