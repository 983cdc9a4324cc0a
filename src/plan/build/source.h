/* What a build is made of, read from the model (source.c). */
#pragma once

#include "plan/common/context.h"

/* Fills context, dockerfile, what stands beside it, contexts, git and source of `b`. Without a
 * word: the checks say what is wrong. In `a`. */
void plan_build_source(struct arena *a, const struct compose_build *from, struct plan_build *b);
