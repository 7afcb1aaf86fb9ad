#include "fanout/page.h"

#include "base/mem.h"
#include "fanout/catchup.h"
#include "fanout/run_builder.h"

static void page_encode(struct page *p, const struct run_encoder *encoder,
                        const struct post_page *rows)
{
    struct run_builder b;
    run_builder_init(&b, encoder);
    for (size_t i = 0; i < rows->n; i++) {
        run_builder_add(&b, &rows->rows[i].event, RUN_PUSH);
        if (run_builder_is_full(&b) || i + 1 == rows->n)
            p->runs[p->n++] = run_builder_finish(&b);
    }
    run_builder_fini(&b);
}

static enum err page_work(struct job *self, const struct hub_config *config)
{
    struct page *p = MEM_OWNER(self, struct page, job);
    struct arena arena;
    arena_init(&arena);
    struct post_page rows = {0};
    enum err err = config->messages->ops->after(config->messages, &p->channel, p->after,
                                                LIMIT_PAGE_ROWS, &arena, &rows);
    if (err == ERR_OK) {
        page_encode(p, config->encoder, &rows);
        p->more = rows.more && rows.n > 0;
    }
    arena_fini(&arena);
    return err;
}

static void page_free(struct job *self)
{
    struct page *p = MEM_OWNER(self, struct page, job);
    for (unsigned i = 0; i < p->n; i++)
        run_unref(p->runs[i]);
    mem_free(p);
}

static void page_done(struct job *self)
{
    struct session *s = shard_session(self->shard, self->session);
    if (s != NULL)
        catchup_take_page(s, MEM_OWNER(self, struct page, job));
    page_free(self);
}

static const struct job_kind page_kind = {
    .work = page_work, .done = page_done, .free = page_free, .ticks_max = 10, .repeat = true};

void page_start(struct session *s, const struct uuid *channel, uint64_t after, uint64_t boundary)
{
    struct page *p = MEM_NEW(struct page);
    p->channel = *channel;
    p->after = after;
    p->boundary = boundary;
    job_start(&p->job, &page_kind, s->shard, s->id);
}
