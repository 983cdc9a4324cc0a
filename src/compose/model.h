/* The typed Compose project: what the files say after merge, interpolation and normalisation,
 * nothing of AWS in it.
 *
 * Everything lives in project->arena and is immutable after compose_load(). `pos` of each part
 * leads back to file:line:column. `root` is the whole normalised tree (for printing and for keys
 * that have no field here, `x-` extensions included). Lists are in a deterministic order: services,
 * networks, volumes, secrets, configs by name; ports, environment as the reference loader orders
 * them.
 *
 * A text that draws from the config store is a template: literal and config parts. `environment: -
 * KEY` (no value, nothing else defines KEY) is one config part KEY; `${KEY}` that nothing else
 * defines is a config part in the place where it stood. */
#pragma once

#include "base/arena.h"
#include "data/yaml.h"
#include <stdbool.h>
#include <stdint.h>

struct compose_part {
    bool is_config;
    const char *text; /* literal text, or the config's name */
    struct compose_part *next;
};

struct compose_text {
    struct compose_part *first; /* NULL = empty string */
    struct yaml_pos pos;
};

/* The literal, or NULL when there is a config part. */
const char *compose_text_literal(struct arena *arena, const struct compose_text *t);
/* The config's name when the whole text is exactly one config part, else NULL. */
const char *compose_text_bare_config(const struct compose_text *t);

struct compose_env {
    const char *name;
    struct compose_text value;
    bool is_null; /* `KEY:` / `- KEY` with no value anywhere: then value is one config part */
    bool taken;   /* it stood in clear, and draws from config now (compose_taken) */
};

struct compose_kv {
    const char *key, *value; /* value NULL when absent */
    struct yaml_pos pos;
};

struct compose_file_ref { /* a service's or build's secrets: and a service's configs: */
    struct yaml_pos pos;
    const char *source, *target, *uid, *gid;
    int mode;           /* -1 = not said */
    const char *folder; /* that takes the place of the image's; NULL: the one of the target */
    bool bound;         /* of a mount that was just made to files */
};

struct compose_build {
    struct yaml_pos pos;
    const char *context;           /* absolute folder, or a URL as written */
    const char *dockerfile;        /* relative to context, or absolute; "Dockerfile" by default */
    const char *dockerfile_inline; /* its text instead of a file */
    const char *target;
    struct compose_env *args;
    size_t arg_count;
    const char **platforms;
    size_t platform_count;
    const char **cache_from;
    size_t cache_from_count;
    struct compose_kv *labels, *contexts; /* by name; contexts: additional_contexts */
    size_t label_count, context_count;
    struct compose_file_ref *secrets;
    size_t secret_count;
    int64_t shm_size_bytes; /* 0 = unset */
    bool no_cache;
};

struct compose_port {
    struct yaml_pos pos;
    uint16_t target;
    const char *published;    /* "8080" or NULL; ranges are expanded to one port each */
    const char *protocol;     /* "tcp" by default */
    const char *mode;         /* as written, NULL when not said */
    const char *app_protocol; /* http, http2, grpc or NULL */
    const char *host_ip;
    const char *name;
    bool short_syntax;
    const char *listener; /* x-defang-listener or NULL */
};

enum compose_condition { COMPOSE_STARTED, COMPOSE_HEALTHY, COMPOSE_COMPLETED };

struct compose_dependency {
    struct yaml_pos pos;
    const char *service;
    enum compose_condition condition;
    bool required, restart;
};

struct compose_healthcheck {
    struct yaml_pos pos;
    bool present, disabled;
    const char **test;
    size_t test_count; /* CMD…/CMD-SHELL form; NONE sets disabled */
    int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms; /* -1 = not said */
    int retries;                                                         /* -1 = not said */
};

struct compose_resources {
    double cpus;          /* 0 = not said */
    int64_t memory_bytes; /* 0 = not said */
    int64_t pids;
    int gpu_count; /* devices with capability gpu; -1 = all */
};

struct compose_deploy {
    struct yaml_pos pos;
    bool present;
    int replicas;     /* -1 = not said */
    const char *mode; /* NULL = not said */
    struct compose_resources reservations, limits;
};

struct compose_service_network {
    const char *name; /* key in project->networks */
    const char **aliases;
    size_t alias_count;
};

/* Of a mount that became files, and of such a file (plan_binds_expand in plan/plan.h): as they
 * stand in a frozen model. */
#define COMPOSE_COPIED_KEY "x-defang-copied"
#define COMPOSE_FOLDER_KEY "x-defang-folder"

struct compose_mount { /* volumes, tmpfs */
    struct yaml_pos pos;
    const char *type, *source, *target;
    bool read_only, copied;
    const char *options; /* of a tmpfs in its short form: "mode=1777,size=64m"; NULL */
    int64_t size_bytes;  /* of a tmpfs; 0 = not said */
    int mode;            /* of a tmpfs in its long form; -1 = not said */
};

