/* A daemon that is to end: whose process it is, and when it is gone. */
#pragma once

#include "base/error.h"
#include "rpc/paths.h"

#include <sys/types.h>

struct ending {
    pid_t pid;
    int fd; /* readable once it has ended; < 0: this kernel cannot tell, or it is gone */
};

/* Who holds the state folder, 0 = nobody: asked of the lock, so that none is started for it. */
pid_t ending_holder(const struct rpc_paths *paths);

struct ending ending_of(pid_t pid);
/* By a signal, also one that is stopped. */
void ending_force(const struct ending *e);
/* 0 when it is gone; ERR_UNREACHABLE with what helps when it does not go. */
int ending_wait(const struct ending *e, struct error *err);
void ending_done(struct ending *e);
