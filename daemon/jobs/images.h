/* The images of one deployment: pack each context, upload what S3 lacks, find what ECR has, build
 * the rest. */
#pragma once

#include "daemon/jobs/job.h"
#include "engine/context.h"

struct images {
    struct job *job;
    const struct plan_request *request;
    struct plan_build *builds;
    size_t count;
    char **built; /* URI by digest, NULL while missing */
    struct plan_image *uris;
    size_t uri_count; /* what the planner takes */
};

/* Up to the point where it is known which images are missing. */
int images_prepare(
    struct images *im, struct job *j, const struct plan_request *r, struct error *err);
bool images_missing(const struct images *im);
int images_place_ready(struct images *im, bool *ready, struct error *err);
/* Builds what is missing, in parallel, as soon as the place for it is there. */
int images_build(struct images *im, struct engine_failure *failure, struct error *err);
void images_done(struct images *im);
