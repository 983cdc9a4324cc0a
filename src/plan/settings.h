/* How a project is to be deployed: what a mode presets and what is said over it.
 *
 * A struct plan_settings is resolved once for a request and then only read. Its texts are the
 * arena's of plan_settings_resolve() or static. */
#pragma once

#include "compose/compose.h"
#include "compose/model.h"
#include <stdbool.h>

enum plan_mode { PLAN_MODE_UNSET, PLAN_AFFORDABLE, PLAN_BALANCED, PLAN_HIGH_AVAILABILITY };

enum plan_nat { PLAN_NAT_NONE, PLAN_NAT_SINGLE, PLAN_NAT_PER_ZONE };

enum plan_store_class { PLAN_BURSTABLE, PLAN_GENERAL, PLAN_MEMORY };

enum plan_discovery { PLAN_CLOUD_MAP, PLAN_SIDECAR_RECORDS };

/* What an image's tag means after a deployment: the image that it named then (ECS keeps it for the
 * deployment's tasks), the image by a digest that `up` asks for, or whatever it names when a task
 * starts. */
enum plan_resolve { PLAN_RESOLVE_DEPLOYMENT, PLAN_RESOLVE_DIGEST, PLAN_RESOLVE_TAG };

struct plan_settings {
    const char *prefix;  /* DEFANG_PREFIX, default "Defang" */
    const char *stack;   /* default "beta" */
    const char *cd_name; /* default "defang-cd" */
    enum plan_mode mode;
    enum plan_nat nat;
    bool nat_for_gpu;              /* nobody asked for it, but a GPU's task needs a way out */
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
    enum plan_resolve resolve;
    unsigned redis_engine;    /* 0: ElastiCache, the only one */
    const char *price_class;  /* of CloudFront */
    const char *pulumi_image; /* DEFANG_PULUMI_IMAGE: of the CD stack's task; NULL = the pinned one
                                 in ECR Public */
    const char *kaniko_image; /* default ghcr.io/osscontainertools/kaniko:<pinned> */
    const char *kaniko_cpu, *kaniko_memory; /* of the mode; build/room.c says the size */
    unsigned build_memory, build_storage;   /* GiB, of a build; 0: as the mode has it, by need */
    const char *domain;                     /* DEFANG_DOMAIN: the project's own domain; NULL = as
                                               x-defang-aws.projectDomain says */
    bool access_logs;                       /* of the load balancer */
    bool no_cache; /* images come from where they are named, not through the account's cache of ECR
                      Public */
};

#define PLAN_BACKUP_WINDOW "04:00-05:00"

struct env;

/* "balanced": the mode as people type it. */
const char *plan_mode_name(const struct plan_settings *s);

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

/* Part of it: the settings one by one, over the presets of the mode (settings/table.c). */
int plan_settings_table(
    struct arena *a,
    const struct compose_project *p,
    const struct env *env,
    struct plan_settings *out,
    struct error *err);
