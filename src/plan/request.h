/* What one plan is made of. All of it is borrowed until the plan is made; the graph owns what it
 * keeps. */
#pragma once

#include "data/json.h"
#include "plan/facts.h"
#include "plan/settings.h"

/* Version of a config value (SSM GetParameters/DescribeParameters): a new one makes the services
 * that use it new. Optional. */
struct plan_config {
    const char *name;
    long long version;
    long long set_ms; /* one that is removed and made anew begins at version 1 again */
};

/* "…/shop/kaniko-build@sha256:…" */
struct plan_image {
    const char *service, *uri;
};

struct plan_request {
    const struct compose_project *project;
    const struct plan_settings *settings;
    const struct plan_facts *facts;
    const char *deployment; /* id of 12 base-36 characters */
    const struct plan_image *images;
    size_t image_count;
    const struct plan_config *configs;
    size_t config_count;
    bool foundation; /* phase one: everything that does not need a built image */
    /* Stages (plan_stages): 0 is the whole; k what can be deployed before the one-offs of stage k
     * have run. What comes later stays as it is in `previous`. */
    unsigned stage;
    const char *const *pending;
    size_t pending_count;    /* names of the one-offs that run in this deployment */
    const json_t *previous;  /* deployed template or NULL: services that did not change keep their
                                deployment id */
    const json_t *origin;    /* where the project comes from (origin.h); NULL: not known */
    const char *const *only; /* `up SERVICE…` (partial.h): these alone are made as the files say */
    size_t only_count;       /* 0: all */
    bool no_snapshot;        /* stores that go leave none, whatever the template says */
    bool adopt;              /* it may take the place of one that comes from elsewhere */
};
