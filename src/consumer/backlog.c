#include "consumer/backlog.h"

#include <assert.h>

#include "base/mem.h"

#define HEAP_FIRST 64

void backlog_init(struct backlog *b)
{
    *b = (struct backlog){.heap = NULL};
    for (unsigned p = 0; p < LOG_PARTITIONS_MAX; p++)
        list_init(&b->partitions[p].items);
}

void backlog_fini(struct backlog *b)
{
    assert(b->n == 0 && b->n_waiting == 0);
    mem_free(b->heap);
}

/* ---- The heap: the first to be due is at 0, the children of i are at 2i + 1 and 2i + 2 ---- */

static void place(struct backlog *b, size_t i, struct backlog_item *item)
{
    b->heap[i] = item;
    item->place = i;
}

static void sift_up(struct backlog *b, size_t i)
{
    struct backlog_item *item = b->heap[i];
    while (i > 0 && b->heap[(i - 1) / 2]->due_ms > item->due_ms) {
        place(b, i, b->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(b, i, item);
}

static void sift_down(struct backlog *b, size_t i)
{
    struct backlog_item *item = b->heap[i];
    for (size_t child; (child = 2 * i + 1) < b->n_waiting; i = child) {
        if (child + 1 < b->n_waiting && b->heap[child + 1]->due_ms < b->heap[child]->due_ms)
            child++;
        if (b->heap[child]->due_ms >= item->due_ms)
            break;
        place(b, i, b->heap[child]);
    }
    place(b, i, item);
}

static void heap_remove(struct backlog *b, struct backlog_item *item)
{
    size_t i = item->place;
    assert(item->is_waiting && b->heap[i] == item);
    item->is_waiting = false;
    struct backlog_item *last = b->heap[--b->n_waiting];
    if (last == item)
        return;
    place(b, i, last);
    sift_down(b, i);
    sift_up(b, last->place);
}

void backlog_wait(struct backlog *b, struct backlog_item *item, int64_t due_ms)
{
    assert(!item->is_waiting && !item->is_orphan);
    if (b->n_waiting == b->cap) {
        b->cap = b->cap == 0 ? HEAP_FIRST : 2 * b->cap;
        b->heap = mem_realloc(b->heap, b->cap * sizeof(struct backlog_item *));
    }
    item->due_ms = due_ms;
    item->is_waiting = true;
    b->heap[b->n_waiting] = item;
    sift_up(b, b->n_waiting++);
}

struct backlog_item *backlog_due(struct backlog *b, int64_t now_ms)
{
    struct backlog_item *first = b->n_waiting == 0 ? NULL : b->heap[0];
    if (first == NULL || first->due_ms > now_ms)
        return NULL;
    heap_remove(b, first);
    return first;
}

int64_t backlog_next_ms(const struct backlog *b)
{
    return b->n_waiting == 0 ? INT64_MAX : b->heap[0]->due_ms;
}

/* ---- The partitions ---- */

void backlog_read(struct backlog *b, unsigned partition, uint64_t offset, struct backlog_item *item)
{
    assert(partition < LOG_PARTITIONS_MAX && offset >= b->partitions[partition].next);
    b->partitions[partition].next = offset + 1;
    if (item == NULL)
        return;
    item->partition = partition;
    item->offset = offset;
    item->is_waiting = item->is_orphan = false;
    list_append(&b->partitions[partition].items, &item->by_offset);
    b->n++;
}

void backlog_done(struct backlog *b, struct backlog_item *item)
{
    assert(!item->is_waiting);
    if (item->is_orphan)
        return;
    list_remove(&item->by_offset);
    b->n--;
}

static struct backlog_item *item_of(struct list *node)
{
    return MEM_OWNER(node, struct backlog_item, by_offset);
}

uint64_t backlog_done_below(const struct backlog *b, unsigned partition)
{
    const struct list *items = &b->partitions[partition].items;
    return list_is_empty(items) ? b->partitions[partition].next : item_of(items->next)->offset;
}

void backlog_restart(struct backlog *b, unsigned partition, uint64_t next,
                     void (*drop)(struct backlog_item *item, void *arg), void *arg)
{
    struct list *node;
    while ((node = list_pop(&b->partitions[partition].items)) != NULL) {
        struct backlog_item *item = item_of(node);
        b->n--;
        if (item->is_waiting) {
            heap_remove(b, item);
            drop(item, arg);
        } else {
            item->is_orphan = true;
        }
    }
    b->partitions[partition].next = next;
}
