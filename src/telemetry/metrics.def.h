/* The table of metrics; see metrics.h. Types: COUNTER, GAUGE, GAUGE_US and HISTOGRAM_US (seconds on
 * the page), HISTOGRAM_SIZE (plain numbers). */
#ifndef PARLEY_TELEMETRY_METRICS_DEF_H
#define PARLEY_TELEMETRY_METRICS_DEF_H

#define METRICS_TABLE_NET(X)                                                              \
    X(M_CONNECTIONS, GAUGE, "parley_connections", "", "Open TCP connections.")            \
    X(M_CONNECTIONS_ACCEPTED, COUNTER, "parley_connections_accepted_total", "",           \
      "TCP connections accepted.")                                                        \
    X(M_BYTES_IN, COUNTER, "parley_bytes_received_total", "", "Bytes read from clients.") \
    X(M_BYTES_OUT, COUNTER, "parley_bytes_sent_total", "", "Bytes written to clients.")   \
    X(M_WRITES, COUNTER, "parley_writes_total", "", "System calls that wrote to clients.")

#define METRICS_TABLE_CHAT(X)                                                                      \
    X(M_HTTP_2XX, COUNTER, "parley_http_responses_total", "class=\"2xx\"",                         \
      "HTTP answers by class of status.")                                                          \
    X(M_HTTP_3XX, COUNTER, "parley_http_responses_total", "class=\"3xx\"", "")                     \
    X(M_HTTP_4XX, COUNTER, "parley_http_responses_total", "class=\"4xx\"", "")                     \
    X(M_HTTP_5XX, COUNTER, "parley_http_responses_total", "class=\"5xx\"", "")                     \
    X(M_HTTP_LATENCY, HISTOGRAM_US, "parley_http_request_seconds", "",                             \
      "From the end of a request to its answer.")                                                  \
    X(M_SESSIONS, GAUGE, "parley_sessions", "", "Authenticated websocket sessions.")               \
    X(M_DELIVERIES, COUNTER, "parley_deliveries_total", "",                                        \
      "Messages and replies pushed to sessions, acks included.")                                   \
    X(M_MESSAGES_IN_WS, COUNTER, "parley_messages_received_total", "way=\"websocket\"",            \
      "Messages and replies clients asked to send.")                                               \
    X(M_MESSAGES_IN_HTTP, COUNTER, "parley_messages_received_total", "way=\"http\"", "")           \
    X(M_MESSAGES_IN_RPC, COUNTER, "parley_messages_received_total", "way=\"grpc\"", "")            \
    X(M_DUPLICATES, COUNTER, "parley_messages_duplicate_total", "",                                \
      "Retries recognised by client_msg_id.")                                                      \
    X(M_ACK_LATENCY, HISTOGRAM_US, "parley_ack_seconds", "",                                       \
      "From reading a send to handing over its ack.")                                              \
    X(M_DELIVERY_LATENCY, HISTOGRAM_US, "parley_delivery_seconds", "",                             \
      "From queueing a message in the journal to handing its push to the last session of a loop.") \
    X(M_REPLAYED, COUNTER, "parley_replayed_total", "",                                            \
      "Messages and replies replayed after a cut.")                                                \
    X(M_RESUME_MEMORY, COUNTER, "parley_resumes_total", "from=\"memory\"",                         \
      "Channels caught up, by where the events came from.")                                        \
    X(M_RESUME_STORE, COUNTER, "parley_resumes_total", "from=\"store\"", "")                       \
    X(M_RESUME_REFUSED, COUNTER, "parley_resumes_total", "from=\"refused\"", "")                   \
    X(M_CLOSED_SLOW, COUNTER, "parley_closed_total", "reason=\"slow\"",                            \
      "Websockets closed by the server, by reason.")                                               \
    X(M_CLOSED_UNAUTHENTICATED, COUNTER, "parley_closed_total", "reason=\"unauthenticated\"", "")  \
    X(M_CLOSED_TOO_FAST, COUNTER, "parley_closed_total", "reason=\"too_fast\"", "")                \
    X(M_CLOSED_PROTOCOL, COUNTER, "parley_closed_total", "reason=\"protocol\"", "")                \
    X(M_CLOSED_DEAD, COUNTER, "parley_closed_total", "reason=\"dead\"", "")                        \
    X(M_CLOSED_DRAIN, COUNTER, "parley_closed_total", "reason=\"drain\"", "")                      \
    X(M_REFUSED_RATE, COUNTER, "parley_refused_total", "reason=\"rate_limited\"",                  \
      "Sends refused, by reason.")                                                                 \
    X(M_REFUSED_UNAVAILABLE, COUNTER, "parley_refused_total", "reason=\"unavailable\"", "")        \
    X(M_REFUSED_OTHER, COUNTER, "parley_refused_total", "reason=\"other\"", "")                    \
    X(M_LOGIN_OK, COUNTER, "parley_logins_total", "outcome=\"ok\"", "Log-in tries by outcome.")    \
    X(M_LOGIN_WRONG, COUNTER, "parley_logins_total", "outcome=\"wrong\"", "")                      \
    X(M_LOGIN_THROTTLED, COUNTER, "parley_logins_total", "outcome=\"throttled\"", "")              \
    X(M_LOGIN_BUSY, COUNTER, "parley_logins_total", "outcome=\"busy\"", "")                        \
    X(M_REGISTERED, COUNTER, "parley_registrations_total", "", "Accounts made.")

