/* The tables. docs/internals/cassandra.md tells what each is read for.
 *
 * `message` and `reply` are chat-app's, as it made them, with our columns added: where it has made
 * them already its rows stay, and stay readable to it. Its ids are above 2^53, which no client in
 * JSON can hold: they are not shown. */
#include "adapter/cassandra/migrations.h"

static const char *const history_up[] = {
    "CREATE TABLE IF NOT EXISTS $.message(channel_id uuid, bucket int, message_id bigint, "
    "content text, user_id uuid, username text, created_at timestamp, "
    "PRIMARY KEY((channel_id, bucket), message_id)) WITH CLUSTERING ORDER BY (message_id DESC)",
    "CREATE TABLE IF NOT EXISTS $.reply(channel_id uuid, message_id bigint, reply_id bigint, "
    "content text, user_id uuid, username text, created_at timestamp, "
    "PRIMARY KEY(message_id, reply_id)) WITH CLUSTERING ORDER BY (reply_id DESC)",
    "ALTER TABLE $.message ADD IF NOT EXISTS (seq bigint, prev_seq bigint, client_msg_id text)",
    "ALTER TABLE $.reply ADD IF NOT EXISTS (seq bigint, prev_seq bigint, client_msg_id text)",
    "CREATE TABLE IF NOT EXISTS $.timeline(channel_id uuid, bucket int, seq bigint, "
    "prev_seq bigint, id bigint, message_id bigint, user_id uuid, username text, content text, "
    "client_msg_id text, PRIMARY KEY((channel_id, bucket), seq))",
    "CREATE TABLE IF NOT EXISTS $.channel_bucket(channel_id uuid, bucket int, first_seq bigint, "
    "first_id bigint, PRIMARY KEY(channel_id, bucket)) WITH CLUSTERING ORDER BY (bucket DESC)",
    "CREATE TABLE IF NOT EXISTS $.message_channel(message_id bigint PRIMARY KEY, channel_id uuid)",
    "CREATE TABLE IF NOT EXISTS $.client_id(channel_id uuid, user_id uuid, client_msg_id text, "
    "seq bigint, id bigint, PRIMARY KEY((channel_id, user_id), client_msg_id))",
    "CREATE TABLE IF NOT EXISTS $.own_post(user_id uuid, channel_id uuid, seq bigint, "
    "PRIMARY KEY(user_id, channel_id))",
    NULL,
};

static const char *const snapshots_up[] = {
    "CREATE TABLE IF NOT EXISTS $.channel_head(epoch int, partition int, slice int, "
    "channel_id uuid, seq bigint, id bigint, version bigint, at bigint, "
    "PRIMARY KEY((epoch, partition, slice), channel_id))",
    "CREATE TABLE IF NOT EXISTS $.log_snapshot(epoch int, partition int, next_offset bigint, "
    "last_id bigint, window_from bigint, not_first blob, PRIMARY KEY((epoch, partition)))",
    NULL,
};

/* Made of nothing but the log: its followers begin again where it begins. */
static const char *const snapshots_down[] = {
    "DROP TABLE IF EXISTS $.log_snapshot",
    "DROP TABLE IF EXISTS $.channel_head",
    NULL,
};

const struct migration migrations[] = {
    {"messages, replies and the ways to find them", history_up, NULL},
    {"heads and snapshots of those who follow the log", snapshots_up, snapshots_down},
};
const size_t migration_count = sizeof migrations / sizeof migrations[0];
