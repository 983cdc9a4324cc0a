/* Sizes as people write them. */
#pragma once

#include <stdint.h>

/* "512", "512m", "1.5 GiB", "2gb": always powers of 1024, at least 0. 0, or -EINVAL for what is no
 * size, NULL included, or more than an int64_t holds. */
int text_parse_bytes(const char *text, int64_t *bytes);
