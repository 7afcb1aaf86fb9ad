/* Every key of the configuration, once. From this table come the struct, what the file, the
 * environment and the flags may say, the defaults, the errors, `parley serve --check` and
 * docs/configuration.md.
 *
 * X(type, section, member, key, default, rule, flags, text)
 *
 *   type     STRING, SECRET (a string that is never shown), BOOL, UINT (32 bits), SIZE (64 bits),
 *            RATIO (0 to 1), ENUM (one of CHOICES, stored as its index), SET (several of CHOICES,
 *            stored as bits), LIST (of strings); IGNORED: a key of chat-app's that has no meaning
 *            here; ALIAS: another spelling, `default` is the key that is meant
 *   section  where it stands in the file and in the struct
 *   key      its name in the file; `member` its name in the struct
 *   default  as it would stand in the file; "" is none
 *   rule     RANGE(lowest, highest, unit), CHOICES("a|b|c") or ANY
 *   flags    RELOAD: SIGHUP takes it over; CLUSTER: only the cluster engine reads it
 */
#ifndef PARLEY_NODE_CONFIG_KEYS_DEF_H
#define PARLEY_NODE_CONFIG_KEYS_DEF_H

#define CONFIG_SERVER(X)                                                                           \
    X(ENUM, server, engine, "engine", "embedded", CHOICES("embedded|cluster"), 0,                  \
      "The whole product on one machine with SQLite, or one node over Kafka, Cassandra, "          \
      "PostgreSQL and Redis.")                                                                     \
    X(SET, server, roles, "roles", "gateway,persist,notify,retry",                                 \
      CHOICES("gateway|persist|notify|retry"), CLUSTER, "What this node does.")                    \
    X(STRING, server, listen, "listen", "127.0.0.1:9000", ANY, 0,                                  \
      "Where HTTP and websockets are served, as HOST:PORT; port 0 takes any free one.")            \
    X(STRING, server, host, "host", "", ANY, 0, "The host of `listen`, given apart.")              \
    X(UINT, server, port, "port", "", RANGE(0, 65535, ""), 0,                                      \
      "The port of `listen`, given apart.")                                                        \
    X(STRING, server, grpc_host, "grpcHost", "127.0.0.1", ANY, 0, "The address of the gRPC door.") \
    X(UINT, server, grpc_port, "grpcPort", "0", RANGE(0, 65535, ""), 0,                            \
      "The port of the gRPC door; 0 opens none. It needs `cluster.secret`.")                       \
    X(STRING, server, public_url, "publicUrl", "", ANY, 0,                                         \
      "The address people type, where a proxy stands in front (`https://chat.example.org`).")      \
    X(LIST, server, origins, "origins", "*", ANY, 0,                                               \
      "Web pages of which origins may call the API (`https://app.example.org`); `*` is any, "      \
      "without cookies.")                                                                          \
    X(LIST, server, trusted_proxies, "trustedProxies", "", ANY, 0,                                 \
      "Addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.")        \
    X(SECRET, server, access_jwt_secret, "accessJwtSecret", "", ANY, 0,                            \
      "Signs the session tokens. None: made on first start and kept in `data.dir` (embedded); a "  \
      "cluster needs one of 32 bytes or more, the same on every node.")                            \
    X(UINT, server, access_jwt_expire_time, "accessJwtExpireTime", "86400",                        \
      RANGE(1, 31536000, "s"), 0, "How long a session lives.")                                     \
    X(UINT, server, loops, "loops", "0", RANGE(0, 256, "threads"), 0,                              \
      "Event loops; 0 is one for each core the process may run on.")                               \
    X(UINT, server, workers, "workers", "8", RANGE(1, 256, "threads"), 0,                          \
      "Threads for requests that read or write the stores.")                                       \
    X(UINT, server, drain_timeout, "drainTimeout", "25", RANGE(0, 3600, "s"), 0,                   \
      "How long a stop waits for what is under way.")                                              \
    X(STRING, server, web, "web", "", ANY, 0,                                                      \
      "Folder of the web client's files; none: those built into the program.")                     \
    X(IGNORED, server, debug, "debug", "", ANY, 0, "`logger.level debug` says more.")              \
    X(IGNORED, server, hostname, "hostname", "", ANY, 0, "`cluster.node` names a node.")           \
    X(IGNORED, server, instance_ip, "instanceIP", "", ANY, 0, "Nodes need no addresses.")          \
    X(IGNORED, server, read_timeout, "readTimeout", "", ANY, 0, "See `limits.head_timeout_s`.")    \
    X(IGNORED, server, write_timeout, "writeTimeout", "", ANY, 0,                                  \
      "See `limits.write_queue_bytes`.")                                                           \
    X(IGNORED, server, context_timeout, "contextTimeout", "", ANY, 0, "Never had an effect.")      \
    X(IGNORED, server, rate_limit_per_sec, "rateLimitPerSec", "", ANY, 0,                          \
      "See `limits.messages_per_s`.")                                                              \
    X(IGNORED, server, timezone, "timezone", "", ANY, 0, "All times are UTC.")

