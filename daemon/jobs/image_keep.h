/* What a deployment's images are worth keeping for: while it is tried, and when it has become a
 * release. */
#pragma once

#include "daemon/jobs/images.h"

/* Before anything can run from them. What cannot be kept is a warning. Suspends. */
void images_hold(struct images *im);

/* The deployment has succeeded: its images are a release, the oldest releases and all trials are
 * let go. */
void images_release(struct images *im);

/* It has failed: trials are let go, but for what runs all the same. Shielded from cancel. */
void images_let_go(struct images *im);
