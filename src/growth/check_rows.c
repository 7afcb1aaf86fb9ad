/* Was everything moved? Accounts, channels and memberships: each is looked up where it went. */
#include <inttypes.h>
#include <uthash.h>

#include "base/mem.h"
#include "growth/steps.h"

/* A session that is void where it went. */
struct voided {
    struct revocation revocation;
    UT_hash_handle hh;
};

struct rows {
    struct import *import;
    struct import_count seen;
    struct voided *voided; /* by jti */
    enum err err;
};

static bool row_end(struct rows *r, enum err e, enum err missing)
{
    if (e != missing)
        r->err = e;
    return r->err == ERR_OK;
}

static bool account_check(const struct account *a, void *arg)
{
    struct rows *r = arg;
    struct account_store *accounts = r->import->config.accounts;
    struct account is;
    struct arena arena;
    arena_init(&arena);
    enum err e = accounts->ops->by_id(accounts, &a->user.id, &arena, &is);
    bool same = e == ERR_OK && str_eq(a->user.name, is.user.name) &&
                str_eq(a->user.email, is.user.email) &&
                str_eq(a->password_hash, is.password_hash) &&
                a->user.created_us == is.user.created_us && a->valid_after_us == is.valid_after_us;
    if (!same && (e == ERR_OK || e == ERR_USER_NOT_FOUND))
        import_differs(r->import, "account %s is %s", uuid_text(&a->user.id).s,
                       e == ERR_OK ? "not the same" : "missing");
    arena_fini(&arena);
    import_progress(r->import, "accounts compared", ++r->seen.accounts, r->import->size.accounts);
    return row_end(r, e, ERR_USER_NOT_FOUND);
}

static bool channel_check(const struct import_channel *c, void *arg)
{
    struct rows *r = arg;
    struct channel_table *table = r->import->config.channels;
    struct channel is;
    struct arena arena;
    arena_init(&arena);
    enum err e = table->ops->get(table, &c->channel.id, &arena, &is);
    bool same = e == ERR_OK && str_eq(c->channel.name, is.name) &&
                uuid_eq(&c->channel.owner, &is.owner) && c->channel.created_us == is.created_us;
    if (!same && (e == ERR_OK || e == ERR_CHANNEL_NOT_FOUND))
        import_differs(r->import, "channel %s is %s", uuid_text(&c->channel.id).s,
                       e == ERR_OK ? "not the same" : "missing");
    arena_fini(&arena);
    import_progress(r->import, "channels compared", ++r->seen.channels, r->import->size.channels);
    return row_end(r, e, ERR_CHANNEL_NOT_FOUND);
}

static bool member_check(const struct import_member *m, void *arg)
{
    struct rows *r = arg;
    struct channel_table *table = r->import->config.channels;
    struct membership_row is;
    struct arena arena;
    arena_init(&arena);
    enum err e = table->ops->membership(table, &m->user, &m->channel, &arena, &is);
    bool same = e == ERR_OK && is.leave_version == 0 && is.join_version == m->join_version &&
                is.join_seq == m->join_seq && is.read_seq == m->read_seq;
    if (e == ERR_CHANNEL_NOT_FOUND)
        e = ERR_NOT_MEMBER;
    if (!same && (e == ERR_OK || e == ERR_NOT_MEMBER))
        import_differs(r->import, "the membership of %s in channel %s is %s", uuid_text(&m->user).s,
                       uuid_text(&m->channel).s, e == ERR_OK ? "not the same" : "missing");
    arena_fini(&arena);
    import_progress(r->import, "memberships compared", ++r->seen.members, r->import->size.members);
    return row_end(r, e, ERR_NOT_MEMBER);
}

/* ---- Sessions ---- */

static void voided_take(const struct revocation *v, void *arg)
{
    struct rows *r = arg;
    struct voided *found;
    HASH_FIND(hh, r->voided, v->jti.b, sizeof v->jti.b, found);
    if (found != NULL || uuid_eq(&v->jti, &UUID_NIL))
        return;
    found = MEM_NEW(struct voided);
    found->revocation = *v;
    HASH_ADD(hh, r->voided, revocation.jti, sizeof v->jti, found);
}

static void voided_check(const struct revocation *v, void *arg)
{
    struct rows *r = arg;
    struct voided *found;
    HASH_FIND(hh, r->voided, v->jti.b, sizeof v->jti.b, found);
    if (found == NULL && !uuid_eq(&v->jti, &UUID_NIL))
        import_differs(r->import, "a session of %s is not void any more", uuid_text(&v->user).s);
}

static enum err sessions_check(struct rows *r)
{
    struct account_store *accounts = r->import->config.accounts;
    struct import_source *s = r->import->config.source;
    struct voided *each, *next;
    enum err e = accounts->ops->revocations(accounts, 0, voided_take, r);
    if (e == ERR_OK)
        e = s->ops->revocations(s, voided_check, r);
    HASH_ITER (hh, r->voided, each, next) {
        HASH_DEL(r->voided, each);
        mem_free(each);
    }
    return e;
}

/* ---- All of it ---- */

static void count_check(struct rows *r, const char *what, uint64_t is, uint64_t was)
{
    if (is != was)
        import_differs(r->import, "there are %" PRIu64 " %s, not %" PRIu64, is, what, was);
}

static enum err counts_check(struct rows *r)
{
    struct import_table *t = r->import->config.table;
    const struct import_size *was = &r->import->size;
    struct import_count is;
    enum err e = t->ops->count(t, &is);
    if (e != ERR_OK)
        return e;
    count_check(r, "accounts", is.accounts, was->accounts);
    count_check(r, "channels", is.channels, was->channels);
    count_check(r, "memberships", is.members, was->members);
    count_check(r, "accounts to compare", r->seen.accounts, was->accounts);
    count_check(r, "channels to compare", r->seen.channels, was->channels);
    count_check(r, "memberships to compare", r->seen.members, was->members);
    return ERR_OK;
}

enum err check_rows(struct import *im)
{
    struct import_source *s = im->config.source;
    struct rows r = {.import = im};
    enum err e = s->ops->accounts(s, account_check, &r);
    if (e == ERR_OK && r.err == ERR_OK)
        e = s->ops->channels(s, channel_check, &r);
    if (e == ERR_OK && r.err == ERR_OK)
        e = s->ops->members(s, member_check, &r);
    if (e == ERR_OK)
        e = r.err;
    if (e == ERR_OK)
        e = counts_check(&r);
    return e == ERR_OK ? sessions_check(&r) : e;
}
