/* A build context, packed: for an upload, or for its digest alone. */
#pragma once

#include "compose/compose.h"
#include "daemon/daemon.h"
#include "pack/pack.h"
#include "plan/plan.h"

/* Packs what `b` is made of into a file without a name: *fd is the caller's to
 * close, `result` to give back with pack_result_done(). `limit_bytes` 0: the usual limit;
 * `progress_bytes` (NULL ok): what was read of files so far. Suspends. */
int context_pack(
    struct daemon *d,
    const struct plan_build *b,
    uint64_t limit_bytes,
    atomic_ullong *progress_bytes,
    struct pack_result *result,
    int *fd,
    struct error *err);
