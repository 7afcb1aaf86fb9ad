/* The server's side of the connection tests: what its callbacks saw, and what they should do. One
 * rig and one host a test. */
#ifndef PARLEY_TESTS_NET_HOST_H
#define PARLEY_TESTS_NET_HOST_H

#include "rig.h"

struct host {
    const struct conn_ops *ops;
    int sndbuf; /* of what is accepted; 0: the default */
    struct conn_limits limits;
    struct conn *conn; /* the last one accepted; the loop's */
    atomic_int accepted, closed, bytes, eofs, drained, overflows, deadlines, opens;
    atomic_int open_error;
    uint64_t linger_ms;
    bool aborts;   /* every callback aborts its connection */
    char peer[64]; /* of the last one closed, asked for at that moment */
};
extern struct host host;
extern struct rig rig;

/* Counts everything, answers nothing. */
extern const struct conn_ops sink_ops;
/* Sends back what comes, closes at the peer's end. */
extern const struct conn_ops echo_ops;
/* Closes who is too slow with a last frame, FRAME_LAST. */
extern const struct conn_ops slow_ops;

/* Starts the rig. */
void begin(const struct conn_ops *ops);
/* A client that the host has accepted. */
int connected(int rcvbuf);

/* For rig_call. */
void pause_it(void *arg);
void resume_it(void *arg);
/* Frames of 1,000 bytes and more until the connection is over its bound; counts them in `arg`. */
void write_until_over(void *arg);

/* Frames with a length, a number and a body that both sides can compute. */
#define FRAME_HEAD 8
#define FRAME_LAST UINT32_MAX
void frame_write(struct conn *c, uint32_t number, uint32_t len);
/* Reads one whole frame and checks its body; its length, or 0 at the end, in front of a frame. */
uint32_t frame_read(int fd, uint32_t *number);

#endif
