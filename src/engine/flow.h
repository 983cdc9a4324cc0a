/* The parts of a deployment beside the engine itself: account facts, the CD stack, uploads, builds,
 * observation, config, status, logs. Each suspends the running fiber. */
#pragma once

#include "engine/engine.h"

/* ---- facts.c: zones, account, region, partition; strings in `arena`. Region missing → ERR_AUTH
 * with the hint to set AWS_REGION. ---- */
int flow_facts(
    struct engine_context *c, struct arena *arena, struct plan_facts **out, struct error *err);

/* ---- adopted.c: looks at what the project brings of its own (x-defang-aws) and adds to `facts`
 * what a plan needs of it. ERR_REFUSED, with the place in the file, when it is not there or does
 * not fit. No call at all for a project that brings nothing. ---- */
int flow_adopted(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *facts,
    struct error *err);
/* ---- domains.c: the account's public zones and records, when the project has names of its own;
 * into `f`, strings in `arena` ---- */
int flow_domains(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *f,
    struct error *err);

/* ---- bootstrap.c: the account's CD stack ---- */
struct flow_cd {
    char *bucket, *cluster, *log_group, *ecr_public_prefix, *subnet, *security_group,
        *task_definition;
    int revision;
};

void flow_cd_done(struct flow_cd *cd);
int flow_cd_ensure(
    struct engine_context *c,
    bool force,
    struct flow_cd *out,
    struct error *err); /* creates, updates, or says "up to date" */
int flow_cd_describe(
    struct engine_context *c, struct flow_cd *out, bool *exists, struct error *err); /* no effect */
int flow_cd_teardown(
    struct engine_context *c,
    bool force,
    struct error *err); /* refuses while project stacks exist; the bucket is kept */

/* ---- upload.c ---- */
struct flow_archive {
    const char *path, *object_key;
    uint64_t size;
};

/* uploaded=false when the object was already there. */
int flow_upload(
    struct engine_context *c,
    const char *row_id,
    const struct flow_archive *a,
    bool *uploaded,
    struct error *err);

/* ---- build.c ---- */
struct flow_build_place {
    char *cluster, *subnets[2], *security_group, *bucket;
}; /* physical ids; bucket NULL: of a stack that had none yet */

void flow_build_place_done(struct flow_build_place *p);
int flow_build_place(
    struct engine_context *c, struct flow_build_place *out, bool *ready, struct error *err);
/* URI by digest when the tag is in ECR, else NULL. */
int flow_image_lookup(
    struct engine_context *c, const struct plan_build *b, char **uri, struct error *err);
int flow_image_build(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    char **uri,
    struct engine_failure *failure,
    struct error *err);

/* Stops every build task of this deployment that still runs: for a cancel that was asked for before
 * a restart. */
void flow_builds_stop(struct engine_context *c);

/* ---- observe.c: ECS while an apply runs ---- */
struct flow_observer;
struct flow_observer *flow_observe_start(struct engine_context *c, const struct graph *g);
/* Lets it look once more, ends it, and hands over what it gathered; frees. */
void flow_observe_stop(struct flow_observer *o, struct engine_failure *failure);
/* Waits until every service of the graph is steady, or one failed (ERR_CLOUD). */
int flow_observe_steady(
    struct engine_context *c,
    const struct graph *g,
    int64_t timeout_ms,
    struct engine_failure *failure,
    struct error *err);

/* ---- pulumi.c: which engine has deployed the project, by what AWS holds; *out NULL when none has
 * ---- */
int flow_engine_find(struct engine_context *c, const struct engine **out, struct error *err);

/* ---- stacks.c: what is deployed with us in c's region and CD stack, whatever the project of c
 * ---- */
struct flow_stack {
    char *project, *stack, *name, *status;
    const struct engine *engine;
    int64_t changed_ms;
    unsigned pending;
}; /* pending: of Pulumi, unfinished */

struct flow_stacks {
    struct flow_stack *items;
    size_t len, cap;
};

void flow_stacks_done(struct flow_stacks *s);
int flow_stacks_list(
    struct engine_context *c, struct flow_stacks *out, struct error *err); /* adds to out */
int flow_regions(
    struct engine_context *c,
    json_t **names,
    struct error *err); /* those that the account has enabled */

/* ---- config.c: SSM SecureString parameters under plan_config_path() ---- */
int flow_config_set(
    struct engine_context *c,
    const char *name,
    const struct secret *value,
    bool if_not_set,
    bool *set,
    struct error *err);

struct flow_config {
    char *name;
    long long version, set_ms;
};