#define CONFIG_DATA(X)                                                                       \
    X(STRING, data, dir, "dir", "./data", ANY, 0,                                            \
      "The folder of the database and the signing secret; made when it is not there.")       \
    X(SIZE, data, wal_bytes, "walBytes", "67108864", RANGE(1048576, 4294967296, "bytes"), 0, \
      "The size of the write-ahead log at which it is checkpointed and reused.")

#define CONFIG_TLS(X)                                                                   \
    X(STRING, tls, cert, "cert", "", ANY, 0,                                            \
      "PEM file of the certificate chain; none: plain. SIGHUP reads both files again.") \
    X(STRING, tls, key, "key", "", ANY, 0, "PEM file of the certificate's private key.")

#define CONFIG_CLUSTER(X)                                                                    \
    X(ENUM, cluster, delivery, "delivery", "kafka", CHOICES("kafka|direct|routed"), CLUSTER, \
      "How a message reaches the other nodes' sessions.")                                    \
    X(SECRET, cluster, secret, "secret", "", ANY, 0,                                         \
      "What nodes and gRPC clients prove themselves with; 32 bytes or more.")                \
    X(STRING, cluster, node, "node", "", ANY, CLUSTER, "This node's name; none: the host name.")

#define CONFIG_KAFKA(X)                                                                            \
    X(STRING, kafka, topic, "topic", "parley.events", ANY, CLUSTER,                                \
      "The topic of the journal. Beside it are `parley.retry` and `parley.dead` (whatever stands " \
      "before `.events`).")                                                                        \
    X(UINT, kafka, partitions, "partitions", "16", RANGE(1, 64, ""), CLUSTER,                      \
      "Its partitions, when parley makes it.")                                                     \
    X(UINT, kafka, replication, "replication", "3", RANGE(1, 15, ""), CLUSTER,                     \
      "Its copies, when parley makes it.")                                                         \
    X(UINT, kafka, min_insync, "minInsync", "2", RANGE(1, 15, ""), CLUSTER,                        \
      "How many copies must hold a message before it is acknowledged.")                            \
    X(UINT, kafka, retention_days, "retentionDays", "30", RANGE(0, 36500, "days"), CLUSTER,        \
      "How long the topic keeps what Cassandra holds as well, when parley makes it; 0: for ever.") \
    X(BOOL, kafka, tls, "tls", "false", ANY, CLUSTER,                                              \
      "Speak TLS with the brokers; their certificates must be of the names in `broker`.")          \
    X(STRING, kafka, tls_ca, "tlsCa", "", ANY, CLUSTER,                                            \
      "PEM file of whom to trust; none: whom the system trusts.")                                  \
    X(STRING, kafka, tls_cert, "tlsCert", "", ANY, CLUSTER,                                        \
      "PEM file of this client's certificate, for brokers that ask for one.")                      \
    X(STRING, kafka, tls_key, "tlsKey", "", ANY, CLUSTER, "PEM file of its private key.")

#define CONFIG_KAFKA_PRODUCER(X)                                                             \
    X(STRING, kafka.producer, broker, "broker", "", ANY, CLUSTER,                            \
      "Brokers as HOST:PORT, separated by commas.")                                          \
    X(ENUM, kafka.producer, acks, "acks", "all", CHOICES("all"), CLUSTER,                    \
      "Fewer would break the promise that acknowledged means durable.")                      \
    X(BOOL, kafka.producer, idempotence, "idempotence", "true", ANY, CLUSTER,                \
      "Likewise: only true is accepted.")                                                    \
    X(ALIAS, kafka.producer, idepotence, "idepotence", "kafka.producer.idempotence", ANY, 0, \
      "chat-app's spelling.")

