#include "adapter/postgres/schema_direct.h"

/* A batch of one producer: the partitions' rows are locked in ascending order, so that two batches
 * never wait for each other, and give their offsets and the log's time, which does not go back.
 * They are let go at the commit, so offsets become visible in their order.
 *
 * A producer numbers its batches. The same number again changes nothing and answers as before; the
 * producer's row is locked first, so a repetition waits for what may still be under way, and what
 * comes late finds its number taken. */
#define LOG_APPEND                                                                                \
    "CREATE FUNCTION parley_log_append(the_log bigint, the_producer uuid, the_batch bigint,"      \
    " partitions bigint[], keys uuid[], vals bytea[], tags bytea[], traces bytea[])"              \
    " RETURNS TABLE(log_partition bigint, first_offset bigint, at_ms bigint)"                     \
    " LANGUAGE plpgsql AS $$"                                                                     \
    "#variable_conflict use_column\n"                                                             \
    "DECLARE before parley_log_producer%ROWTYPE; p bigint; n bigint; o bigint; t bigint;"         \
    " ps bigint[]:='{}'; os bigint[]:='{}'; ts bigint[]:='{}';"                                   \
    "BEGIN"                                                                                       \
    " INSERT INTO parley_log_producer(producer) VALUES(the_producer) ON CONFLICT DO NOTHING;"     \
    " SELECT * INTO STRICT before FROM parley_log_producer WHERE producer=the_producer FOR "      \
    "UPDATE;"                                                                                     \
    " IF before.batch=the_batch THEN"                                                             \
    "  RETURN QUERY SELECT * FROM unnest(before.partitions, before.offsets, before.times);"       \
    "  RETURN;"                                                                                   \
    " END IF;"                                                                                    \
    " IF before.batch>the_batch THEN RAISE 'batch % came after %', the_batch, before.batch; END " \
    "IF;"                                                                                         \
    " FOR p, n IN SELECT x, count(*) FROM unnest(partitions) x GROUP BY x ORDER BY x LOOP"        \
    "  UPDATE parley_log_partition SET next_offset=next_offset+n, time_ms=greatest(time_ms,"      \
    "   floor(extract(epoch FROM clock_timestamp())*1000)::bigint)"                               \
    "   WHERE log_id=the_log AND partition=p RETURNING next_offset-n, time_ms INTO STRICT o, t;"  \
    "  ps:=ps||p; os:=os||o; ts:=ts||t;"                                                          \
    " END LOOP;"                                                                                  \
    " INSERT INTO parley_log_record(log_id, partition, log_offset, time_ms, key, value, tag, "    \
    "trace)"                                                                                      \
    "  SELECT the_log, i.p, a.o+row_number() OVER (PARTITION BY i.p ORDER BY i.n)-1, a.t, i.key," \
    "  i.value, i.tag, i.trace"                                                                   \
    "  FROM unnest(partitions, keys, vals, tags, traces)"                                         \
    "   WITH ORDINALITY i(p, key, value, tag, trace, n)"                                          \
    "  JOIN unnest(ps, os, ts) a(p, o, t) ON a.p=i.p;"                                            \
    " UPDATE parley_log_producer SET batch=the_batch, partitions=ps, offsets=os, times=ts, "      \
    "at=now()"                                                                                    \
    "  WHERE producer=the_producer;"                                                              \
    " RETURN QUERY SELECT * FROM unnest(ps, os, ts);"                                             \
    "END $$;"

