/* What is checked of a message or reply before the journal sees it. */
#ifndef PARLEY_DOMAIN_MESSAGE_H
#define PARLEY_DOMAIN_MESSAGE_H

#include <stdbool.h>

#include "base/str.h"

#define CLIENT_MSG_ID_CHARS_MAX 64

/* 1-64 characters of A-Za-z0-9._:- */
bool client_msg_id_is_valid(struct str id);
/* 1..`bytes_max` bytes of valid UTF-8; any code point, NUL included. */
bool message_content_is_valid(struct str content, size_t bytes_max);

#endif
