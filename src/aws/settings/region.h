/* What is said where a region is needed and none is set: one text for every command.
 * Errors: as base/error.h. Strings are malloc'd. */
#pragma once

#include "base/error.h"
#include <stdbool.h>

/* Raises it, ERR_AUTH, with what to do as its hint. `profile` may be NULL. Returns -EACCES. */
int aws_region_missing(const char *profile, struct error *err);

/* The same as a warning. `identity_works`: AWS's own endpoints tell who one is without a region; an
 * endpoint of one's own does not. */
char *aws_region_missing_warning(const char *profile, bool identity_works);
