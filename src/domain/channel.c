#include "domain/channel.h"

#include "domain/name.h"

bool channel_name_is_valid(struct str name)
{
    return name_is_valid(name, CHANNEL_NAME_CHARS_MAX);
}
