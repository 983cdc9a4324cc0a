/* Model → resource graph. Pure: no loop, no sockets, no clock. All AWS knowledge about what a
 * Compose key becomes is here. Names, sizes and rules: shared/reference/defang.md sections 3 to 7.
 */
#pragma once

#include "compose/compose.h"
#include "compose/model.h"
#include "plan/graph.h"

enum plan_mode { PLAN_MODE_UNSET, PLAN_AFFORDABLE, PLAN_BALANCED, PLAN_HIGH_AVAILABILITY };

enum plan_nat { PLAN_NAT_NONE, PLAN_NAT_SINGLE, PLAN_NAT_PER_ZONE };

enum plan_store_class { PLAN_BURSTABLE, PLAN_GENERAL, PLAN_MEMORY };

enum plan_discovery { PLAN_CLOUD_MAP, PLAN_SIDECAR_RECORDS };

struct plan_settings {
    const char *prefix;  /* DEFANG_PREFIX, default "Defang" */
    const char *stack;   /* default "beta" */
    const char *cd_name; /* default "defang-cd" */
    enum plan_mode mode;
    enum plan_nat nat;
    const char *capacity_provider; /* FARGATE or FARGATE_SPOT */
    unsigned zones;                /* wanted count, 2 */
    unsigned log_retention_days, min_healthy_percent, backup_days;
    bool deletion_protection;
    const char *backup_window;                      /* "04:00-05:00" UTC */
    unsigned deregistration_delay, health_interval; /* s */
    unsigned health_threshold;                      /* good answers until a target counts */
    const char *redirect_code;                      /* HTTP_301 or HTTP_302 */
    bool allow_burstable, alarms, allow_downgrade, sidecar_logs;
    bool force_destroy;                /* buckets of the project are emptied and removed with it */
    enum plan_store_class store_class; /* with which family of classes managed stores begin */
    enum plan_discovery discovery;
    unsigned redis_engine;    /* 0: ElastiCache, the only one */
    const char *price_class;  /* of CloudFront */
    const char *pulumi_image; /* DEFANG_PULUMI_IMAGE: of the CD stack's task; NULL = the pinned one
                                 in ECR Public */
    const char *kaniko_image; /* default ghcr.io/osscontainertools/kaniko:<pinned> */
    const char *kaniko_cpu, *kaniko_memory;
    const char *domain; /* DEFANG_DOMAIN: the project's own domain; NULL = as
                           x-defang-aws.projectDomain says */
    bool access_logs;   /* of the load balancer */
    bool no_cache; /* images come from where they are named, not through the account's cache of ECR
                      Public */
};

#define PLAN_BACKUP_WINDOW "04:00-05:00"

struct env;
/* `p` may be NULL (a command that knows only the name). Defaults ← mode ← x-defang-… of the project
 * (x-defang-mode, x-defang-settings) ← DEFANG_* of env ← flag. Strings in `arena`. */
int plan_settings_resolve(
    struct arena *arena,
    const struct compose_project *p,
    const struct env *env,
    const char *mode_flag,
    const char *stack_flag,
    struct plan_settings *out,
    struct error *err);

struct plan_zone {
    const char *name, *id;
}; /* public hosted zone: "example.com", "Z0123456789ABC" */

struct plan_record {
    const char *name, *type;
}; /* "www.example.com", "CNAME" */

/* A file system that an earlier deployment of the project left, found by its tag. */
struct plan_kept_volume {
    const char *name, *file_system;
};

#define PLAN_VOLUME_TAG "defang:volume"
char *plan_volume_tag(
    const struct plan_settings *s,
    const char *project,
    const char *volume); /* its value: "Defang-shop-beta/data"; malloc'd */

struct plan_subnet {
    const char *id, *zone;
};

struct plan_facts { /* about the account: read by the engine before planning */
    const char *account, *region, *partition, *dns_suffix; /* "aws", "amazonaws.com" */
    const char *const *zones;
    size_t zone_count;  /* names, sorted: us-west-2a … */
    const char *bucket; /* of the CD stack: build contexts */
    const struct plan_kept_volume *volumes;
    size_t volume_count;
    const char *file_key;          /* PLAN_FILE_KEY; NULL when there is none yet */
    const char *ecr_public_prefix; /* pull-through cache prefix, NULL when off */
    bool zones_known; /* public zones and the records that stand at plan_domain_names(); read only
                         when there are names */
    const struct plan_zone *public_zones;
    size_t public_zone_count;
    const struct plan_record *records;
    size_t record_count;
    const char *vpc_cidr; /* of an adopted VPC, else NULL */
    const struct plan_subnet *subnets;
    size_t subnet_count; /* adopted ones */
};

