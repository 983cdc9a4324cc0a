/* What a job (daemon/) lends to everything in src/engine, for as long as it lives. Nothing here
 * owns it, and nothing keeps it longer than the call.
 *
 * A verb that makes single calls has a context too: without sink, journal, deployment and facts.
 * Every function that takes a context may suspend the running fiber, unless its header says that it
 * does not. */
#pragma once

#include "aws/aws.h"
#include "engine/sink.h"
#include "plan/consent.h"
#include "plan/plan.h"

/* The journal of one deployment: what a later life of the job must know. A value that is put stands
 * in the same transaction as the events of the same turn of the loop; flush() makes it durable now,
 * which is needed before an effect on AWS. */
struct engine_journal {
    /* *value NULL when there is none, else malloc'd */
    int (*get)(void *arg, const char *key, char **value, struct error *err);
    /* value NULL removes the key */
    int (*put)(void *arg, const char *key, const char *value, struct error *err);
    int (*flush)(void *arg, struct error *err);
    void *arg;
};

struct engine;

struct engine_context {
    struct loop *loop;
    struct aws_session *aws;
    const struct engine_sink *sink;
    const struct engine_journal *journal;

    /* Called when AWS says that the credentials are expired or gone: suspends until fresh ones are
     * in the session (0) or the job ends (<0). NULL = fail. */
    int (*wait_for_credentials)(void *arg, const struct error *cause);
    void *wait_arg;

    /* The daemon goes down: a canceled wait leaves the cloud's work alone. NULL = never. */
    const bool *detaching;

    bool keep_failed; /* what fails is left as it is, not rolled back: somebody wants to look */

    const struct plan_settings *settings;
    const struct plan_facts *facts;      /* NULL until read */
    const struct engine *engine;         /* of the project; NULL for the account's own jobs */
    const char *project;                 /* Compose project; NULL for the account's own jobs */
    const char *deployment;              /* its id of 12 characters */
    const struct compose_project *model; /* NULL where none is loaded */
    const struct plan_consent *consent;  /* what may be lost; NULL: nothing is asked */
    bool no_snapshot;                    /* stores that go leave none: asked for (keep/keep.h) */

    /* Finished ones, for an apply by an engine that builds images itself. */
    const struct plan_build *builds;
    size_t build_count;
};

bool engine_detaching(const struct engine_context *c);

/* The context's journal. None suspends. */
int engine_journal_get(struct engine_context *c, const char *key, char **value, struct error *err);
int engine_journal_put(
    struct engine_context *c, const char *key, const char *value, struct error *err);
int engine_journal_flush(struct engine_context *c, struct error *err);

/* Before an effect that nobody can take back (a removal): from here on a cancel is refused, in
 * every life of the job. Durable when it returns. ERR_CANCELED when a cancel came before. */
#define ENGINE_NO_RETURN "no-return"
int engine_no_return(struct engine_context *c, struct error *err);

/* The state of a row whose work ended with `rc`: done, canceled or failed. */
enum engine_row_state engine_state_of(int rc);

/* A row of the board; `fmt` says what happens. Never suspends. `usual` may be NULL. */
void engine_row(
    struct engine_context *c,
    enum engine_row_kind kind,
    const char *id,
    enum engine_row_state state,
    unsigned order,
    const char *usual,
    const char *fmt,
    ...) __attribute__((format(printf, 7, 8)));

/* A sentence for people; lost without a sink. Never suspends. `hint` may be NULL. */
void engine_note(
    struct engine_context *c, enum engine_severity severity, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* What a failure left goes to the sink, if that keeps any. Never suspends. */
void engine_keep(struct engine_context *c, const struct engine_evidence *e);

/* Stored token under `key`, made and flushed if there is none: for ClientRequestToken and friends.
 * malloc'd. */
int engine_token(struct engine_context *c, const char *key, char **token, struct error *err);

/* What a failed service or build left: gathered before anything is cleaned up. */
struct engine_failure {
    char *service, *task;
    char *reason; /* "exit code 3: Essential container in task exited" */
    char *logs;   /* last lines, '\n' between; NULL when none */
    char *step;   /* of a build: the instruction that failed, as written; NULL: not known … */
    int stage;    /* … and its stage, from 0; -1: not known */
};

void engine_failure_done(struct engine_failure *f);

/* On whatever is ours in AWS. */
#define ENGINE_TAG_OWNER       "defang:ManagedBy"
#define ENGINE_TAG_OWNER_VALUE "defangd"
