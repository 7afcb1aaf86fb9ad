/* A database that chat-app's server made and goes on using. */
#include <stdio.h>
#include <string.h>

#include "kit.h"

/* As its own first migration does. */
static const char chat_app[] =
    "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";"
    "CREATE TABLE IF NOT EXISTS users (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),"
    " username VARCHAR (255) NOT NULL, email VARCHAR (255) UNIQUE NOT NULL,"
    " password VARCHAR (255) NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,"
    " login_time TIMESTAMP DEFAULT CURRENT_TIMESTAMP);"
    "CREATE TABLE IF NOT EXISTS channel (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),"
    " name VARCHAR (255) NOT NULL, user_id uuid REFERENCES users (id),"
    " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);"
    "CREATE TABLE IF NOT EXISTS user_to_channel (user_id uuid REFERENCES users (id),"
    " channel_id uuid REFERENCES channel (id), created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,"
    " CONSTRAINT userid_channelid_pkey PRIMARY KEY (user_id,  channel_id));";

/* Users 1..4 and channels 1, 2, under the ids of kit.h. */
static const char people[] =
    "INSERT INTO users(id, username, email, password, created_at) VALUES"
    "('aa000000-0000-4000-8000-000000000001','ada','ada@example.org','$2a$10$x',"
    " '2023-05-06 07:08:09.123456'),"
    "('aa000000-0000-4000-8000-000000000002',repeat(U&'\\2603',255),'long@example.org','p',NULL),"
    "('aa000000-0000-4000-8000-000000000003',E'a\\tb\\u0085c','tab@example.org','p','-infinity'),"
    "('aa000000-0000-4000-8000-000000000004',' ','blank@example.org','p','infinity');"
    "INSERT INTO channel(id, name, user_id, created_at) VALUES"
    "('cc000000-0000-4000-8000-000000000001',E'news\\n','aa000000-0000-4000-8000-000000000001',"
    " '2023-05-06 07:08:09'),"
    "('cc000000-0000-4000-8000-000000000002',repeat('x',255),NULL,NULL);"
    "INSERT INTO user_to_channel(user_id, channel_id, created_at) VALUES"
    "('aa000000-0000-4000-8000-000000000002','cc000000-0000-4000-8000-000000000001','2023-01-02'),"
    "('aa000000-0000-4000-8000-000000000001','cc000000-0000-4000-8000-000000000001','2023-01-01'),"
    "('aa000000-0000-4000-8000-000000000001','cc000000-0000-4000-8000-000000000002',NULL);";

static int taken_over(void **state)
{
    postgres_rig_reset();
    postgres_rig_exec(chat_app);
    postgres_rig_exec(people);
    postgres_rig_migrate();
    *state = kit_open(postgres_rig_conninfo("store"));
    return 0;
}

static int closed(void **state)
{
    postgres_close(*state);
    return 0;
}

#define SHAPE                                                                           \
    "SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT concat_ws(',', table_name," \
    " column_name, ordinal_position, data_type, character_maximum_length, is_nullable," \
    " column_default) x FROM information_schema.columns"                                \
    " WHERE table_name IN ('users','channel','user_to_channel') UNION ALL"              \
    " SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN" \
    " ('users'::regclass,'channel'::regclass,'user_to_channel'::regclass)) shape"

#define CONTENT                                                                               \
    "SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT u::text x FROM users u UNION ALL" \
    " SELECT c::text FROM channel c UNION ALL SELECT m::text FROM user_to_channel m) rows"

static void its_tables_stay_as_they_are(void **state)
{
    char shape[64], content[64];
    (void)state;
    postgres_rig_reset();
    postgres_rig_exec(chat_app);
    postgres_rig_exec(people);
    snprintf(shape, sizeof shape, "%s", postgres_rig_text(SHAPE));
    snprintf(content, sizeof content, "%s", postgres_rig_text(CONTENT));
    assert_int_equal(strlen(shape), 32);
    postgres_rig_migrate();
    assert_string_equal(postgres_rig_text(SHAPE), shape);
    assert_string_equal(postgres_rig_text(CONTENT), content);
    /* and those we make ourselves are the same */
    postgres_rig_reset();
    postgres_rig_migrate();
    assert_string_equal(postgres_rig_text(SHAPE), shape);
}