/* What a service's image build is; `image` members are filled by plan_builds. */
struct plan_build {
    const char *service;
    const char *context, *dockerfile; /* as in the model; dockerfile relative to context */
    const char *object_key;           /* "uploads/sha256-….tar.gz": set by the caller after pack */
    const char *arch;                 /* "x86_64" | "aarch64" */
    const char *repository;           /* "<project>/kaniko-build", lower-case ECR name */
    const char *tag; /* "<svc>-image-<8 hex>-<arch>": hash over context digest, args, dockerfile,
                        target, platform */
    const char *task_family; /* "Defang-<project>-<stack>-kanikoAmd64" */
    const char **command;
    size_t command_count; /* Kaniko's arguments; needs object_key and deployment */
};

/* The Kaniko task definitions' container and log stream prefix: streams are
 * "<prefix>/<container>/<task id>" in the group builds. */
#define PLAN_BUILD_CONTAINER     "kaniko"
#define PLAN_BUILD_STREAM_PREFIX "image"
/* Logical id of the bucket that keeps each build's output ("defang-build"). */
#define PLAN_BUILD_BUCKET "BuildBucket"

/* Version of a config value (SSM GetParameters/DescribeParameters): a new one makes the services
 * that use it new. Optional. */
struct plan_config {
    const char *name;
    long long version, set_ms;
}; /* set_ms: one that is removed and made anew begins at version 1 again */

struct plan_image {
    const char *service, *uri;
}; /* "…/shop/kaniko-build@sha256:…" */

struct plan_request {
    const struct compose_project *project;
    const struct plan_settings *settings;
    const struct plan_facts *facts;
    const char *deployment; /* id of 12 base-36 characters */
    const struct plan_image *images;
    size_t image_count;
    const struct plan_config *configs;
    size_t config_count;
    bool foundation; /* phase one: everything that does not need a built image */
    /* Stages (plan_stages): 0 is the whole; k what can be deployed before the one-offs of stage k
     * have run. What comes later stays as it is in `previous`. */
    unsigned stage;
    const char *const *pending;
    size_t pending_count;   /* names of the one-offs that run in this deployment */
    const json_t *previous; /* deployed template or NULL: services that did not change keep their
                               deployment id */
};

char *plan_stack_name(
    const struct plan_settings *s,
    const char *project); /* "Defang-shop-beta", valid for CloudFormation; malloc'd */
char *plan_config_path(
    const struct plan_settings *s, const char *project); /* "/Defang/shop/beta/"; malloc'd */
char *plan_log_group(
    const struct plan_settings *s,
    const char *project,
    const char *which); /* builds | ecs | logs; malloc'd */
bool plan_config_name_valid(const char *name);
bool plan_config_name_reserved(const char *name);

/* Models and model providers become services (models.c). Before anything else here is called with a
 * project; without a word: plan_check says what is wrong. */
void plan_models_expand(struct compose_project *p);

/* All rules that can be checked before anything is touched: errors and warnings with positions into
 * d; what AWS cannot honour, one line each. Plans the whole with an account made up, so that a
 * project that cannot be planned or does not fit a stack is refused here. Returns the first error.
 */
int plan_check(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err);
/* The same, and what is assumed where the files say nothing, and what looks like a secret in clear;
 * sorted by position. */
int plan_lint(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err);

/* The builds of the project (services with build), sorted by service; two calls: before pack for
 * context/dockerfile, then plan_build_finish for each with its object_key set. In `arena`. */
int plan_builds(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_build **out,
    size_t *count,
    struct error *err);
void plan_build_finish(struct arena *arena, const struct plan_request *r, struct plan_build *b);

/* A variable that mixes text with config values. Before apply the engine composes each from the
 * config store and keeps it, encrypted, as `parameter`; the task definition names that parameter.
 * The name carries a hash of the parts and of the configs' versions: a config that is set anew
 * gives a new parameter, and a rollback still finds the old one. The engine removes those that the
 * deployed plan no longer names. `parts` in the arena; no value is in it. */
struct plan_derived {
    const char *service, *variable, *parameter;
    const struct compose_part *parts;
    const char *file; /* or the content of this file: a config or secret of a service */
    bool encoded;     /* kept as base64 */
};

#define PLAN_FILE_KEY                                                                              \
    "file-key" /* under plan_derived_path(): keys the digests of files, which stand in the         \
                  template */
bool plan_has_secret_files(
    const struct compose_project *p); /* some config or secret is a file of the project's folder */
void plan_derived(
    struct arena *arena, const struct plan_request *r, struct plan_derived **out, size_t *count);

/* Services that are a folder of files: after apply the engine makes the bucket hold what the folder
 * holds. `folder` absolute, NULL when none is named. */
struct plan_static {
    const char *service, *folder, *bucket_id, *site_id;
}; /* ids: logical */

void plan_static_sites(
    struct arena *arena, const struct compose_project *p, struct plan_static **out, size_t *count);

/* The password of a store that CloudFormation does not read from SSM: before apply the engine
 * copies `config` into the Secrets Manager secret `secret`, as version `version` (a new config
 * version is a new one); it goes with the project. */
