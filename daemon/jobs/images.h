/* The images of one deployment: pack each context, upload what S3 lacks, find what ECR has, build
 * the rest. In this order; all suspend. */
#pragma once

#include "daemon/jobs/job.h"
#include "engine/context.h"

struct images {
    struct job *job;
    const struct plan_request *request;
    struct plan_build *builds; /* in the job's arena */
    size_t count;
    char **built;            /* URI by digest, NULL while missing */
    bool *own;               /* an earlier life of this deployment has built it */
    struct plan_image *uris; /* borrows them: what the planner takes */
    size_t uri_count;
};

/* Up to the point where it is known which images are missing. `r` has its facts, and outlives `im`.
 */
int images_prepare(
    struct images *im, struct job *j, const struct plan_request *r, struct error *err);

/* Whether a build is needed. */
bool images_missing(const struct images *im);

/* Whether the network and the repositories for builds are there; asks AWS. */
int images_place_ready(struct images *im, bool *ready, struct error *err);

/* Builds what is missing, in parallel, as soon as the place for it is there (30 minutes at most).
 * `failure` is filled with the first one's. */
int images_build(struct images *im, struct engine_failure *failure, struct error *err);

void images_done(struct images *im); /* also of an empty one */

/* ---- what they are built from, and which of them (images_pack.c) ---- */

/* Leaves those that the job is about; see its inputs. */
void images_as_asked(struct images *im, const struct plan_request *r);

/* Packs the context of `b`, uploads what S3 lacks, and sets b->object_key; in a later life of the
 * job only the last. Told on `row`. Suspends. */
int images_pack(struct job *j, struct plan_build *b, const char *row, struct error *err);
/* `b` is made from what `of` is made from: it is packed. */
int images_pack_same(
    struct job *j, struct plan_build *b, const struct plan_build *of, struct error *err);

/* ---- files of a build as they lie on this machine (image_files.c) ---- */

/* How much disk the build gets (plan_build_storage()), by what its files name. Suspends. */
unsigned image_storage(struct job *j, const struct plan_build *b, uint64_t content_bytes);

/* Puts "…/Dockerfile:12: " before the message, the line of the instruction that failed, when it is
 * known and the file still says so. Suspends. */
void image_error_at(
    struct job *j,
    const struct plan_build *b,
    const struct engine_failure *failure,
    struct error *err);
