/* Inside the websocket edge: one connection and its pieces. Not for other rooms. */
#ifndef PARLEY_DELIVERY_WS_CONN_H
#define PARLEY_DELIVERY_WS_CONN_H

#include "delivery/ws/edge.h"
#include "wire/command.h"
#include "wire/ws.h"

#define WS_IN_FLIGHT_MAX   256 /* sends of one connection that wait for their acks */
#define WS_STRIKES_MAX     100 /* rate_limited answers, less accepted sends: then 4029 */
#define WS_CLOSE_LINGER_MS 900 /* the peer's close frame is awaited this long */
#define WS_SETTLE_MS       64  /* a Hello may follow the authentication for this long */

/* What the websockets of one loop share. */
struct ws_loop {
    struct ws_edge *edge;
    struct loop *loop;
    struct shard *shard;
    struct command_parser *parser;
    struct buf scratch; /* one frame under construction */
    bool draining;
    uint32_t drain_retry_ms;
};

struct ws_edge {
    struct ws_edge_config config;
    struct ws_config codec;
    uint32_t run;          /* random: tells this process's sessions from all others' */
    struct ws_loop *loops; /* by loop index */
    size_t n_loops;
};

enum ws_state { WS_AUTHENTICATING, WS_ATTACHING, WS_OPEN, WS_CLOSING };

struct ws_conn {
    struct session session;
    struct ws_decoder decoder;
    struct conn *conn;
    struct ws_loop *home;
    struct buf *held;   /* input that came while reading was paused; NULL: none */
    char *answer_ref;   /* the ref of the Hello or Resume that is under way; NULL: none */
    uint32_t expires_s; /* when the token does, since 1970 */
    uint32_t heard_s;   /* when something last came from the peer, loop time */
    uint32_t pinged_s;  /* when it was last pinged, loop time */
    /* One word: the whole is 168 bytes, the most that fits a chunk of malloc's of 176. */
    uint32_t in_flight : 10; /* sends without ack */
    uint32_t strikes : 8;    /* rate_limited answers, less accepted sends */
    uint32_t reads : 6;      /* Read actions under way */
    uint32_t state : 3;      /* enum ws_state */
    bool settled : 1;        /* live events flow */
    bool paused : 1;
    bool replay_waits : 1; /* for the queue to drain */
};

/* The user's name, which the connection owns; NULL before it is authenticated. */
static inline char *ws_conn_name(const struct ws_conn *w)
{
    return (char *)(uintptr_t)w->session.username.p;
}

/* session.c: life */
void ws_conn_close(struct ws_conn *w, uint16_t code, struct str reason);
/* Reads on after a pause, beginning with what was held. */
void ws_conn_unpause(struct ws_conn *w);
void ws_conn_pause(struct ws_conn *w);
/* A send of this connection was answered. */
void ws_conn_landed(struct ws_conn *w);
void ws_conn_settle(struct ws_conn *w);

/* command.c: what clients ask */
void ws_command_handle(struct ws_conn *w, struct str text);
/* Verifies a token and its session. */
enum err ws_authenticate(struct ws_edge *e, struct str token, struct claims *out);

/* trace.c: the span of a send, from its frame to its verdict */
void ws_trace_refused(const struct send *s, enum err e);
void ws_trace_done(const struct append *a);

/* read.c */
void ws_read_handle(struct ws_conn *w, const struct command *c);

/* answer.c: what they hear */
extern const struct session_ops ws_session_ops;
/* Begins a text frame in the loop's scratch buffer; ws_answer_send ends it and queues it. */
struct buf *ws_answer_begin(struct ws_conn *w);
void ws_answer_send(struct ws_conn *w);
void ws_answer_fail(struct ws_conn *w, struct str ref, enum err e, const char *text,
                    uint32_t retry_after_ms);

/* outcome.c: verdicts that do not come with a run: duplicates and refusals by the journal. */
void ws_outcome_done(const struct append *a, void *arg);

/* encode.c */
/* Prefixes the payload out->p[start..] with its frame head. */
void ws_frame_finish(struct buf *out, size_t start);
const char *ws_action_of(enum event_kind kind);

#endif
