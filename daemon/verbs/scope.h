/* Which deployment a command means that names none: one of the caller's own project, stack, account
 * and region, never the newest of whatever this daemon does. */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/verb.h"

/* Borrowed of the call's project and session, or in its arena. */
struct scope {
    const char *project, *stack;
    const char *account, *region; /* NULL: not known, because nobody could be asked */
};

/* Reads the project of the caller's folder (or -p) and asks who the caller is. Also on an error
 * `out` holds what is known: the project is, when it is not NULL. */
int scope_of_caller(
    struct verb_call *v, const Defang__Caller *caller, struct scope *out, struct error *err);

/* Session and project of what belongs to a project and a region, as config does: both are known
 * before a value leaves our memory. */
int scope_of_config(struct verb_call *v, const Defang__Caller *caller, struct error *err);

/* Where its values are in SSM; in the call's arena. */
char *scope_config_path(struct verb_call *v);

/* The job that runs in the caller's scope, or with `any` the newest that runs at all. ERR_NOT_FOUND
 * says what runs instead, with the command that ends it. */
int scope_running(
    struct verb_call *v,
    const Defang__Caller *caller,
    bool any,
    struct job **out,
    struct error *err);

/* The newest deployment of the caller's scope, ended or not. Who cannot be told who they are still
 * may look, as long as only one account and region can be meant. `out` is the caller's to free
 * (store_deployment_done). */
int scope_newest(
    struct verb_call *v,
    const Defang__Caller *caller,
    struct store_deployment *out,
    struct error *err);

/* "shop/beta", or "stack defang-cd" for a job of the account; in `arena`. */
const char *scope_name(struct arena *arena, const struct store_deployment *row);
