/* Where a follower starts, and what it leaves behind.
 *
 * The bytes of a snapshot's `not_first`: the version of this form (1), the last stamp before the
 * window (8, little-endian), how many bytes of marks follow (2: none, or all of early.h: the day,
 * 8, and the maps), then each listed offset as its distance from the one before it (the first from
 * window_from), seven bits a byte, the lowest first, the highest bit set in all but the last byte
 * of a number.
 */
#include <assert.h>
#include <endian.h>

#include "base/mem.h"
#include "cluster/follower_state.h"

#define BLOB_VERSION   1
#define EARLY_BLOB     (sizeof(uint64_t) + EARLY_MAPS * EARLY_BYTES)
#define EARLY_DAYS_MAX 100000 /* in 2243 */

/* From the next millisecond on: within one, ids of another partition may be the greater ones. */
void follower_begin(struct follower *f, uint64_t last_id)
{
    assert(f->next == 0 && last_id <= ID_MAX);
    uint64_t above = last_id == 0 ? 0 : id_next(0, id_time_ms(last_id) + 1, 0);
    if (above > f->last_id)
        f->last_id = f->window.from_id = f->window.gone_id = above;
}

/* ---- Snapshots ---- */

static void put_number(struct buf *blob, uint64_t v)
{
    while (v >= 0x80) {
        buf_putc(blob, (char)(v | 0x80));
        v >>= 7;
    }
    buf_putc(blob, (char)v);
}