static void assert_name(struct postgres_store *s, unsigned user, const char *name,
                        int64_t created_us)
{
    struct account_store *a = postgres_accounts(s);
    struct uuid id = kit_user_id(user);
    struct account got;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(a->ops->by_id(a, &id, &arena, &got), ERR_OK);
    assert_int_equal(got.user.name.n, strlen(name));
    assert_memory_equal(got.user.name.p, name, got.user.name.n);
    assert_int_equal(got.user.created_us, created_us);
    assert_int_equal(got.valid_after_us, 0);
    assert_true(user_name_is_valid(got.user.name));
    arena_fini(&arena);
}

/* What it let through and we would not is made into something that we would. */
static void its_people_are_ours(void **state)
{
    char snow[50 * 3 + 1] = "";
    for (int i = 0; i < 50; i++)
        memcpy(snow + 3 * i, "\xE2\x98\x83", 4);
    assert_name(*state, 1, "ada", INT64_C(1683356889123456));
    assert_name(*state, 2, snow, 0);
    assert_name(*state, 3, "abc", 0);
    assert_name(*state, 4, "?", INT64_MAX);
}

struct listed {
    unsigned n;
    struct uuid ids[8];
    size_t name_bytes[8];
};

static void list_channel(const struct channel *c, void *arg)
{
    struct listed *l = arg;
    assert_true(channel_name_is_valid(c->name));
    l->name_bytes[l->n] = c->name.n;
    l->ids[l->n++] = c->id;
}

static void list_member(const struct user *u, void *arg)
{
    struct listed *l = arg;
    assert_true(user_name_is_valid(u->name));
    l->ids[l->n++] = u->id;
}

static bool list_account(const struct account *a, void *arg)
{
    list_member(&a->user, arg);
    return true;
}

static void assert_listed(const struct listed *l, unsigned n, struct uuid (*id)(unsigned),
                          const unsigned *wanted)
{
    assert_int_equal(l->n, n);
    for (unsigned i = 0; i < n; i++) {
        struct uuid w = id(wanted[i]);
        assert_true(uuid_eq(&l->ids[i], &w));
    }
}

static void its_channels_and_members_are_ours(void **state)
{
    struct postgres_store *s = *state;
    struct channel_table *t = postgres_channels(s);
    struct account_store *a = postgres_accounts(s);
    struct uuid c1 = kit_channel_id(1);
    struct listed channels = {.n = 0}, members = channels, accounts = channels;
    assert_int_equal(t->ops->list(t, list_channel, &channels), ERR_OK);
    assert_listed(&channels, 2, kit_channel_id, (unsigned[]){2, 1});
    assert_int_equal(channels.name_bytes[0], 80);
    assert_int_equal(channels.name_bytes[1], 4);
    assert_int_equal(kit_join(s, 3, 1), ERR_OK);
    assert_int_equal(t->ops->members(t, &c1, list_member, &members), ERR_OK);
    assert_listed(&members, 3, kit_user_id, (unsigned[]){1, 2, 3});
    assert_int_equal(a->ops->list(a, list_account, &accounts), ERR_OK);
    assert_listed(&accounts, 4, kit_user_id, (unsigned[]){2, 3, 1, 4});
}