/* One series a method and status of gRPC, named and spelled as the Go interceptors of chat-app do;
 * in the order of enum rpc_code. */
#define METRIC_RPC(X, id, service, method, code, word)                                  \
    X(M_RPC_##id##_##code, COUNTER, "grpc_server_handled_total",                        \
      "grpc_service=\"" service "\",grpc_method=\"" method "\",grpc_code=\"" word "\"", \
      "gRPC calls that are over, by method and status.")

#define METRICS_RPC(X, id, service, method)                                       \
    METRIC_RPC(X, id, service, method, OK, "OK")                                  \
    METRIC_RPC(X, id, service, method, CANCELLED, "Canceled")                     \
    METRIC_RPC(X, id, service, method, UNKNOWN, "Unknown")                        \
    METRIC_RPC(X, id, service, method, INVALID_ARGUMENT, "InvalidArgument")       \
    METRIC_RPC(X, id, service, method, DEADLINE_EXCEEDED, "DeadlineExceeded")     \
    METRIC_RPC(X, id, service, method, NOT_FOUND, "NotFound")                     \
    METRIC_RPC(X, id, service, method, ALREADY_EXISTS, "AlreadyExists")           \
    METRIC_RPC(X, id, service, method, PERMISSION_DENIED, "PermissionDenied")     \
    METRIC_RPC(X, id, service, method, RESOURCE_EXHAUSTED, "ResourceExhausted")   \
    METRIC_RPC(X, id, service, method, FAILED_PRECONDITION, "FailedPrecondition") \
    METRIC_RPC(X, id, service, method, ABORTED, "Aborted")                        \
    METRIC_RPC(X, id, service, method, OUT_OF_RANGE, "OutOfRange")                \
    METRIC_RPC(X, id, service, method, UNIMPLEMENTED, "Unimplemented")            \
    METRIC_RPC(X, id, service, method, INTERNAL, "Internal")                      \
    METRIC_RPC(X, id, service, method, UNAVAILABLE, "Unavailable")                \
    METRIC_RPC(X, id, service, method, DATA_LOSS, "DataLoss")                     \
    METRIC_RPC(X, id, service, method, UNAUTHENTICATED, "Unauthenticated")

#define METRICS_TABLE_RPC(X)                                                                \
    METRICS_RPC(X, SEND, "parley.v1.Chat", "Send")                                          \
    METRICS_RPC(X, HISTORY, "parley.v1.Chat", "History")                                    \
    METRICS_RPC(X, SUBSCRIBE, "parley.v1.Chat", "Subscribe")                                \
    METRICS_RPC(X, MESSAGE_RECEIVED, "message.MessageService", "MessageReceived")           \
    METRICS_RPC(X, REPLY_RECEIVED, "message.MessageService", "ReplyReceived")               \
    X(M_RPC_STREAMS, GAUGE, "parley_grpc_subscriptions", "", "Open subscriptions by gRPC.") \
    X(M_RPC_HINT_KNOWN, COUNTER, "parley_grpc_hints_total", "outcome=\"known\"",            \
      "Messages that another node told of, by whether this one knew them.")                 \
    X(M_RPC_HINT_UNKNOWN, COUNTER, "parley_grpc_hints_total", "outcome=\"unknown\"", "")

