/* The state of each kind of service, by the word of its own AWS service. Private to the room. */
#pragma once

#include "engine/run/status_reader.h"

/* The one that reads a resource of this type; NULL: no service is of that type. */
typedef int
status_fn(struct status_reader *r, const char *service, const char *logical_id, struct error *err);
status_fn *status_reader_of(const char *type);
