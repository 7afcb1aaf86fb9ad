/* Rows from two sides made into one. Inside cluster only, part of the history. */
#ifndef PARLEY_CLUSTER_HISTORY_ROWS_H
#define PARLEY_CLUSTER_HISTORY_ROWS_H

#include "port/message_store.h"

/* The rows of `a` and `b`, both newest first by id; of one that is in both, a's counts. At most
 * `limit` go to out->rows, the id of the next one to out->next_id. `b_next` is the id of the row
 * after b's last, 0: there is none. */
void rows_merge_back(const struct post *a, size_t n_a, const struct post *b, size_t n_b,
                     uint64_t b_next, unsigned limit, struct arena *arena, struct post_page *out);
/* The same, oldest first by seq; `more`: rows follow b's last. */
void rows_merge_forth(const struct post *a, size_t n_a, const struct post *b, size_t n_b, bool more,
                      unsigned limit, struct arena *arena, struct post_page *out);

#endif
