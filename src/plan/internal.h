/* What the files of src/plan share and nobody outside sees: the planner's view of a project, JSON and naming helpers.
 *
 * struct plan_ctx lives for one plan_make(): it borrows the request and builds into `g`; strings it makes live in g->arena.
 * A service's `id` is its part of every logical id: letters and digits, the same for the same name for ever. */
#pragma once

#include "base/mem.h"
#include "plan/adopt.h"
#include "plan/ingress/ingress.h"
#include "plan/plan.h"
#include <stdarg.h>

/* ---- JSON ---- */
/* json_pack() that aborts on a wrong format (a programming error). "s*"/"o*" leave a member out when NULL. */
json_t *plan_json(const char *fmt, ...) __attribute__((returns_nonnull));
void plan_json_push(json_t *array, json_t *value); /* steals value */
void plan_json_set(json_t *object, const char *key, json_t *value); /* steals value */
json_t *plan_tags(const char *name, const char *service); /* [{Key, Value}]; either may be NULL */
size_t plan_json_length(const char *text);         /* bytes of the text as a JSON string, quotes included */

/* ---- bucket.c ---- */
void plan_private_bucket(struct plan_ctx *c, const char *group, const char *id, const char *name, unsigned days);

/* ---- what the CD stack's task runs (cd_task.sh) ---- */
const char *plan_cd_task_script(void);

/* ---- names (names.c) ---- */
#define PLAN_NAME_LOWER      1u  /* lower-case first */
#define PLAN_NAME_UNDERSCORE 2u  /* '_' is allowed */
#define PLAN_NAME_DOT        4u  /* '.' is allowed */
#define PLAN_NAME_SINGLE     8u  /* no two separators side by side (ECR) */
/* Letters, digits, '-' and what flags allow; others become '-', separators at the ends go. A name that had to be changed or cut to `max` gets "-"
 * and `hex` hex digits of its own hash (none when 0), so that two names never meet. malloc'd. */
char *plan_name_fit(const char *name, unsigned flags, size_t max, unsigned hex);
char *plan_hash_hex(const char *text, unsigned digits);      /* of SHA-256; malloc'd */
char *plan_logical_id(struct arena *a, const char *service); /* "web" → "Web", "my-api" → "MyApi1f2e" */
/* For names that an account and region hold once: "shop"; with another stack or prefix "shop-prod", "acme-shop". malloc'd. */
char *plan_global_label(const struct plan_settings *s, const char *project);
char *plan_scope(const struct plan_settings *s, const char *project); /* "Defang-shop-beta", for names without length trouble; malloc'd */
char *plan_task_family(const struct plan_settings *s, const char *project, const char *what); /* malloc'd */
char *plan_service_name(const struct plan_settings *s, const char *project, const char *service); /* ECS: "shop_web-1f2e3d4"; malloc'd */
bool plan_ssm_reserved(const char *first); /* whether SSM refuses a path that begins so */
char *plan_image_prefix(const char *service); /* of an image's tag: "web-image-"; malloc'd */
char *plan_repository(const struct plan_settings *s, const char *project); /* "shop/kaniko-build"; malloc'd */

