/* Before a job: who asks, for which region, with which engine. */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/verb.h"

struct admitted {
    struct store_deployment row; /* members borrowed from here and there; not dropped */
    struct aws_identity identity;
    char *id, *engine, *principal;
    bool env_credentials; /* keys of the shell's environment: they do not outlive the daemon */
};

void admitted_done(struct admitted *a); /* also after a failure */

/* Who, where, and that it can be paid for: credentials and region resolved before anything is
 * promised. `v` has its session and project; `a` is empty. Suspends. */
int admit_job(struct verb_call *v, const char *kind, struct admitted *a, struct error *err);

/* Chosen before anything is promised (or by the caller, in v->engine), remembered with the promise.
 * Suspends. */
int admit_engine(struct verb_call *v, const char *wanted, struct admitted *a, struct error *err);
