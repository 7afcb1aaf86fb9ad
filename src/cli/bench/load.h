/* Sending, and the check of every delivery.
 *
 * A channel's connections are its members; the first `senders` of them take turns. Every message
 * is a record until it is acknowledged and every other connection has heard it. What a connection
 * hears must be, of each sender, the counters 1, 2, 3, ...; ids (and positions, where the server
 * tells them) must grow, and each position must name the one before it. A counter that is skipped
 * is remembered: it is an inversion when it comes later, and lost when it never does.
 */
#ifndef PARLEY_CLI_BENCH_LOAD_H
#define PARLEY_CLI_BENCH_LOAD_H

#include <stdatomic.h>

#include "cli/bench/client.h"
#include "cli/bench/histogram.h"
#include "cli/bench/options.h"

/* What must not happen. X(name, what it is) */
#define FAULTS_TABLE(X)                                                       \
    X(lost, "deliveries that never came")                                     \
    X(unacked, "messages that were never acknowledged")                       \
    X(duplicates, "deliveries that came twice")                               \
    X(inversions, "deliveries out of order")                                  \
    X(broken_links, "positions that do not name the one before them")         \
    X(altered, "texts that are not as they were sent")                        \
    X(strays, "deliveries to the wrong connection, or of an unknown message") \
    X(refused, "messages the server refused")                                 \
    X(disconnects, "connections the server ended")                            \
    X(stuck, "waits that were given up")

struct faults {
#define FAULT_FIELD(name, text) uint64_t name;
    FAULTS_TABLE(FAULT_FIELD)
#undef FAULT_FIELD
    char first[256]; /* what happened first, with detail */
};

struct record {
    uint64_t intended_ns; /* when it was due: what latency counts from */
    uint64_t id;          /* as the first who heard of it was told */
    uint32_t waits;       /* deliveries still to come */
    bool acked, busy;
};

struct channel {
    uint32_t number;
    char id[UUID_TEXT_LEN + 1];
    struct client *members;
    uint32_t size, senders;
    uint32_t in_flight, in_flight_max;
    uint64_t next;  /* the number of the next message, from 0 */
    uint64_t acked; /* how many acks have come */
    struct record *ring;
    uint32_t ring_size; /* a power of two */
    bool listed;        /* in load->sendable */
};

/* A steady schedule: message i is due at start + i/rate. */
struct pacer {
    double rate;
    uint64_t start_ns, sent;
};

struct load {
    const struct options *options;
    struct engine engine;
    struct user *users;
    uint32_t n_users;
    struct client *clients; /* members of all channels, channel after channel */
    uint32_t n_clients;
    struct channel *channels;
    uint32_t n_channels;
    struct channel **sendable; /* closed loop: channels that may send */
    uint32_t n_sendable;
    struct pacer pacer;
    struct faults faults;
    uint64_t records_busy;
    /* What is measured: messages due, and deliveries that come, between these. */
    uint64_t measure_from_ns, measure_to_ns;
    uint64_t sent, acks, pushes;
    struct histogram ack, delivery;
    const atomic_bool *stop; /* NULL, or ends the measurement early */
    bool shows;              /* the progress line, when stderr is a terminal */
    uint64_t shown_ns, shown_frames;
};

/* What a scenario wants: channels of `size` connections, of which `senders` send. */
struct shape {
    uint32_t channels, size, senders, in_flight_max;
    uint32_t unheard_max; /* messages that may wait for someone to hear them; at least twice
                             in_flight_max anyway */
};

/* Users, channels and clients, not yet connected. False with the reason. */
bool load_init(struct load *l, const struct options *o, const struct shape *shape, char *reason,
               size_t size);
void load_fini(struct load *l);
/* Opens every client, `--parallel` at a time; false when that fails. */
bool load_connect(struct load *l);
/* Sends one message in `ch`, due at `intended_ns`; false while its oldest is still under way. */
bool load_send(struct load *l, struct channel *ch, uint64_t intended_ns);
/* One turn of the engine, and the progress line; returns in time for `until_ns`. */
void load_turn(struct load *l, uint64_t until_ns);
/* Ramp, measurement and the wait for what is under way, in the open or the closed loop. */
void load_run(struct load *l, void (*on_begin)(void *arg), void (*on_end)(void *arg), void *arg);
/* Waits until every message is done, at most `--grace`; what is missing then is counted lost. */
void load_settle(struct load *l);
/* Does the run still make sense? False after refusals and disconnects. */
bool load_is_sound(const struct load *l);
/* Notes the sentence of the first fault. */
void load_note(struct load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* check.c: judges one text frame. */
void load_check(struct load *l, struct client *c, struct str frame);
/* Frees what the judge remembers of a client. */
void check_fini(struct client *c);
/* Looks whether a message is done with: acknowledged and heard by all. */
void load_done(struct load *l, struct channel *ch, struct record *r);

#endif