struct plan_store_secret {
    const char *service, *config, *secret, *version;
};

void plan_store_secrets(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_store_secret **out,
    size_t *count);
char *plan_derived_path(
    const struct plan_settings *s,
    const char *project); /* "/Defang/shop/beta-derived/"; malloc'd */

/* ---- one-offs: services that run once and end (restart: "no", a job mode, or one that others wait
 * for to complete) ---- A task definition without an ECS service. The engine runs a task of it when
 * its hash is not that of the last run that succeeded; then it is `pending`, and what depends on it
 * comes in a later stage. Stages 1 … count: the last one is the whole (plan_request.stage 0).
 * One-offs of a stage run after it. */
struct plan_once {
    const char *service, *hash; /* hash: of all that makes the container */
    const char *output;         /* of the template: JSON {"cluster", "taskDefinition", "container",
                                   "assignPublicIp", "securityGroups", "subnets"} */
    unsigned stage;             /* after which it runs; 0: it does not run in this deployment */
    bool optional;              /* those who wait for it do so with required: false */
    const char **before;
    size_t before_count; /* who waits for it */
};

struct plan_stages {
    struct plan_once *once;
    size_t once_count;
    unsigned count;
};

/* `whole` is the graph of r with stage 0; in `arena`. Sorted by service; one-offs without a replica
 * are left out: they never run. */
void plan_stages(
    struct arena *arena,
    const struct plan_request *r,
    const struct graph *whole,
    struct plan_stages *out);
char *plan_runs_path(
    const struct plan_settings *s,
    const char *project); /* "/Defang/shop/beta-runs/": how the one-offs ended; malloc'd */

/* With r->foundation and r->previous, container services that are deployed stay as they are. */
int plan_make(
    const struct plan_request *r,
    struct graph **out,
    struct compose_diagnostics *d,
    struct error *err);

/* Whether the graph may follow on r->previous: ERR_REFUSED for what loses protection or backups
 * without `allow-downgrade`, and for changes of stores that AWS refuses or that take them down
 * unasked. */
int plan_check_previous(const struct plan_request *r, const struct graph *g, struct error *err);

/* Names in public DNS that the project asks for ("www.example.com", "*.shop.example.com"): with
 * any, the engine reads the account's zones into the facts. */
void plan_domain_names(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_settings *s,
    const char *const **names,
    size_t *count);
/* What the zones mean for the project, one warning each with the mend: names that lie in no zone,
 * records that are somebody else's. `previous` as in plan_request. */
void plan_domain_notes(
    const struct compose_project *p,
    const struct plan_settings *s,
    const struct plan_facts *f,
    const json_t *previous,
    struct compose_diagnostics *d);
/* The zone of the facts that holds the name, or NULL. */
const struct plan_zone *
plan_domain_zone(const struct compose_project *p, const struct plan_facts *f, const char *name);

/* Logical ids that must be complete before a build can run, and where to find what RunTask needs
 * (physical ids of resources). */
/* `cluster` and `subnets` are physical ids where the project brings them itself; subnets[1] may be
 * NULL. In `arena`. */
struct plan_build_needs {
    const char **logical_ids;
    size_t count;
    const char *cluster, *subnets[2], *security_group;
    bool own_cluster, own_network;
};

void plan_build_needs(
    struct arena *arena,
    const struct compose_project *p,
    struct plan_build_needs *out); /* p NULL: one that brings nothing */
bool plan_needs_two_zones(
    struct arena *arena,
    const struct compose_project *p); /* has a load balancer or a managed store */

/* What a change does to what runs ("the database is down for some minutes"), or NULL. Static text.
 * `deployed` may be NULL. */
const char *plan_change_warning(
    const struct plan_settings *s, const struct graph_change *c, const json_t *deployed);

/* ---- the account's CD stack ---- */
#define PLAN_CD_REVISION 2

struct plan_cd_settings {
    const char *cd_name, *prefix;
    const char *adopt_bucket, *pulumi_image;
    bool retain_bucket, pull_through;
};

bool plan_cd_has_pull_through(
    const char *region); /* ECR's cache is not everywhere; NULL: of a usual region */
struct graph *plan_cd(
    const struct plan_cd_settings *s); /* outputs: bucketName, clusterName, logGroupName, subnetId,
                                          securityGroupId, taskDefArn, templateVersion … */

/* ---- sizing, names (also used by ps, logs) ---- */
int plan_fargate_size(
    double vcpus,
    double memory_mib,
    unsigned *cpu_units,
    unsigned *memory_mib_out);              /* -ERANGE beyond 16 vCPU / 120 GiB */
char *plan_safe_label(const char *name);    /* lower-case, '.' → '-' */
char *plan_service_label(const char *name); /* also '_' → '-' */
char *plan_private_domain(const struct plan_settings *s, const char *project); /* "shop.internal" */
char *
plan_container_name(const char *service, const char *deployment); /* "<service>_<deployment>" */
