/* A whole text as gzip and back (RFC 1952), in memory. Streams are pack's. */
#pragma once

#include "base/str.h"
#include <stddef.h>

/* Appends to `out`; the same bytes for the same text: no name, no time. */
void gzip_bytes(const void *data, size_t n, struct str *out);

/* Appends at most max_bytes to `out`. -EMSGSIZE when it is more, -EBADMSG when it is no gzip, is
 * cut or its checksum is wrong; then what was appended is not to be used. */
int gunzip_bytes(const void *data, size_t n, size_t max_bytes, struct str *out);
