/* The hub's sizes: slices, chunks and lists. The simulator is built with small ones, so that a few
 * sessions and messages reach every edge. */
#ifndef PARLEY_FANOUT_SIZES_H
#define PARLEY_FANOUT_SIZES_H

#ifndef PARLEY_SMALL_SIZES

#define AUDIENCE_SLICE 64 /* members a step; audiences up to this are served at once */
#define RUN_FRAMES_MAX 1024
#define RUN_BYTES_MAX  (256 * 1024) /* the frame that passes it is the run's last */
#define CHANGES_MAX    64  /* joins and leaves noted while a session attaches; beyond: anew */
#define CHUNK_FRAMES   100 /* of a gap, between two looks at whether the reader keeps up */
#define CHUNK_BYTES    (32 * 1024)
#define TAIL_RUNS      8 /* taken from the tail at once */

#else

#define AUDIENCE_SLICE 2
#define RUN_FRAMES_MAX 3
#define RUN_BYTES_MAX  100
#define CHANGES_MAX    2
#define CHUNK_FRAMES   2
#define CHUNK_BYTES    100
#define TAIL_RUNS      2

#endif

/* Acks (and joins, leaves) owed to one gap. Beyond it acks come at once, out of their place, and
 * joins and leaves are not told. */
#define OWED_MAX 256
/* Notices waiting in one shard; see notice.h for who is lost beyond. */
#define NOTICES_MAX 10000
/* Seconds for the shard to reach an attaching session's snapshot, or the store to reach the shard.
 */
#define PATIENCE_TICKS 10

#endif
