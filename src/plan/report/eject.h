/* `eject`: what a user needs to go on without defangd: the plan as a CloudFormation template or a
 * Pulumi program, with a README. Pure. */
#pragma once

#include "plan/pulumi/pulumi.h"

struct plan_eject_request {
    /* Its `images`: what each build's image is now, "…@sha256:…", or by tag where none is in the
     * registry. */
    struct plan_pulumi_request program;
    bool cloudformation; /* else pulumi */

    const char *running_engine; /* the project is deployed with it; NULL when it is not deployed */

    const char *const *derived; /* names of SSM parameters that the engine composes */
    size_t derived_count;
};

struct plan_file {
    char *name, *text; /* owned */
};

struct plan_files {
    struct plan_file items[4];
    size_t len;
};

/* README.md and template.json, or Pulumi.yaml and Pulumi.<stack>.yaml. The caller frees `out` with
 * plan_files_done(), after a failure too; it fails as plan_pulumi() does, a template never. */
int plan_eject(const struct plan_eject_request *r, struct plan_files *out, struct error *err);
void plan_files_done(struct plan_files *f);