/* ---- diagnostics ---- */
#define PLAN_RULE_SECRET "aws/secret-clear"
struct plan_diag { struct compose_diagnostics *d; struct error *err; int rc; const char *rule; /* names the next finding; else its format does */ };
/* Every error goes into d; the first also into err and rc. */
void plan_error(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void plan_warn(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void plan_note(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- the planner's view of a service (view.c) ---- */
/* PLAN_STATIC is a folder of files behind CloudFront. PLAN_SIDECAR runs in another service's task (network_mode: service:x); what is neither that nor PLAN_CONTAINER is a managed store. */
enum plan_kind { PLAN_CONTAINER, PLAN_SIDECAR, PLAN_POSTGRES, PLAN_REDIS, PLAN_MONGODB, PLAN_STATIC };

struct plan_port {
    uint16_t target;
    const char *protocol;       /* "tcp" | "udp" */
    const char *app_protocol;   /* "http", "http2", "grpc"; NULL for host ports */
    const char *listener;       /* x-defang-listener: "http", "https" or NULL */
    const char *published;      /* NULL when not said */
    bool ingress;               /* through the load balancer */
    bool open;                  /* admits the internet directly */
    struct yaml_pos pos;
};

struct plan_service {
    const struct compose_service *s;
    enum plan_kind kind;
    const char *id, *label, *group;  /* "Web", "web", "service/web" */
    const struct plan_service *in; /* a sidecar's service; NULL when there is none of that name */
    struct plan_port *ports; size_t port_count;
    bool ingress;               /* has an ingress port */
    bool open;                  /* has a port that is open to the internet */
    bool isolated;              /* on internal networks only */
    bool once;                  /* runs once and ends: no ECS service, no ports (once.c) */
    bool pending;               /* it runs in this deployment */
    unsigned stage;             /* in which it comes, from 1 (stage.c) */
    const char *arch;           /* "x86_64" | "aarch64" */
    unsigned replicas;
    double vcpus, memory_mib;   /* reservations, else limits, else 0 */
    struct plan_adopt_scaling scaling; /* x-defang-autoscaling, else x-aws-autoscaling */
    struct plan_adopt_service adopt; /* x-aws-* and x-defang-aws of the service */
};

/* A named volume that some container mounts (volumes.c). */
struct plan_volume {
    const char *name, *id;          /* key; part of logical ids */
    struct yaml_pos pos;
    bool external;
    const char *file_system;        /* of an external one; NULL when it does not say */
    const struct yaml_node *options; /* driver_opts or NULL */
};

struct plan_view {
    struct plan_service *services; size_t count;
    struct plan_volume *volumes; size_t volume_count;
    bool ingress, builds, arm_builds;
    struct plan_adopt adopt;    /* x-defang-aws and x-aws-* of the project */
    const char *suffix;         /* of names of services in values: NULL where the VPC's search domain completes plain names (plan_view_suffix) */
};
/* In `a`; services in the model's order (by name). */
void plan_view_make(struct arena *a, const struct compose_project *p, struct plan_view *out);
/* In a VPC that is not ours the DHCP options are not either: values name services in full. */
void plan_view_suffix(struct arena *a, const struct plan_settings *s, const char *project, struct plan_view *v);
void plan_view_once(struct plan_view *v);       /* part of plan_view_make */
void plan_view_stages(const struct plan_request *r, struct plan_view *v); /* fills stage and pending */
void plan_view_volumes(struct arena *a, const struct compose_project *p, struct plan_view *v); /* part of plan_view_make */
const struct plan_volume *plan_volume_get(const struct plan_view *v, const char *name); /* NULL */
const char *plan_volume_option(const struct plan_volume *v, const char *key);            /* of driver_opts; NULL */
bool plan_mounts_volume(const struct compose_service *s, const char *volume, bool writing);
/* Two tasks at once would write the same files where one is meant to: the old one stops before the new one starts, as in Compose. */
bool plan_stops_first(const struct plan_view *v, const struct plan_service *s);
struct plan_service *plan_view_get(const struct plan_view *v, const char *name); /* NULL */
bool plan_is_store(const struct plan_service *s); /* a managed one */
bool plan_is_task(const struct plan_service *s);  /* a container, of its own task or of another's */
const struct plan_service *plan_task_of(const struct plan_service *s); /* the service whose task it runs in: itself unless it is a sidecar */
/* The i-th container of s's task: s itself, then its sidecars by name; NULL behind the last. */
const struct plan_service *plan_task_member(const struct plan_view *v, const struct plan_service *s, size_t i);
bool plan_builds_image(const struct compose_service *s); /* has build and no image of its own */
const char *plan_ext_string(const struct yaml_node *map, const char *key); /* scalar text or NULL */

/* ---- one run of plan_make ---- */
struct plan_ctx {
    const struct plan_request *r;
    const struct compose_project *p;
    const struct plan_settings *s;
    const struct plan_facts *f;
    struct graph *g;
    struct arena *a;            /* g's */
    struct plan_view v;
    struct plan_diag diag;
    const char *scope, *label, *domain, *config_path;
    const char **zones; unsigned zone_count;
    struct plan_route *routes; size_t route_count;
    unsigned *listeners; size_t listener_count; /* ports the load balancer listens on, ascending */
    const char *public_domain;  /* of the project; NULL */
    const struct plan_zone *domain_zone; /* NULL: not in this account */
    const char *certificate;    /* ARN of one that the project brings */
    const char **certificates; size_t certificate_count; /* logical ids of those that are made */
};

void plan_network(struct plan_ctx *c);
json_t *plan_vpc(const struct plan_ctx *c);                  /* Ref, or the id of the project's own (x-defang-aws) */
const char *plan_vpc_cidr(const struct plan_ctx *c);
/* [Ref, …] or the ids of the project's own. One that brings no private ones has public ones only. */
json_t *plan_subnets(const struct plan_ctx *c, bool public);
json_t *plan_zone_subnets(const struct plan_ctx *c, bool public); /* the same, one in each zone: what a mount target or a load balancer takes */
bool plan_in_public(const struct plan_ctx *c, bool open);    /* whether a task runs in public subnets, with a public address */
json_t *plan_cluster_ref(const struct plan_ctx *c);          /* Ref, or the name of the project's own */
const char *plan_cluster_sub(const struct plan_ctx *c);      /* the same inside Fn::Sub */
void plan_depend_on_internet(struct plan_ctx *c, const char *logical_id, bool public_subnets); /* default routes first */
void plan_security(struct plan_ctx *c);
void plan_volumes(struct plan_ctx *c);
/* ---- configs and secrets as files (file_refs.c, files.c) ---- */
struct plan_task_file {
    const struct compose_file_ref *ref;
    const struct compose_file_source *source; /* NULL: not declared */
    bool secret;
    const char *target, *folder, *name;       /* "/run/secrets/x", "/run/secrets", "x" */
    bool hides;                 /* the image may have something in the folder */
    unsigned mode;
    const char *config;         /* the content is this config's value; else parts, else the file at path */
    const struct compose_part *parts;
    const char *path;
    bool empty, encoded;        /* encoded: its parameter is base64 */
    const char *digest; size_t bytes; /* of the file, by plan_file_read */
};
/* Secrets, then configs, as the service lists them; nothing is read. In `a`. */
size_t plan_files_of(struct arena *a, const struct compose_project *p, const struct compose_service *s, struct plan_task_file **out);
int plan_file_read(struct arena *a, const char *key, struct plan_task_file *f, struct error *err);
void plan_files_derived(struct arena *a, const struct plan_request *r, const struct compose_service *s, struct plan_derived *out, size_t *count);
void plan_files_configs(struct plan_ctx *c, const struct compose_service *s, struct str *out); /* as plan_task_configs */
void plan_files_extra(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task);
const char *plan_image_uri(const struct plan_ctx *c, const char *image); /* through the account's cache where there is one */
/* ---- scaling.c, grants.c, linux_options.c ---- */
const char *plan_scaling_read(const struct compose_service *s, unsigned replicas, struct plan_adopt_scaling *out); /* what is wrong, or NULL */
void plan_scaling(struct plan_ctx *c, const struct plan_service *s);
bool plan_wants_llm(const struct compose_service *s);
void plan_grant_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements); /* for the task role */
const char *plan_own_role(const struct plan_view *v, const struct plan_service *s); /* ARN of a task role that the project brings; NULL: one is made */
json_t *plan_managed_policies(struct plan_ctx *c, const struct plan_service *s);
void plan_linux_options(const struct plan_ctx *c, const struct compose_service *s, json_t *container);
void plan_task_options(const struct plan_ctx *c, const struct plan_service *s, json_t *task);
unsigned plan_task_storage(const struct plan_view *v, const struct plan_service *s); /* GiB of disk that its containers ask for */
/* ---- GPU services on instances (gpu_size.c, gpu.c) ---- */
struct plan_machine { const char *type; unsigned gpus; double vcpus, memory_gib; };
int plan_service_gpus(const struct plan_service *s);        /* that the container asks for; -1: all there are */
bool plan_on_instances(const struct plan_view *v, const struct plan_service *s); /* its tasks do not run on Fargate */
const struct plan_machine *plan_machine(const struct plan_view *v, const struct plan_service *s); /* the cheapest that carries its task; NULL: none does */
const char *plan_machine_wish(const struct plan_service *s, struct yaml_pos *pos); /* deploy.placement.constraints: [node.machine == …]; NULL. pos may be NULL */
bool plan_machine_known(const char *type);
unsigned plan_machine_gpus(const struct plan_view *v, const struct plan_service *container);
unsigned plan_machine_memory(const struct plan_view *v, const struct plan_service *s); /* MiB of its task: as said, else its GPUs' part of the instance */
void plan_capacity(struct plan_ctx *c, json_t *providers);  /* pushes their capacity providers */
void plan_gpu_task(const struct plan_ctx *c, const struct plan_service *s, json_t *task);
void plan_gpu_container(const struct plan_ctx *c, const struct plan_service *s, json_t *container);
json_t *plan_volume_definition(const struct plan_ctx *c, const struct plan_volume *v, const char *name); /* of a task definition's Volumes */
void plan_depend_on_volumes(struct plan_ctx *c, const struct plan_service *s, const char *logical_id);
void plan_volume_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements); /* for the task role */
void plan_cluster(struct plan_ctx *c);
void plan_logs(struct plan_ctx *c);
void plan_roles(struct plan_ctx *c);
void plan_builds_resources(struct plan_ctx *c);
void plan_dns(struct plan_ctx *c);
/* ---- discovery by sidecar (discovery.c); without the setting each does nothing ---- */
bool plan_by_sidecar(const struct plan_ctx *c);
void plan_private_zone(struct plan_ctx *c);
const char *plan_alias_id(const struct plan_ctx *c, const struct plan_service *s); /* who waits for a store waits for this */
void plan_store_record(struct plan_ctx *c, const struct plan_service *s, const char *store_id, const char *endpoint_attr);
void plan_discovery_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements);
void plan_discovery_sidecar(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task);
int plan_postgres(struct plan_ctx *c, const struct plan_service *s);
int plan_redis(struct plan_ctx *c, const struct plan_service *s);
int plan_static_site(struct plan_ctx *c, const struct plan_service *s);
int plan_mongodb(struct plan_ctx *c, const struct plan_service *s);
int plan_container(struct plan_ctx *c, const struct plan_service *s);
void plan_keep_container(struct plan_ctx *c, const struct plan_service *s);
json_t *plan_service_network(const struct plan_ctx *c, const struct plan_service *s, bool public); /* NetworkConfiguration */
/* ---- one-offs and stages (once.c, stage.c) ---- */
void plan_once_add(struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash);
void plan_keep_deployed(struct plan_ctx *c);
/* In this stage s is not deployed yet, and this resource of it is not there from before. */
bool plan_comes_later(const struct plan_ctx *c, const struct plan_service *s, const char *logical_id);
/* The service whose task `d` of s waits for; NULL: there is none, or it is s's own task. */
const struct plan_service *plan_waited(const struct plan_view *v, const struct plan_service *s, const struct compose_dependency *d);
/* {Ref: execution role}, log configuration of a container */
json_t *plan_awslogs(const char *group_id, const char *prefix);
json_t *plan_trust(const char *service); /* AssumeRolePolicyDocument */
/* ---- alarms (alarms.c): nothing unless the setting asks for them ---- */
void plan_database_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_cache_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_document_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_store_alias(struct plan_ctx *c, const struct plan_service *s, const char *store_id, const char *endpoint_attr);

