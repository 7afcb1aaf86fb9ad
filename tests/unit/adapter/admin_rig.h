/* A directory for stores, and a store in it: for the tests of what the command line does. */
#ifndef PARLEY_ADAPTER_TEST_ADMIN_RIG_H
#define PARLEY_ADAPTER_TEST_ADMIN_RIG_H

#include "kit.h"
#include "scratch.h"

struct rig {
    char base[SCRATCH_SIZE];
    char dir[SCRATCH_SIZE + 16], file[SCRATCH_SIZE + 16], other[SCRATCH_SIZE + 16];
    char reason[256];
    struct kit *k; /* a store in `dir`, when open */
};

/* cmocka's, of every test. */
int rig_setup(void **state);
int rig_teardown(void **state);

struct kit *store_open(struct rig *r, const char *dir);
/* In `dir`, with users 1 and 2 and channel 1 with one message. */
struct kit *store_fill(struct rig *r);
void store_close(struct rig *r);

#endif
