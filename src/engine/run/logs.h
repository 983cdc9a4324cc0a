/* Lines of a project's log groups, by query and by following. */
#pragma once

#include "engine/context.h"

struct flow_log_query {
    const char *const *services; /* none: all */
    size_t service_count;
    int64_t since_ms, until_ms; /* since 1970; 0: an hour before until, or now */
    unsigned limit;             /* lines; with since the first ones, else the last; 0: all */
    const char *deployment;     /* NULL: any */
    const char *filter;         /* CloudWatch's filter pattern; NULL: none */
    bool run, build, ecs;       /* which groups */
    bool follow;                /* on and on, until the fiber is canceled */

    /* Build streams are named by task: whose image was it? malloc'd; NULL when not known (then the
     * service reads "build"). May be NULL. */
    char *(*build_service)(void *arg, const char *task);
    void *build_service_arg;

    /* Without since and until: what is looked through, instead of the last hour; 0: not set. */
    int64_t window_from_ms, window_to_ms;

    /* Lines that were kept of a deployment that failed: handed on with those of the groups, each
     * that is in both once. Borrowed. `limit` counts them only when `limit_all`. */
    const struct engine_log *kept;
    size_t kept_count;
    bool limit_all;
};

/* Hands the lines to fn in the order of their times; a negative answer ends it. ERR_REFUSED when
 * there are more than can be read at once. */
int flow_logs(
    struct engine_context *c,
    const struct flow_log_query *q,
    int (*fn)(void *arg, const struct engine_log *line),
    void *arg,
    struct error *err);
