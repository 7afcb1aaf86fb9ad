/* What crosses over to a shard: feeds, notices, jobs that come back. It lies in the shard's inbox
 * until the loop takes the whole inbox at once, in order. */
#ifndef PARLEY_FANOUT_MAIL_H
#define PARLEY_FANOUT_MAIL_H

#include "base/task.h"

struct shard;

struct mail {
    struct task task; /* `run` of it handles the mail on the shard's loop, and frees it */
    void (*drop)(struct mail *self); /* frees it unhandled: the hub is gone */
};

/* Any thread. */
void shard_mail(struct shard *sh, struct mail *m);

#endif
