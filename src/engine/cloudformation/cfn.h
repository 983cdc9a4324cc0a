/* CloudFormation, the parts: stacks, change sets, the event tail. Private to src/engine
 * (cloudformation.c, bootstrap.c). Facts: shared/reference/peers.md 4.3; API shapes from
 * aws/operations.h. */
#pragma once

#include "engine/engine.h"

#define CFN_INLINE_TEMPLATE_BYTES 51200u
#define CFN_WAIT_MS (3LL * 60 * 60 * 1000) /* no resource of ours is silent for longer */

struct cfn_stack {
    bool exists;
    char *id, *name, *status, *status_reason;
    bool ours; /* carries our tag */
    bool termination_protected;
    json_t *outputs; /* name → value; never NULL when it exists */
};

void cfn_stack_done(struct cfn_stack *s);
int cfn_stack_describe(
    struct engine_context *c, const char *name_or_id, struct cfn_stack *out, struct error *err);
int cfn_stack_template(
    struct engine_context *c, const char *name_or_id, json_t **out, struct error *err);
/* ERR_REFUSED when the stack exists and lacks our tag; `setting` names what chooses another name
 * ("--cd-name"). */
int cfn_stack_check_ours(const struct cfn_stack *s, const char *setting, struct error *err);

bool cfn_status_busy(const char *status);        /* …_IN_PROGRESS */
bool cfn_status_is_rollback(const char *status); /* ROLLBACK_… or UPDATE_ROLLBACK_… */
bool cfn_status_is_good(
    const char *status); /* CREATE_COMPLETE, UPDATE_COMPLETE, DELETE_COMPLETE, IMPORT_COMPLETE */
bool cfn_status_is_dead(const char *status); /* only a delete works: ROLLBACK_COMPLETE,
                                                ROLLBACK_FAILED, CREATE_FAILED, DELETE_FAILED */

/* Where the events of a stack go. */
struct cfn_follow {
    struct engine_context *context;
    const char *stack_id;
    const char *token;       /* ClientRequestToken of the operation; NULL = any */
    const char *journal_key; /* the last event seen is kept here, what it left for the verdict in
                                .failure and .changed */
    const char *(*row_of)(void *arg, const char *logical_id); /* row id for a resource */
    void (*on_event)(void *arg, const struct engine_resource *r, const char *row_id);
    void *arg;
    char *status;        /* out: terminal stack status */
    char *first_failure; /* out: "ApiService: reason" of the first failed resource, or NULL */
    unsigned changed;    /* out: resources that reached a complete state, each once */
};

void cfn_follow_done(struct cfn_follow *f);
/* Resources that were stopped because another one failed say nothing. */
bool cfn_reason_is_bystander(const char *reason);
/* Token of the operation that runs, or ran last; NULL when it has none. */
int cfn_operation_token(
    struct engine_context *c, const char *stack_id, char **token, struct error *err);
/* Until the operation is terminal. */
int cfn_follow(struct cfn_follow *f, struct error *err);

struct cfn_change { /* one create or update through a change set */
    const char *stack_name, *change_set_name, *token;
    bool create;
    const char *template_body; /* or */
    const char *template_url;
    json_t *parameters; /* array for the API or NULL; borrowed */
    const char *description;
};

/* Creates (or finds) the change set and waits until it is ready. *empty when there is nothing to
 * change (it is then deleted). */
int cfn_change_prepare(
    struct engine_context *c, const struct cfn_change *change, bool *empty, struct error *err);
/* Executes once: a change set that already runs or ran is left alone. */
int cfn_change_execute(
    struct engine_context *c, const struct cfn_change *change, struct error *err);

/* upkeep.c: of the engine's table. */
int cfn_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err);
int cfn_release(
    struct engine_context *c, bool force, struct engine_outcome *out, struct error *err);

int cfn_stack_delete(
    struct engine_context *c, const char *name, const char *token, struct error *err);
/* For the stack of that name: owner and prefix, and for a project's stack project and stack. The CD
 * stack is of no project, whoever makes it. */
json_t *cfn_tags(const struct engine_context *c, const char *stack_name);
