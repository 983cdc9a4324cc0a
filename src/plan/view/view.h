/* The planner's view of a project: each service with what decides what becomes of it (kind, ports,
 * stage, size), and its volumes. Made once from the model by plan_view_make(); strings live in the
 * arena. */
#pragma once

#include "plan/plan.h"
#include "plan/view/adopt.h"
#include "plan/view/known.h"

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

/* A number that the file publishes a port at; a range of which any will do. */
struct plan_publish {
    uint16_t from, to;
    struct yaml_pos pos;
};

/* Why a port that the file publishes is for the project's own services alone. */
enum plan_private {
    PLAN_NOT_PRIVATE,
    PLAN_PRIVATE_LOOPBACK, /* bound to 127.0.0.1 or ::1 */
    PLAN_PRIVATE_NO_HTTP,  /* it speaks something else, and nobody said mode: ingress */
    PLAN_PRIVATE_NO_TLS,   /* published at 443, and there is no certificate (ingress/doors.c) */
    PLAN_PRIVATE_TOO_MANY  /* ECS takes PLAN_SERVICE_DOORS target groups for a service */
};
#define PLAN_SERVICE_DOORS 5

struct plan_port {
    uint16_t target;
    const char *protocol;           /* "tcp" | "udp" */
    const char *app_protocol;       /* "http", "https", "http2", "grpc"; NULL where it is no HTTP */
    const char *speaks;             /* what it speaks that is no HTTP, for people; NULL */
    const char *listener;           /* x-defang-listener: "http", "https" or NULL */
    struct plan_publish *published; /* in the order of the file, each number once */
    size_t published_count;
    bool ingress;        /* through the load balancer of HTTP */
    const char *network; /* through the network load balancer: "TCP", "TLS" or "UDP"; else NULL */
    bool open;           /* admits the internet directly */
    enum plan_private why;
    bool published_host; /* `mode: host` on a public network, whether it is open or not */
    struct yaml_pos pos;
};

/* A Compose network that some task or store is on (networks.c). Its badge is the logical id of the
 * security group that its services wear and admit. */
struct plan_network {
    const char *name, *badge; /* "back", "NetworkSecurityGroupBack" */
};

/* Where a name of a service comes from: what it is called itself, `networks.<n>.aliases`,
 * `container_name`, `hostname`, `links`, and the container's name where none is said. */
enum plan_called {
    PLAN_CALLED_SERVICE,
    PLAN_CALLED_ALIAS,
    PLAN_CALLED_CONTAINER,
    PLAN_CALLED_HOST,
    PLAN_CALLED_LINK,
    PLAN_CALLED_IMPLIED
};

/* One of the names by which others may call a service (aliases.c). */
struct plan_alias {
    enum plan_called called;
    const char *text;                 /* as the file has it */
    const struct plan_service *of;    /* whom it names */
    const struct plan_service *asker; /* of a link: who alone knows it; else NULL */
    const struct plan_network *on;    /* of an alias: where it is known; NULL: wherever `of` is */
    const char *record;               /* its label in the private zone; NULL: it has none */
    bool unfit;                       /* it has none because no label of DNS can be so */
    const struct plan_alias *shared;  /* the first of those with the same record; NULL: it is */
    const struct plan_service *taken; /* whose own name, or record, stands in its way; NULL */
    struct yaml_pos pos;
};

struct plan_service {
    const struct compose_service *s;
    enum plan_kind kind;
    const char *id, *label, *group; /* "Web", "web", "service/web" */
    const struct plan_service *in;  /* a sidecar's service; NULL when there is none of that name */
    const struct plan_service **sidecars; /* in its task, by name */
    size_t sidecar_count;
    struct plan_port *ports;
    size_t port_count;
    size_t order;       /* its place in the file, from 0 */
    bool ingress;       /* has an ingress port of HTTP */
    bool network;       /* has a port behind the network load balancer */
    bool open;          /* has a port that is open to the internet */
    const char **paths; /* x-defang-routes: "/api"; "" is everything */
    size_t path_count;
    struct yaml_pos paths_pos;
    unsigned sticky;  /* x-defang-sticky: seconds for which a client keeps its task; 0 */
    unsigned idle;    /* x-defang-idle-timeout: seconds; 0 */
    bool isolated;    /* on internal networks only */
    bool awaited;     /* some service waits for it to complete */
    bool once;        /* runs once and ends: no ECS service, no ports */
    bool pending;     /* it runs in this deployment */
    unsigned stage;   /* in which it comes, from 1 (stages.c) */
    const char *arch; /* "x86_64" | "aarch64" */
    unsigned replicas;
    double vcpus, memory_mib;          /* reservations, else limits, else 0 */
    struct plan_adopt_scaling scaling; /* x-defang-autoscaling, else x-aws-autoscaling */
    struct plan_adopt_service adopt;   /* x-aws-* and x-defang-aws of the service */

