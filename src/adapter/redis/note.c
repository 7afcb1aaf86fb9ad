#include "adapter/redis/note.h"

#define VERSION 1

void note_head(const struct uuid *sender, uint64_t number, char *out)
{
    out[0] = VERSION;
    memcpy(out + 1, sender->b, sizeof sender->b);
    for (int i = 0; i < 8; i++)
        out[17 + i] = (char)(number >> (56 - 8 * i));
}

void note_filter_init(struct note_filter *f, const struct uuid *own)
{
    *f = (struct note_filter){.own = *own};
}

/* Which sender that is; a new one takes a free place, or that of the one heard longest ago. */
static size_t sender_find(struct note_filter *f, const struct uuid *id)
{
    size_t oldest = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (uuid_eq(&f->senders[i].id, id))
            return i;
        if (f->senders[i].heard < f->senders[oldest].heard)
            oldest = i;
    }
    if (f->n < NOTE_SENDERS_MAX)
        oldest = f->n++;
    f->senders[oldest].id = *id;
    f->senders[oldest].number = 0;
    return oldest;
}

bool note_filter_pass(struct note_filter *f, struct str whole, struct str *note)
{
    struct uuid sender;
    uint64_t number = 0;
    if (whole.n < NOTE_HEAD_BYTES || whole.n > NOTE_WHOLE_MAX || whole.p[0] != VERSION)
        return false;
    memcpy(sender.b, whole.p + 1, sizeof sender.b);
    for (int i = 0; i < 8; i++)
        number = number << 8 | (uint8_t)whole.p[17 + i];
    if (uuid_eq(&sender, &f->own))
        return false;
    size_t i = sender_find(f, &sender);
    if (number <= f->senders[i].number)
        return false;
    f->senders[i].number = number;
    f->senders[i].heard = ++f->heard;
    *note = (struct str){whole.p + NOTE_HEAD_BYTES, whole.n - NOTE_HEAD_BYTES};
    return true;
}
