/* A chained hash table whose nodes live inside what they find: sessions by id and by user,
 * channels by id. Two pointers' worth a node where uthash asks for seven, which counts with a
 * hundred thousand sessions; several nodes may share one hash (the sessions of one user do).
 * The caller compares keys. Not for threads. */
#ifndef PARLEY_FANOUT_TABLE_H
#define PARLEY_FANOUT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **buckets; /* NULL while nothing was ever added */
    size_t n, n_buckets;         /* n_buckets: 0 or a power of two */
};

/* XXH3 of the sixteen bytes. */
uint64_t table_hash(const struct uuid *u);
/* Frees the buckets; the nodes are their owners'. A zeroed table is an empty one. */
void table_fini(struct table *t);
void table_add(struct table *t, struct table_node *node, uint64_t hash);
/* `node` must be in it. */
void table_remove(struct table *t, struct table_node *node);
/* The first node with this hash, and the one after `node` with the same hash; NULL: no more. */
struct table_node *table_first(const struct table *t, uint64_t hash);
struct table_node *table_next(const struct table_node *node);
/* Every node; `each` may remove the one it is given (and free it), and no other. */
void table_each(struct table *t, void (*each)(struct table_node *node, void *arg), void *arg);

#endif
