/* A simulation: one or several nodes over one memory store, their shards and workers run task by
 * task by a seeded scheduler, and clients that connect, send, are cut off and come back.
 *
 *     main.c      seeds, arguments
 *     schedule.c  which step comes next; and the calm at the end, when everything must be there
 *     node.c      a hub, its loops and workers, restarts
 *     world.c     the journal, overheard; stores that are late or fail
 *     conn.c      the server's end of a connection
 *     judge.c     every promise about what one session hears
 *     client.c    the other end: what the people see, and what they retry
 *     oracle.c    what really happened
 *
 * Everything is decided by one seed; a violation prints it. */
#ifndef PARLEY_TESTS_SIM_SIM_H
#define PARLEY_TESTS_SIM_SIM_H

#include "adapter/memory/bus.h"
#include "adapter/memory/store.h"
#include "base/rand.h"
#include "fanout/hub.h"
#include "oracle.h"

#define SIM_NODES    3
#define SIM_SHARDS   3
#define SIM_CLIENTS  10
#define SIM_WORK_MAX 64
#define SIM_WIRE_MAX 4096
#define SIM_LAG_MAX  8

/* What one seed makes likely or possible: per mille, a step, unless said otherwise. */
struct sim_mood {
    unsigned cut, store_fails, refuse, restart, slow, membership, resume, flood;
    unsigned n_nodes, n_partitions;
    unsigned bus;      /* words are lost, nodes are cut off from the bus */
    unsigned lag;      /* between a batch's commit and its publication on a node */
    unsigned work_max; /* tasks the workers' queue takes */
    size_t tail_bytes;
    bool is_reliable; /* nothing may be refused for lack of a store or a worker */
};

/* An event as the simulation's encoder writes it into a run. */
struct sim_frame {
    uint64_t seq, prev_seq;
    uint32_t number;
    uint8_t kind, channel, user, is_own;
};

enum record_kind {
    RECORD_PUSH,
    RECORD_ACK,
    RECORD_REPLAY,
    RECORD_HELLO,
    RECORD_RESUMED,
    RECORD_ANSWER
};

/* What is on the wire to a client. */
struct record {
    enum record_kind kind;
    struct sim_frame frame;       /* push, ack, replay */
    uint32_t number;              /* answer: to the message of that number, */
    bool is_ok;                   /* which was a duplicate (true) or failed */
    struct session_channel *list; /* hello, resumed */
    size_t n_list;
};

/* What the server's end knows a session to have heard of one channel. */
struct heard {
    bool has_base; /* `upto` means something */
    uint64_t attached_at;
    uint64_t upto;
    uint64_t claimed;   /* the client said that it has this much */
    uint64_t replay_to; /* the head as it was told */
    uint64_t asked_at;  /* where the shard stood when it was asked */
    uint64_t passed;    /* what the shard had dealt with when it was answered */
    unsigned n_replayed;
    bool was_member;              /* when it was asked, as the session knew, */
    uint64_t began;               /* and how far passes had begun then */
    bool is_held;                 /* named in a Resume (or Hello) that is not answered */
    bool was_behind;              /* it may have been cut short by a leave */
    bool is_out;                  /* it was told that its user has left */
    bool is_watched, wants_watch; /* the latter: asked in Hello */
    bool knows_presence, online[SIM_USERS];
};

struct conn {
    struct session super;
    struct sim_node *node;
    struct client *client;
    struct conn *next;
    bool is_attached, said_hello, is_open, is_settled, is_writable, is_revoked, is_resuming;
    /* One a partition: */
    uint64_t opened_at[SIM_PARTITIONS];       /* where the shard stood when Hello was answered */
    uint64_t asked_at[SIM_PARTITIONS];        /* and when Hello or Resume was said, */
    uint64_t asked_published[SIM_PARTITIONS]; /* and the node */
    struct heard heard[SIM_CHANNELS];
    struct sent {
        uint32_t number;
        uint64_t seq; /* once durable, and not a duplicate */
        unsigned n_acks;
    } sent[SIM_WIRE_MAX];
    unsigned n_sent;
    struct record wire[SIM_WIRE_MAX];
    unsigned n_wire, wire_first;
    struct {
        unsigned partition;
        uint64_t seq;
    } own_told[64]; /* joins and leaves */
    unsigned n_own_told;
};

enum letter_state { LETTER_WAITING, LETTER_SENT, LETTER_ACKED };

/* A message a user wants to have sent: any device of the user sends it until one hears the ack. */
struct letter {
    uint32_t number;
    uint8_t channel;
    enum letter_state state;
    uint64_t seq;
    const struct conn *via;
};

