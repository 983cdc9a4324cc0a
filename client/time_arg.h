/* Time arguments of --since and --until: a duration back from now ("10m", "7d12h", "-1h" = to
 * come), "HH:MM:SS" local (yesterday when still to come), RFC 3339, Unix seconds (with fraction) or
 * milliseconds (13 digits). Forms: shared/reference/defang.md 1.4. */
#pragma once

#include "base/error.h"
#include <stdint.h>

/* Milliseconds since 1970; "" gives 0: as if the option were not there. ERR_USAGE, which names
 * `option`, for what is no time. */
int time_arg_parse(
    const char *option, const char *text, int64_t now_ms, int64_t *wall_ms, struct error *err);
