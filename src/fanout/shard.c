#include "fanout/shard.h"

#include <assert.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/herald.h"
#include "fanout/sizes.h"
#include "fanout/watch.h"

/* A feed on its way to one shard, and then its items, as long as they wait in audiences. */
struct feed_share {
    struct mail mail;
    struct shard *shard;
    struct feed *feed;
    size_t n_open;   /* items not handed out yet, and one while the share is being received */
    uint64_t before; /* items the shard received before this share */
    struct pending items[];
};

static void share_free(struct feed_share *f)
{
    feed_unref(f->feed);
    mem_free(f);
}

uint64_t pending_number(const struct pending *p)
{
    return p->share->before + (uint64_t)(p - p->share->items) + 1;
}

int64_t pending_published_us(const struct pending *p)
{
    return p->share->feed->published_us;
}

/* The backlog shrinks by whole items as they are handed out, so that a long pass in one channel
 * does not pass for a backlog of the others. */
void pending_done(struct pending *p)
{
    struct feed_share *f = p->share;
    shard_handed_out(f->shard, p->item->bytes);
    assert(f->n_open > 0);
    if (--f->n_open == 0)
        share_free(f);
}

/* ---- Receiving a feed ---- */

/* A join (or a creation) reaches the user's sessions at once: they may send from now on, and hear
 * what follows it. Those that attach take a note. */
static void user_receive(struct shard *sh, const struct feed_item *item)
{
    struct session *next;
    for (struct session *s = shard_user_first(sh, &item->user); s != NULL; s = next) {
        next = shard_user_next(s);
        if (!session_is(s, SESSION_ATTACHED)) {
            if (s->hub->work != NULL && s->hub->work->attaching != NULL)
                attach_note(s, item);
            continue;
        }
        if (item->kind == FEED_LEFT)
            continue; /* when its turn comes: what precedes it is to be heard */
        const struct audience *a = audience_find(sh, &item->subject);
        if (a != NULL && (audience_awaits(a, &s->user) || session_find(s, a) >= 0))
            continue; /* when its turn comes: a leave before it has not had its own yet */
        session_subscribe(s, &item->subject, item->last_seq);
        if (item->own != NULL && session_is(s, SESSION_OPEN))
            s->ops->push(s, item->own, 0, 1);
    }
}

/* Nobody here hears the channel, but someone who did may have written in it. */
static void author_receive(struct shard *sh, const struct feed_item *item)
{
    for (unsigned i = 0; i < item->run->n; i++) {
        const struct origin *o = &item->run->frames[i].origin;
        struct session *s = o->shard == sh->index ? shard_session(sh, o->session) : NULL;
        if (s != NULL)
            s->ops->ack(s, item->run, i);
    }
}

static void item_receive(struct shard *sh, struct pending *p)
{
    const struct feed_item *item = p->item;
    if (item->kind != FEED_POSTS)
        user_receive(sh, item);
    struct audience *a = audience_find(sh, &item->channel);
    if (a == NULL) {
        if (item->kind == FEED_POSTS)
            author_receive(sh, item);
        pending_done(p);
        return;
    }
    audience_receive(a, p);
    if (list_is_empty(&a->link))
        list_append(&sh->fresh, &a->link);
}

/* Small audiences are served at once, larger ones take turns: that is how a message to a few
 * overtakes one to ten thousand. */
static void fresh_serve(struct shard *sh)
{
    struct list *link;
    while ((link = list_pop(&sh->fresh)) != NULL) {
        struct audience *a = MEM_OWNER(link, struct audience, link);
        if (a->n > AUDIENCE_SLICE)
            list_append(&sh->busy, &a->link);
        else
            while (audience_step(a))
                ;
    }
    if (!list_is_empty(&sh->busy))
        sh->kick(sh->kick_arg);
}

static void share_count(struct shard *sh, struct feed_share *f)
{
    f->before = sh->received;
    sh->received += f->feed->n;
    for (size_t i = 0; i < f->feed->n; i++) {
        const struct feed_item *item = &f->feed->items[i];
        uint64_t *position = &sh->positions[item->partition];
        if (item->last_seq > *position)
            *position = item->last_seq;
    }
}

