/* The planner's view of a project: each service with what decides what becomes of it (kind, ports,
 * stage, size), and its volumes. Made once from the model by plan_view_make(); strings live in the
 * arena. */
#pragma once

#include "plan/plan.h"
#include "plan/view/adopt.h"

/* PLAN_STATIC is a folder of files behind CloudFront. PLAN_SIDECAR runs in another service's task
 * (network_mode: service:x); what is neither that nor PLAN_CONTAINER is a managed store. */
enum plan_kind {
    PLAN_CONTAINER,
    PLAN_SIDECAR,
    PLAN_POSTGRES,
    PLAN_REDIS,
    PLAN_MONGODB,
    PLAN_STATIC
};

/* A static site's distribution is PLAN_STATIC_SITE and the service's id: who waits for the service
 * waits for that. */
#define PLAN_STATIC_SITE "StaticSite"

struct plan_port {
    uint16_t target;
    const char *protocol;     /* "tcp" | "udp" */
    const char *app_protocol; /* "http", "http2", "grpc"; NULL for host ports */
    const char *listener;     /* x-defang-listener: "http", "https" or NULL */
    const char *published;    /* NULL when not said */
    bool ingress;             /* through the load balancer */
    bool open;                /* admits the internet directly */
    struct yaml_pos pos;
};

struct plan_service {
    const struct compose_service *s;
    enum plan_kind kind;
    const char *id, *label, *group; /* "Web", "web", "service/web" */
    const struct plan_service *in;  /* a sidecar's service; NULL when there is none of that name */
    struct plan_port *ports;
    size_t port_count;
    bool ingress;     /* has an ingress port */
    bool open;        /* has a port that is open to the internet */
    bool isolated;    /* on internal networks only */
    bool once;        /* runs once and ends: no ECS service, no ports */
    bool pending;     /* it runs in this deployment */
    unsigned stage;   /* in which it comes, from 1 (stages.c) */
    const char *arch; /* "x86_64" | "aarch64" */
    unsigned replicas;
    double vcpus, memory_mib;          /* reservations, else limits, else 0 */
    struct plan_adopt_scaling scaling; /* x-defang-autoscaling, else x-aws-autoscaling */
    struct plan_adopt_service adopt;   /* x-aws-* and x-defang-aws of the service */
};

/* A named volume that some container mounts (volumes.c). */
struct plan_volume {
    const char *name, *id; /* key; part of logical ids */
    struct yaml_pos pos;
    bool external;
    const char *file_system;         /* of an external one; NULL when it does not say */
    const struct yaml_node *options; /* driver_opts or NULL */
};

struct plan_view {
    struct plan_service *services;
    size_t count;
    struct plan_volume *volumes;
    size_t volume_count;
    bool ingress, builds, arm_builds;
    struct plan_adopt adopt; /* x-defang-aws and x-aws-* of the project */
    const char *suffix;      /* of names of services in values: NULL where the VPC's search domain
                                completes plain names (plan_view_suffix) */
};

/* In `a`; services in the model's order (by name). */
void plan_view_make(struct arena *a, const struct compose_project *p, struct plan_view *out);
/* In a VPC that is not ours the DHCP options are not either: values name services in full. */
void plan_view_suffix(
    struct arena *a, const struct plan_settings *s, const char *project, struct plan_view *v);
struct plan_service *plan_view_get(const struct plan_view *v, const char *name); /* NULL */
const struct plan_port *
plan_ingress_port(const struct plan_service *s, unsigned target); /* behind the balancer; NULL */
bool plan_is_store(const struct plan_service *s);                 /* a managed one */
bool plan_is_task(const struct plan_service *s); /* a container, of its own task or of another's */
const struct plan_service *plan_task_of(
    const struct plan_service
        *s); /* the service whose task it runs in: itself unless it is a sidecar */
/* The i-th container of s's task: s itself, then its sidecars by name; NULL behind the last. */
const struct plan_service *
plan_task_member(const struct plan_view *v, const struct plan_service *s, size_t i);
/* Has build, and no image that is pulled whatever is there. */
bool plan_builds_image(const struct compose_service *s);
/* The first name of a service with ports that stands in `value` as a host becomes its label; else
 * `value` itself. In `a`. */
const char *plan_rewrite(struct arena *a, const struct plan_view *v, const char *value);
/* The service without ports that `value` names as a host, or NULL: it cannot be reached. */
const struct plan_service *plan_names_unreachable(const struct plan_view *v, const char *value);

/* ---- what runs once (once.c) ---- */
bool plan_is_job_mode(const char *mode); /* deploy.mode, which may be NULL */
/* Some service waits for the one of this name to complete. */
bool plan_is_awaited(const struct plan_view *v, const char *name);

/* ---- volumes (volumes.c) ---- */
const struct plan_volume *plan_volume_get(const struct plan_view *v, const char *name); /* NULL */
const char *
plan_volume_option(const struct plan_volume *v, const char *key); /* of driver_opts; NULL */
bool plan_mounts_volume(const struct compose_service *s, const char *volume, bool writing);
/* Two tasks at once would write the same files where one is meant to: the old one stops before the
 * new one starts, as in Compose. */
bool plan_stops_first(const struct plan_view *v, const struct plan_service *s);

/* ---- stages (stages.c) ---- */
struct plan_ctx;
/* Fills stage and pending. */
void plan_view_stages(const struct plan_request *r, struct plan_view *v);
/* The service whose task `d` of s waits for; NULL: there is none, or it is s's own task. */
const struct plan_service *plan_waited(
    const struct plan_view *v, const struct plan_service *s, const struct compose_dependency *d);