#define METRICS_TABLE_CLUSTER(X)                                                              \
    X(M_JUDGED_POST, COUNTER, "parley_records_judged_total", "verdict=\"post\"",              \
      "Records of the log that this node's follower judged, by verdict.")                     \
    X(M_JUDGED_CHANGE, COUNTER, "parley_records_judged_total", "verdict=\"change\"", "")      \
    X(M_JUDGED_REPEAT, COUNTER, "parley_records_judged_total", "verdict=\"repeat\"", "")      \
    X(M_JUDGED_CONFLICT, COUNTER, "parley_records_judged_total", "verdict=\"conflict\"", "")  \
    X(M_JUDGED_STALE, COUNTER, "parley_records_judged_total", "verdict=\"stale\"", "")        \
    X(M_JUDGED_INVALID, COUNTER, "parley_records_judged_total", "verdict=\"invalid\"", "")    \
    X(M_JUDGED_KNOWN, COUNTER, "parley_records_judged_total", "verdict=\"known\"", "")        \
    X(M_FOLLOW_LAG, GAUGE, "parley_follow_lag_records", "",                                   \
      "Records in the log that this node has not judged yet.")                                \
    X(M_FOLLOW_DELAY, HISTOGRAM_US, "parley_follow_seconds", "",                              \
      "From queueing a send to this node's own follower judging it.")                         \
    X(M_SENDS_PENDING, GAUGE, "parley_sends_pending", "", "Sends not yet judged or refused.") \
    X(M_SENDS_UNKNOWN, COUNTER, "parley_sends_unknown_total", "",                             \
      "Sends answered with an unknown outcome.")                                              \
    X(M_LOOKUPS, COUNTER, "parley_lookups_total", "",                                         \
      "Sends that were looked up in the history before they went out.")                       \
    X(M_OVERLAY_BYTES, GAUGE, "parley_overlay_bytes", "",                                     \
      "Memory of messages that persist has not written yet.")                                 \
    X(M_OVERLAY_DROPPED, COUNTER, "parley_overlay_dropped_total", "",                         \
      "Times that the overlay was full and let go of unwritten messages.")                    \
    X(M_PERSIST_LAG, GAUGE, "parley_persist_lag_records", "",                                 \
      "Records that this node has judged and persist has not written yet.")                   \
    X(M_PERSIST_LAG_US, GAUGE_US, "parley_persist_lag_seconds", "",                           \
      "Age of the oldest message that this node has judged and persist has not written yet.") \
    X(M_LOG_LOST, GAUGE, "parley_log_lost", "",                                               \
      "Whether what this node must read of the log is gone: it needs people.")                \
    X(M_PERSIST_BATCH, HISTOGRAM_SIZE, "parley_persist_batch_records", "",                    \
      "Records that persist wrote at once.")                                                  \
    X(M_PERSIST_WRITE, HISTOGRAM_US, "parley_persist_write_seconds", "",                      \
      "Writing one batch to the history, its heads and its snapshots.")                       \
    X(M_PERSIST_AGE, HISTOGRAM_US, "parley_persist_age_seconds", "",                          \
      "From the log taking a batch's oldest record to all of it being in the history.")       \
    X(M_PERSIST_FAILED, COUNTER, "parley_persist_failed_batches_total", "",                   \
      "Batches that persist could not write and tries again.")                                \
    X(M_PERSIST_BROKEN, GAUGE, "parley_persist_broken_partitions", "",                        \
      "Partitions that are not written because the log and the history do not fit.")          \
    X(M_WINDOW_HIT, COUNTER, "parley_recent_windows_total", "outcome=\"hit\"",                \
      "Reads of a channel's recent messages in the cache, by what came of them.")             \
    X(M_WINDOW_MISS, COUNTER, "parley_recent_windows_total", "outcome=\"miss\"", "")