static void share_receive(struct task *t)
{
    struct mail *m = MEM_OWNER(t, struct mail, task);
    struct feed_share *f = MEM_OWNER(m, struct feed_share, mail);
    struct shard *sh = f->shard;
    share_count(sh, f);
    for (size_t i = 0; i < f->feed->n; i++)
        item_receive(sh, &f->items[i]);
    if (--f->n_open == 0)
        share_free(f);
    fresh_serve(sh);
    attach_positions_moved(sh);
}

static void share_drop(struct mail *m)
{
    struct feed_share *f = MEM_OWNER(m, struct feed_share, mail);
    shard_handed_out(f->shard, f->feed->bytes);
    share_free(f);
}

void shard_post_feed(struct shard *sh, struct feed *feed)
{
    struct feed_share *f = mem_alloc(sizeof *f + feed->n * sizeof f->items[0]);
    f->mail.task.run = share_receive;
    f->mail.drop = share_drop;
    f->shard = sh;
    f->feed = feed_ref(feed);
    f->n_open = feed->n + 1;
    for (size_t i = 0; i < feed->n; i++)
        f->items[i] = (struct pending){.share = f, .item = &feed->items[i]};
    shard_mail(sh, &f->mail);
}

/* ---- The shard itself ---- */

void shard_mail(struct shard *sh, struct mail *m)
{
    task_queue_push(&sh->inbox, &m->task);
}

static void inbox_wake(void *arg)
{
    struct shard *sh = arg;
    sh->executor->post(sh->executor, &sh->wakeup);
}

static void inbox_run(struct task *self)
{
    struct shard *sh = MEM_OWNER(self, struct shard, wakeup);
    struct task *next;
    for (struct task *t = task_queue_take(&sh->inbox); t != NULL; t = next) {
        next = t->next;
        t->run(t);
    }
}

struct shard *shard_new(struct hub *h, uint32_t index, struct executor *executor,
                        void (*kick)(void *arg), void *arg)
{
    struct shard *sh = MEM_NEW(struct shard);
    sh->hub = h;
    sh->index = index;
    sh->positions = mem_array(hub_partitions(h), sizeof *sh->positions);
    sh->executor = executor;
    sh->kick = kick;
    sh->kick_arg = arg;
    sh->wakeup.run = inbox_run;
    task_queue_init(&sh->inbox, inbox_wake, sh);
    list_init(&sh->fresh);
    list_init(&sh->busy);
    list_init(&sh->ahead);
    list_init(&sh->watched);
    job_queue_init(&sh->jobs);
    return sh;
}

/* No member is left: what waits is given up, and the audience with it. */
static void leftover_audience(struct table_node *node, void *arg)
{
    (void)arg;
    struct audience *a = MEM_OWNER(node, struct audience, node);
    a->in_pass = false;
    while (a->first != NULL) {
        struct pending *p = a->first;
        a->first = p->next;
        pending_done(p);
    }
    audience_put(a);
}

void shard_free(struct shard *sh)
{
    assert(sh->by_id.n == 0);
    table_each(&sh->audiences, leftover_audience, NULL);
    struct task *next;
    for (struct task *t = task_queue_take(&sh->inbox); t != NULL; t = next) {
        next = t->next;
        struct mail *m = MEM_OWNER(t, struct mail, task);
        m->drop(m);
    }
    job_queue_fini(&sh->jobs);
    table_fini(&sh->by_id);
    table_fini(&sh->by_user);
    table_fini(&sh->audiences);
    task_queue_fini(&sh->inbox);
    mem_free(sh->positions);
    mem_free(sh);
}

uint32_t shard_index(const struct shard *sh)
{
    return sh->index;
}

bool shard_step(struct shard *sh)
{
    struct list *link = list_pop(&sh->busy);
    if (link == NULL)
        return false;
    struct audience *a = MEM_OWNER(link, struct audience, link);
    if (audience_step(a))
        list_append(&sh->busy, &a->link);
    return !list_is_empty(&sh->busy);
}

void shard_tick(struct shard *sh)
{
    sh->ticks++;
    job_queue_tick(sh);
    attach_tick(sh);
    watch_tick(sh);
    if (sh->index == 0)
        herald_tick(hub_herald(sh->hub));
}