    /* Security groups by logical id: what its tasks wear beside their own, and whom that admits. */
    const struct plan_network **networks;
    size_t network_count;
    bool hub; /* on more networks than a task can wear badges: it wears one of its own */
    const char **worn, **admits;
    size_t worn_count, admit_count;
};

/* A named volume that some container mounts (volumes.c). */
struct plan_volume {
    const char *name, *id; /* key; part of logical ids */
    struct yaml_pos pos;
    bool external, elsewhere; /* it names a file system; external to Compose, and names none */
    const char *file_system;  /* of an external one */
    const struct yaml_node *options; /* driver_opts or NULL */
};

struct plan_view {
    struct plan_service *services;
    size_t count;
    struct plan_volume *volumes;
    size_t volume_count;
    struct plan_network *networks;
    size_t network_count;
    struct plan_alias *aliases;
    size_t alias_count;
    bool ingress, network, builds, arm_builds;
    bool tasks; /* something runs in a container: cluster, roles, and a way out */
    bool vpc;   /* that, or a managed store: a VPC. Files behind CloudFront need neither */
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
/* The port of TCP at which the network load balancer asks for health: its own, or of UDP the first
 * of TCP that the service has. */
unsigned plan_network_health(const struct plan_service *s, const struct plan_port *p);
/* The network load balancer passes TCP on to that port. */
bool plan_is_behind_network(const struct plan_service *s, unsigned target);
/* What a published port's host address means. A task has no address of its host's. */
enum plan_address { PLAN_ADDRESS_ANY, PLAN_ADDRESS_LOOPBACK, PLAN_ADDRESS_OTHER };
enum plan_address plan_host_address(const char *host_ip);
/* x-defang-routes, x-defang-sticky, x-defang-idle-timeout into `s`; `g` says what is wrong with
 * them, NULL does not (routing.c). */
struct plan_diag;
void plan_view_routing(struct arena *a, struct plan_service *s, struct plan_diag *g);
/* After ports changed: what service and project have of them. */
void plan_view_recount(struct plan_view *v);
bool plan_is_store(const struct plan_service *s); /* a managed one */
bool plan_is_task(const struct plan_service *s);  /* a container, of its own task or of another's */
const struct plan_service *plan_task_of(
    const struct plan_service
        *s); /* the service whose task it runs in: itself unless it is a sidecar */
/* The i-th container of s's task: s itself, then its sidecars by name; NULL behind the last. */
const struct plan_service *
plan_task_member(const struct plan_view *v, const struct plan_service *s, size_t i);
/* Has build, and no image that is pulled whatever is there. */
bool plan_builds_image(const struct compose_service *s);

/* ---- networks and names (networks.c, aliases.c) ---- */
/* Its tasks, or its store, are found by its name in the VPC. */
bool plan_has_name(const struct plan_service *s);
/* Both may reach each other; a sidecar is where its service is. */
bool plan_share_network(const struct plan_service *a, const struct plan_service *b);
/* The badge of a service on many networks; of anyone else nothing wears it. */
const char *plan_hub_badge(struct arena *a, const struct plan_service *s);
/* Whom `asker` means by the word: by a link of its own, a service or an alias on one of its
 * networks, and only then a service that is on none of them. NULL: nobody. */
const struct plan_alias *plan_named(
    const struct plan_view *v, const struct plan_service *asker, const char *word, size_t len);
/* Several services of the project answer to the same word, each to those on its own networks. */
bool plan_name_is_parted(const struct plan_view *v, const struct plan_alias *name);

/* ---- what runs once (once.c) ---- */
bool plan_is_job_mode(const char *mode); /* deploy.mode, which may be NULL */

/* ---- volumes (volumes.c) ---- */
const struct plan_volume *plan_volume_get(const struct plan_view *v, const char *name); /* NULL */
const char *
plan_volume_option(const struct plan_volume *v, const char *key); /* of driver_opts; NULL */
bool plan_mounts_volume(const struct compose_service *s, const char *volume, bool writing);
/* Two tasks at once would write the same files where one is meant to: the old one stops before the
 * new one starts, as in Compose. */
bool plan_stops_first(const struct plan_view *v, const struct plan_service *s);

/* Some service waits for the one of this name to complete. */
bool plan_is_awaited(const struct plan_view *v, const char *name);

/* ---- circles (circles.c) ---- */
/* For each service a number that its task shares with those tasks which wait for it and it for
 * them, over others or at once. In `a`. */
const size_t *plan_view_circles(struct arena *a, const struct plan_view *v);

/* ---- stages (stages.c) ---- */
struct plan_ctx;
/* Fills stage and pending. */
void plan_view_stages(const struct plan_request *r, struct plan_view *v);
/* The service whose task `d` of s waits for; NULL: there is none, or it is s's own task. */
const struct plan_service *plan_waited(
    const struct plan_view *v, const struct plan_service *s, const struct compose_dependency *d);
