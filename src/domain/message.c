#include "domain/message.h"

#include <stddef.h>

static bool is_id_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
}

bool client_msg_id_is_valid(struct str id)
{
    if (id.n == 0 || id.n > CLIENT_MSG_ID_CHARS_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++)
        if (!is_id_char(id.p[i]))
            return false;
    return true;
}

bool message_content_is_valid(struct str content, size_t bytes_max)
{
    return content.n > 0 && content.n <= bytes_max && str_is_utf8(content);
}