#define METRICS_TABLE_STORE(X)                                                                    \
    X(M_JOURNAL_QUEUE, GAUGE, "parley_journal_queue", "",                                         \
      "Appends and jobs waiting for the journal.")                                                \
    X(M_JOURNAL_BATCH, HISTOGRAM_SIZE, "parley_journal_batch_events", "",                         \
      "Events a journal batch made durable at once.")                                             \
    X(M_JOURNAL_COMMIT, HISTOGRAM_US, "parley_journal_commit_seconds", "",                        \
      "Making one batch durable.")                                                                \
    X(M_JOURNAL_FAILED, COUNTER, "parley_journal_failed_batches_total", "",                       \
      "Batches that could not be made durable.")                                                  \
    X(M_STORE_READ, HISTOGRAM_US, "parley_store_read_seconds", "", "One read call of the store.") \
    X(M_CHECKPOINTS, COUNTER, "parley_wal_checkpoints_total", "",                                 \
      "WAL checkpoints that ran to the end.")                                                     \
    X(M_WAL_BYTES, GAUGE, "parley_wal_bytes", "", "Bytes of the WAL in use.")                     \
    X(M_WORKERS_QUEUE, GAUGE, "parley_workers_queue", "", "Requests waiting for a worker.")       \
    X(M_FANOUT_BACKLOG, GAUGE, "parley_fanout_backlog_bytes", "",                                 \
      "Encoded bytes that loops have not handed out yet.")                                        \
    X(M_TAIL_BYTES, GAUGE, "parley_tail_bytes", "",                                               \
      "Bytes of recent messages kept in memory for catching up.")

#define METRICS_TABLE_WORDS(X)                                                             \
    X(M_WORDS_TOLD, COUNTER, "parley_words_told_total", "outcome=\"ok\"",                  \
      "Words told to the other nodes (presence, typing, reads, revocations), by outcome.") \
    X(M_WORDS_UNTOLD, COUNTER, "parley_words_told_total", "outcome=\"refused\"", "")       \
    X(M_WORDS_HEARD, COUNTER, "parley_words_heard_total", "of=\"peer\"",                   \
      "Words heard from other nodes.")                                                     \
    X(M_WORDS_OF_STRANGERS, COUNTER, "parley_words_heard_total", "of=\"stranger\"", "")    \
    X(M_WORDS_BAD, COUNTER, "parley_words_heard_total", "of=\"nobody\"", "")               \
    X(M_PEERS, GAUGE, "parley_peers", "", "Other nodes heard of lately.")                  \
    X(M_PEER_USERS, GAUGE, "parley_peer_users", "", "Users with a session on another node.")

#define METRICS_TABLE_REDIS(X)                                                                    \
    X(M_CACHE_UP, GAUGE, "parley_cache_up", "", "Whether the shared cache answers.")              \
    X(M_CACHE_HITS, COUNTER, "parley_cache_reads_total", "outcome=\"hit\"",                       \
      "Reads of the shared cache that it answered, by outcome.")                                  \
    X(M_CACHE_MISSES, COUNTER, "parley_cache_reads_total", "outcome=\"miss\"", "")                \
    X(M_CACHE_FAILED, COUNTER, "parley_cache_failed_total", "",                                   \
      "Calls of the shared cache that failed.")                                                   \
    X(M_CACHE_LATENCY, HISTOGRAM_US, "parley_cache_seconds", "", "One call of the shared cache.") \
    X(M_BUS_TOLD, COUNTER, "parley_bus_notes_total", "way=\"told\"",                              \
      "Notes between nodes, by way.")                                                             \
    X(M_BUS_HEARD, COUNTER, "parley_bus_notes_total", "way=\"heard\"", "")                        \
    X(M_BUS_DROPPED, COUNTER, "parley_bus_notes_total", "way=\"dropped\"", "")                    \
    X(M_BUS_GAPS, COUNTER, "parley_bus_gaps_total", "",                                           \
      "How often notes of other nodes may have been missed.")

#define METRICS_TABLE_POSTGRES(X)                                                                 \
    X(M_POSTGRES_CONNECTIONS, GAUGE, "parley_postgres_connections", "",                           \
      "Open connections to PostgreSQL, the relay's not counted.")                                 \
    X(M_POSTGRES_CALL, HISTOGRAM_US, "parley_postgres_seconds", "", "One call of PostgreSQL.")    \
    X(M_POSTGRES_LOST, COUNTER, "parley_postgres_lost_total", "",                                 \
      "Connections to PostgreSQL that were lost or could not be opened.")                         \
    X(M_RELAY, GAUGE, "parley_relay", "",                                                         \
      "Whether this node is the one that puts joins and leaves into the log.")                    \
    X(M_OUTBOX_ROWS, GAUGE, "parley_outbox_rows", "",                                             \
      "Joins, leaves and creations that wait for the log, as the relay sees it, counted to 256.") \
    X(M_OUTBOX_AGE_US, GAUGE_US, "parley_outbox_age_seconds", "", "Age of the oldest of them.")   \
    X(M_RELAY_PUBLISHED, COUNTER, "parley_relay_published_total", "",                             \
      "Joins, leaves and creations put into the log.")                                            \
    X(M_RELAY_FAILED, COUNTER, "parley_relay_failed_total", "",                                   \
      "Times the relay had to try again.")                                                        \
    X(M_CHANNEL_CHANGE, HISTOGRAM_US, "parley_channel_change_seconds", "",                        \
      "Creating, joining or leaving a channel, until this node has heard of it.")

