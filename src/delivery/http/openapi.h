/* api/openapi.json, without white space, made into C at build time (tools/embed_openapi.py). */
#ifndef PARLEY_DELIVERY_HTTP_OPENAPI_H
#define PARLEY_DELIVERY_HTTP_OPENAPI_H

#include <stddef.h>

extern const char openapi_json[];
extern const size_t openapi_json_size; /* no NUL follows that counts */

#endif