long long plan_config_version(const struct plan_request *r, const char *name); /* of SSM; 0 when not known */
long long plan_config_mark(const struct plan_request *r, const char *name);    /* another one whenever the value is set */

/* ---- task definitions (task/taskdef.c, task/environment.c) ---- */
/* The container's environment and secrets, sorted; names of services in values rewritten. */
void plan_environment(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **environment, json_t **secrets);
bool plan_is_derived(struct arena *a, const struct compose_env *e); /* text mixed with config */
void plan_derive(struct arena *a, const struct plan_request *r, const struct plan_view *v, const struct plan_service *s,
                 const struct compose_env *e, struct plan_derived *out);
/* One container of a task (container.c). */
int plan_container_definition(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task, json_t **out);
void plan_json_list(json_t *object, const char *key, json_t *list); /* steals; left out when empty */
/* "NAME=version" of every config that the task's containers draw from: a new version is a new task. */
void plan_task_configs(struct plan_ctx *c, const struct plan_service *s, struct str *out);
/* What the task's containers ask for together: for plan_fargate_size. */
void plan_task_needs(const struct plan_view *v, const struct plan_service *s, double *vcpus, double *memory_mib);
/* Properties of AWS::ECS::TaskDefinition. */
int plan_task_definition(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **out);
char *plan_config_arn_sub(const struct plan_ctx *c, const char *name); /* for Fn::Sub; in arena */