#define METRICS_TABLE_LOG(X)                                                                       \
    X(M_LOG_PRODUCED_OK, COUNTER, "parley_log_produced_total", "outcome=\"ok\"",                   \
      "Records given to the log, by outcome; unknown: perhaps written.")                           \
    X(M_LOG_PRODUCED_UNAVAILABLE, COUNTER, "parley_log_produced_total", "outcome=\"unavailable\"", \
      "")                                                                                          \
    X(M_LOG_PRODUCED_UNKNOWN, COUNTER, "parley_log_produced_total", "outcome=\"unknown\"", "")     \
    X(M_LOG_PRODUCED_REFUSED, COUNTER, "parley_log_produced_total", "outcome=\"refused\"", "")     \
    X(M_LOG_PRODUCE_LATENCY, HISTOGRAM_US, "parley_log_produce_seconds", "",                       \
      "From giving a record to the log to its answer that it is written.")                         \
    X(M_LOG_PRODUCE_QUEUE, GAUGE, "parley_log_produce_queue", "",                                  \
      "Records whose answer from the log has not come.")                                           \
    X(M_LOG_READ, COUNTER, "parley_log_read_total", "", "Records read from the log.")              \
    X(M_LOG_REBALANCES, COUNTER, "parley_log_rebalances_total", "",                                \
      "Times partitions came to or went from a consumer of this node.")                            \
    X(M_HANDOVER_TOLD, COUNTER, "parley_handover_records_total", "way=\"told\"",                   \
      "Records between nodes under direct delivery: told to all others, refused by at least one,"  \
      " heard from others, read from the log.")                                                    \
    X(M_HANDOVER_REFUSED, COUNTER, "parley_handover_records_total", "way=\"refused\"", "")         \
    X(M_HANDOVER_HEARD, COUNTER, "parley_handover_records_total", "way=\"heard\"", "")             \
    X(M_HANDOVER_LOOKED, COUNTER, "parley_handover_records_total", "way=\"looked\"", "")           \
    X(M_HANDOVER_LOST, COUNTER, "parley_handover_lost_total", "",                                  \
      "Times that what another node handed over may have been lost.")                              \
    X(M_HANDOVER_INVALID, COUNTER, "parley_handover_invalid_total", "",                            \
      "Batches of other nodes that could not be read.")                                            \
    X(M_KAFKA_BROKERS_UP, GAUGE, "parley_kafka_brokers_connected", "",                             \
      "Brokers the producer is connected to.")                                                     \
    X(M_KAFKA_RTT_US, GAUGE_US, "parley_kafka_round_trip_seconds", "",                             \
      "Mean round trip of the last ten seconds to the slowest broker.")                            \
    X(M_KAFKA_ERRORS, COUNTER, "parley_kafka_errors_total", "",                                    \
      "Errors of connections and requests that the client library told of.")                       \
    X(M_KAFKA_RETRIES, COUNTER, "parley_kafka_retries_total", "",                                  \
      "Requests the producer sent again.")                                                         \
    X(M_KAFKA_TIMEOUTS, COUNTER, "parley_kafka_timeouts_total", "",                                \
      "Requests of the producer that no broker answered in time.")                                 \
    X(M_KAFKA_PRODUCERS_REPLACED, COUNTER, "parley_kafka_replaced_total", "what=\"producer\"",     \
      "Client handles that failed for good and were replaced.")                                    \
    X(M_KAFKA_READERS_REPLACED, COUNTER, "parley_kafka_replaced_total", "what=\"reader\"", "")

