/* Change sets: how a stack is created and updated, in two steps that can each be repeated. */
#pragma once

#include "engine/context.h"

/* What CreateChangeSet takes in the call itself; a longer template lies in S3. */
#define CFN_INLINE_TEMPLATE_BYTES 51200u

/* One create or update. All borrowed. */
struct cfn_change {
    const char *stack_name, *change_set_name, *token;
    bool create;               /* the stack is not there, or has never had a resource */
    const char *template_body; /* unused where there is a URL */
    const char *template_url;  /* NULL: the body */
    bool import_existing;      /* named resources that are there and kept become the stack's */
    bool keep_failed;          /* what fails is left as it is, not rolled back */
};

/* Creates (or finds) the change set and waits until it is ready. *empty when there is nothing to
 * change (it is then deleted). ERR_CLOUD with CloudFormation's reason when it was refused;
 * ERR_TIMEOUT after ten minutes. */
int cfn_change_prepare(
    struct engine_context *c, const struct cfn_change *change, bool *empty, struct error *err);

/* Executes once: a change set that already runs or ran is left alone. ERR_CLOUD when somebody else
 * changed the stack meanwhile. */
int cfn_change_execute(
    struct engine_context *c, const struct cfn_change *change, struct error *err);