/* ---- names of services in values (rewrite.c) ---- */
/* The first name of a service with ports that stands in `value` as a host becomes its label; else `value` itself. In `a`. */
const char *plan_rewrite(struct arena *a, const struct plan_view *v, const char *value);
/* The service without ports that `value` names as a host, or NULL: it cannot be reached. */
const struct plan_service *plan_names_unreachable(const struct plan_view *v, const char *value);

/* ---- health checks (healthcheck.c) ---- */
struct plan_health_url { char path[340]; unsigned port; bool found; };
/* From a healthcheck's test: the last argument that holds a loopback URL wins, per field. Defaults "/", 80. */
void plan_health_url(const char *const *test, size_t count, struct plan_health_url *out);
struct plan_health_timing { unsigned interval, timeout, healthy, unhealthy; };
void plan_target_group_timing(const struct plan_settings *s, const struct compose_healthcheck *h, struct plan_health_timing *out);
bool plan_has_health(const struct compose_healthcheck *h);
json_t *plan_container_health(const struct compose_healthcheck *h); /* NULL when it has none */

/* ---- settings (settings_table.c): what the project and the environment say over the presets ---- */
int plan_settings_table(struct arena *a, const struct compose_project *p, const struct env *env, struct plan_settings *out, struct error *err);

/* ---- sizes of managed stores (store/size.c) ---- */
const char *plan_rds_class(const struct plan_settings *s, double vcpus, double memory_mib);  /* NULL: too large */
const char *plan_cache_class(const struct plan_settings *s, double memory_mib);              /* NULL: too large */
/* The server parameter that word i of the command sets ("-c name=value" or "--name=value", a value without unit), when RDS lets it be set. */
bool plan_postgres_parameter(struct arena *a, const struct compose_service *s, size_t i, const char **name, const char **value);
const char *plan_cache_window(struct arena *a, const struct plan_settings *s); /* ElastiCache takes an hour or more: "04:00-05:00" */
const char *plan_document_class(const struct plan_settings *s, double vcpus, double memory_mib); /* NULL: too large */
struct plan_document_version { const char *version; bool exact; };
void plan_document_version(const char *image, struct plan_document_version *out);
const char *plan_postgres_version(const char *image);  /* "16", "16.3"; NULL when the tag says none; static buffer per thread */
struct plan_cache_version { const char *engine, *version; bool tls, exact; };
void plan_cache_version(const char *image, struct plan_cache_version *out);

