/* The archive that an image is built from. */
#pragma once

#include "daemon/jobs/job.h"

/* Packs the context of `b`, uploads what S3 lacks, and sets b->object_key; in a later life of the
 * job only the last. Told on `row`. Suspends. */
int images_pack(struct job *j, struct plan_build *b, const char *row, struct error *err);
/* `b` is made from what `of` is made from: it is packed. */
int images_pack_same(
    struct job *j, struct plan_build *b, const struct plan_build *of, struct error *err);