#define CONFIG_KAFKA_CONSUMER(X)                                                       \
    X(STRING, kafka.consumer, broker, "broker", "", ANY, CLUSTER,                      \
      "Brokers to read from; none: the producer's.")                                   \
    X(STRING, kafka.consumer, group_id, "groupID", "parley", ANY, CLUSTER,             \
      "Prefix of the names of the consumer groups: `groupID:topic:role`.")             \
    X(IGNORED, kafka.consumer, timeout, "timeout", "", ANY, 0, "Never had an effect.") \
    X(IGNORED, kafka.consumer, offset_reset, "offsetReset", "", ANY, 0,                \
      "Positions are kept with the snapshots.")                                        \
    X(IGNORED, kafka.consumer, auto_offset, "autoOffset", "", ANY, 0, "Never had an effect.")

#define CONFIG_KAFKA_SASL(X)                                                                       \
    X(ENUM, kafka.sasl, mechanism, "mechanism", "none",                                            \
      CHOICES("none|PLAIN|SCRAM-SHA-256|SCRAM-SHA-512"), CLUSTER, "How to log in to the brokers.") \
    X(STRING, kafka.sasl, username, "username", "", ANY, CLUSTER, "As whom.")                      \
    X(SECRET, kafka.sasl, password, "password", "", ANY, CLUSTER, "With which password.")

#define CONFIG_CASSANDRA(X)                                                                      \
    X(LIST, cassandra, hosts, "hosts", "", ANY, CLUSTER, "Contact points, HOST or HOST:PORT.")   \
    X(ALIAS, cassandra, host, "host", "cassandra.hosts", ANY, 0, "chat-app's spelling.")         \
    X(STRING, cassandra, keyspace, "keyspace", "", ANY, CLUSTER, "The keyspace of the history.") \
    X(UINT, cassandra, replication, "replication", "3", RANGE(1, 15, ""), CLUSTER,               \
      "Its copies, when parley makes it.")                                                       \
    X(ENUM, cassandra, consistency, "consistency", "quorum",                                     \
      CHOICES("quorum|local_quorum|all|one|local_one"), CLUSTER, "Of reads and writes.")         \
    X(STRING, cassandra, username, "username", "", ANY, CLUSTER, "As whom to log in.")           \
    X(SECRET, cassandra, password, "password", "", ANY, CLUSTER, "With which password.")         \
    X(BOOL, cassandra, tls, "tls", "false", ANY, CLUSTER,                                        \
      "Speak TLS with Cassandra; the nodes' certificates must name their addresses.")            \
    X(STRING, cassandra, tls_ca, "tlsCa", "", ANY, CLUSTER,                                      \
      "PEM file of whom to trust; none: whom the system trusts.")                                \
    X(STRING, cassandra, tls_cert, "tlsCert", "", ANY, CLUSTER,                                  \
      "PEM file of this client's certificate, for nodes that ask for one.")                      \
    X(STRING, cassandra, tls_key, "tlsKey", "", ANY, CLUSTER, "PEM file of its private key.")    \
    X(IGNORED, cassandra, proto_version, "protoVersion", "", ANY, 0, "The driver negotiates it.")

#define CONFIG_DATABASE(X)                                                                       \
    X(ENUM, database, adapter, "adapter", "postgres", CHOICES("postgres"), CLUSTER,              \
      "The kind of database.")                                                                   \
    X(STRING, database, host, "host", "", ANY, CLUSTER, "PostgreSQL's host.")                    \
    X(UINT, database, port, "port", "5432", RANGE(1, 65535, ""), CLUSTER, "Its port.")           \
    X(STRING, database, username, "username", "", ANY, CLUSTER, "As whom to log in.")            \
    X(SECRET, database, password, "password", "", ANY, CLUSTER, "With which password.")          \
    X(STRING, database, db, "db", "", ANY, CLUSTER, "The database's name.")                      \
    X(ENUM, database, sslmode, "sslmode", "auto",                                                \
      CHOICES("auto|disable|allow|prefer|require|verify-ca|verify-full"), CLUSTER,               \
      "As libpq has it. `auto` is `verify-full`, and `prefer` where every host is this machine " \
      "(`localhost`, a loopback address, a socket's folder).")                                   \
    X(STRING, database, tls_ca, "tlsCa", "", ANY, CLUSTER,                                       \
      "PEM file of whom to trust; none: whom the system trusts.")                                \
    X(STRING, database, tls_cert, "tlsCert", "", ANY, CLUSTER,                                   \
      "PEM file of this client's certificate, for a server that asks for one.")                  \
    X(STRING, database, tls_key, "tlsKey", "", ANY, CLUSTER, "PEM file of its private key.")     \
    X(UINT, database, max_conns, "maxConns", "20", RANGE(1, 1000, "connections"), CLUSTER,       \
      "At most so many connections of this node.")                                               \
    X(IGNORED, database, max_liftime_conns, "maxLiftimeConns", "", ANY, 0, "Never had an effect.")