const char pg_log_up[] =
    "CREATE TABLE parley_log("
    " id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL UNIQUE,"
    " identity uuid NOT NULL DEFAULT gen_random_uuid(), partitions bigint NOT NULL);"
    /* updated by every batch: in place, while there is room */
    "CREATE TABLE parley_log_partition("
    " log_id bigint NOT NULL REFERENCES parley_log(id), partition bigint NOT NULL,"
    " first_offset bigint NOT NULL DEFAULT 0, next_offset bigint NOT NULL DEFAULT 0,"
    " time_ms bigint NOT NULL DEFAULT 0, PRIMARY KEY(log_id, partition)) WITH (fillfactor=20);"
    "CREATE TABLE parley_log_record("
    " log_id bigint NOT NULL, partition bigint NOT NULL, log_offset bigint NOT NULL,"
    " time_ms bigint NOT NULL, key uuid NOT NULL, value bytea NOT NULL, tag bytea NOT NULL,"
    " trace bytea NOT NULL, PRIMARY KEY(log_id, partition, log_offset));"
    "CREATE TABLE parley_log_producer("
    " producer uuid PRIMARY KEY, batch bigint NOT NULL DEFAULT 0, partitions bigint[],"
    " offsets bigint[], times bigint[], at timestamptz NOT NULL DEFAULT now())"
    " WITH (fillfactor=50);"
    "CREATE TABLE parley_log_group("
    " log_id bigint NOT NULL REFERENCES parley_log(id), name text NOT NULL,"
    " seen_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY(log_id, name));"
    "CREATE TABLE parley_log_member("
    " log_id bigint NOT NULL, name text NOT NULL, member uuid NOT NULL,"
    " place bigint GENERATED ALWAYS AS IDENTITY, until timestamptz NOT NULL,"
    " PRIMARY KEY(log_id, name, member),"
    " FOREIGN KEY(log_id, name) REFERENCES parley_log_group(log_id, name));"
    "CREATE TABLE parley_log_share("
    " log_id bigint NOT NULL, name text NOT NULL, partition bigint NOT NULL,"
    " committed bigint NOT NULL DEFAULT 0, owner uuid, PRIMARY KEY(log_id, name, partition),"
    " FOREIGN KEY(log_id, name) REFERENCES parley_log_group(log_id, name))"
    " WITH (fillfactor=50);" LOG_APPEND;

/* What no consumer has seen yet would be lost. */
const char pg_log_down[] =
    "DO $$ BEGIN IF EXISTS (SELECT FROM parley_log_share s JOIN parley_log_partition p"
    " USING(log_id, partition) WHERE s.committed<p.next_offset) THEN"
    " RAISE 'records of the log wait for a consumer; start a node to have them written'; END IF;"
    " END $$;"
    "DROP FUNCTION parley_log_append; DROP TABLE parley_log_share; DROP TABLE parley_log_member;"
    "DROP TABLE parley_log_group; DROP TABLE parley_log_producer; DROP TABLE parley_log_record;"
    "DROP TABLE parley_log_partition; DROP TABLE parley_log;";

/* Texts are bytes: a message may hold NUL, which PostgreSQL's text does not. */
const char pg_history_up[] =
    "CREATE TABLE parley_post("
    " channel_id uuid NOT NULL, seq bigint NOT NULL, prev_seq bigint NOT NULL, id bigint NOT NULL,"
    " parent bigint NOT NULL, kind bigint NOT NULL, user_id uuid NOT NULL,"
    " username bytea NOT NULL, content bytea NOT NULL, client_msg_id bytea NOT NULL,"
    " PRIMARY KEY(channel_id, seq));"
    "CREATE INDEX parley_post_message ON parley_post(channel_id, id) WHERE kind=1;"
    "CREATE INDEX parley_post_reply ON parley_post(parent, id) WHERE kind=2;"
    /* a hash: in the order of ids one could walk through all channels for one that is quiet */
    "CREATE INDEX parley_post_by_id ON parley_post USING hash(id) WHERE kind=1;"
    "CREATE INDEX parley_post_by_client_id ON parley_post(user_id, channel_id, client_msg_id)"
    " WHERE client_msg_id<>'';"
    "CREATE TABLE parley_own_head("
    " user_id uuid NOT NULL, channel_id uuid NOT NULL, seq bigint NOT NULL,"
    " PRIMARY KEY(user_id, channel_id)) WITH (fillfactor=70);"
    "CREATE TABLE parley_channel_head("
    " epoch bigint NOT NULL, partition bigint NOT NULL, channel_id uuid NOT NULL,"
    " seq bigint NOT NULL, id bigint NOT NULL, version bigint NOT NULL, at_seq bigint NOT NULL,"
    " PRIMARY KEY(epoch, partition, channel_id)) WITH (fillfactor=70);"
    "CREATE TABLE parley_log_snapshot("
    " epoch bigint NOT NULL, partition bigint NOT NULL, next_offset bigint NOT NULL,"
    " last_id bigint NOT NULL, window_from bigint NOT NULL, not_first bytea NOT NULL,"
    " PRIMARY KEY(epoch, partition));";

/* What people wrote is not erased by taking a step back. */
const char pg_history_down[] =
    "DO $$ BEGIN IF EXISTS (SELECT FROM parley_post) THEN"
    " RAISE 'there is history in these tables'; END IF; END $$;"
    "DROP TABLE parley_log_snapshot; DROP TABLE parley_channel_head; DROP TABLE parley_own_head;"
    "DROP TABLE parley_post;";
