#include "node/config_key.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define OFFSET_OF(section, member)      offsetof(struct config, section.member)
#define OFFSET_STRING(section, member)  OFFSET_OF(section, member)
#define OFFSET_SECRET(section, member)  OFFSET_OF(section, member)
#define OFFSET_BOOL(section, member)    OFFSET_OF(section, member)
#define OFFSET_UINT(section, member)    OFFSET_OF(section, member)
#define OFFSET_SIZE(section, member)    OFFSET_OF(section, member)
#define OFFSET_RATIO(section, member)   OFFSET_OF(section, member)
#define OFFSET_ENUM(section, member)    OFFSET_OF(section, member)
#define OFFSET_SET(section, member)     OFFSET_OF(section, member)
#define OFFSET_LIST(section, member)    OFFSET_OF(section, member)
#define OFFSET_IGNORED(section, member) 0
#define OFFSET_ALIAS(section, member)   0

#define RANGE(lowest, highest, of) .lo = (lowest), .hi = (highest), .unit = (of)
#define CHOICES(words)             .choices = (words)
#define ANY                        .lo = 0
#define RELOAD                     CONFIG_RELOAD
#define CLUSTER                    CONFIG_CLUSTER_ONLY

const struct config_key config_keys[CONFIG_KEYS] = {
#define ROW(type, section, member, key, fallback, rule, flags, text) \
    {#section "." key, CONFIG_##type, OFFSET_##type(section, member), fallback, flags, text, rule},
    CONFIG_TABLE(ROW)
#undef ROW
};

/* The limits' struct is the domain's: its fields must be what the table says. */
#define CHECK_LIMIT(type, section, member, ...) \
    static_assert(sizeof(((struct config *)0)->section.member) == sizeof(uint32_t), #member);
CONFIG_LIMITS(CHECK_LIMIT)

const struct config_key *config_key_find(const char *path)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_keys[i].path, path) == 0)
            return &config_keys[i];
    return NULL;
}

const struct config_key *config_key_resolve(const struct config_key *key)
{
    if (key->type != CONFIG_ALIAS)
        return key;
    const struct config_key *meant = config_key_find(key->fallback);
    assert(meant != NULL && meant->type != CONFIG_ALIAS);
    return meant;
}

bool config_key_is_section(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (strncmp(config_keys[i].path, path, n) == 0 && config_keys[i].path[n] == '.')
            return true;
    return false;
}

#define DISTANCE_CHARS_MAX 63

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance, upper and lower case being the same. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[DISTANCE_CHARS_MAX + 1];
    size_t na = strlen(a), nb = strlen(b);
    if (na > DISTANCE_CHARS_MAX || nb > DISTANCE_CHARS_MAX)
        return DISTANCE_CHARS_MAX;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[nb];
}

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

bool config_key_nearest(const char *path, bool is_section, char out[CONFIG_PATH_SIZE])
{
    char candidate[CONFIG_PATH_SIZE];
    unsigned best = (unsigned)strlen(last_name(path)) / 3 + 2; /* as far as this is no hint */
    bool found = false;
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->type == CONFIG_IGNORED || key->type == CONFIG_ALIAS)
            continue;
        snprintf(candidate, sizeof candidate, "%s", key->path);
        if (is_section)
            *strrchr(candidate, '.') = '\0';
        unsigned d = distance(path, candidate);
        bool has_same_name = strcmp(last_name(candidate), last_name(path)) == 0;
        if (d < best || (has_same_name && !found)) {
            best = d < best ? d : best;
            found = true;
            memcpy(out, candidate, sizeof candidate);
        }
    }
    return found;
}

void config_key_env(const struct config_key *key, char out[CONFIG_ENV_SIZE])
{
    size_t n = (size_t)snprintf(out, CONFIG_ENV_SIZE, "PARLEY_");
    for (const char *p = key->path; *p != '\0'; p++) {
        assert(n + 3 < CONFIG_ENV_SIZE);
        if (p > key->path && isupper((unsigned char)*p) && islower((unsigned char)p[-1]))
            out[n++] = '_';
        out[n++] = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
    }
    out[n] = '\0';
}
