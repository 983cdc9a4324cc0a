/* One instruction that is being read: shared by instruction.c, flags.c and single.c. */
#pragma once

#include "dockerfile/internal.h"

struct dockerfile_read {
    struct arena *a;
    struct dockerfile_findings *f;
    struct dockerfile_instruction *in;
    struct dockerfile_texts args;
    char escape;
};

/* Says what is wrong with it; false. */
#define DOCKERFILE_WRONG(r, rule, hint, ...)                                                       \
    (dockerfile_say((r)->f, DOCKERFILE_ERROR, (r)->in->line, rule, hint, __VA_ARGS__), false)

void dockerfile_add_flags(struct dockerfile_read *r, const struct dockerfile_texts *words);
/* `known`: the flags that it takes, as in instruction.c's table; NULL: any. */
bool dockerfile_check_flags(struct dockerfile_read *r, const char *known);
/* What its kind asks for beside the number of arguments. */
bool dockerfile_check_single(struct dockerfile_read *r);
