/* A person with an account, and what is checked before one is made. */
#ifndef PARLEY_DOMAIN_USER_H
#define PARLEY_DOMAIN_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

#define USER_NAME_CHARS_MAX     50
#define USER_EMAIL_BYTES_MAX    254 /* RFC 5321 section 4.5.3.1.3 less the angle brackets */
#define USER_PASSWORD_BYTES_MIN 6
#define USER_PASSWORD_BYTES_MAX 128

struct user {
    struct uuid id;
    struct str name;  /* borrowed; 1..50 characters */
    struct str email; /* borrowed */
    int64_t created_us;
};

bool user_name_is_valid(struct str name);
/* One @ with something on both sides, no spaces or control characters, within the length: whether
 * mail arrives is not ours to know. */
bool user_email_is_valid(struct str email);
bool user_password_is_valid(struct str password);

#endif