/* ---- static files (static_site.c) ---- */
#define PLAN_STATIC_BUCKET "StaticFiles"
#define PLAN_STATIC_SITE   "StaticSite"
const struct yaml_node *plan_static_node(const struct compose_service *s); /* NULL: it has none */
const char *plan_static_folder(struct arena *a, const struct compose_project *p, const struct compose_service *s); /* absolute; NULL: none is named */

/* ---- DocumentDB (mongodb.c) ---- */
#define PLAN_MONGODB_USER     "MONGO_INITDB_ROOT_USERNAME"
#define PLAN_MONGODB_PASSWORD "MONGO_INITDB_ROOT_PASSWORD"
#define PLAN_MONGODB_NODES    16u
const char *plan_mongodb_user(struct arena *a, const struct plan_service *s);
const char *plan_mongodb_config(const struct plan_service *s); /* the config that is its password; NULL: there is none */
uint16_t plan_mongodb_port(const struct compose_service *s);
bool plan_mongodb_tls(const struct compose_service *s);
void plan_store_secret(struct arena *a, const struct plan_request *r, const struct plan_service *s, struct plan_store_secret *out);

/* ---- replacement table (replace_table.c) ---- */
enum plan_replace { PLAN_REPLACE_NO, PLAN_REPLACE_MAYBE, PLAN_REPLACE_YES };
struct plan_replace_row { const char *type, *path; enum plan_replace what; }; /* path "DnsConfig/NamespaceId" */
const struct plan_replace_row *plan_replace_rows(size_t *count);

