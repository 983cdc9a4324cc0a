/* A start that takes long: the whole database is read, and on a slow disk a large one takes
 * minutes. The thread that opens it waits for the disk, so another one tells systemd that we are at
 * it, for so long and no longer. Nothing without systemd. */
#pragma once

#include "daemon/service/notify.h"

struct opening;

/* `every_ms`: 0 = as is right for a service; tests take less. `n` must live until the end. */
struct opening *opening_begin(struct notify *n, int64_t every_ms);
void opening_end(struct opening *o); /* NULL ok */
