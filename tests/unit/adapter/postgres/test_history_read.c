/* The history is never scanned: each statement that reads it goes by an index, whatever it is
 * asked, also after years. */
#include <stdio.h>
#include <string.h>

#include "adapter/postgres/statements.def.h"
#include "base/mem.h"
#include "kit.h"

#define SQL_SIZE 4096

enum {
#define STATEMENT_ENUM(id, columns, sql) AT_##id,
    PG_STATEMENTS_HISTORY(STATEMENT_ENUM) PG_STATEMENTS_LOG(STATEMENT_ENUM)
#undef STATEMENT_ENUM
};

static const char *const statements[] = {
#define STATEMENT_SQL(id, columns, sql) sql,
    PG_STATEMENTS_HISTORY(STATEMENT_SQL) PG_STATEMENTS_LOG(STATEMENT_SQL)
#undef STATEMENT_SQL
};

#define CHANNEL "'00000000-0000-0000-0000-000000000007'"
#define USER    "'00000000-0000-0000-0000-000000000003'"

/* 60,000 posts in 30 channels, every third of them a reply; by 100 users. */
static const char fill[] =
    "INSERT INTO parley_post SELECT ('00000000-0000-0000-0000-'||lpad((i%30)::text,12,'0'))::uuid,"
    " i, greatest(i-30,0), i*64, CASE WHEN i%3=0 THEN (i-1)*64 ELSE 0 END, 1+(i%3=0)::int,"
    " ('00000000-0000-0000-0000-'||lpad((i%100)::text,12,'0'))::uuid, 'name', 'text',"
    " convert_to('c-'||i,'UTF8') FROM generate_series(1,60000) i;"
    "INSERT INTO parley_own_head SELECT user_id, channel_id, max(seq) FROM parley_post GROUP BY "
    "1,2;"
    "INSERT INTO parley_own_head SELECT gen_random_uuid(), gen_random_uuid(), i"
    " FROM generate_series(1,20000) i;"
    "INSERT INTO parley_channel_head SELECT 1, i%16, gen_random_uuid(), i, i, 1, i"
    " FROM generate_series(1,20000) i;"
    "INSERT INTO parley_log(name, partitions) VALUES('l',16);"
    "INSERT INTO parley_log_record SELECT (SELECT id FROM parley_log), i%16, i/16, i,"
    " gen_random_uuid(), 'v', '', '' FROM generate_series(1,50000) i;"
    "ANALYZE";

static const char explain[] =
    "CREATE FUNCTION plan(q text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE line text;"
    " whole text:=''; BEGIN FOR line IN EXECUTE 'EXPLAIN '||q LOOP whole:=whole||line||E'\\n';"
    " END LOOP; RETURN whole; END $$; SET plan_cache_mode=force_generic_plan";

static int setup(void **state)
{
    (void)state;
    postgres_rig_reset();
    postgres_rig_migrate();
    postgres_rig_exec(fill);
    postgres_rig_exec(explain);
    return 0;
}

/* The plan must go by `index`, and read no table without one. */
static void expect_plan(unsigned at, const char *types, const char *values, const char *index)
{
    char *sql = mem_alloc(SQL_SIZE);
    snprintf(sql, SQL_SIZE, "DEALLOCATE ALL; PREPARE s(%s) AS %s", types, statements[at]);
    postgres_rig_exec(sql);
    snprintf(sql, SQL_SIZE,
             "SELECT CASE WHEN p LIKE '%%Seq Scan%%' OR p NOT LIKE '%%%s%%' THEN p ELSE '' END"
             " FROM plan($q$EXECUTE s(%s)$q$) p",
             index, values);
    const char *wrong = postgres_rig_text(sql);
    if (wrong[0] != '\0')
        print_message("# %.60s...\n# %s\n", statements[at], wrong);
    mem_free(sql);
    assert_string_equal(wrong, "");
}

static void pages_go_by_an_index(void **state)
{
    (void)state;
    expect_plan(AT_PG_MESSAGES, "uuid,bigint,bigint", CHANNEL ",900000,11", "parley_post_message");
    expect_plan(AT_PG_MESSAGES, "uuid,bigint,bigint", CHANNEL ",900000,11", "parley_post_reply");
    expect_plan(AT_PG_REPLIES, "bigint,bigint,bigint", "640,900000,11", "parley_post_reply");
    expect_plan(AT_PG_POSTS_AFTER, "uuid,bigint,bigint", CHANNEL ",100,11", "parley_post_pkey");
    expect_plan(AT_PG_MISSED, "uuid,bigint,bigint", CHANNEL ",100,1000", "parley_post_pkey");
    expect_plan(AT_PG_CHANNEL_OF, "bigint", "640", "parley_post_by_id");
}

static void look_ups_go_by_an_index(void **state)
{
    (void)state;
    expect_plan(AT_PG_POST_BY_CLIENT_ID, "uuid,uuid,bytea", USER "," CHANNEL ",'c-7'",
                "parley_post_by_client_id");
    expect_plan(AT_PG_OWN_HEADS, "uuid", USER, "parley_own_head_pkey");
    expect_plan(AT_PG_UNREAD, "uuid,bigint,uuid,bigint", CHANNEL ",100," USER ",100",
                "parley_post_pkey");
    expect_plan(AT_PG_HEADS_READ, "bigint,bigint,uuid,bigint", "1,3," CHANNEL ",1000",
                "parley_channel_head_pkey");
}

static void the_log_goes_by_its_offsets(void **state)
{
    (void)state;
    expect_plan(AT_PG_LOG_RECORDS, "bigint,bigint,bigint,bigint", "1,3,100,500",
                "parley_log_record_pkey");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pages_go_by_an_index, setup),
        cmocka_unit_test_setup(look_ups_go_by_an_index, setup),
        cmocka_unit_test_setup(the_log_goes_by_its_offsets, setup),
    };
    return KIT_MAIN(tests);
}
