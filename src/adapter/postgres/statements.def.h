/* Every statement that is prepared, once. X(id, columns, SQL): `columns` has a letter for each
 * column of the rows it gives, against which the server's answer is checked: u uuid, s text,
 * i bigint, t timestamp, b bytea. Parameters are of these or arrays of them, as they are bound.
 * Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_STATEMENTS_DEF_H
#define PARLEY_ADAPTER_POSTGRES_STATEMENTS_DEF_H

#include "adapter/postgres/statements_history.def.h"
#include "adapter/postgres/statements_log.def.h"

/* chat-app lets these be NULL, and anything. The indexes by age are over this very expression. */
#define PG_CREATED(t) "greatest(" t ".created_at,'1970-01-01'::timestamp)"

#define PG_ACCOUNT_COLUMNS                                        \
    "u.id, u.username, u.email, " PG_CREATED("u") ", u.password," \
                                                  " coalesce(a.valid_after_us,0)"
#define PG_ACCOUNT_TABLES  "users u LEFT JOIN parley_account a ON a.user_id=u.id"
#define PG_CHANNEL_COLUMNS "c.id, c.name, c.user_id, " PG_CREATED("c")

/* clang-format off */
#define PG_STATEMENTS_ACCOUNTS(X)                                                                  \
    X(PG_USER_ADD, "",                                                                             \
      "INSERT INTO users(id, username, email, password, created_at) VALUES($1,$2,$3,$4,$5)"        \
      " ON CONFLICT DO NOTHING")                                                                   \
    X(PG_USER_BY_EMAIL, "usstsi",                                                                  \
      "SELECT " PG_ACCOUNT_COLUMNS " FROM " PG_ACCOUNT_TABLES " WHERE u.email=$1")                 \
    X(PG_USER_BY_ID, "usstsi",                                                                     \
      "SELECT " PG_ACCOUNT_COLUMNS " FROM " PG_ACCOUNT_TABLES " WHERE u.id=$1")                    \
    X(PG_USERS_AFTER, "usstsi",                                                                    \
      "SELECT " PG_ACCOUNT_COLUMNS " FROM " PG_ACCOUNT_TABLES                                      \
      " WHERE (" PG_CREATED("u") ", u.id) > ($1,$2) ORDER BY " PG_CREATED("u") ", u.id LIMIT $3")  \
    X(PG_USER_PASSWORD, "",                                                                        \
      "WITH changed AS (UPDATE users SET password=$2 WHERE id=$1 RETURNING id)"                    \
      " INSERT INTO parley_account(user_id, valid_after_us) SELECT id, $3 FROM changed"            \
      " ON CONFLICT (user_id) DO UPDATE SET"                                                       \
      " valid_after_us=greatest(parley_account.valid_after_us, excluded.valid_after_us)")          \
    X(PG_REVOKE, "",                                                                               \
      "INSERT INTO parley_revocation(jti, user_id, issued_before_us, expires_us)"                  \
      " VALUES($1,$2,$3,$4) ON CONFLICT (jti, user_id) DO UPDATE SET"                              \
      " issued_before_us=greatest(parley_revocation.issued_before_us, excluded.issued_before_us)," \
      " expires_us=greatest(parley_revocation.expires_us, excluded.expires_us)")                   \
    X(PG_REVOKE_FORGET, "",                                                                        \
      "DELETE FROM parley_revocation r USING (SELECT jti, user_id FROM parley_revocation"          \
      " WHERE expires_us<=$1 LIMIT $2 FOR UPDATE SKIP LOCKED) old"                                 \
      " WHERE r.jti=old.jti AND r.user_id=old.user_id")                                            \
    X(PG_REVOCATIONS, "uuii",                                                                      \
      "SELECT jti, user_id, issued_before_us, expires_us FROM parley_revocation"                   \
      " WHERE expires_us>$1 UNION ALL"                                                             \
      " SELECT '00000000-0000-0000-0000-000000000000', user_id, valid_after_us,"                   \
      " 9223372036854775807 FROM parley_account WHERE valid_after_us<>0")

/* Who takes a lock takes it on the user first, then on the channel: its row in parley_channel,
 * which `PG_VERSION_NEXT` locks by counting. A channel that chat-app made gets its row then, with a
 * version above all that it may have had in earlier lives of these tables: the milliseconds of now. */
