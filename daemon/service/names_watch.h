/* Looks after the names that the daemon lives by: its state folder, the database and the lock in
 * it. People remove folders while a daemon runs. */
#pragma once

#include "loop/loop.h"

struct names_watch;

/* `look(arg)` is called soon after a name in `folder`, or the folder itself, came or went; at most
 * once in a tenth of a second. Where the kernel tells nothing (some network file systems, too many
 * watches) it is called every few seconds. */
struct names_watch *
names_watch_new(struct loop *loop, const char *folder, void (*look)(void *arg), void *arg);
void names_watch_free(struct names_watch *g); /* NULL ok */