static void its_members_leave_and_read(void **state)
{
    struct postgres_store *s = *state;
    struct channel_table *t = postgres_channels(s);
    struct membership_row row, *rows;
    struct uuid u1 = kit_user_id(1), c1 = kit_channel_id(1);
    struct arena arena;
    uint64_t now = 0;
    size_t n;
    bool moved = false;
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_OK);
    assert_int_equal(row.join_version, 0);
    assert_int_equal(row.leave_version, 0);
    assert_int_equal(t->ops->mark_read(t, &u1, &c1, 5, &now, &moved), ERR_OK);
    assert_true(moved);
    assert_int_equal(now, 5);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_OK);
    assert_int_equal(row.join_version, 0);
    assert_int_equal(row.read_seq, 5);
    assert_int_equal(kit_leave(s, 1, 1), ERR_OK);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_OK);
    assert_true(row.leave_version > UINT64_C(1600000000000));
    uint64_t left = row.leave_version;
    assert_int_equal(kit_join(s, 1, 1), ERR_OK);
    assert_int_equal(kit_membership(s, 1, 1, &row), ERR_OK);
    assert_int_equal(row.join_version, left + 1);
    assert_int_equal(row.read_seq, 0);
    arena_init(&arena);
    assert_int_equal(t->ops->memberships(t, &u1, &arena, &rows, &n), ERR_OK);
    assert_int_equal(n, 3); /* two are chat-app's, one of them past; those come first */
    assert_int_equal(rows[2].join_version, left + 1);
    arena_fini(&arena);
}

/* Its server goes on: what it writes is there for us, and what we write for it. */
static void both_go_on_side_by_side(void **state)
{
    struct postgres_store *s = *state;
    struct account_store *a = postgres_accounts(s);
    struct membership_row row;
    assert_int_equal(kit_create(s, 7, 1), ERR_OK);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM user_to_channel JOIN channel"
                                      " ON channel.id=channel_id WHERE name='channel'"),
                     1);
    postgres_rig_exec("INSERT INTO user_to_channel(channel_id, user_id) VALUES"
                      "('cc000000-0000-4000-8000-000000000007',"
                      " 'aa000000-0000-4000-8000-000000000003')");
    assert_int_equal(kit_membership(s, 3, 7, &row), ERR_OK);
    assert_int_equal(row.join_version, 0);
    assert_int_equal(kit_join(s, 3, 7), ERR_ALREADY_MEMBER);
    assert_int_equal(kit_join(s, 2, 7), ERR_OK);
    assert_int_equal(postgres_rig_int("SELECT members FROM parley_outbox ORDER BY id DESC LIMIT 1"),
                     3);
    assert_int_equal(kit_leave(s, 3, 7), ERR_OK);
    const struct user again = {kit_user_id(50), STR("x"), STR("ada@example.org"), 1};
    assert_int_equal(a->ops->add(a, &again, STR("h")), ERR_EMAIL_TAKEN);
}

/* Nobody can have registered with what PostgreSQL cannot hold. */
static void texts_that_it_cannot_hold_are_refused(void **state)
{
    struct account_store *a = postgres_accounts(*state);
    struct account got;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(a->ops->by_email(a, STR("a\0b@example.org"), &arena, &got),
                     ERR_USER_NOT_FOUND);
    assert_int_equal(a->ops->by_email(a, STR("\xff@example.org"), &arena, &got),
                     ERR_USER_NOT_FOUND);
    const struct user u = {kit_user_id(60), STR("nul\0name"), STR("n@example.org"), 1};
    assert_int_equal(a->ops->add(a, &u, STR("h")), ERR_BAD_REQUEST);
    assert_int_equal(a->ops->by_email(a, STR("n@example.org"), &arena, &got), ERR_USER_NOT_FOUND);
    assert_false(user_name_is_valid(STR("nul\0name")));
    assert_false(user_email_is_valid(STR("nul\0@name")));
    arena_fini(&arena);
}

int main(void)
{
#define TAKEOVER_TEST(f) cmocka_unit_test_setup_teardown(f, taken_over, closed)
    const struct CMUnitTest tests[] = {
        TAKEOVER_TEST(its_tables_stay_as_they_are),
        TAKEOVER_TEST(its_people_are_ours),
        TAKEOVER_TEST(its_channels_and_members_are_ours),
        TAKEOVER_TEST(its_members_leave_and_read),
        TAKEOVER_TEST(both_go_on_side_by_side),
        TAKEOVER_TEST(texts_that_it_cannot_hold_are_refused),
    };
    return KIT_MAIN(tests);
}
