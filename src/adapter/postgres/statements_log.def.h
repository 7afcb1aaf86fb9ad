/* The statements of the log (statements.def.h). Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_STATEMENTS_LOG_DEF_H
#define PARLEY_ADAPTER_POSTGRES_STATEMENTS_LOG_DEF_H

/* clang-format off */
#define PG_STATEMENTS_LOG(X)                                                                       \
    X(PG_LOG_MAKE, "",                                                                             \
      "WITH made AS (INSERT INTO parley_log(name, partitions) VALUES($1,$2)"                       \
      " ON CONFLICT DO NOTHING RETURNING id)"                                                      \
      " INSERT INTO parley_log_partition(log_id, partition)"                                       \
      " SELECT id, generate_series(0,$2-1) FROM made")                                             \
    X(PG_LOG_GET, "iui", "SELECT id, identity, partitions FROM parley_log WHERE name=$1")          \
    X(PG_LOG_APPEND, "iii",                                                                        \
      "SELECT log_partition, first_offset, at_ms"                                                  \
      " FROM parley_log_append($1,$2,$3,$4,$5,$6,$7,$8)")                                          \
    X(PG_LOG_HEADS, "iii",                                                                         \
      "SELECT partition, first_offset, next_offset FROM parley_log_partition WHERE log_id=$1")     \
    X(PG_LOG_RECORDS, "iiubbb",                                                                    \
      "SELECT log_offset, time_ms, key, value, tag, trace FROM parley_log_record"                  \
      " WHERE log_id=$1 AND partition=$2 AND log_offset>=$3 ORDER BY log_offset LIMIT $4")         \
    /* Everything below is done by every group that was there of late, and old beside the */       \
    /* partition's own time, which stands still while nothing is said. */                          \
    X(PG_LOG_TRIM, "i",                                                                            \
      "WITH p AS (SELECT partition, first_offset, time_ms, least(next_offset,"                     \
      "  (SELECT min(s.committed) FROM parley_log_share s JOIN parley_log_group g"                 \
      "   USING(log_id, name) WHERE s.log_id=$1 AND s.partition=parley_log_partition.partition"    \
      "   AND g.seen_at>now()-interval '7 days'),"                                                 \
      "  first_offset+$4) AS upto FROM parley_log_partition WHERE log_id=$1 AND partition=$2"      \
      "  FOR UPDATE SKIP LOCKED),"                                                                 \
      " gone AS (DELETE FROM parley_log_record r USING p"                                          \
      "  WHERE r.log_id=$1 AND r.partition=p.partition AND r.log_offset<p.upto"                    \
      "  AND r.time_ms<(CASE WHEN $5=1 THEN p.time_ms"                                             \
      "   ELSE (extract(epoch FROM clock_timestamp())*1000)::bigint END)-$3"                       \
      "  AND ($5=0 OR EXISTS(SELECT FROM parley_log_share WHERE log_id=$1))"                       \
      "  RETURNING r.log_offset),"                                                                 \
      " last AS (SELECT max(log_offset)+1 AS first_offset, count(*) AS n FROM gone)"               \
      " UPDATE parley_log_partition t SET first_offset=last.first_offset FROM last"                \
      " WHERE t.log_id=$1 AND t.partition=$2 AND last.n>0 RETURNING last.n")                       \
    X(PG_LOG_PRODUCERS_FORGET, "",                                                                 \
      "DELETE FROM parley_log_producer WHERE at<now()-interval '1 day'")

/* A member's lease, and who has which partition. The group's row is locked first. */
#define PG_STATEMENTS_GROUP(X)                                                                     \
    X(PG_GROUP_MAKE, "",                                                                           \
      "INSERT INTO parley_log_group(log_id, name) VALUES($1,$2) ON CONFLICT DO NOTHING")           \
    X(PG_GROUP_SHARES_MAKE, "",                                                                    \
      "INSERT INTO parley_log_share(log_id, name, partition)"                                      \
      " SELECT $1, $2, partition FROM parley_log_partition WHERE log_id=$1 ON CONFLICT DO NOTHING")\
    X(PG_GROUP_LOCK, "",                                                                           \
      "UPDATE parley_log_group SET seen_at=now() WHERE log_id=$1 AND name=$2")                     \
    X(PG_MEMBER_RENEW, "",                                                                         \
      "INSERT INTO parley_log_member(log_id, name, member, until)"                                 \
      " VALUES($1,$2,$3,now()+$4*interval '1 millisecond')"                                        \
      " ON CONFLICT(log_id, name, member) DO UPDATE SET until=excluded.until")                     \
    X(PG_MEMBERS_EXPIRE, "",                                                                       \
      "DELETE FROM parley_log_member WHERE log_id=$1 AND name=$2 AND until<=now()")                \
    X(PG_SHARES_EXPIRE, "",                                                                        \
      "UPDATE parley_log_share s SET owner=NULL WHERE log_id=$1 AND name=$2"                       \
      " AND owner IS NOT NULL AND NOT EXISTS(SELECT FROM parley_log_member m"                      \
      "  WHERE m.log_id=$1 AND m.name=$2 AND m.member=s.owner)")                                   \
    X(PG_GROUP_MEMBERS, "u",                                                                       \
      "SELECT member FROM parley_log_member WHERE log_id=$1 AND name=$2 ORDER BY place")           \
    X(PG_SHARES, "iiu",                                                                            \
      "SELECT partition, committed, owner FROM parley_log_share WHERE log_id=$1 AND name=$2")      \
    X(PG_SHARE_TAKE, "",                                                                           \
      "UPDATE parley_log_share SET owner=$4 WHERE log_id=$1 AND name=$2 AND partition=$3"          \
      " AND owner IS NULL")                                                                        \
    X(PG_SHARE_GIVE, "",                                                                           \
      "UPDATE parley_log_share SET owner=NULL WHERE log_id=$1 AND name=$2 AND partition=$3"        \
      " AND owner=$4")                                                                             \
    X(PG_SHARE_COMMIT, "",                                                                         \
      "UPDATE parley_log_share SET committed=$5 WHERE log_id=$1 AND name=$2 AND partition=$3"      \
      " AND owner=$4")                                                                             \
    X(PG_MEMBER_LEAVE, "",                                                                         \
      "DELETE FROM parley_log_member WHERE log_id=$1 AND name=$2 AND member=$3")
/* clang-format on */

#endif
