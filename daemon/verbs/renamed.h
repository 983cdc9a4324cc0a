/* What of the caller's folder is deployed under another name: a project that was renamed (`name:`
 * in the file, or the folder itself) leaves what it made under the old one, where it runs on and
 * costs. */
#pragma once

#include "daemon/verb.h"
#include "engine/account/stacks.h"

struct renamed {
    struct flow_stacks all; /* of the region */
    struct str hint;        /* a line each of those that come from here, with the command */
    size_t found;
    bool from_here; /* one of them has another project's name */
    bool listed;    /* AWS could be asked */
    bool itself;    /* the caller's own project and stack is among them */
};

/* Asks AWS for what is deployed in the region and compares its origins with the caller's. Where AWS
 * does not answer, nothing is found: this is advice, never a reason to fail. Suspends. */
void renamed_find(struct verb_call *v, const Defang__Caller *caller, struct renamed *out);
void renamed_done(struct renamed *r);

/* Before a first deployment: a warning among the project's diagnostics when an old name of it runs
 * on. Suspends. */
void renamed_note(struct verb_call *v, const Defang__Caller *caller);

/* ERR_NOT_FOUND: the caller's project is not deployed; the hint says what is, and how to take that
 * down. */
int renamed_refuse(
    struct verb_call *v, const char *account, const struct renamed *r, struct error *err);
