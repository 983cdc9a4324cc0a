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

/* How a phase stands after a cancel, as the cloud says. */
enum engine_back {
    ENGINE_BACK_NONE,    /* nothing of it was begun */
    ENGINE_BACK_DONE,    /* taken back: what ran before runs */
    ENGINE_BACK_LATE,    /* it had ended well before: what it made runs */
    ENGINE_BACK_PARTLY,  /* stopped half-way, what it made stays: an engine without a roll back */
    ENGINE_BACK_FAILED,  /* it could not be taken back */
    ENGINE_BACK_UNKNOWN, /* the cloud could not be asked */
};

struct engine_end {
    enum engine_back back;
    char *said; /* "stack X is UPDATE_COMPLETE"; NULL for NONE */
    char *hint; /* which command helps; NULL where none is needed */
};

void engine_end_done(struct engine_end *e);

/* What is deployed. */
struct engine_template {
    json_t *json; /* NULL when nothing is */
    bool exists;
    bool settled;  /* nothing moves and nothing is half rolled back: json is what runs */
    char *status;  /* in the engine's words */
    char *stuck;   /* what leads out of it, when an `up` cannot simply change it; else NULL */
    char *refused; /* why an `up` would be refused as things stand, `stuck` the way out; or NULL */
};

void engine_template_done(struct engine_template *t);

struct engine {
    const char *name;
    bool builds_images; /* within apply: the graph's images are tags (plan_pulumi_image_uri) */
    bool rolls_back;    /* a failed apply is taken back: what is new is protected last */

    /* What is deployed now; exists=false is no error. A stack that is not ours is ERR_REFUSED. */
    int (*deployed)(struct engine_context *c, struct engine_template *out, struct error *err);

    /* Before a deployment is planned: brings what is deployed out of a state in which it cannot be
     * changed. *again: logical ids whose services are to be made anew although nothing of them
     * differs, since nobody knows how they stand; new array or NULL. NULL: never needed. */
    int (*mend)(struct engine_context *c, json_t **again, struct error *err);

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

    /* Takes back what `phase` of this deployment began, if it still runs, waits for the terminal
     * state and says which it is; of a phase that has ended, how. May be repeated. Shielded from
     * cancel. engine_end_done() is due. */
    void (*cancel)(struct engine_context *c, const char *phase, struct engine_end *out);

    /* *out NULL when nothing is deployed, else an object name → value. */
    int (*outputs)(struct engine_context *c, json_t **out, struct error *err);

    /* Logical id → physical id of what is deployed. New object. */
    int (*resources)(struct engine_context *c, json_t **out, struct error *err);

    /* What an apply of g would do, in the engine's own words (log lines); NULL: the difference of
     * the graphs says it all. */
    int (*preview)(struct engine_context *c, const struct graph *g, struct error *err);

    /* Which resources of what is deployed somebody deleted from outside, by really looking: *gone
     * is an object of their logical ids, each true, new. Takes minutes; a later life of the job
     * goes on. */
    int (*gone)(struct engine_context *c, json_t **gone, struct error *err);
    bool forgets; /* what gone() found has left the engine's state: it is simply made again */

    /* Looks at what is really there: the engine's state follows it, or the differences are told
     * (resources_changed of them). */
    int (*refresh)(struct engine_context *c, struct engine_outcome *out, struct error *err);

    /* Ends what an operation left that nobody follows any more: a lock whose task is stopped, an
     * update of the stack. Never of a living task. */
    int (*release)(
        struct engine_context *c, bool force, struct engine_outcome *out, struct error *err);
};
