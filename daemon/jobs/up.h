/* An `up` in its phases, shared by its way (up.c) and its applies (up_apply.c). Private to both.
 *
 * A phase is one apply of the engine: "foundation" (network and stores of a first deployment),
 * "room" (what must go before its successor can be made), "stage-N", "whole", which is the last
 * stage, and "keep", which protects what is new. Its name is in the journal and in the engine's
 * tokens: it must not change while there are jobs that were admitted with it. */
#pragma once

#include "daemon/jobs/images.h"
#include "daemon/jobs/job.h"
#include "daemon/jobs/once.h"

struct up {
    struct job *j;
    struct plan_request request;
    struct images images;
    struct once once;
    struct graph *graph;
    struct engine_template deployed; /* now: each stage leaves another */
    json_t *before;                  /* what this deployment found */
    json_t *gone;                    /* of it, deleted from outside (up_gone.c); or NULL */
    json_t *lost_groups;             /* log groups of that kind: logical id → name; or NULL */
    bool keeping;                    /* the last apply: nothing is held back any more */
    size_t held;                     /* resources of the graph that are (plan_hold_back) */
};

void up_begin(struct up *u, struct job *j);
void up_end(struct up *u);

/* The CD stack is there and new enough; its bucket and its registry become facts. */
int up_prepare_account(struct up *u, struct error *err);

/* u->graph, anew. `stage` as in plan_request: 0 is the whole. */
int up_make_graph(struct up *u, bool foundation, unsigned stage, struct error *err);

/* Whether a step was left, by this life or by an earlier one. */
int up_step_done(struct up *u, const char *step, bool *done, struct error *err);

/* Whether a phase was begun, by this life or by an earlier one: what it may have executed must be
 * followed to its end. */
int up_phase_begun(struct up *u, const char *phase, bool *begun, struct error *err);

/* Whether the graph is what is deployed, and settled. */
bool up_nothing_differs(struct up *u);

/* u->deployed, u->before, u->gone, and what the plan is compared with; a stack that cannot be
 * changed as it stands is mended first. ERR_REFUSED when it comes from elsewhere. */
int up_read_deployed(struct up *u, struct error *err);

/* Versions of the config that is set, into the request. */
int up_read_configs(struct up *u, struct error *err);

/* ERR_REFUSED for what may not follow on what is deployed, and for losses that nobody allowed; what
 * stays in the account on purpose is noted for the result. Before anything is changed. */
int up_consent(struct up *u, struct error *err);

/* ---- what was deleted from outside (up_gone.c) ---- */

/* u->gone, u->lost_groups. With --refresh u->deployed may be read anew. */
int up_find_gone(struct up *u, struct error *err);

/* ERR_REFUSED for what comes back empty or with another address, and that nobody allowed. Then
 * u->gone is all that has to make room: with what refers to it; nothing, where the engine forgot
 * it.
 */
int up_consent_gone(struct up *u, const struct plan_consent *consent, struct error *err);

/* Log groups are there again. */
int up_make_groups(struct up *u, struct error *err);

/* ---- */

/* The graph is what is deployed now: the next one is planned over it. */
void up_now_deployed(struct up *u);

/* When something cannot be replaced beside itself (plan_make_room), it is taken away first;
 * u->graph is the whole. *changed when that was done. */
int up_make_room(struct up *u, bool *changed, struct error *err);

/* After a failure: what stays in the account and what it costs, when nothing of the project serves
 * anybody (a first deployment), or all was kept on demand. Shielded from cancel. */
void up_say_left(struct up *u);

/* Before the last apply of `stage`: what comes after it is in the journal, for a cancel to name. */
int up_note_rest(struct up *u, unsigned stage, struct error *err);

/* The same said outright; NULL: nothing is left to do. */
int up_rest_is(struct up *u, const char *rest, struct error *err);
#define UP_REST_KEEP "protection and last snapshots of what is new"

/* Makes the graph real, as `phase`; 0 at once when that was done before. */
int up_apply(struct up *u, const char *phase, struct error *err);

/* The same, while the services are looked at, and on until they are steady. */
int up_apply_and_observe(struct up *u, const char *phase, struct error *err);

/* ---- values (up_values.c) ---- */

/* Passwords of stores and credentials of registries: they are there before the first phase.
 * `prune`: those go that the deployed plan names no more. */
int up_put_secrets(struct up *u, bool prune, struct error *err);

/* Of the parameters those that the builder's task names. */
int up_put_for_builds(struct up *u, struct error *err);

/* Parameters that task definitions name: they are there before those. */
int up_put_derived(struct up *u, bool prune, struct error *err);

/* ---- release.c ---- */

/* What the account's history gets of this deployment, into u->j->release, while the plan is there.
 * `whole`: the graph is what runs. Does not suspend. */
void release_note(struct up *u, bool whole);