void flow_config_list_done(struct flow_config *list, size_t count);
int flow_config_list(
    struct engine_context *c,
    struct flow_config **list,
    size_t *count,
    struct error *err); /* sorted by name */
int flow_config_remove(
    struct engine_context *c, const char *name, bool *removed, struct error *err);

/* ---- derived.c: what plan_derived() lists ---- */
int flow_derived_put(
    struct engine_context *c,
    const struct plan_derived *list,
    size_t count,
    struct error *err); /* before apply */
int flow_derived_prune(
    struct engine_context *c,
    const struct plan_derived *keep,
    size_t count,
    struct error *err); /* after success; count 0 = all */

/* ---- oneoff.c: services that run once (plan_once) ---- */
struct flow_run {
    bool known;
    char *hash, *deployment, *task, *reason;
    int exit_code;
    int64_t ended_ms;
}; /* the last run; exit_code -1: it had none */

void flow_run_done(struct flow_run *r);
/* Why it has to run: "new", "changed" or "failed before"; NULL: it has run as it is. */
const char *flow_run_why(const struct flow_run *last, const char *hash);
/* `out` has room for `count`; known is false where there is no record. */
int flow_runs_read(
    struct engine_context *c,
    const char *const *services,
    size_t count,
    struct flow_run *out,
    struct error *err);
/* Removes the records of all services but those in `keep`; count 0 = all. */
int flow_runs_prune(
    struct engine_context *c, const char *const *keep, size_t count, struct error *err);
/* Runs a task of it once in this deployment, whatever happens to the daemon, and waits for its end.
 * `outputs`: of the deployed stack. Any end but exit code 0 is ERR_CLOUD, with the reason in
 * `failure`. */
int flow_once_run(
    struct engine_context *c,
    const struct plan_once *o,
    const json_t *outputs,
    struct engine_failure *failure,
    struct error *err);
/* Stops those of this deployment that still run: for a cancel that was asked for before a restart.
 */
void flow_once_stop(struct engine_context *c, const json_t *outputs);
/* The key of digests of files (PLAN_FILE_KEY); NULL when there is none and `make` does not ask for
 * one. */
int flow_file_key(
    struct engine_context *c, struct arena *arena, bool make, const char **out, struct error *err);

/* ---- volumes.c: file systems that outlive the stack ---- */
/* Those of c->project, in `arena`; of a deployed project too. */
int flow_volumes(
    struct engine_context *c,
    struct arena *arena,
    const struct plan_kept_volume **out,
    size_t *count,
    struct error *err);
int flow_volumes_delete(
    struct engine_context *c,
    const struct plan_kept_volume *volumes,
    size_t count,
    struct error *err);

/* ---- store_secrets.c: what plan_store_secrets() lists ---- */
int flow_store_secrets_put(
    struct engine_context *c,
    const struct plan_store_secret *list,
    size_t count,
    struct error *err); /* before apply */
int flow_store_secrets_prune(
    struct engine_context *c,
    const struct plan_store_secret *keep,
    size_t count,
    struct error *err); /* after success; count 0 = all */

/* ---- site/files.c: what plan_static_sites() lists, after apply: buckets hold what the folders
 * hold ---- */
int flow_static_put(
    struct engine_context *c,
    const struct plan_static *list,
    size_t count,
    size_t *changed,
    struct error *err); /* changed: files */

/* ---- status.c ---- */
struct flow_service_status {
    char *name, *kind, *deployment, *state, *endpoint, *health, *image, *reason;
    unsigned desired, running, pending;
};

struct flow_status {
    struct flow_service_status *services;
    size_t len;
};

void flow_status_done(struct flow_status *s);
int flow_status(
    struct engine_context *c,
    struct flow_status *out,
    struct error *err); /* ERR_NOT_FOUND when nothing is deployed */

/* ---- logs.c ---- */
struct flow_log_query {
    const char *const *services;
    size_t service_count;
    int64_t since_ms, until_ms;
    unsigned limit;
    const char *deployment, *filter;
    bool run, build, ecs, follow;
    /* Build streams are named by task: whose image was it? NULL when not known (then the service
     * reads "build"). May be NULL. */
    char *(*build_service)(void *arg, const char *task);
    void *build_service_arg;
};

int flow_logs(
    struct engine_context *c,
    const struct flow_log_query *q,
    int (*fn)(void *arg, const struct engine_log *line),
    void *arg,
    struct error *err);
/* Last lines of one stream, oldest first, joined with '\n'; NULL when there are none. */
int flow_log_tail(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    char **text,
    struct error *err);
