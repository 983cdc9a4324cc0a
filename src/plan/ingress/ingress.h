/* Public names, the load balancer's routes, certificates and records: what the files of the ingress
 * share (hosts.c, routes.c, ingress.c, target_group.c, rules.c, certificates.c, public_dns.c,
 * alb_logs.c). Part of plan/internal.h. Strings live in the arena of the graph. */
#pragma once

#include "plan/plan.h"
#include "plan/route.h"

struct plan_ctx;
struct plan_diag;
struct plan_port;
struct plan_service;
struct plan_view;

/* Application Load Balancer: default quotas, and what cannot be raised.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
#define PLAN_ALB_LISTENERS     50
#define PLAN_ALB_RULES         100 /* of all listeners together, default rules not counted */
#define PLAN_ALB_TARGET_GROUPS 100
#define PLAN_ALB_CERTIFICATES  25 /* beside the default one */
#define PLAN_ALB_VALUES        5  /* of all conditions of a rule */
#define PLAN_ALB_HOST_CHARS    128
#define PLAN_ACM_NAME_CHARS    64 /* of a certificate's first name */

/* ---- names (hosts.c) ---- */
struct plan_hosts {
    const char **names;
    size_t count;
};

const char *plan_public_domain(
    const struct plan_view *v,
    const struct plan_settings *s); /* the project's own domain; NULL when none */
bool plan_port_is_grpc(const struct plan_port *p);
const char *plan_port_needs_tls(
    const struct plan_port *p); /* "grpc", "http2" or "HTTPS": why; NULL when it does not */
/* Names of an ingress port, the one that people are told first; none when it has no name. */
void plan_hosts(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_settings *settings,
    const struct plan_service *s,
    const struct plan_port *port,
    struct plan_hosts *out);
bool plan_host_covered(
    const char *host,
    const char *domain); /* by the certificate and the records of "*.domain" and domain */

/* The zone that holds the name: the longest that does, or the preferred one. twin: another zone of
 * the same name. When zones are not known, every name has one. */
const struct plan_zone *plan_zone_of(
    const struct plan_facts *f,
    const char *name,
    const char *preferred,
    const struct plan_zone **twin);
bool plan_record_exists(
    const struct plan_facts *f, const char *name, const char *type); /* type NULL: any */
bool plan_record_blocked(
    const struct plan_facts *f, const char *name); /* no A record can be made */
const char *plan_record_id(struct arena *a, const char *what, const char *name); /* logical id */

/* ---- routes (routes.c) ---- */
/* Chooses listeners; keeps what the deployed template's metadata says, so that a new service never
 * moves another's address. */
int plan_routes(struct plan_ctx *c);
bool plan_listener_tls(const struct plan_ctx *c, unsigned port);

/* ---- resources ---- */
void plan_ingress(struct plan_ctx *c);
json_t *plan_attribute(const char *key, const char *value);
json_t *plan_redirect(const struct plan_ctx *c); /* the action */
const char *plan_listener_id(const struct plan_ctx *c, unsigned port);
void plan_target_group(struct plan_ctx *c, const struct plan_route *r);
void plan_rules(struct plan_ctx *c);
json_t *plan_certificates(
    struct plan_ctx *c); /* the one that HTTPS listeners begin with; NULL when there is none */
void plan_listener_certificates(struct plan_ctx *c, const json_t *first); /* the others */
void plan_public_dns(struct plan_ctx *c);
const char *plan_alb_logs(
    struct plan_ctx *c, json_t *attributes); /* what the load balancer waits for, or NULL */