/* What names a GPU among devices, in the notation of the container device interface. */
#define COMPOSE_GPU_DEVICE "nvidia.com/gpu"

struct compose_ulimit {
    const char *name;
    int64_t soft, hard;
};

/* x-defang-postgres and friends. */
struct compose_managed {
    struct yaml_pos pos;
    bool enabled;
    bool allow_downtime;
    const char *from_snapshot;
};

struct compose_service {
    const char *name;
    struct yaml_pos pos;
    struct yaml_node *node; /* its normalised tree */
    const char *image;
    bool has_build;
    struct compose_build build;
    /* Words as they are; a config part in one reads ${NAME} there and is exact in …_texts (same
     * count), which also tell such a word from one that really holds a dollar. has_… with a count
     * of 0: emptied on purpose. */
    const char **command;
    size_t command_count;
    bool has_command;
    const char **entrypoint;
    size_t entrypoint_count;
    bool has_entrypoint;
    struct compose_text *command_texts, *entrypoint_texts;
    struct compose_env *environment;
    size_t environment_count; /* env_file merged in; sorted by name */
    struct compose_port *ports;
    size_t port_count;
    uint16_t *expose;
    size_t expose_count;
    struct compose_dependency *depends_on;
    size_t depends_on_count;
    struct compose_healthcheck healthcheck;
    struct compose_deploy deploy;
    struct compose_service_network *networks;
    size_t network_count;
    struct compose_mount *volumes;
    size_t volume_count;
    struct compose_file_ref *secrets;
    size_t secret_count;
    struct compose_file_ref *configs;
    size_t config_count;
    struct compose_ulimit *ulimits;
    size_t ulimit_count;
    struct compose_kv *labels;
    size_t label_count;
    int64_t shm_size_bytes; /* 0 = not said */
    /* restart: as deploy.restart_policy says it, which counts under Compose where both are there */
    const char *platform, *restart, *working_dir, *user, *network_mode, *domainname,
        *container_name, *stop_signal, *hostname, *pull_policy;
    int64_t stop_grace_period_ms; /* -1 = not said */
    bool read_only, init, tty, stdin_open, privileged;
    struct compose_managed postgres, redis, mongodb;
    struct yaml_node *extensions; /* mapping of all x-… keys, or NULL */
};

struct compose_network {
    const char *name; /* key */
    struct yaml_pos pos;
    const char *external_name; /* name: */
    bool internal, external;
};

struct compose_volume {
    const char *name;
    struct yaml_pos pos;
    const char *driver;
    bool external;
};

struct compose_file_source { /* top-level secrets: and configs: */
    const char *name;
    struct yaml_pos pos;
    const char *file, *environment, *content, *external_name;
    const char *reference; /* an external one that is no config: its ARN, or a parameter's path */
    bool external;
    const char *kept; /* what `file` held when it was released; NULL: the file is read */
    size_t kept_bytes;
};

/* A value that stands in the file and is not to be seen: it goes into config. */
struct compose_taken {
    const char *service, *config, *value; /* value: a secret */
    struct yaml_pos pos;
};

struct compose_project {
    struct arena *arena;
    const char *name;
    bool name_assumed;       /* from the folder: neither the files nor the caller say one */
    const char *working_dir; /* absolute */
    const char **files;
    size_t file_count;
    const char **profiles;
    size_t profile_count; /* that the files name, active or not; sorted */
    const struct compose_kv *variables;
    size_t variable_count;  /* what `${…}` is filled from, by name; the value of a secret is NULL */
    struct yaml_node *root; /* config parts are marked inside its texts: compose/template.h */
    bool raw;               /* loaded with no_interpolate: texts hold variables as written */
    struct compose_service *services;
    size_t service_count; /* of active profiles only */
    struct compose_network *networks;
    size_t network_count; /* "default" is there when used */
    struct compose_volume *volumes;
    size_t volume_count;
    struct compose_file_source *secrets;
    size_t secret_count;
    struct compose_file_source *configs;
    size_t config_count;
    struct compose_taken *taken; /* by plan_literals_take(); a frozen model has none */
    size_t taken_count;
    struct yaml_node *extensions; /* top-level x-…, or NULL */
};

void compose_project_free(struct compose_project *p);
struct compose_service *
compose_service_get(const struct compose_project *p, const char *name); /* NULL */
struct compose_network *
compose_network_get(const struct compose_project *p, const char *name); /* NULL */
/* Names of configs the project draws from (environment, build args, commands, contents, secrets;
 * not extensions), sorted, unique; `names` in p->arena. */
void compose_config_names(const struct compose_project *p, const char ***names, size_t *count);
/* The same of `build.secrets` alone: what builds cannot do without. */
void compose_build_config_names(
    const struct compose_project *p, const char ***names, size_t *count);
