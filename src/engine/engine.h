/* What makes a plan real. A job (daemon/) owns one engine_context for its life; everything in
 * src/engine borrows it.
 *
 * The vtable is one engine: `cloudformation` (default) or `pulumi`. Both speak the same events
 * through the sink and keep their idempotency tokens and resume points through the journal, so that
 * a job that was killed anywhere asks AWS first and then goes on.
 *
 * Every call suspends the running fiber; a cancel ends it with -ECANCELED after the cloud reached a
 * terminal state (or a bounded time). */
#pragma once

#include "aws/aws.h"
#include "plan/plan.h"

/* Numbers as RowKind, RowState of proto/defang.proto; the daemon asserts that they agree. */
enum engine_row_kind { ENGINE_ROW_STEP, ENGINE_ROW_IMAGE, ENGINE_ROW_GROUP, ENGINE_ROW_SERVICE };

enum engine_row_state {
    ENGINE_WAITING,
    ENGINE_ACTIVE,
    ENGINE_DONE,
    ENGINE_FAILED,
    ENGINE_SKIPPED,
    ENGINE_CANCELED
};

struct engine_row {
    const char *id; /* "account", "image/api", "network", "service/web" */
    enum engine_row_kind kind;
    enum engine_row_state state;
    const char *title, *what, *usual;
    unsigned order;
};

struct engine_resource {
    const char *logical_id, *type, *physical_id, *status, *reason;
};

struct engine_log {
    const char *service, *source, *host, *text; /* source: build | run | ecs | cd */
    int64_t time_ms;
    bool error;
};

enum engine_severity { ENGINE_SAY_ERROR, ENGINE_SAY_WARNING, ENGINE_SAY_NOTE };

struct engine_sink { /* borrowed strings; never suspends */
    void (*row)(void *arg, const struct engine_row *row);
    void (*resource)(void *arg, const char *row_id, const struct engine_resource *r);
    void (*log)(void *arg, const struct engine_log *line);
    void (*note)(void *arg, enum engine_severity severity, const char *message, const char *hint);
    void *arg;
};

struct engine_journal { /* of this deployment */
    int (*get)(
        void *arg, const char *key, char **value, struct error *err); /* *value NULL when none */
    int (*put)(
        void *arg,
        const char *key,
        const char *value,
        struct error *err);                     /* same turn = same transaction as events */
    int (*flush)(void *arg, struct error *err); /* durable now */
    void *arg;
};

struct engine_context {
    struct loop *loop;
    struct aws_session *aws;
    const struct engine_sink *sink;
    const struct engine_journal *journal;
    /* Called when AWS says that the credentials are expired or gone: suspends until fresh ones are
     * in the session (0) or the job ends (<0). NULL = fail. */
    int (*wait_for_credentials)(void *arg, const struct error *cause);
    void *wait_arg;
    const bool *detaching; /* the daemon goes down: a canceled wait leaves the cloud's work alone.
                              NULL = never */
    const struct plan_settings *settings;
    const struct plan_facts *facts; /* NULL until read */
    const struct engine *engine;    /* of the project; NULL for the account's own jobs */
    const struct plan_build *builds;
    size_t build_count;  /* finished, of an apply by an engine that builds images itself */
    const char *project; /* Compose project; NULL for the account's own jobs */
    const char *deployment;
    const struct compose_project *model; /* NULL where none is loaded */
};

/* What a failed service or build left: gathered before anything is cleaned up. */
struct engine_failure {
    char *service, *task, *reason; /* "exit code 3: Essential container in task exited" */
    char *logs;                    /* last lines, '\n' between; NULL when none */
};

void engine_failure_done(struct engine_failure *f);

struct engine_outcome {
    bool nothing_changed;
    bool rolled_back;
    unsigned resources_changed, images_built; /* images: of an engine that builds them */
    json_t *outputs;                          /* object name → value, or NULL */
};

void engine_outcome_done(struct engine_outcome *o);

/* What is deployed; json NULL when nothing is. settled: nothing moves and nothing is half rolled
 * back, so json is what runs. */
struct engine_template {
    json_t *json;
    bool exists, settled;
    char *status;
};

void engine_template_done(struct engine_template *t);

struct engine {
    const char *name;
    bool builds_images; /* within apply: the graph's images are tags (plan_pulumi_image_uri) */
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
    int (*outputs)(
        struct engine_context *c,
        json_t **out,
        struct error *err); /* NULL object when nothing is deployed */
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

const struct engine *engine_get(const char *name); /* NULL when unknown */
extern const struct engine engine_cloudformation, engine_pulumi;

/* aws_call with the wait for fresh credentials around it: what every flow of the engine uses. */
int engine_call(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err);
int engine_call_all(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err);
bool engine_detaching(const struct engine_context *c);
/* True when the error was about credentials and fresh ones have come: try again. */
bool engine_retry_after_auth(struct engine_context *c, int rc, struct error *err);

/* How long a job has been putting up with a trouble that passes by itself; zero at the start and
 * whenever something went well. */
struct engine_patience {
    int64_t since_ms, pause_ms;
};

/* What engine_call() does after a failure, for calls that it cannot make: true = waited (for
 * credentials, for ten minutes at most of no network or no capacity), err is empty, the same is to
 * be tried again. */
bool engine_again(struct engine_context *c, struct engine_patience *p, int rc, struct error *err);

void engine_row(
    struct engine_context *c,
    enum engine_row_kind kind,
    const char *id,
    enum engine_row_state state,
    unsigned order,
    const char *usual,
    const char *fmt,
    ...) __attribute__((format(printf, 7, 8)));
void engine_note(
    struct engine_context *c, enum engine_severity severity, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Stored token under `key`, made and flushed if there is none: for ClientRequestToken and friends.
 * malloc'd. */
int engine_token(struct engine_context *c, const char *key, char **token, struct error *err);

/* Poll pauses: short after news, longer while nothing moves. */
struct engine_pace {
    int64_t ms;
};

void engine_pace_news(struct engine_pace *p);
int engine_pace_wait(struct engine_pace *p); /* 0 or -ECANCELED */

#define ENGINE_TAG_OWNER       "defang:ManagedBy"
#define ENGINE_TAG_OWNER_VALUE "defangd"
