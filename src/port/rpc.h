/* The door of remote calls: a gRPC server, as far as it is a transport. It reads requests into
 * plain structs and writes messages that come ready as bytes; who may do what, and what is
 * answered, is the handler's to say (delivery/grpc).
 *
 *     a call      handler->call  ... answer                           one request, one message
 *     a stream    handler->open  ... write, written, write, written ... finish, closed
 *                                    cancelled: nobody listens any more; finish is owed all the
 * same
 *
 * The handler is called on threads of the server's, several at once, and must not block; about one
 * stream it hears `cancelled` and `written` in any order, `closed` last. The operations below are
 * for any thread and do not block either, except `start` and `stop`. A call is answered exactly
 * once, a stream finished exactly once, whatever happens meanwhile.
 *
 * Read by C++, too: no more than plain structs here.
 */
#ifndef PARLEY_PORT_RPC_H
#define PARLEY_PORT_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum rpc_method {
    RPC_SEND,
    RPC_HISTORY,
    RPC_SUBSCRIBE,
    RPC_MESSAGE_RECEIVED,
    RPC_REPLY_RECEIVED,
    RPC_METHOD_COUNT
};

struct rpc_point {
    struct str channel_id;
    uint64_t seq;
};

/* What a call asks: the fields that its method has, not checked beyond their types. */
struct rpc_request {
    enum rpc_method method;
    struct str authorization, cluster_secret; /* metadata; empty: none */
    struct str channel_id, content, client_msg_id;
    uint64_t message_id, reply_id, from_id, after_seq;
    bool has_after;
    uint32_t limit;
    const struct rpc_point *resume;
    size_t n_resume;
};

/* Bytes of a message, not copied: `release(owner)` gives them back once they are written. */
struct rpc_piece {
    const char *p;
    size_t n;
    void (*release)(void *owner);
    void *owner;
};

struct rpc_status {
    enum rpc_code code;
    const char *text;   /* for people; copied */
    struct str details; /* a google.rpc.Status, encoded; empty: none. Copied */
};

struct rpc_call;
struct rpc_stream;

struct rpc_handler {
    /* `r` and what it points at live until the call is answered. */
    void (*call)(struct rpc_handler *self, struct rpc_call *call, const struct rpc_request *r);
    /* `r` lives until this returns. What is returned names the stream in the calls below. */
    void *(*open)(struct rpc_handler *self, struct rpc_stream *stream, const struct rpc_request *r);
    void (*written)(struct rpc_handler *self, void *named);
    void (*cancelled)(struct rpc_handler *self, void *named);
    /* It was finished, and nothing more comes: the stream is gone. */
    void (*closed)(struct rpc_handler *self, void *named);
};

struct rpc_server;
struct rpc_server_ops {
    /* Listens and serves. ERR_UNAVAILABLE with a sentence in `reason`. */
    enum err (*start)(struct rpc_server *self, struct rpc_handler *handler, char *reason,
                      size_t reason_size);
    /* Ends what still goes on, waits until every call is answered and every stream closed, and
     * closes the door. A second time is fine, and so is without a start. */
    void (*stop)(struct rpc_server *self);
    /* What the health service says; "not serving" until told. */
    void (*set_serving)(struct rpc_server *self, bool serving);
    /* `message` may be NULL unless the status is RPC_OK. */
    void (*answer)(struct rpc_call *call, const struct rpc_piece *message,
                   const struct rpc_status *status);
    /* Does the caller still wait, within its deadline? Before it is answered. */
    bool (*is_wanted)(const struct rpc_call *call);
    /* One message of `n` pieces; one at a time: `written` tells that the next may come. */
    void (*write)(struct rpc_stream *stream, const struct rpc_piece *pieces, size_t n);
    void (*finish)(struct rpc_stream *stream, const struct rpc_status *status);
    /* After `finish`, when the peer does not read its status: ends it without. */
    void (*abort)(struct rpc_stream *stream);
};

struct rpc_server {
    const struct rpc_server_ops *ops;
};

#endif
