#include "service/bcrypt.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "domain/user.h"

#define HASH_CHARS 60
#define COST_AT    4
#define SALT_AT    7
#define COST_MIN   4

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : -100;
}

bool bcrypt_is_hash(const char *hash)
{
    static const char letters[] =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (strlen(hash) != HASH_CHARS || strncmp(hash, "$2", 2) != 0 ||
        memchr("aby", hash[2], 3) == NULL || hash[3] != '$' || hash[SALT_AT - 1] != '$')
        return false;
    int cost = 10 * digit(hash[COST_AT]) + digit(hash[COST_AT + 1]);
    return cost >= COST_MIN && cost <= BCRYPT_COST_MAX &&
           strspn(hash + SALT_AT, letters) == HASH_CHARS - SALT_AT;
}

/* What is too long for a password, or has a NUL, costs the same work and is none. */
enum err bcrypt_verify(struct str password, const char *hash)
{
    char text[USER_PASSWORD_BYTES_MAX + 1];
    bool is_text = str_copy(password, text, sizeof text);
    struct crypt_data *data = MEM_NEW(struct crypt_data);
    const char *made = crypt_rn(text, hash, data, sizeof *data);
    enum err e = ERR_UNAVAILABLE;
    if (made != NULL && strlen(made) == HASH_CHARS)
        e = is_text && sodium_memcmp(made, hash, HASH_CHARS) == 0 ? ERR_OK : ERR_BAD_PASSWORD;
    sodium_memzero(text, sizeof text);
    sodium_memzero(data, sizeof *data);
    mem_free(data);
    return e;
}