#define METRICS_TABLE_NOTIFY(X)                                                            \
    X(M_NOTIFY_POSTS, COUNTER, "parley_notify_posts_total", "",                            \
      "Messages and replies that some member was offline for.")                            \
    X(M_NOTIFY_INBOXES, COUNTER, "parley_notify_inbox_total", "outcome=\"written\"",       \
      "Entries for the inboxes of members who are offline, by outcome.")                   \
    X(M_NOTIFY_INBOXES_LOST, COUNTER, "parley_notify_inbox_total", "outcome=\"lost\"", "") \
    X(M_NOTIFY_LAG_US, GAUGE_US, "parley_notify_lag_seconds", "",                          \
      "Age of the oldest message that was read and nobody is notified of yet.")            \
    X(M_NOTIFY_LEFT, COUNTER, "parley_notify_left_to_retry_total", "",                     \
      "Web hooks handed to the retry log.")                                                \
    X(M_NOTIFY_OLD, COUNTER, "parley_notify_too_old_total", "",                            \
      "Messages and replies that were too old to tell anyone of.")                         \
    X(M_WEBHOOK_TAKEN, COUNTER, "parley_webhook_posts_total", "outcome=\"taken\"",         \
      "Web hooks posted, by outcome.")                                                     \
    X(M_WEBHOOK_FAILED, COUNTER, "parley_webhook_posts_total", "outcome=\"failed\"", "")   \
    X(M_WEBHOOK_LATENCY, HISTOGRAM_US, "parley_webhook_seconds", "", "One post to the web hook.")

#define METRICS_TABLE_CASSANDRA(X)                                                           \
    X(M_CASSANDRA_OK, COUNTER, "parley_cassandra_calls_total", "outcome=\"ok\"",             \
      "Calls of the history, by what came of them.")                                         \
    X(M_CASSANDRA_FAILED, COUNTER, "parley_cassandra_calls_total", "outcome=\"failed\"", "") \
    X(M_CASSANDRA_POSTS, COUNTER, "parley_cassandra_posts_written_total", "",                \
      "Messages and replies written to the history, repeats included.")                      \
    X(M_CASSANDRA_WRITE, HISTOGRAM_US, "parley_cassandra_write_seconds", "",                 \
      "Writing one batch of messages and replies to every table.")                           \
    X(M_CASSANDRA_UNDER_WAY, GAUGE, "parley_cassandra_requests_under_way", "",               \
      "Requests that Cassandra has not answered yet.")

/* 0 where a node has no use for the service. */
#define METRICS_TABLE_SERVICES(X)                                                \
    X(M_DOWN_LOG, GAUGE, "parley_service_down", "service=\"log\"",               \
      "Whether a service that this node needs cannot be used, as /readyz says.") \
    X(M_DOWN_HISTORY, GAUGE, "parley_service_down", "service=\"history\"", "")   \
    X(M_DOWN_TABLE, GAUGE, "parley_service_down", "service=\"table\"", "")       \
    X(M_DOWN_CACHE, GAUGE, "parley_service_down", "service=\"cache\"", "")       \
    X(M_DOWN_PERSIST, GAUGE, "parley_service_down", "service=\"persist\"", "")

#define METRICS_TABLE_RETRY(X)                                                                \
    X(M_RETRY_WAITING, GAUGE, "parley_retry_waiting", "", "Envelopes read and not done yet.") \
    X(M_RETRY_OK, COUNTER, "parley_retry_tries_total", "outcome=\"ok\"",                      \
      "Tries of what could not be done at first, by outcome.")                                \
    X(M_RETRY_FAILED, COUNTER, "parley_retry_tries_total", "outcome=\"failed\"", "")          \
    X(M_RETRY_DEAD, COUNTER, "parley_retry_tries_total", "outcome=\"given_up\"", "")          \
    X(M_RETRY_INVALID, COUNTER, "parley_retry_invalid_total", "",                             \
      "Records of the retry log that are no envelopes.")

#define METRICS_TABLE_TRACE(X)                                                           \
    X(M_TRACE_EXPORTED, COUNTER, "parley_trace_spans_total", "outcome=\"exported\"",     \
      "Spans of traces that are kept, by what became of them.")                          \
    X(M_TRACE_REFUSED, COUNTER, "parley_trace_spans_total", "outcome=\"refused\"", "")   \
    X(M_TRACE_DROPPED, COUNTER, "parley_trace_spans_total", "outcome=\"dropped\"", "")   \
    X(M_TRACE_QUEUE, GAUGE, "parley_trace_queue", "", "Spans that wait to be exported.") \
    X(M_TRACE_EXPORT, HISTOGRAM_US, "parley_trace_export_seconds", "", "One export of a batch.")

#endif
