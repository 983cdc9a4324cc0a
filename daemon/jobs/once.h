/* The one-offs of a deployment: which of them run in it, and running those of a stage. */
#pragma once

#include "daemon/jobs/job.h"

struct once {
    struct job *job;
    struct plan_stages stages;
    const char **pending;
    size_t pending_count; /* in the job's arena */
};

/* Decides which run: those whose content is new or whose last run did not succeed; frozen in the
 * journal, so that a life after a restart goes on with the same stages. Fills r->pending. `whole`
 * is r's graph of stage 0, planned without pending ones. */
int once_choose(
    struct once *o,
    struct job *j,
    struct plan_request *r,
    const struct graph *whole,
    struct error *err);

/* Runs those of the stage beside each other and waits for all: one that fails stops no other. The
 * first failure is in err and in the job's failure. */
int once_run(struct once *o, unsigned stage, struct error *err);

/* One row for each that need not run. */
void once_say_skipped(struct once *o);

/* Records of services that are not one-offs any more go. */
int once_prune(struct once *o, struct error *err);
