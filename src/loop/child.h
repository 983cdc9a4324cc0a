/* A child process, run to its end without a shell: own process group, stdin from /dev/null, output
 * bounded (LIMIT_CHILD_OUTPUT_BYTES a stream; of stdout more is an error, of stderr the rest is
 * dropped), killed (TERM, 2 s, KILL) at the
 * deadline or on cancel. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include "base/str.h"
#include "loop/loop.h"

struct child_result {
    int exit_code; /* -1 when signalled */
    int term_signal;
    struct str out, err; /* may hold secrets: wiped by child_result_done */
};

/* argv[0] is looked up in PATH of `env`. cwd NULL = inherit. 0 when the child ran, whatever its
 * exit code. */
int child_run(
    struct loop *loop,
    const char *const *argv,
    const struct env *env,
    const char *cwd,
    int64_t timeout_ms,
    struct child_result *result,
    struct error *err);
void child_result_done(struct child_result *result);
