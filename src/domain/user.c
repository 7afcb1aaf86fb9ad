#include "domain/user.h"

#include "domain/name.h"

bool user_name_is_valid(struct str name)
{
    return name_is_valid(name, USER_NAME_CHARS_MAX);
}

bool user_email_is_valid(struct str email)
{
    if (email.n > USER_EMAIL_BYTES_MAX || !str_is_utf8(email))
        return false;
    size_t ats = 0, at = 0;
    for (size_t i = 0; i < email.n; i++) {
        unsigned char c = (unsigned char)email.p[i];
        /* 0xC2 0x80..0xA0 are the C1 controls and the no-break space. */
        bool is_c1 = c == 0xC2 && (unsigned char)email.p[i + 1] <= 0xA0;
        if (c <= ' ' || c == 0x7F || is_c1)
            return false;
        if (c == '@') {
            ats++;
            at = i;
        }
    }
    return ats == 1 && at > 0 && at + 1 < email.n;
}

bool user_password_is_valid(struct str password)
{
    return password.n >= USER_PASSWORD_BYTES_MIN && password.n <= USER_PASSWORD_BYTES_MAX;
}
