/* The statements of the history (statements.def.h). Each is answered from one range of one index
 * (tests/unit/adapter/postgres/test_history_read.c). Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_STATEMENTS_HISTORY_DEF_H
#define PARLEY_ADAPTER_POSTGRES_STATEMENTS_HISTORY_DEF_H

#define PG_POST_COLUMNS                                                    \
    "p.kind, p.seq, p.prev_seq, p.id, p.parent, p.channel_id, p.user_id, " \
    "p.username, p.content, p.client_msg_id"
#define PG_POST_TYPES "iiiiiuubbb"

/* clang-format off */
#define PG_STATEMENTS_HISTORY(X)                                                                   \
    X(PG_POSTS_WRITE, "",                                                                          \
      "INSERT INTO parley_post(kind, seq, prev_seq, id, parent, channel_id, user_id,"             \
      " username, content, client_msg_id)"                                                         \
      " SELECT * FROM unnest($1::bigint[],$2::bigint[],$3::bigint[],$4::bigint[],$5::bigint[],"    \
      " $6::uuid[],$7::uuid[],$8::bytea[],$9::bytea[],$10::bytea[])"                 \
      " ON CONFLICT DO NOTHING")                                                                   \
    X(PG_OWN_HEADS_WRITE, "",                                                                      \
      "INSERT INTO parley_own_head(user_id, channel_id, seq)"                                      \
      " SELECT u, c, max(s) FROM unnest($1::uuid[],$2::uuid[],$3::bigint[]) t(u,c,s)"              \
      " GROUP BY u, c ORDER BY u, c ON CONFLICT(user_id, channel_id)"                              \
      " DO UPDATE SET seq=excluded.seq WHERE parley_own_head.seq<excluded.seq")                    \
    X(PG_HEADS_WRITE, "",                                                                          \
      "INSERT INTO parley_channel_head(epoch, partition, channel_id, seq, id, version, at_seq)"    \
      " SELECT $1, $2, * FROM unnest($3::uuid[],$4::bigint[],$5::bigint[],$6::bigint[],"           \
      " $7::bigint[]) ON CONFLICT(epoch, partition, channel_id) DO UPDATE"                         \
      " SET seq=excluded.seq, id=excluded.id, version=excluded.version, at_seq=excluded.at_seq"    \
      " WHERE parley_channel_head.at_seq<=excluded.at_seq")                                        \
    X(PG_HEADS_READ, "uiiii",                                                                      \
      "SELECT channel_id, seq, id, version, at_seq FROM parley_channel_head"                       \
      " WHERE epoch=$1 AND partition=$2 AND channel_id>$3 ORDER BY channel_id LIMIT $4")           \
    X(PG_SNAPSHOT_WRITE, "",                                                                       \
      "INSERT INTO parley_log_snapshot(epoch, partition, next_offset, last_id, window_from,"       \
      " not_first) VALUES($1,$2,$3,$4,$5,$6) ON CONFLICT(epoch, partition) DO UPDATE"              \
      " SET next_offset=excluded.next_offset, last_id=excluded.last_id,"                           \
      " window_from=excluded.window_from, not_first=excluded.not_first"                            \
      " WHERE parley_log_snapshot.next_offset<=excluded.next_offset")                              \
    X(PG_SNAPSHOT_READ, "iiib",                                                                    \
      "SELECT next_offset, last_id, window_from, not_first FROM parley_log_snapshot"               \
      " WHERE epoch=$1 AND partition=$2")                                                          \
    X(PG_POST_BY_CLIENT_ID, PG_POST_TYPES,                                                         \
      "SELECT " PG_POST_COLUMNS " FROM parley_post p WHERE p.user_id=$1 AND p.channel_id=$2"       \
      " AND p.client_msg_id=$3 AND p.client_msg_id<>'' ORDER BY p.seq LIMIT 1")                    \
    X(PG_OWN_HEADS, "ui", "SELECT channel_id, seq FROM parley_own_head WHERE user_id=$1")          \
    X(PG_UNREAD, "i",                                                                              \
      "SELECT count(*) FROM (SELECT FROM parley_post WHERE channel_id=$1 AND seq>$2"               \
      " AND user_id<>$3 LIMIT $4) few")                                                            \
    X(PG_MESSAGES, PG_POST_TYPES "i",                                                              \
      "SELECT " PG_POST_COLUMNS ", (SELECT count(*) FROM parley_post r WHERE r.parent=p.id"        \
      " AND r.kind=2) FROM parley_post p WHERE p.channel_id=$1 AND p.kind=1 AND p.id<=$2"          \
      " ORDER BY p.id DESC LIMIT $3")                                                              \
    X(PG_REPLIES, PG_POST_TYPES "i",                                                               \
      "SELECT " PG_POST_COLUMNS ", 0::bigint FROM parley_post p WHERE p.parent=$1 AND p.kind=2"    \
      " AND p.id<=$2 ORDER BY p.id DESC LIMIT $3")                                                 \
    X(PG_POSTS_AFTER, PG_POST_TYPES "i",                                                           \
      "SELECT " PG_POST_COLUMNS ", CASE WHEN p.kind=1 THEN (SELECT count(*) FROM parley_post r"    \
      " WHERE r.parent=p.id AND r.kind=2) ELSE 0 END FROM parley_post p"                           \
      " WHERE p.channel_id=$1 AND p.seq>$2 ORDER BY p.seq LIMIT $3")                               \
    X(PG_MISSED, "ii",                                                                             \
      "SELECT (SELECT count(*) FROM (SELECT FROM parley_post WHERE channel_id=$1 AND seq>$2"       \
      "  LIMIT $3) few), coalesce((SELECT seq FROM parley_post WHERE channel_id=$1"                \
      "  ORDER BY seq DESC LIMIT 1),0)")                                                           \
    X(PG_CHANNEL_OF, "u",                                                                          \
      "SELECT channel_id FROM parley_post WHERE id=$1 AND kind=1")
/* clang-format on */

#endif