struct user_box {
    struct letter letters[SIM_WIRE_MAX];
    uint32_t n;
};

/* A device, which remembers what it has seen over connections. */
struct client {
    unsigned user;
    bool is_old; /* never says Hello */
    struct conn *conn;
    bool is_greeted; /* over this connection */
    struct seen {
        bool is_member, must_page;
        uint64_t base, last; /* has everything in (base, last] */
    } seen[SIM_CHANNELS];
    bool has[SIM_PARTITIONS][SIM_SEQ_MAX];
};

static inline unsigned user_of(const struct conn *c)
{
    return c->client->user;
}

struct sim_loop {
    struct executor super;
    struct task *head, **tail;
    bool has_more; /* slices of fan-out work */
};

struct sim_node {
    unsigned index;
    struct hub_config config;
    struct hub *hub; /* NULL while the node is down */
    struct memory_bus *bus;
    bool is_cut_off; /* from the bus */
    struct shard *shards[SIM_SHARDS];
    struct sim_loop loops[SIM_SHARDS];
    struct task *work[SIM_WORK_MAX];
    unsigned n_work;
    /* Batches that are durable and not published here yet: the journal's thread was interrupted, or
     * this node's reader of the log is behind. */
    struct {
        void *prepared;
        uint64_t last[SIM_PARTITIONS];
    } lagging[SIM_LAG_MAX];
    unsigned n_lagging;
    uint64_t published[SIM_PARTITIONS]; /* the last positions */
};

struct sim {
    uint64_t seed;
    unsigned step;
    bool is_traced, is_calm;
    struct rand_seeded rand;
    struct sim_mood mood;
    struct clock_manual clock;
    struct oracle oracle;

    struct memory_store *store;
    struct memory_wire *wire;
    struct journal_sink sink;
    struct channel_store channels; /* the memory store's, late and failing */
    struct message_store messages;

    struct sim_node nodes[SIM_NODES]; /* the first mood.n_nodes of them */
    struct user_box boxes[SIM_USERS];
    struct client clients[SIM_CLIENTS];
    struct conn *conns;
    bool is_refusing;
    struct {
        unsigned posts, acks, replays, refused, cuts, restarts, duplicates, discarded, gaps, words;
    } tally;
};

extern struct sim sim;

/* Prints seed, step and sentence, and ends the program. */
void sim_violation(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void sim_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline unsigned sim_below(unsigned n)
{
    return (unsigned)rand_next_below(&sim.rand, n);
}
static inline bool sim_chance(unsigned per_mille)
{
    return sim_below(1000) < per_mille;
}

/* schedule.c: one whole simulation. */
void sim_run(uint64_t seed, unsigned steps, bool is_traced);

/* node.c */
void node_start(struct sim_node *n);
/* Gone without a farewell: every connection is lost, and what was not durable may be. */
void node_kill(struct sim_node *n);
void node_cut_off(struct sim_node *n, bool cut);
/* Any one that is up. */
struct sim_node *node_any(void);
/* Publishes the oldest batch that is durable and not published here. */
bool node_publish(struct sim_node *n);
bool node_run_task(struct sim_node *n, unsigned loop);
bool node_run_work(struct sim_node *n);
bool node_step_shard(struct sim_node *n, unsigned loop);

/* world.c */
void world_open(void);
void world_close(void);

/* conn.c */
struct conn *conn_open(struct client *c, struct sim_node *node, unsigned shard);
/* Cut: what is on the wire is lost. */
void conn_cut(struct conn *c);
void conn_hello(struct conn *c);
void conn_settle(struct conn *c);
void conn_resume(struct conn *c, unsigned channel);
void conn_watch(struct conn *c);
void conn_type(struct conn *c);
/* Sends the letter; an answer, or at least an ack, comes back unless the connection is cut. */
void conn_send(struct conn *c, struct letter *l);
void conn_put(struct conn *c, struct record r);

/* judge.c */
void judge_post(struct conn *c, const struct sim_frame *f, enum record_kind how);
void judge_other(struct conn *c, const struct sim_frame *f);
void judge_ack(struct conn *c, const struct sim_frame *f);
void judge_verdict(const struct conn *c, const struct session_channel *sc, unsigned channel);
/* At the end, with everything handed out. */
void judge_end(struct conn *c);

/* client.c */
void client_connect(struct client *c);
void client_read(struct client *c);
void client_page(struct client *c);
void client_write(struct client *c);
void client_lost(struct client *c, const struct conn *conn);
void client_check_end(struct client *c);

#endif
