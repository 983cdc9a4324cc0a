/* The vtable of an engine: `cloudformation` (default) or `pulumi`. engines.h chooses one.
 *
 * Both speak the same events through the sink and keep their idempotency tokens and resume points
 * in the journal, so that a job that was killed anywhere asks AWS first and then goes on.
 *
 * Every call suspends the running fiber; a cancel ends it with -ECANCELED after the cloud reached a
 * terminal state (or a bounded time). */
#pragma once

#include "engine/context.h"

struct engine_outcome {
    bool nothing_changed;
    bool rolled_back;
    unsigned resources_changed;
    unsigned images_built; /* of an engine that builds them */
    json_t *outputs;       /* object name → value, or NULL */
};

void engine_outcome_done(struct engine_outcome *o);

/* What is deployed. */
struct engine_template {
    json_t *json; /* NULL when nothing is */
    bool exists;
    bool settled; /* nothing moves and nothing is half rolled back: json is what runs */
    char *status; /* in the engine's words */
};

void engine_template_done(struct engine_template *t);

struct engine {
    const char *name;
    bool builds_images; /* within apply: the graph's images are tags (plan_pulumi_image_uri) */
    bool rolls_back;    /* a failed apply is taken back: what is new is protected last */

    /* What is deployed now; exists=false is no error. A stack that is not ours is ERR_REFUSED. */
    int (*deployed)(struct engine_context *c, struct engine_template *out, struct error *err);

    /* Makes it so. `phase` names the journal entries ("foundation", "whole"); a repeated call after
     * a crash attaches. */
    int (*apply)(
        struct engine_context *c,
        const char *phase,
        const struct graph *g,
        struct engine_outcome *out,
        struct error *err);

    /* Refuses, before anything is touched, while something is protected against deletion, unless
     * `force` lifts the protection. */
    int (*destroy)(
        struct engine_context *c, bool force, struct engine_outcome *out, struct error *err);

    /* Takes back what `phase` of this deployment began, if it still runs, and waits for the
     * terminal state. Shielded from cancel. */
    void (*cancel)(struct engine_context *c, const char *phase);

    /* *out NULL when nothing is deployed, else an object name → value. */
    int (*outputs)(struct engine_context *c, json_t **out, struct error *err);

    /* Logical id → physical id of what is deployed. New object. */
    int (*resources)(struct engine_context *c, json_t **out, struct error *err);

    /* What an apply of g would do, in the engine's own words (log lines); NULL: the difference of
     * the graphs says it all. */
    int (*preview)(struct engine_context *c, const struct graph *g, struct error *err);

    /* Looks at what is really there: the engine's state follows it, or the differences are told
     * (resources_changed of them). */
    int (*refresh)(struct engine_context *c, struct engine_outcome *out, struct error *err);

    /* Ends what an operation left that nobody follows any more: a lock whose task is stopped, an
     * update of the stack. Never of a living task. */
    int (*release)(
        struct engine_context *c, bool force, struct engine_outcome *out, struct error *err);
};