bool plan_provides_model(const struct yaml_node *service); /* provider: {type: model} */

/* ---- checks (check/) ---- */
struct plan_check {
    const struct compose_project *p;
    const struct plan_settings *s;
    struct arena *a;
    struct plan_view v;
    struct plan_diag diag;
};
void plan_check_keys(struct plan_check *c, const struct plan_service *s);   /* keys that AWS cannot honour */
void plan_check_ports(struct plan_check *c, const struct plan_service *s);
void plan_check_ingress(struct plan_check *c);                                /* of the whole project */
void plan_check_health(struct plan_check *c, const struct plan_service *s);
void plan_check_env(struct plan_check *c, const struct plan_service *s);
void plan_check_build(struct plan_check *c, const struct plan_service *s);
void plan_check_store(struct plan_check *c, const struct plan_service *s);
void plan_check_static(struct plan_check *c, const struct plan_service *s);
void plan_check_mongodb(struct plan_check *c, const struct plan_service *s);
void plan_check_models(struct plan_check *c);
void plan_check_adopt(struct plan_check *c);                                  /* of the project and of its services */
void plan_check_depends(struct plan_check *c, const struct plan_service *s);
void plan_check_volumes(struct plan_check *c);
void plan_check_files(struct plan_check *c, const struct plan_service *s);
void plan_check_scaling(struct plan_check *c, const struct plan_service *s);
void plan_check_grants(struct plan_check *c, const struct plan_service *s);
void plan_check_linux(struct plan_check *c, const struct plan_service *s);
void plan_check_gpu(struct plan_check *c, const struct plan_service *s);
void plan_check_sidecar(struct plan_check *c, const struct plan_service *s); /* of a sidecar */
/* `s` waits for `on`, a container of the same task: "START", "HEALTHY" or "SUCCESS". */
const char *plan_container_condition(const struct compose_dependency *d, const struct plan_service *on);
void plan_check_once(struct plan_check *c, const struct plan_service *s);
bool plan_key_rule(const char *path, const char **why, bool *refused); /* a key that AWS cannot honour, whatever the service */
bool plan_looks_secret(const char *name, const char *value);