#define CONFIG_REDIS(X)                                                                        \
    X(STRING, redis, host, "host", "", ANY, CLUSTER, "HOST:PORT; none: no cache is used.")     \
    X(STRING, redis, username, "username", "", ANY, CLUSTER,                                   \
      "As whom to log in; none: the default user.")                                            \
    X(SECRET, redis, password, "password", "", ANY, CLUSTER, "Redis' password.")               \
    X(UINT, redis, db, "db", "0", RANGE(0, 65535, ""), CLUSTER, "The number of the database.") \
    X(STRING, redis, prefix, "prefix", "parley", ANY, CLUSTER,                                 \
      "Begins every key and channel; clusters that share a Redis need different ones.")        \
    X(BOOL, redis, tls, "tls", "false", ANY, CLUSTER,                                          \
      "Speak TLS with Redis; its certificate must be of the name in `host`.")                  \
    X(STRING, redis, tls_ca, "tlsCa", "", ANY, CLUSTER,                                        \
      "PEM file of whom to trust; none: whom the system trusts.")                              \
    X(STRING, redis, tls_cert, "tlsCert", "", ANY, CLUSTER,                                    \
      "PEM file of this client's certificate, for a server that asks for one.")                \
    X(STRING, redis, tls_key, "tlsKey", "", ANY, CLUSTER, "PEM file of its private key.")      \
    X(IGNORED, redis, timeout, "timeout", "", ANY, 0, "Each kind of entry has its own lifetime.")

#define CONFIG_NOTIFY(X)                                                     \
    X(SECRET, notify, webhook_url, "webhookUrl", "", ANY, CLUSTER,           \
      "Is told about messages to members who are offline; none: nobody is.") \
    X(SECRET, notify, webhook_secret, "webhookSecret", "", ANY, CLUSTER,     \
      "Signs what the web hook is told.")

#define CONFIG_TRACE(X)                                                                          \
    X(STRING, trace, endpoint, "endpoint", "", ANY, 0,                                           \
      "The collector that spans go to, OTLP over HTTP (`http://127.0.0.1:4318`); none: nothing " \
      "is traced.")                                                                              \
    X(RATIO, trace, ratio, "ratio", "0", ANY, 0,                                                 \
      "The share of requests whose trace is kept, from 0 to 1.")                                 \
    X(UINT, trace, slow_ms, "slowMs", "500", RANGE(0, 600000, "ms"), 0,                          \
      "A request slower than this is kept whatever the ratio, and logged; 0: none is for that.") \
    X(STRING, trace, service_name, "serviceName", "parley", ANY, 0,                              \
      "The name under which the collector shows this service.")

#define CONFIG_LIMITS(X)                                                                           \
    X(UINT, limits, message_bytes, "message_bytes", "8192", RANGE(1, 61440, "bytes"), RELOAD,      \
      "The longest message, UTF-8.")                                                               \
    X(UINT, limits, messages_per_s, "messages_per_s", "20", RANGE(0, 1000000, "messages/s"),       \
      RELOAD, "How fast a user may send; 0: no limit.")                                            \
    X(UINT, limits, messages_burst, "messages_burst", "60", RANGE(1, 1000000, "messages"), RELOAD, \
      "How many at once.")                                                                         \
    X(UINT, limits, logins_per_min_account, "logins_per_min_account", "10",                        \
      RANGE(0, 1000000, "tries/min"), RELOAD, "Log-in tries for one account; 0: no limit.")        \
    X(UINT, limits, logins_per_min_address, "logins_per_min_address", "60",                        \
      RANGE(0, 1000000, "tries/min"), RELOAD,                                                      \
      "Log-in tries from one address (IPv6: one /64 network); 0: no limit.")                       \
    X(UINT, limits, registrations_per_min_address, "registrations_per_min_address", "30",          \
      RANGE(0, 1000000, "tries/min"), RELOAD, "Registrations from one address; 0: no limit.")      \
    X(UINT, limits, write_queue_bytes, "write_queue_bytes", "1048576",                             \
      RANGE(16384, 1073741824, "bytes"), 0,                                                        \
      "What may wait for one reader; beyond it the socket is closed with 4008.")                   \
    X(UINT, limits, write_queue_frames, "write_queue_frames", "4096",                              \
      RANGE(16, 1048576, "frames"), 0, "Likewise, in frames.")                                     \
    X(UINT, limits, auth_timeout_s, "auth_timeout_s", "5", RANGE(1, 300, "s"), 0,                  \
      "From a websocket's upgrade to its authentication.")                                         \
    X(UINT, limits, head_timeout_s, "head_timeout_s", "5", RANGE(1, 300, "s"), 0,                  \
      "For the head of a request, and for its body.")                                              \
    X(UINT, limits, ping_interval_s, "ping_interval_s", "25", RANGE(1, 3600, "s"), 0,              \
      "Between pings on a websocket.")                                                             \
    X(UINT, limits, dead_after_s, "dead_after_s", "40", RANGE(2, 7200, "s"), 0,                    \
      "A peer silent for so long is gone.")                                                        \
    X(UINT, limits, channels_per_connection, "channels_per_connection", "1000",                    \
      RANGE(1, 10000, "channels"), 0, "How many channels a user may be in.")