#define PG_STATEMENTS_CHANGES(X)                                                                   \
    X(PG_USER_LOCK, "s", "SELECT username FROM users WHERE id=$1 FOR NO KEY UPDATE")               \
    X(PG_MEMBER_COUNT, "i",                                                                        \
      "SELECT count(*) FROM (SELECT 1 FROM user_to_channel WHERE user_id=$1 LIMIT $2) few")       \
    X(PG_MEMBER_GET, "i",                                                                          \
      "SELECT 1::bigint FROM user_to_channel WHERE user_id=$1 AND channel_id=$2")                  \
    X(PG_VERSION_NEXT, "i",                                                                        \
      "INSERT INTO parley_channel(channel_id, version)"                                            \
      " SELECT id, (extract(epoch FROM clock_timestamp())*1000)::bigint FROM channel WHERE id=$1"  \
      " ON CONFLICT (channel_id) DO UPDATE SET version=parley_channel.version+1"                   \
      " RETURNING version")                                                                        \
    X(PG_CHANNEL_MAKE, "",                                                                         \
      "WITH made AS (INSERT INTO channel(id, name, user_id, created_at) VALUES($1,$2,$3,$4)"       \
      "  ON CONFLICT DO NOTHING RETURNING id, user_id),"                                           \
      " counted AS (INSERT INTO parley_channel(channel_id, version) SELECT id, 2 FROM made),"      \
      " joined AS (INSERT INTO user_to_channel(user_id, channel_id, created_at)"                   \
      "  SELECT user_id, id, clock_timestamp() AT TIME ZONE 'UTC' FROM made),"                     \
      " noted AS (INSERT INTO parley_member(channel_id, user_id, join_version)"                    \
      "  SELECT id, user_id, 2 FROM made)"                                                         \
      " INSERT INTO parley_outbox(channel_id, version, kind, user_id, at_us, members)"             \
      " SELECT id, e.version, e.kind, user_id,"                                                    \
      "  (extract(epoch FROM clock_timestamp())*1000000)::bigint, e.members"                       \
      " FROM made, (VALUES (1,5,0),(2,3,1)) e(version, kind, members) ORDER BY e.version")         \
    X(PG_MEMBER_ADD, "",                                                                           \
      "WITH joined AS (INSERT INTO user_to_channel(user_id, channel_id, created_at)"               \
      "  VALUES($1,$2, clock_timestamp() AT TIME ZONE 'UTC') ON CONFLICT DO NOTHING"               \
      "  RETURNING user_id, channel_id),"                                                          \
      " noted AS (INSERT INTO parley_member(channel_id, user_id, join_version)"                    \
      "  SELECT channel_id, user_id, $3 FROM joined)"                                              \
      " INSERT INTO parley_outbox(channel_id, version, kind, user_id, at_us, members)"             \
      " SELECT channel_id, $3, 3, user_id,"                                                        \
      "  (extract(epoch FROM clock_timestamp())*1000000)::bigint,"                                 \
      "  (SELECT count(*)+1 FROM user_to_channel WHERE channel_id=$2) FROM joined")                \
    X(PG_MEMBER_REMOVE, "",                                                                        \
      "WITH gone AS (DELETE FROM user_to_channel WHERE user_id=$1 AND channel_id=$2"               \
      "  RETURNING user_id, channel_id),"                                                          \
      " noted AS (INSERT INTO parley_past_member(channel_id, user_id, place, join_version,"        \
      "  join_seq, leave_version)"                                                                 \
      "  SELECT g.channel_id, g.user_id, coalesce(p.place,0), coalesce(p.join_version,0),"         \
      "   coalesce(p.join_seq,0), $3 FROM gone g LEFT JOIN parley_member p"                        \
      "   ON p.channel_id=g.channel_id AND p.user_id=g.user_id)"                                   \
      " INSERT INTO parley_outbox(channel_id, version, kind, user_id, at_us, members)"             \
      " SELECT channel_id, $3, 4, user_id,"                                                        \
      "  (extract(epoch FROM clock_timestamp())*1000000)::bigint,"                                 \
      "  (SELECT count(*)-1 FROM user_to_channel WHERE channel_id=$2) FROM gone")                  \
    X(PG_PAST_FORGET, "",                                                                          \
      "DELETE FROM parley_past_member p USING (SELECT channel_id, leave_version"                   \
      "  FROM parley_past_member WHERE left_at<now()-interval '1 hour' AND leave_seq<>0"           \
      "  LIMIT $1 FOR UPDATE SKIP LOCKED) old"                                                     \
      " WHERE p.channel_id=old.channel_id AND p.leave_version=old.leave_version")                  \
    X(PG_NOTIFY, "", "NOTIFY parley_outbox")                                                       \
    X(PG_MARK_READ, "ii",                                                                          \
      "WITH here AS (SELECT channel_id, user_id FROM user_to_channel"                              \
      "  WHERE user_id=$1 AND channel_id=$2),"                                                     \
      " moved AS (INSERT INTO parley_member(channel_id, user_id, place, join_version, read_seq)"   \
      "  SELECT channel_id, user_id, 0, 0, $3 FROM here WHERE $3>0"                                \
      "  ON CONFLICT (channel_id, user_id) DO UPDATE SET read_seq=excluded.read_seq"               \
      "  WHERE parley_member.read_seq<excluded.read_seq RETURNING 1)"                              \
      " SELECT (SELECT count(*) FROM moved), greatest($3, (SELECT read_seq FROM parley_member"     \
      "  WHERE user_id=$1 AND channel_id=$2)) FROM here")

