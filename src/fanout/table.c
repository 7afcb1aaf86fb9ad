#include "fanout/table.h"

#include <assert.h>
#include <xxhash.h>

#include "base/mem.h"

#define TABLE_FIRST_BUCKETS 16

uint64_t table_hash(const struct uuid *u)
{
    return XXH3_64bits(u->b, sizeof u->b);
}

void table_fini(struct table *t)
{
    assert(t->n == 0);
    mem_free(t->buckets);
    *t = (struct table){0};
}

static struct table_node **table_bucket(const struct table *t, uint64_t hash)
{
    return &t->buckets[hash & (t->n_buckets - 1)];
}

static void table_grow(struct table *t)
{
    struct table_node **old = t->buckets;
    size_t n_old = t->n_buckets;
    t->n_buckets = n_old == 0 ? TABLE_FIRST_BUCKETS : n_old * 2;
    t->buckets = mem_array(t->n_buckets, sizeof *t->buckets);
    for (size_t i = 0; i < n_old; i++) {
        struct table_node *node = old[i];
        while (node != NULL) {
            struct table_node *next = node->next;
            struct table_node **bucket = table_bucket(t, node->hash);
            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    mem_free(old);
}

void table_add(struct table *t, struct table_node *node, uint64_t hash)
{
    if (t->n == t->n_buckets)
        table_grow(t);
    struct table_node **bucket = table_bucket(t, hash);
    node->hash = hash;
    node->next = *bucket;
    *bucket = node;
    t->n++;
}

void table_remove(struct table *t, struct table_node *node)
{
    assert(t->n > 0);
    struct table_node **at = table_bucket(t, node->hash);
    while (*at != node) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = node->next;
    node->next = NULL;
    t->n--;
}

static struct table_node *table_same(struct table_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct table_node *table_first(const struct table *t, uint64_t hash)
{
    return t->n == 0 ? NULL : table_same(*table_bucket(t, hash), hash);
}

struct table_node *table_next(const struct table_node *node)
{
    return table_same(node->next, node->hash);
}

void table_each(struct table *t, void (*each)(struct table_node *node, void *arg), void *arg)
{
    for (size_t i = 0; i < t->n_buckets; i++) {
        struct table_node *node = t->buckets[i];
        while (node != NULL) {
            struct table_node *next = node->next;
            each(node, arg);
            node = next;
        }
    }
}
