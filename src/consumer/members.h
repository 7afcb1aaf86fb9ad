/* Who is in a channel, for notify: asked of the table of channels, remembered for a minute (give or
 * take, so that not all are asked for at once), forgotten at once when a join or leave of the
 * channel goes by in the log. Bounded by the number of ids; the channel asked for longest ago goes
 * first. One thread. */
#ifndef PARLEY_CONSUMER_MEMBERS_H
#define PARLEY_CONSUMER_MEMBERS_H

#include "base/clock.h"
#include "port/channel_table.h"

#define MEMBERS_IDS_MAX     ((size_t)1 << 20) /* 16 MiB */
#define MEMBERS_CHANNEL_MAX ((size_t)1 << 14) /* of one channel; further ones are not told */

struct members;
/* Both borrowed. `ids_max` 0: MEMBERS_IDS_MAX. */
struct members *members_new(struct channel_table *channels, const struct clock *clock,
                            size_t ids_max);
void members_free(struct members *m);

/* The members of `channel`, in `*ids`, borrowed until the next call. ERR_UNAVAILABLE. */
enum err members_get(struct members *m, const struct uuid *channel, const struct uuid **ids,
                     size_t *n);
/* They are others now. */
void members_forget(struct members *m, const struct uuid *channel);

#endif
