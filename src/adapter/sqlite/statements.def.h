/* Every statement that runs more than once, by name. They are prepared on first use, once a
 * connection. Partial indexes are used only where the statement names their condition: hence the
 * literal kinds (1 message, 2 reply; domain/event.h). */
#ifndef PARLEY_ADAPTER_SQLITE_STATEMENTS_DEF_H
#define PARLEY_ADAPTER_SQLITE_STATEMENTS_DEF_H

#define POST_COLUMNS \
    "e.seq, e.id, e.kind, e.prev, e.parent, e.client_msg_id, e.content, u.uuid, u.name, c.uuid"
#define POST_JOINS   "JOIN user u ON u.id=e.user JOIN channel c ON c.id=e.channel "
#define USER_COLUMNS "uuid, name, email, created_us, password, valid_after_us"

#define STATEMENTS_TRANSACTION(X)                         \
    X(ST_BEGIN_WRITE, "BEGIN IMMEDIATE")                  \
    X(ST_BEGIN_READ, "BEGIN")                             \
    X(ST_COMMIT, "COMMIT")                                \
    X(ST_ROLLBACK, "ROLLBACK")                            \
    X(ST_META_GET, "SELECT value FROM meta WHERE key=?1") \
    X(ST_META_PUT, "INSERT INTO meta VALUES(?1,?2) ON CONFLICT DO UPDATE SET value=?2")