#define CONFIG_LOGGER(X)                                                                          \
    X(ENUM, logger, level, "level", "info", CHOICES("debug|info|warn|error"), RELOAD,             \
      "The least that is logged.")                                                                \
    X(ENUM, logger, encoding, "encoding", "auto", CHOICES("auto|json|console"), 0,                \
      "Lines of JSON, or of text; auto is text on a terminal.")                                   \
    X(IGNORED, logger, development, "development", "", ANY, 0, "See `logger.level`.")             \
    X(IGNORED, logger, disable_caller, "disableCaller", "", ANY, 0, "Lines name an event.")       \
    X(IGNORED, logger, disable_stacktrace, "disableStacktrace", "", ANY, 0, "There are none.")    \
    X(IGNORED, logger, filename, "filename", "", ANY, 0, "Logs go to stderr only.")               \
    X(IGNORED, logger, file_max_size, "fileMaxSize", "", ANY, 0, "Logs go to stderr only.")       \
    X(IGNORED, logger, file_max_age, "fileMaxAge", "", ANY, 0, "Logs go to stderr only.")         \
    X(IGNORED, logger, file_max_backups, "fileMaxBackups", "", ANY, 0, "Logs go to stderr only.") \
    X(IGNORED, logger, file_is_compress, "fileIsCompress", "", ANY, 0, "Logs go to stderr only.")

#define CONFIG_JAEGER(X)                                                                           \
    X(STRING, jaeger, host, "host", "", ANY, 0,                                                    \
      "chat-app's collector, a URL: where `trace.endpoint` is not given, OTLP goes to that host, " \
      "to port 4318 when it ends in `/api/traces`.")                                               \
    X(IGNORED, jaeger, port, "port", "", ANY, 0, "See `trace.endpoint`.")                          \
    X(ALIAS, jaeger, service_name, "serviceName", "trace.serviceName", ANY, 0,                     \
      "chat-app's spelling.")                                                                      \
    X(IGNORED, jaeger, log_spans, "logSpans", "", ANY, 0, "Never had an effect.")

#define CONFIG_METRIC(X)                                                     \
    X(IGNORED, metric, url, "url", "", ANY, 0, "Metrics are at `/metrics`.") \
    X(IGNORED, metric, service_name, "serviceName", "", ANY, 0, "Never had an effect.")

/* In the order of the documents. */
#define CONFIG_TABLE(X)      \
    CONFIG_SERVER(X)         \
    CONFIG_DATA(X)           \
    CONFIG_TLS(X)            \
    CONFIG_LIMITS(X)         \
    CONFIG_LOGGER(X)         \
    CONFIG_TRACE(X)          \
    CONFIG_CLUSTER(X)        \
    CONFIG_KAFKA(X)          \
    CONFIG_KAFKA_PRODUCER(X) \
    CONFIG_KAFKA_CONSUMER(X) \
    CONFIG_KAFKA_SASL(X)     \
    CONFIG_CASSANDRA(X)      \
    CONFIG_DATABASE(X)       \
    CONFIG_REDIS(X)          \
    CONFIG_NOTIFY(X)         \
    CONFIG_JAEGER(X)         \
    CONFIG_METRIC(X)

#endif
