/* Stand-ins for what the services are built on: an account store in an array, a hasher that counts,
 * a notifier that remembers. Each can be told to fail. */
#ifndef PARLEY_TESTS_UNIT_SERVICE_DOUBLES_H
#define PARLEY_TESTS_UNIT_SERVICE_DOUBLES_H

#include <stdbool.h>

#include "port/account_store.h"
#include "port/notifier.h"
#include "service/password.h"

#define DOUBLE_ACCOUNTS_MAX    16
#define DOUBLE_REVOCATIONS_MAX 64

struct double_account {
    struct uuid id;
    char name[256], email[256], hash[PASSWORD_HASH_SIZE];
    int64_t created_us, valid_after_us;
};

struct account_double {
    struct account_store super;
    bool is_down;              /* every call answers ERR_UNAVAILABLE */
    bool is_changed_meanwhile; /* by_id finds a new hash: somebody was faster */
    struct double_account accounts[DOUBLE_ACCOUNTS_MAX];
    size_t n, writes;
    struct revocation revocations[DOUBLE_REVOCATIONS_MAX];
    size_t n_revocations;
    int64_t session_us; /* how long revocations by set_password last */
};
void account_double_init(struct account_double *d, int64_t session_us);

/* "V1:password"; what begins with V0: is stale, anything else malformed. */
extern const struct hasher counting_hasher;
struct hash_count {
    unsigned hashed, verified;
    bool has_no_memory;
};
extern struct hash_count hash_count;
/* Called during each verification, when it is set. */
extern void (*during_verify)(void);

struct notifier_double {
    struct notifier super;
    unsigned revoked, read_moved;
    struct uuid user, jti, channel;
    int64_t issued_before_us;
    uint64_t seq, session;
    uint32_t shard;
    struct uuid online; /* the one user who is */
};
void notifier_double_init(struct notifier_double *d);

#endif
