#include "kit.h"

#include "base/mem.h"

static struct fake *fake_of(struct session *s)
{
    return MEM_OWNER(s, struct fake, super);
}

static void fake_write(struct session *s, char sign, const struct run *r, unsigned first,
                       unsigned last)
{
    assert_true(first < last && last <= r->n);
    for (unsigned i = first; i < last; i++) {
        const struct run_frame *f = &r->frames[i];
        buf_putc(&fake_of(s)->record, sign);
        buf_put(&fake_of(s)->record, r->bytes->data + f->start, f->end - f->start);
    }
}

static void fake_on_push(struct session *s, struct run *r, unsigned first, unsigned last)
{
    fake_write(s, '+', r, first, last);
    if (fake_of(s)->detaches_on_push)
        session_detach(s);
}

static void fake_on_ack(struct session *s, struct run *r, unsigned index)
{
    assert_true(r->frames[index].origin.session == s->id);
    assert_true(str_eq(r->frames[index].origin.ref, STR("\"ref\"")));
    fake_write(s, '=', r, index, index + 1);
}

static void fake_on_replay(struct session *s, struct run *r, unsigned first, unsigned last)
{
    struct fake *f = fake_of(s);
    assert_true(f->is_writable);
    fake_write(s, '~', r, first, last);
    if (f->writable_for == 0)
        return;
    const unsigned n = last - first;
    f->writable_for = f->writable_for > n ? f->writable_for - n : 0;
    f->is_writable = f->writable_for > 0;
}

static void fake_on_frame(struct session *s, struct bytes *frame)
{
    buf_printf(&fake_of(s)->record, "frame(%.*s)", (int)frame->len, frame->data);
}

static void fake_on_attached(struct session *s, enum err err)
{
    buf_puts(&fake_of(s)->record, "attached");
    if (err != ERR_OK)
        buf_printf(&fake_of(s)->record, "!%s", err_name(err));
}

static void fake_list(struct session *s, const char *name, const struct session_channel *channels,
                      size_t n)
{
    struct buf *out = &fake_of(s)->record;
    buf_puts(out, name);
    for (size_t i = 0; i < n; i++) {
        const struct session_channel *c = &channels[i];
        buf_printf(out, "%sc%u %llu", i == 0 ? "(" : ", ", kit_number(&c->channel),
                   (unsigned long long)c->head_seq);
        if (c->resume_asked)
            buf_puts(out, c->recovered ? " yes" : " no");
    }
    buf_puts(out, n == 0 ? "()" : ")");
}

static void fake_on_hello(struct session *s, const struct session_channel *channels, size_t n)
{
    fake_list(s, "hello", channels, n);
}

static void fake_on_resumed(struct session *s, const struct session_channel *channels, size_t n)
{
    fake_list(s, "resumed", channels, n);
}

static void fake_on_revoked(struct session *s)
{
    buf_puts(&fake_of(s)->record, "revoked");
    session_detach(s);
}

static bool fake_is_writable(struct session *s)
{
    return fake_of(s)->is_writable;
}

static const struct session_ops fake_ops = {.push = fake_on_push,
                                            .ack = fake_on_ack,
                                            .replay = fake_on_replay,
                                            .frame = fake_on_frame,
                                            .attached = fake_on_attached,
                                            .hello = fake_on_hello,
                                            .resumed = fake_on_resumed,
                                            .revoked = fake_on_revoked,
                                            .is_writable = fake_is_writable};

struct fake *kit_attach(struct kit *k, unsigned shard, unsigned user)
{
    struct fake *f = MEM_NEW(struct fake);
    buf_init(&f->record, 1 << 24);
    f->is_writable = true;
    f->super.ops = &fake_ops;
    f->super.user = kit_user(user);
    f->super.username = STR("x");
    session_attach(k->shards[shard], &f->super);
    return f;
}

struct fake *kit_old_client(struct kit *k, unsigned shard, unsigned user)
{
    struct fake *f = kit_attach(k, shard, user);
    kit_run(k);
    assert_true(session_is_attached(&f->super));
    session_settle(&f->super);
    assert_record(f, "attached");
    return f;
}

struct fake *kit_client(struct kit *k, unsigned shard, unsigned user)
{
    struct fake *f = kit_attach(k, shard, user);
    assert_int_equal(session_hello(&f->super, NULL, 0, NULL, 0), ERR_OK);
    kit_run(k);
    assert_true(session_is_attached(&f->super));
    fake_record(f);
    return f;
}

void fake_free(struct fake *f)
{
    buf_fini(&f->record);
    mem_free(f);
}

void fake_detach(struct fake *f)
{
    session_detach(&f->super);
    fake_free(f);
}

void fake_hello(struct fake *f, unsigned channel, uint64_t seq)
{
    const struct resume_point point = {kit_channel(channel), seq};
    assert_int_equal(session_hello(&f->super, &point, 1, NULL, 0), ERR_OK);
}

const char *fake_record(struct fake *f)
{
    buf_putc(&f->record, '\0');
    buf_clear(&f->record);
    return f->record.p;
}