static bool take_number(struct str *rest, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; rest->n > 0 && shift < 63; shift += 7) {
        unsigned char byte = (unsigned char)*rest->p++;
        rest->n--;
        *out |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static void put_early(struct buf *blob, const struct early *e)
{
    uint16_t n = htole16(e->any ? EARLY_BLOB : 0);
    uint64_t day = htole64((uint64_t)e->day);
    buf_put(blob, &n, sizeof n);
    if (!e->any)
        return;
    buf_put(blob, &day, sizeof day);
    buf_put(blob, e->maps, sizeof e->maps);
}

static bool take_early(struct str *rest, struct early *e)
{
    uint16_t n;
    uint64_t day;
    if (rest->n < sizeof n)
        return false;
    memcpy(&n, rest->p, sizeof n);
    n = le16toh(n);
    rest->p += sizeof n;
    rest->n -= sizeof n;
    if (n == 0)
        return true;
    if (n != EARLY_BLOB || rest->n < n)
        return false;
    memcpy(&day, rest->p, sizeof day);
    memcpy(e->maps, rest->p + sizeof day, sizeof e->maps);
    e->day = (int64_t)le64toh(day);
    e->any = true;
    rest->p += n;
    rest->n -= n;
    return e->day >= 0 && e->day < EARLY_DAYS_MAX;
}

void follower_snapshot(const struct follower *f, struct buf *blob, struct log_snapshot *out)
{
    const struct window *w = &f->window;
    uint64_t from_id = htole64(w->from_id), last = w->from;
    assert(f->rebuilt == NULL);
    buf_clear(blob);
    buf_putc(blob, BLOB_VERSION);
    buf_put(blob, &from_id, sizeof from_id);
    put_early(blob, &f->early);
    for (uint32_t i = 0; i < w->n_others; i++) {
        uint64_t offset = window_other_at((struct window *)w, i)->offset;
        put_number(blob, offset - last);
        last = offset;
    }
    assert(!blob->failed);
    *out = (struct log_snapshot){.epoch = f->epoch,
                                 .partition = f->partition,
                                 .next_offset = f->next,
                                 .last_id = f->last_id,
                                 .window_from = w->from,
                                 .not_first = buf_str(blob)};
}

static bool blob_load(struct follower *f, const struct log_snapshot *s)
{
    struct str rest = s->not_first;
    struct window *w = &f->window;
    uint64_t from_id, offset = s->window_from, distance;
    if (rest.n < 1 + sizeof from_id || *rest.p != BLOB_VERSION)
        return false;
    memcpy(&from_id, rest.p + 1, sizeof from_id);
    w->from_id = le64toh(from_id);
    w->from = w->gone = s->window_from;
    w->gone_id = w->from_id;
    rest.p += 1 + sizeof from_id;
    rest.n -= 1 + sizeof from_id;
    if (!take_early(&rest, &f->early))
        return false;
    while (rest.n > 0) {
        if (!take_number(&rest, &distance) || w->n_others == w->others_max ||
            (distance == 0 && w->n_others > 0) || distance >= s->next_offset - offset)
            return false;
        offset += distance;
        window_add_other(w, offset, 0);
    }
    return w->from_id <= s->last_id;
}

bool follower_load(struct follower *f, const struct log_snapshot *s)
{
    assert(f->next == 0 && f->rebuilt == NULL);
    if (s->epoch != f->epoch || s->partition != f->partition ||
        s->next_offset > SEQ_OFFSET_MAX + 1 || s->window_from > s->next_offset ||
        s->last_id > ID_MAX || id_time_ms(s->last_id) > FOLLOWER_TIME_MAX || !blob_load(f, s))
        return false;
    f->next = f->exact_from = s->next_offset;
    f->last_id = s->last_id;
    f->rebuilt_id = f->window.from_id;
    f->rebuilt = MEM_NEW(struct heads);
    heads_init(f->rebuilt, f->seed);
    return true;
}

bool follower_load_head(struct follower *f, const struct channel_head *head)
{
    uint64_t at = head->at > head->seq ? head->at : head->seq;
    if (seq_epoch(at) > f->epoch || head->id > ID_MAX || id_time_ms(head->id) > FOLLOWER_TIME_MAX)
        return false;
    uint32_t channel = heads_get(&f->heads, &head->channel);
    f->heads.all[channel] = *head;
    f->heads.all[channel].at = at;
    if (seq_epoch(at) == f->epoch) {
        if (seq_offset(at) >= f->exact_from)
            f->exact_from = seq_offset(at) + 1;
        return true;
    }
    if (f->next == 0) {
        /* of an older log: above all that it handed out, and to be written under the new epoch */
        follower_begin(f, head->id);
        heads_mark(&f->heads, channel);
    }
    return true;
}

bool follower_lose_before(struct follower *f, uint64_t first)
{
    if (first > f->next)
        return false;
    if (f->rebuilt != NULL && first > f->window.from) {
        window_clear(&f->window, f->next, f->last_id);
        f->rebuilt_id = f->last_id;
    }
    return true;
}

uint64_t follower_read_from(const struct follower *f)
{
    return f->rebuilt != NULL ? f->window.from : f->next;
}

/* ---- Building the window again ---- */

void follower_end_rebuild(struct follower *f)
{
    if (f->rebuilt == NULL)
        return;
    f->is_unsound = !follower_is_sound(f);
    heads_fini(f->rebuilt);
    mem_free(f->rebuilt);
    f->rebuilt = NULL;
}

void follower_rebuild_other(struct follower *f, uint64_t offset)
{
    struct window *w = &f->window;
    while (f->rebuilt_others < w->n_others &&
           window_other_at(w, f->rebuilt_others)->offset < offset)
        f->rebuilt_others++;
    window_other_at(w, f->rebuilt_others++)->last_id = f->rebuilt_id;
}

bool follower_is_sound(const struct follower *f)
{
    return f->rebuilt != NULL ? f->rebuilt_id == f->last_id : !f->is_unsound;
}

/* ---- Heads ---- */

enum err follower_changed_heads(struct follower *f,
                                enum err (*each)(const struct channel_head *heads, size_t n,
                                                 void *arg),
                                void *arg)
{
    struct heads *h = &f->heads;
    struct channel_head batch[FOLLOWER_HEADS];
    for (uint32_t i = 0; i < h->n_changed;) {
        size_t n = 0;
        while (n < sizeof batch / sizeof batch[0] && i < h->n_changed)
            batch[n++] = h->all[h->changed[i++]];
        enum err e = each(batch, n, arg);
        if (e != ERR_OK)
            return e;
    }
    for (uint32_t i = 0; i < h->n_changed; i++)
        h->is_changed[h->changed[i]] = false;
    h->n_changed = 0;
    return ERR_OK;
}
