/* What the two halves of observing share: the services (observe.c) and their stopped tasks
 * (stopped.c). Private to the room. */
#pragma once

#include "base/vec.h"
#include "engine/context.h"
#include "loop/fiber.h"

struct watched {
    const char *service; /* Compose name */
    const char *ecs_name, *family, *container;
    json_t *containers; /* of the task definition, its own first: sidecars fail too */

    char *shown; /* last row text and state, so that only changes become events */
    enum engine_row_state shown_state;

    bool steady, failed;
    char *rollout_reason;
    char *trouble; /* what ECS said last about tasks that it cannot start */

    json_t *target_groups; /* their ARNs, as ECS says; NULL until it did */
    long long running;
    char *target_answers; /* what was told of targets, a line each */
    unsigned target_answer_count;
};

struct flow_observer {
    struct engine_context *c; /* &own */
    /* Without the wait for credentials, which is the job's business and would hold up its end. */
    struct engine_context own;

    struct arena *arena;
    char *cluster;
    VEC(struct watched) services;
    VEC(char *) stopped_seen; /* ARNs of tasks that need no second look */
    bool before_known;
    bool vanished;                 /* at the last look the cluster was not there */
    struct engine_failure failure; /* the last one that was found */
    struct fiber *fiber;
    struct fiber_event stop;
};

#define TARGET_ANSWERS_MAX 20 /* of one service that are told */

/* What the load balancer says of the targets of `w`, when it is bad; each answer once. Best
 * effort. */
void targets_look(struct flow_observer *o, struct watched *w);

/* What stopped before this deployment began is none of its failures: remembered once in it, at its
 * first look. */
int stopped_know_before(struct flow_observer *o, struct error *err);

/* Tasks of `w` that stopped since: the failure of the last one is in o->failure, and said once. */
int stopped_look(struct flow_observer *o, struct watched *w, struct error *err);

/* After the last look: when the cluster had vanished and no failure was found, what the project's
 * events say of tasks of services that were not steady. Best effort. */
void stopped_look_back(struct flow_observer *o);

/* What is not there yet, or no more, is nothing to report: 0, and err empty. */
int stopped_forgive_missing(int rc, struct error *err);