/* A member's place is when she joined: 0 for those whom chat-app let in, who come first, by time. */
#define PG_STATEMENTS_READS(X)                                                                     \
    X(PG_CHANNEL_BY_ID, "usut", "SELECT " PG_CHANNEL_COLUMNS " FROM channel c WHERE c.id=$1")      \
    X(PG_CHANNELS_AFTER, "usut",                                                                   \
      "SELECT " PG_CHANNEL_COLUMNS " FROM channel c WHERE (" PG_CREATED("c") ", c.id) > ($1,$2)"   \
      " ORDER BY " PG_CREATED("c") ", c.id LIMIT $3")                                              \
    X(PG_MEMBERS_OLD, "usti",                                                                      \
      "SELECT u.id, u.username, " PG_CREATED("m") ", 0::bigint FROM user_to_channel m"             \
      " JOIN users u ON u.id=m.user_id LEFT JOIN parley_member p"                                  \
      " ON p.channel_id=m.channel_id AND p.user_id=m.user_id"                                      \
      " WHERE m.channel_id=$1 AND coalesce(p.join_version,0)=0"                                    \
      " AND (" PG_CREATED("m") ", u.id) > ($2,$3)"                                                 \
      " ORDER BY " PG_CREATED("m") ", u.id LIMIT $4")                                              \
    X(PG_MEMBERS_AFTER, "usti",                                                                    \
      "SELECT u.id, u.username, '1970-01-01'::timestamp, p.join_version FROM parley_member p"      \
      " JOIN users u ON u.id=p.user_id WHERE p.channel_id=$1 AND p.join_version>$2"                \
      " ORDER BY p.join_version LIMIT $3")                                                         \
    X(PG_MEMBERSHIP, "usutiiiiii",                                                                 \
      "SELECT " PG_CHANNEL_COLUMNS ", m.* FROM channel c LEFT JOIN LATERAL ("                      \
      " SELECT 1::bigint, coalesce(p.join_version,0), coalesce(p.join_seq,0), 0::bigint,"          \
      "  0::bigint, coalesce(p.read_seq,0) FROM user_to_channel t LEFT JOIN parley_member p"       \
      "  ON p.channel_id=t.channel_id AND p.user_id=t.user_id"                                     \
      "  WHERE t.user_id=$1 AND t.channel_id=c.id"                                                 \
      " UNION ALL (SELECT 0::bigint, join_version, join_seq, leave_version, leave_seq, 0::bigint"  \
      "  FROM parley_past_member WHERE user_id=$1 AND channel_id=c.id"                             \
      "  AND left_at>=now()-interval '1 hour' ORDER BY leave_version DESC LIMIT 1)"                \
      " ) m ON true WHERE c.id=$2 ORDER BY 5 DESC LIMIT 1")                                        \
    X(PG_MEMBERSHIPS, "usutiiiiii",                                                                \
      "SELECT " PG_CHANNEL_COLUMNS ", m.place, m.join_version, m.join_seq, m.leave_version,"       \
      "  m.leave_seq, m.read_seq FROM ("                                                           \
      " SELECT t.channel_id, t.created_at, coalesce(p.place,0) AS place,"                          \
      "  coalesce(p.join_version,0) AS join_version, coalesce(p.join_seq,0) AS join_seq,"          \
      "  0::bigint AS leave_version, 0::bigint AS leave_seq, coalesce(p.read_seq,0) AS read_seq"   \
      "  FROM user_to_channel t LEFT JOIN parley_member p"                                         \
      "  ON p.channel_id=t.channel_id AND p.user_id=t.user_id WHERE t.user_id=$1"                  \
      " UNION ALL (SELECT channel_id, NULL, place, join_version, join_seq, leave_version,"         \
      "  leave_seq, 0::bigint FROM parley_past_member WHERE user_id=$1"                            \
      "  AND left_at>=now()-interval '1 hour' ORDER BY left_at DESC LIMIT $2)"                     \
      " ) m JOIN channel c ON c.id=m.channel_id ORDER BY m.place, m.created_at, c.id")

