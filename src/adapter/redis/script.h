/* The parts of the cache that must be one step at Redis, in Lua. Inside adapter/redis only.
 *
 * A script is asked for by its hash (EVALSHA); where Redis does not know it (it was restarted, or
 * its scripts were flushed) the same call is made once more with the text (EVAL), by which Redis
 * learns it. All of them take one key. What they find under it is as hostile as everything else:
 * a value that is not what we write there counts as none.
 */
#ifndef PARLEY_ADAPTER_REDIS_SCRIPT_H
#define PARLEY_ADAPTER_REDIS_SCRIPT_H

#include "base/str.h"

enum script {
    SCRIPT_PUT_VERSION, /* header, value, ttl_ms */
    SCRIPT_TAKE,        /* interval_us, burst: milliseconds to wait, 0 when taken */
    SCRIPT_WINDOW_PUSH, /* prev_seq, max, ttl_ms, then seq and value of each entry */
    SCRIPT_WINDOW_READ, /* before (0: all), max: nil, or the floor and the entries, newest first */
    SCRIPT_LEASE_PUT,   /* member, ttl_ms, how many at most */
    SCRIPT_LEASE_LIST,  /* how many at most: the members */
    SCRIPT_COUNT
};

/* Numbers by which Redis orders texts are written with so many digits. */
#define SCRIPT_DIGITS 20
/* A window's entries are `digits of seq` + `value`; its floor is a member of this name. */
#define SCRIPT_FLOOR "floor"

/* The text, and its SHA-1 in hex. Static. */
struct str script_text(enum script s);
struct str script_hash(enum script s);

#endif
