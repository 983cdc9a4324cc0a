/* Stacks of CloudFormation, as both engines and the account's CD stack need them: what is there,
 * whose it is, and what its states mean.
 *
 * A stack is ours when it carries our tag; one that is not ours is never touched (DESIGN.md,
 * "Names in AWS"). Functions that ask AWS suspend the running fiber. */
#pragma once

#include "engine/context.h"

/* No resource of ours is silent for longer, and no operation of others lasts longer. */
#define CFN_WAIT_MS (3LL * 60 * 60 * 1000)

struct cfn_stack {
    bool exists;
    char *id, *name, *status, *status_reason;
    bool ours; /* carries our tag */
    bool termination_protected;
    json_t *outputs;    /* name → value; never NULL when it exists */
    int64_t changed_ms; /* when its last operation began; 0 when AWS does not say */
};

void cfn_stack_done(struct cfn_stack *s);

/* exists=false is no error. By its id a stack that was deleted is told from a new one of the same
 * name. */
int cfn_stack_describe(
    struct engine_context *c, const char *name_or_id, struct cfn_stack *out, struct error *err);

/* As it was given to CloudFormation. *out: new. */
int cfn_stack_template(
    struct engine_context *c, const char *name_or_id, json_t **out, struct error *err);

/* What AWS calls one of its resources; *out: malloc'd, NULL when that was never begun (a template
 * names what a creation that failed early did not come to) or is gone. */
int cfn_stack_physical_id(
    struct engine_context *c,
    const char *name_or_id,
    const char *logical_id,
    char **out,
    struct error *err);

/* ERR_REFUSED when the stack exists and lacks our tag; `setting` names what chooses another name
 * ("--cd-name"). */
int cfn_stack_check_ours(const struct cfn_stack *s, const char *setting, struct error *err);

/* Waits until no operation runs on the stack, which is described anew by `name_or_id` each time.
 * Another terminal, a roll back or a person may be at work: nothing is disturbed. `waiting` is told
 * before each pause; NULL = nobody. ERR_TIMEOUT after CFN_WAIT_MS. */
int cfn_stack_wait_idle(
    struct engine_context *c,
    const char *name_or_id,
    struct cfn_stack *stack,
    void (*waiting)(struct engine_context *c, const struct cfn_stack *stack),
    struct error *err);

int cfn_stack_delete(
    struct engine_context *c, const char *name, const char *token, struct error *err);

/* Tags for the stack of that name, in the API's form: owner and prefix, and for a project's stack
 * project and stack. The CD stack is of no project, whoever makes it. New array. */
json_t *cfn_tags(const struct engine_context *c, const char *stack_name);

/* ---- what a status means ---- */
bool cfn_status_busy(const char *status);        /* …_IN_PROGRESS, but for REVIEW_IN_PROGRESS */
bool cfn_status_is_rollback(const char *status); /* ROLLBACK_… or UPDATE_ROLLBACK_… */

/* CREATE_COMPLETE, UPDATE_COMPLETE, DELETE_COMPLETE, IMPORT_COMPLETE */
bool cfn_status_is_good(const char *status);

/* The command that gets a stack out of a state in which it is stuck; NULL for the others. */
const char *cfn_status_way_out(const char *status);

/* Only a delete works: ROLLBACK_COMPLETE, ROLLBACK_FAILED, CREATE_FAILED, DELETE_FAILED */
bool cfn_status_is_dead(const char *status);