/* A seq goes to the row of the membership that its version made or ended. */
#define PG_STATEMENTS_RELAY(X)                                                                     \
    X(PG_RELAY_LOCK, "i", "SELECT pg_try_advisory_lock(1885434476,2)::int::bigint")                \
    X(PG_RELAY_LISTEN, "", "LISTEN parley_outbox")                                                 \
    X(PG_RELAY_PING, "i", "SELECT 1::bigint")                                                      \
    X(PG_OUTBOX, "iiiusutusii",                                                                    \
      "SELECT o.id, o.version, o.kind, " PG_CHANNEL_COLUMNS ", u.id, u.username, o.at_us,"         \
      " o.members FROM parley_outbox o JOIN channel c ON c.id=o.channel_id"                        \
      " JOIN users u ON u.id=o.user_id ORDER BY o.id LIMIT $1")                                    \
    X(PG_CHANNEL_LOCK, "i",                                                                        \
      "SELECT version FROM parley_channel WHERE channel_id=$1 FOR NO KEY UPDATE")                  \
    X(PG_OUTBOX_DONE, "",                                                                          \
      "WITH done AS (DELETE FROM parley_outbox WHERE id=$1"                                        \
      "  RETURNING channel_id, user_id, version),"                                                 \
      " joined AS (UPDATE parley_member m SET join_seq=$2 FROM done d"                             \
      "  WHERE m.channel_id=d.channel_id AND m.user_id=d.user_id AND m.join_version=d.version),"   \
      " left_since AS (UPDATE parley_past_member p SET join_seq=$2 FROM done d"                    \
      "  WHERE p.channel_id=d.channel_id AND p.user_id=d.user_id AND p.join_version=d.version)"    \
      " UPDATE parley_past_member p SET leave_seq=$2 FROM done d"                                  \
      "  WHERE p.channel_id=d.channel_id AND p.leave_version=d.version")                           \
    X(PG_EPOCH_GET, "i", "SELECT epoch FROM parley_log_epoch WHERE identity=$1 AND partitions=$2") \
    X(PG_EPOCH_LOCK, "", "LOCK TABLE parley_log_epoch IN SHARE ROW EXCLUSIVE MODE")                \
    X(PG_EPOCH_NEXT, "i", "SELECT coalesce(max(epoch),0)+1 FROM parley_log_epoch")                 \
    X(PG_EPOCH_ADD, "",                                                                            \
      "INSERT INTO parley_log_epoch(identity, partitions, epoch) VALUES($1,$2,$3)")

/* One installation is moved here, at most, and before any node has run: stages 1 to 3 are those of
 * port/import.h. */
#define PG_STATEMENTS_IMPORT(X)                                                                    \
    X(PG_IMPORT_LOCK, "i", "SELECT pg_try_advisory_lock(1885434476,3)::int::bigint")               \
    X(PG_IMPORT_UNDER_WAY, "i", "SELECT count(*) FROM parley_import WHERE stage<3")                \
    X(PG_IMPORT_GET, "uii", "SELECT source, stage, cursor FROM parley_import")                     \
    X(PG_IMPORT_OTHERS, "iii",                                                                     \
      "SELECT (SELECT count(*) FROM (SELECT FROM users LIMIT 1) u),"                               \
      " (SELECT count(*) FROM (SELECT FROM parley_channel LIMIT 1) c)"                             \
      " + (SELECT count(*) FROM (SELECT FROM parley_account LIMIT 1) a),"                          \
      " (SELECT count(*) FROM parley_log_epoch)")                                                  \
    X(PG_IMPORT_SET, "",                                                                           \
      "INSERT INTO parley_import(source, stage, cursor) VALUES($1,$2,$3) ON CONFLICT (one) DO"    \
      " UPDATE SET stage=excluded.stage, cursor=excluded.cursor, changed=now()"                         \
      " WHERE parley_import.source=excluded.source")                                               \
    X(PG_IMPORT_COUNT, "iii",                                                                      \
      "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM channel),"                       \
      " (SELECT count(*) FROM user_to_channel)")
/* clang-format on */

#define PG_STATEMENTS(X)      \
    PG_STATEMENTS_ACCOUNTS(X) \
    PG_STATEMENTS_CHANGES(X)  \
    PG_STATEMENTS_READS(X)    \
    PG_STATEMENTS_RELAY(X)    \
    PG_STATEMENTS_IMPORT(X)   \
    PG_STATEMENTS_LOG(X)      \
    PG_STATEMENTS_GROUP(X)    \
    PG_STATEMENTS_HISTORY(X)

#endif
