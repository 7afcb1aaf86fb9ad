/* Every statement of the hot paths: name, rows a page, CQL. `$` is the keyspace. All are prepared
 * once, when the session opens. Writes say with what timestamp they win (docs/internals/
 * cassandra.md): so the same write again, or an old one that comes late, changes nothing. */
#ifndef PARLEY_ADAPTER_CASSANDRA_STATEMENTS_DEF_H
#define PARLEY_ADAPTER_CASSANDRA_STATEMENTS_DEF_H

/* What row_post reads, in this order. */
#define POST_COLUMNS "seq, prev_seq, user_id, username, content, client_msg_id"

#define PAGE_ROWS 1024 /* more than any page of a port */

#define STATEMENTS_WRITE(X)                                                                      \
    X(ST_BUCKET_ADD, PAGE_ROWS,                                                                  \
      "INSERT INTO $.channel_bucket(channel_id, bucket, first_seq, first_id) VALUES(?,?,?,?) "   \
      "USING TIMESTAMP ?")                                                                       \
    X(ST_MESSAGE_ADD, PAGE_ROWS,                                                                 \
      "INSERT INTO $.message(channel_id, bucket, message_id, content, user_id, username, "       \
      "created_at, seq, prev_seq, client_msg_id) VALUES(?,?,?,?,?,?,?,?,?,?) USING TIMESTAMP ?") \
    X(ST_TIMELINE_ADD, PAGE_ROWS,                                                                \
      "INSERT INTO $.timeline(channel_id, bucket, seq, prev_seq, id, message_id, user_id, "      \
      "username, content, client_msg_id) VALUES(?,?,?,?,?,?,?,?,?,?) USING TIMESTAMP ?")         \
    X(ST_REPLY_ADD, PAGE_ROWS,                                                                   \
      "INSERT INTO $.reply(channel_id, message_id, reply_id, content, user_id, username, "       \
      "created_at, seq, prev_seq, client_msg_id) VALUES(?,?,?,?,?,?,?,?,?,?) USING TIMESTAMP ?") \
    X(ST_MESSAGE_CHANNEL_ADD, PAGE_ROWS,                                                         \
      "INSERT INTO $.message_channel(message_id, channel_id) VALUES(?,?) USING TIMESTAMP ?")     \
    X(ST_CLIENT_ID_ADD, PAGE_ROWS,                                                               \
      "INSERT INTO $.client_id(channel_id, user_id, client_msg_id, seq, id) VALUES(?,?,?,?,?) "  \
      "USING TIMESTAMP ?")                                                                       \
    X(ST_OWN_POST_SET, PAGE_ROWS,                                                                \
      "INSERT INTO $.own_post(user_id, channel_id, seq) VALUES(?,?,?) USING TIMESTAMP ?")        \
    X(ST_HEAD_SET, PAGE_ROWS,                                                                    \
      "INSERT INTO $.channel_head(epoch, partition, slice, channel_id, seq, id, version, at) "   \
      "VALUES(?,?,?,?,?,?,?,?) USING TIMESTAMP ?")                                               \
    X(ST_SNAPSHOT_SET, PAGE_ROWS,                                                                \
      "INSERT INTO $.log_snapshot(epoch, partition, next_offset, last_id, window_from, "         \
      "not_first) VALUES(?,?,?,?,?,?) USING TIMESTAMP ?")

#define STATEMENTS_READ(X)                                                                    \
    X(ST_BUCKETS, 40,                                                                         \
      "SELECT bucket, first_seq FROM $.channel_bucket WHERE channel_id=? AND bucket<=?")      \
    X(ST_MESSAGES_BACK, PAGE_ROWS,                                                            \
      "SELECT " POST_COLUMNS ", message_id FROM $.message "                                   \
      "WHERE channel_id=? AND bucket=? AND message_id<=? LIMIT ?")                            \
    X(ST_TIMELINE_AFTER, PAGE_ROWS,                                                           \
      "SELECT " POST_COLUMNS ", id, message_id FROM $.timeline "                              \
      "WHERE channel_id=? AND bucket=? AND seq>? ORDER BY seq LIMIT ?")                       \
    X(ST_TIMELINE_SEQS, PAGE_ROWS,                                                            \
      "SELECT seq FROM $.timeline WHERE channel_id=? AND bucket=? AND seq>? "                 \
      "ORDER BY seq DESC LIMIT ?")                                                            \
    X(ST_TIMELINE_USERS, 128,                                                                 \
      "SELECT user_id FROM $.timeline WHERE channel_id=? AND bucket=? AND seq>? "             \
      "ORDER BY seq DESC")                                                                    \
    X(ST_TIMELINE_POST, PAGE_ROWS,                                                            \
      "SELECT " POST_COLUMNS ", id, message_id FROM $.timeline "                              \
      "WHERE channel_id=? AND bucket=? AND seq=?")                                            \
    X(ST_REPLIES_BACK, PAGE_ROWS,                                                             \
      "SELECT " POST_COLUMNS ", reply_id, message_id, channel_id FROM $.reply "               \
      "WHERE message_id=? AND reply_id<=? LIMIT ?")                                           \
    X(ST_REPLY_COUNT, PAGE_ROWS,                                                              \
      "SELECT count(*), max(reply_id) FROM $.reply WHERE message_id=? AND reply_id>? "        \
      "AND reply_id<=?")                                                                      \
    X(ST_MESSAGE_CHANNEL, PAGE_ROWS,                                                          \
      "SELECT channel_id FROM $.message_channel WHERE message_id=?")                          \
    X(ST_CLIENT_ID, PAGE_ROWS,                                                                \
      "SELECT seq, id FROM $.client_id WHERE channel_id=? AND user_id=? AND client_msg_id=?") \
    X(ST_OWN_POSTS, PAGE_ROWS, "SELECT channel_id, seq FROM $.own_post WHERE user_id=?")      \
    X(ST_HEADS, PAGE_ROWS,                                                                    \
      "SELECT channel_id, seq, id, version, at FROM $.channel_head "                          \
      "WHERE epoch=? AND partition=? AND slice=?")                                            \
    X(ST_SNAPSHOT, PAGE_ROWS,                                                                 \
      "SELECT next_offset, last_id, window_from, not_first FROM $.log_snapshot "              \
      "WHERE epoch=? AND partition=?")                                                        \
    X(ST_ANY_BUCKET, 1, "SELECT bucket FROM $.channel_bucket LIMIT 1")                        \
    X(ST_ANY_HEAD, 1, "SELECT epoch FROM $.channel_head LIMIT 1")                             \
    X(ST_ANY_SNAPSHOT, 1, "SELECT epoch FROM $.log_snapshot LIMIT 1")                         \
    X(ST_PROBE, PAGE_ROWS, "SELECT version FROM $.parley_migration WHERE slot='version'")

#define STATEMENTS(X) STATEMENTS_WRITE(X) STATEMENTS_READ(X)

enum statement {
#define STATEMENT_ENUM(name, page_rows, cql) name,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        STATEMENT_COUNT
};

#endif
