/* A secret from standard input: on a terminal asked for by `what`, without echo; from a pipe all of
 * it, newlines at the end cut off. At most LIMIT_CONFIG_VALUE_BYTES and one. ERR_INTERRUPTED after
 * a signal that ends programs. */
#pragma once

#include "base/error.h"
#include "base/str.h"

int read_secret(const char *what, struct str *value, struct error *err);
