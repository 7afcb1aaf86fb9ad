#include "domain/client_time.h"

#include "base/uuid.h"

#define ULID_LEN       26
#define ULID_TIME_LEN  10
#define ULID_FIRST_MAX 7 /* 10 digits of 5 bits hold 50; the time has 48 */

static bool uuid_time(struct str id, int64_t *out)
{
    struct uuid u;
    if (id.n != UUID_TEXT_LEN || !uuid_from_text(id, &u) || u.b[6] >> 4 != 7 || u.b[8] >> 6 != 2)
        return false;
    *out = 0;
    for (int i = 0; i < 6; i++)
        *out = *out << 8 | u.b[i];
    return true;
}

/* Crockford's base 32 without its aliases (I, L, O, U), either case; -1 for anything else. */
static int base32_digit(char c)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool ulid_time(struct str id, int64_t *out)
{
    if (id.n != ULID_LEN || base32_digit(id.p[0]) > ULID_FIRST_MAX)
        return false;
    int64_t ms = 0;
    for (size_t i = 0; i < id.n; i++) {
        int digit = base32_digit(id.p[i]);
        if (digit < 0)
            return false;
        if (i < ULID_TIME_LEN)
            ms = ms << 5 | digit;
    }
    *out = ms;
    return true;
}

bool client_time_ms(struct str id, int64_t *out)
{
    return uuid_time(id, out) || ulid_time(id, out);
}