#define STATEMENTS_LOG(X)                                                                         \
    X(ST_EVENT_ADD, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")                   \
    X(ST_EVENT_LAST, "SELECT seq, id FROM event ORDER BY seq DESC LIMIT 1")                       \
    X(ST_EVENT_AT_OR_BEFORE, "SELECT seq, id FROM event WHERE seq<=?1 ORDER BY seq DESC LIMIT 1") \
    X(ST_EVENT_BY_SEQ, "SELECT kind, channel, user, parent, prev, id, client_msg_id, content "    \
                       "FROM event WHERE seq=?1")                                                 \
    X(ST_EVENTS_AFTER, "SELECT seq, id, kind, channel, user, client_msg_id FROM event "           \
                       "WHERE seq>?1 ORDER BY seq")                                               \
    X(ST_HEAD_MESSAGE, "SELECT max(seq) FROM event WHERE kind=1 AND channel=?1")                  \
    X(ST_HEAD_REPLY, "SELECT max(seq) FROM event WHERE kind=2 AND channel=?1")                    \
    X(ST_CLIENT_ID_GET, "SELECT seq FROM client_id WHERE hash=?1")                                \
    X(ST_CLIENT_ID_ADD, "INSERT OR IGNORE INTO client_id VALUES(?1,?2)")

#define STATEMENTS_ACCOUNTS(X)                                                                  \
    X(ST_USER_ADD, "INSERT INTO user(uuid, name, email, password, created_us) "                 \
                   "VALUES(?1,?2,?3,?4,?5)")                                                    \
    X(ST_USER_ROW, "SELECT id FROM user WHERE uuid=?1")                                         \
    X(ST_USER_NAME, "SELECT name FROM user WHERE id=?1")                                        \
    X(ST_USER_BY_EMAIL, "SELECT " USER_COLUMNS " FROM user WHERE email=?1")                     \
    X(ST_USER_BY_UUID, "SELECT " USER_COLUMNS " FROM user WHERE uuid=?1")                       \
    X(ST_USERS_AFTER, "SELECT " USER_COLUMNS ", id FROM user WHERE id>?1 ORDER BY id LIMIT ?2") \
    X(ST_USER_PASSWORD, "UPDATE user SET password=?2, valid_after_us=?3 WHERE uuid=?1")         \
    X(ST_REVOKE, "INSERT INTO revocation VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET "        \
                 "issued_before_us=max(issued_before_us,?3), expires_us=max(expires_us,?4)")    \
    X(ST_REVOKE_FORGET, "DELETE FROM revocation WHERE expires_us<=?1")                          \
    X(ST_REVOCATIONS, "SELECT jti, user, issued_before_us, expires_us FROM revocation "         \
                      "WHERE expires_us>?1")                                                    \
    X(ST_USERS_VOIDED, "SELECT uuid, valid_after_us FROM user WHERE valid_after_us<>0")

#define STATEMENTS_CHANNELS(X)                                                               \
    X(ST_CHANNEL_ADD, "INSERT INTO channel(uuid, name, owner, created_us, members) "         \
                      "VALUES(?1,?2,?3,?4,0)")                                               \
    X(ST_CHANNEL_ROW, "SELECT id FROM channel WHERE uuid=?1")                                \
    X(ST_CHANNEL_BY_ROW, "SELECT c.uuid, c.name, u.uuid, c.created_us, c.members, c.id "     \
                         "FROM channel c JOIN user u ON u.id=c.owner WHERE c.id=?1")         \
    X(ST_CHANNEL_BY_UUID, "SELECT c.uuid, c.name, u.uuid, c.created_us, c.members, c.id "    \
                          "FROM channel c JOIN user u ON u.id=c.owner WHERE c.uuid=?1")      \
    X(ST_CHANNELS_AFTER,                                                                     \
      "SELECT c.uuid, c.name, u.uuid, c.created_us, c.members, c.id "                        \
      "FROM channel c JOIN user u ON u.id=c.owner WHERE c.id>?1 ORDER BY c.id LIMIT ?2")     \
    X(ST_CHANNEL_MEMBERS, "UPDATE channel SET members=members+?2 WHERE id=?1")               \
    X(ST_MEMBER_ADD, "INSERT INTO member VALUES(?1,?2,?3,?4)")                               \
    X(ST_MEMBER_REMOVE, "DELETE FROM member WHERE user=?1 AND channel=?2")                   \
    X(ST_MEMBER_GET, "SELECT read_seq FROM member WHERE user=?1 AND channel=?2")             \
    X(ST_MEMBER_READ,                                                                        \
      "UPDATE member SET read_seq=?3 WHERE user=?1 AND channel=?2 AND read_seq<?3")          \
    X(ST_MEMBER_COUNT, "SELECT count(*) FROM (SELECT 1 FROM member WHERE user=?1 LIMIT ?2)") \
    X(ST_MEMBERS_AFTER, "SELECT u.uuid, u.name, m.joined_seq FROM member m "                 \
                        "JOIN user u ON u.id=m.user WHERE m.channel=?1 AND m.joined_seq>?2 " \
                        "ORDER BY m.joined_seq LIMIT ?3")                                    \
    X(ST_MEMBERSHIPS,                                                                        \
      "SELECT c.uuid, c.name, u.uuid, c.created_us, c.members, c.id, m.read_seq "            \
      "FROM member m JOIN channel c ON c.id=m.channel JOIN user u ON u.id=c.owner "          \
      "WHERE m.user=?1 ORDER BY m.joined_seq")                                               \
    X(ST_UNREAD_MESSAGES, "SELECT count(*) FROM (SELECT 1 FROM event "                       \
                          "WHERE kind=1 AND channel=?1 AND seq>?2 AND user<>?3 LIMIT ?4)")   \
    X(ST_UNREAD_REPLIES, "SELECT count(*) FROM (SELECT 1 FROM event "                        \
                         "WHERE kind=2 AND channel=?1 AND seq>?2 AND user<>?3 LIMIT ?4)")

#define STATEMENTS_HISTORY(X)                                                                    \
    X(ST_MESSAGES_BACK, "SELECT " POST_COLUMNS " FROM event e " POST_JOINS                       \
                        "WHERE e.kind=1 AND e.channel=?1 AND e.seq<=?2 "                         \
                        "ORDER BY e.seq DESC LIMIT ?3")                                          \
    X(ST_REPLIES_BACK, "SELECT " POST_COLUMNS " FROM event e " POST_JOINS                        \
                       "WHERE e.parent=?1 AND e.seq<=?2 ORDER BY e.seq DESC LIMIT ?3")           \
    X(ST_MESSAGES_AFTER, "SELECT " POST_COLUMNS " FROM event e " POST_JOINS                      \
                         "WHERE e.kind=1 AND e.channel=?1 AND e.seq>?2 ORDER BY e.seq LIMIT ?3") \
    X(ST_REPLIES_AFTER, "SELECT " POST_COLUMNS " FROM event e " POST_JOINS                       \
                        "WHERE e.kind=2 AND e.channel=?1 AND e.seq>?2 ORDER BY e.seq LIMIT ?3")  \
    X(ST_MISSED_MESSAGES, "SELECT count(*) FROM (SELECT 1 FROM event "                           \
                          "WHERE kind=1 AND channel=?1 AND seq>?2 LIMIT ?3)")                    \
    X(ST_MISSED_REPLIES, "SELECT count(*) FROM (SELECT 1 FROM event "                            \
                         "WHERE kind=2 AND channel=?1 AND seq>?2 LIMIT ?3)")                     \
    X(ST_REPLY_COUNT, "SELECT count(*), max(seq) FROM event WHERE parent=?1 AND seq>?2")         \
    X(ST_MESSAGE_CHANNEL, "SELECT c.uuid FROM event e JOIN channel c ON c.id=e.channel "         \
                          "WHERE e.seq=?1 AND e.id=?2 AND e.kind=1")

/* Versions of a channel count its events that are no posts (port/channel_table.h). */
#define STATEMENTS_EXPORT(X)                                                                  \
    X(ST_EXPORT_POSTS, "SELECT " POST_COLUMNS " FROM event e " POST_JOINS                     \
                       "WHERE e.seq>?1 AND +e.kind<3 ORDER BY e.seq LIMIT ?2")                \
    X(ST_EXPORT_CHANNELS,                                                                     \
      "SELECT c.uuid, c.name, u.uuid, c.created_us, c.id, v.n, v.last FROM channel c "        \
      "JOIN user u ON u.id=c.owner JOIN (SELECT channel, count(*) AS n, max(seq) AS last "    \
      "FROM event WHERE +kind>2 GROUP BY channel) v ON v.channel=c.id ORDER BY c.id")         \
    X(ST_EXPORT_MEMBERS,                                                                      \
      "SELECT u.uuid, c.uuid, v.version, m.joined_seq, m.read_seq, v.at_us FROM ("            \
      "SELECT seq, at_us, row_number() OVER (PARTITION BY channel ORDER BY seq) AS version, " \
      "channel, user FROM event WHERE +kind>2) v "                                            \
      "JOIN member m ON m.user=v.user AND m.channel=v.channel AND m.joined_seq=v.seq "        \
      "JOIN user u ON u.id=m.user JOIN channel c ON c.id=m.channel")

#define STATEMENTS(X)         \
    STATEMENTS_TRANSACTION(X) \
    STATEMENTS_LOG(X)         \
    STATEMENTS_ACCOUNTS(X)    \
    STATEMENTS_CHANNELS(X)    \
    STATEMENTS_HISTORY(X)     \
    STATEMENTS_EXPORT(X)

#endif
