/* The files of a folder and their digests. Private to the room. */
#pragma once

#include "data/json.h"
#include "loop/loop.h"

/* Reads all of it, on the thread pool. *sums: a new object, path → SHA-256 in hex; follows the
 * ignore rules of a build context. ERR_REFUSED when it is larger than static files may be. */
int folder_sums(struct loop *loop, const char *folder, json_t **sums, struct error *err);
