#include "cluster/history_rows.h"

static void page_begin(unsigned limit, struct arena *arena, struct post_page *out)
{
    *out = (struct post_page){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
}

void rows_merge_back(const struct post *a, size_t n_a, const struct post *b, size_t n_b,
                     uint64_t b_next, unsigned limit, struct arena *arena, struct post_page *out)
{
    size_t i = 0, k = 0;
    page_begin(limit, arena, out);
    while (i < n_a || k < n_b) {
        uint64_t id_a = i < n_a ? a[i].event.id : 0, id_b = k < n_b ? b[k].event.id : 0;
        const struct post *next = id_a >= id_b ? &a[i] : &b[k];
        if (out->n == limit) {
            out->next_id = next->event.id;
            return;
        }
        out->rows[out->n++] = *next;
        i += id_a >= id_b;
        k += id_b >= id_a;
    }
    out->next_id = b_next;
}

void rows_merge_forth(const struct post *a, size_t n_a, const struct post *b, size_t n_b, bool more,
                      unsigned limit, struct arena *arena, struct post_page *out)
{
    size_t i = 0, k = 0;
    page_begin(limit, arena, out);
    while ((i < n_a || k < n_b) && out->n < limit) {
        uint64_t seq_a = i < n_a ? a[i].event.seq : UINT64_MAX;
        uint64_t seq_b = k < n_b ? b[k].event.seq : UINT64_MAX;
        out->rows[out->n++] = seq_a <= seq_b ? a[i] : b[k];
        i += seq_a <= seq_b;
        k += seq_b <= seq_a;
    }
    out->more = more || i < n_a || k < n_b;
}
