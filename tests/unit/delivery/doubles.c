#include "doubles.h"

#include <string.h>

#include "base/mem.h"

/* ---- Gates ---- */

void gate_init(struct gate *g)
{
    *g = (struct gate){.shut = false};
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->moved, NULL);
}

void gate_fini(struct gate *g)
{
    pthread_mutex_destroy(&g->mutex);
    pthread_cond_destroy(&g->moved);
}

static void gate_set(struct gate *g, bool shut)
{
    pthread_mutex_lock(&g->mutex);
    g->shut = shut;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->mutex);
}

void gate_shut(struct gate *g)
{
    gate_set(g, true);
}

void gate_open(struct gate *g)
{
    gate_set(g, false);
}

void gate_pass(struct gate *g)
{
    pthread_mutex_lock(&g->mutex);
    g->waiting++;
    pthread_cond_broadcast(&g->moved);
    while (g->shut)
        pthread_cond_wait(&g->moved, &g->mutex);
    g->waiting--;
    pthread_mutex_unlock(&g->mutex);
}

void gate_await(struct gate *g, unsigned n)
{
    pthread_mutex_lock(&g->mutex);
    while (g->waiting < n)
        pthread_cond_wait(&g->moved, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

/* ---- Accounts: none, and no revocations ---- */

static enum err no_revocations(struct account_store *self, int64_t now_us,
                               void (*each)(const struct revocation *, void *arg), void *arg)
{
    (void)self, (void)now_us, (void)each, (void)arg;
    return ERR_OK;
}

static enum err nobody_by_email(struct account_store *self, struct str email, struct arena *arena,
                                struct account *out)
{
    (void)self, (void)email, (void)arena, (void)out;
    return ERR_USER_NOT_FOUND;
}

void test_accounts_init(struct test_accounts *a)
{
    static const struct account_store_ops ops = {.by_email = nobody_by_email,
                                                 .revocations = no_revocations};
    a->super.ops = &ops;
}

/* ---- Channels ---- */

static struct test_channels *channels_of(struct channel_store *self)
{
    return MEM_OWNER(self, struct test_channels, super);
}

static enum err call_pass(struct test_channels *c)
{
    gate_pass(&c->gate);
    return (enum err)c->err;
}

static enum err double_list(struct channel_store *self,
                            void (*each)(const struct channel *, void *arg), void *arg)
{
    struct test_channels *c = channels_of(self);
    enum err e = call_pass(c);
    struct channel channel = {.id = c->id, .name = str_of(c->name), .owner = c->id};
    for (unsigned i = 0; i < c->count && e == ERR_OK; i++)
        each(&channel, arg);
    return e;
}

static enum err double_is_member(struct channel_store *self, const struct uuid *user,
                                 const struct uuid *channel)
{
    struct test_channels *c = channels_of(self);
    (void)user;
    enum err e = call_pass(c);
    return e != ERR_OK || uuid_eq(&c->id, channel) ? e : ERR_CHANNEL_NOT_FOUND;
}

void test_channels_init(struct test_channels *c)
{
    static const struct channel_store_ops ops = {.list = double_list,
                                                 .is_member = double_is_member};
    *c = (struct test_channels){.super = {&ops}, .count = 1, .name = "engines"};
    uuid_from_text(STR("7d9f1a52-44c6-4f0b-b3a1-6c2e8d5b9f04"), &c->id);
    gate_init(&c->gate);
}

void test_channels_fini(struct test_channels *c)
{
    gate_fini(&c->gate);
}

/* ---- Messages: none ---- */

static enum err double_messages(struct message_store *self, const struct uuid *channel,
                                uint64_t from_id, unsigned limit, struct arena *arena,
                                struct post_page *out)
{
    (void)self, (void)channel, (void)from_id, (void)limit, (void)arena;
    *out = (struct post_page){0};
    return ERR_OK;
}

void test_messages_init(struct test_messages *m)
{
    static const struct message_store_ops ops = {.messages = double_messages};
    m->super.ops = &ops;
}

/* ---- The journal ---- */

static enum err double_append(struct journal *self, struct append *a)
{
    struct test_journal *j = MEM_OWNER(self, struct test_journal, super);
    pthread_mutex_lock(&j->mutex);
    enum err e = j->held == NULL ? ERR_OK : ERR_UNAVAILABLE;
    if (e == ERR_OK)
        j->held = a;
    pthread_cond_broadcast(&j->moved);
    pthread_mutex_unlock(&j->mutex);
    return e;
}

static uint64_t double_position(struct journal *self, unsigned partition)
{
    (void)self;
    (void)partition;
    return 0;
}

void test_journal_init(struct test_journal *j)
{
    static const struct journal_ops ops = {.append = double_append, .position = double_position};
    *j = (struct test_journal){.super = {&ops}};
    pthread_mutex_init(&j->mutex, NULL);
    pthread_cond_init(&j->moved, NULL);
}

void test_journal_fini(struct test_journal *j)
{
    pthread_mutex_destroy(&j->mutex);
    pthread_cond_destroy(&j->moved);
}

void test_journal_judge(struct test_journal *j, enum err err, bool duplicate, uint64_t seq,
                        uint64_t id)
{
    pthread_mutex_lock(&j->mutex);
    while (j->held == NULL)
        pthread_cond_wait(&j->moved, &j->mutex);
    struct append *a = j->held;
    j->held = NULL;
    pthread_mutex_unlock(&j->mutex);
    a->err = err;
    a->duplicate = duplicate;
    a->seq = seq;
    a->prev_seq = seq - 1;
    a->id = id;
    a->done(a);
}

/* ---- The notifier ---- */

static struct test_notifier *notifier_of(struct notifier *self)
{
    return MEM_OWNER(self, struct test_notifier, super);
}

static void double_read_moved(struct notifier *self, const struct uuid *user,
                              const struct uuid *channel, uint64_t seq, uint32_t except_shard,
                              uint64_t except_session)
{
    (void)user, (void)channel, (void)seq, (void)except_session;
    notifier_of(self)->reads += except_shard == ORIGIN_NO_SHARD;
}

static void double_revoked(struct notifier *self, const struct uuid *user, const struct uuid *jti,
                           int64_t issued_before_us)
{
    (void)user, (void)jti, (void)issued_before_us;
    notifier_of(self)->revocations++;
}

static void double_online(struct notifier *self, const struct uuid *users, size_t n, bool *online)
{
    for (size_t i = 0; i < n; i++)
        online[i] = uuid_eq(&users[i], &notifier_of(self)->online);
}

void test_notifier_init(struct test_notifier *n)
{
    static const struct notifier_ops ops = {double_read_moved, double_revoked, double_online};
    *n = (struct test_notifier){.super = {&ops}};
}
