/* Accounts, channels and memberships, in chunks, within one transaction; then sessions that were
 * revoked, by the door that revokes them. */
#include "base/mem.h"
#include "growth/steps.h"

/* Rows on their way, with their strings. */
struct chunk {
    struct import *import;
    struct arena arena;
    union {
        struct account accounts[IMPORT_ROWS_MAX];
        struct import_channel channels[IMPORT_ROWS_MAX];
        struct import_member members[IMPORT_ROWS_MAX];
    } rows;
    size_t n;
    uint64_t done;
    enum err err;
};

static void chunk_end(struct chunk *k, enum err e)
{
    k->done += k->n;
    k->n = 0;
    if (k->err == ERR_OK)
        k->err = e;
    arena_fini(&k->arena);
    arena_init(&k->arena);
}

static void accounts_flush(struct chunk *k)
{
    struct import_table *t = k->import->config.table;
    chunk_end(k, k->n == 0 ? ERR_OK : t->ops->load_accounts(t, k->rows.accounts, k->n));
    import_progress(k->import, "accounts loaded", k->done, k->import->size.accounts);
}

static bool account_take(const struct account *a, void *arg)
{
    struct chunk *k = arg;
    struct account *copy = &k->rows.accounts[k->n++];
    *copy = *a;
    copy->user.name = arena_str(&k->arena, a->user.name);
    copy->user.email = arena_str(&k->arena, a->user.email);
    copy->password_hash = arena_str(&k->arena, a->password_hash);
    if (k->n == IMPORT_ROWS_MAX)
        accounts_flush(k);
    return k->err == ERR_OK;
}

static void channels_flush(struct chunk *k)
{
    struct import_table *t = k->import->config.table;
    chunk_end(k, k->n == 0 ? ERR_OK : t->ops->load_channels(t, k->rows.channels, k->n));
    import_progress(k->import, "channels loaded", k->done, k->import->size.channels);
}

static bool channel_take(const struct import_channel *c, void *arg)
{
    struct chunk *k = arg;
    struct import_channel *copy = &k->rows.channels[k->n++];
    *copy = *c;
    copy->channel.name = arena_str(&k->arena, c->channel.name);
    if (k->n == IMPORT_ROWS_MAX)
        channels_flush(k);
    return k->err == ERR_OK;
}

static void members_flush(struct chunk *k)
{
    struct import_table *t = k->import->config.table;
    chunk_end(k, k->n == 0 ? ERR_OK : t->ops->load_members(t, k->rows.members, k->n));
    import_progress(k->import, "memberships loaded", k->done, k->import->size.members);
}

static bool member_take(const struct import_member *m, void *arg)
{
    struct chunk *k = arg;
    k->rows.members[k->n++] = *m;
    if (k->n == IMPORT_ROWS_MAX)
        members_flush(k);
    return k->err == ERR_OK;
}

static enum err load_rows(struct import *im, struct chunk *k)
{
    struct import_source *s = im->config.source;
    enum err e = ERR_OK;
    if (!s->in_place) {
        e = s->ops->accounts(s, account_take, k);
        accounts_flush(k);
        k->done = 0;
        if (e == ERR_OK && k->err == ERR_OK)
            e = s->ops->channels(s, channel_take, k);
        channels_flush(k);
        k->done = 0;
    }
    if (e == ERR_OK && k->err == ERR_OK)
        e = s->ops->members(s, member_take, k);
    members_flush(k);
    return e == ERR_OK ? k->err : e;
}

struct revoking {
    struct import *import;
    enum err err;
};

static void revocation_take(const struct revocation *r, void *arg)
{
    struct revoking *v = arg;
    struct account_store *accounts = v->import->config.accounts;
    if (v->err == ERR_OK)
        v->err = accounts->ops->revoke(accounts, r);
}

enum err load_tables(struct import *im)
{
    struct import_table *t = im->config.table;
    struct import_source *s = im->config.source;
    struct revoking revoking = {im, ERR_OK};
    struct chunk *k = MEM_NEW(struct chunk);
    k->import = im;
    arena_init(&k->arena);
    enum err e = t->ops->load_begin(t, s->in_place);
    if (e == ERR_OK)
        e = load_rows(im, k);
    arena_fini(&k->arena);
    mem_free(k);
    im->note.stage = IMPORT_LOADED;
    if (e == ERR_OK)
        e = t->ops->load_end(t, &im->note, import_epoch(im));
    if (e == ERR_OK)
        e = s->ops->revocations(s, revocation_take, &revoking);
    return e == ERR_OK ? revoking.err : e;
}
