/* The ingress room: public names, the load balancer's routes, and what is made of them.
 *
 * In call order: hosts.c says which names a port has, routes.c (and places.c, for those without a
 * name) chooses a listener for each ingress port before any resource is made (other rooms ask it
 * for public names), and ingress.c makes the resources and calls the rest of the room.
 *
 * Names are in lower case without a dot at their end. All strings and arrays live in the arena that
 * was handed in, or in that of the graph; nobody frees one alone. Ports are 1 to 65535. Unless it
 * is said otherwise nothing here fails: what could be wrong has been refused by
 * plan_check_ingress(), or is a diagnostic. */
#pragma once

#include "plan/common/route.h"
#include "plan/plan.h"

struct env;
struct plan_ctx;
struct plan_port;
struct plan_publish;
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

/* ---- settings (settings.c) ---- */

/* DEFANG_DOMAIN into `out`. ERR_USAGE when it is no domain. */
int plan_settings_ingress(
    struct arena *arena, const struct env *env, struct plan_settings *out, struct error *err);

/* ---- names (hosts.c) ---- */
struct plan_hosts {
    const char **names;
    size_t count;
};

/* The project's own domain: of the settings, else of the Compose file; NULL when it has none. */
const char *plan_public_domain(const struct plan_view *v, const struct plan_settings *s);

bool plan_port_is_grpc(const struct plan_port *p);

/* x-defang-listener: http */
bool plan_port_is_plain(const struct plan_port *p);

/* Why the port is to be had over HTTPS only: "grpc", "http2" or "HTTPS"; NULL when it is not. */
const char *plan_port_needs_tls(const struct plan_port *p);

/* Names of an ingress port, the one that people are told first; none when it has no name. */
void plan_hosts(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_settings *settings,
    const struct plan_service *s,
    const struct plan_port *port,
    struct plan_hosts *out);

/* Whether the certificate and the records of "*.domain" and of the domain itself are good for the
 * host. `domain` may be NULL: nothing is covered. */
bool plan_host_covered(const char *host, const char *domain);

/* The zone that holds the name: the longest that does, or the one with the preferred id (may be
 * NULL). `twin`: another zone of the same name, else NULL; then it is not clear which is meant.
 * NULL when no zone of the account holds it; while zones are not known, every name has one. */
const struct plan_zone *plan_zone_of(
    const struct plan_facts *f,
    const char *name,
    const char *preferred,
    const struct plan_zone **twin);

/* Whether a zone has a record of that name and type ("A", "CAA"; NULL: of any). */
bool plan_record_exists(const struct plan_facts *f, const char *name, const char *type);

/* ---- doors (doors.c) ---- */
/* After plan_view_make(): takes 443 from nameless ports where there is no certificate. */
void plan_doors(struct arena *a, const struct plan_settings *s, struct plan_view *v);

/* ---- routes (routes.c, places.c) ---- */
/* A number that another service publishes before. */
struct plan_lost {
    const struct plan_publish *publish;
    const struct plan_route *owner;
};

/* The places of nameless routes; `meta` remembers them. */
void plan_places(struct plan_ctx *c, json_t *meta);

/* Fills c->routes and c->listeners; keeps what the deployed template's metadata says, so that a new
 * service never moves another's address. Negative when an error was said, as c->diag has it. */
int plan_routes(struct plan_ctx *c);

/* After plan_routes(). */
bool plan_listener_tls(const struct plan_ctx *c, unsigned port);

/* ---- paths (paths.c) ---- */
void plan_paths(struct plan_ctx *c); /* part of plan_routes(), after places */

/* The route's service when it has paths (x-defang-routes) and this is the port that serves them. */
const struct plan_service *plan_route_paths(const struct plan_route *r);

/* ---- the network load balancer (network_balancer.c) ---- */
void plan_network_places(struct plan_ctx *c); /* part of plan_routes() */
void plan_network_balancer(struct plan_ctx *c);

/* ---- resources ---- */

/* All that follows, in order; nothing when there is no route. */
void plan_ingress(struct plan_ctx *c);

/* {"Key": key, "Value": value}, an attribute of a load balancer or a target group. */
json_t *plan_attribute(const char *key, const char *value);
void plan_load_balancer(struct plan_ctx *c);

/* The bucket for its access logs, when the settings want them; the load balancer has to wait for
 * what is answered (a logical id, or NULL). */
#define PLAN_ALB_LOGS "AlbLogs"
const char *plan_alb_logs(struct plan_ctx *c);

/* Makes certificates; answers with a new reference to the ARN of the one that HTTPS listeners begin
 * with, NULL when there is none. */
json_t *plan_certificates(struct plan_ctx *c);

/* TLS 1.3 and 1.2 with forward secrecy: what AWS recommends, and what every client of the last ten
 * years speaks. */
#define PLAN_TLS_POLICY "ELBSecurityPolicy-TLS13-1-2-2021-06"

/* One listener for each of c->listeners; `certificate` is borrowed. */
void plan_listeners(struct plan_ctx *c, const json_t *certificate);
const char *plan_listener_id(const struct plan_ctx *c, unsigned port); /* logical id */
json_t *plan_redirect(const struct plan_ctx *c); /* the action: on to HTTPS, port 443 */

/* The certificates beside the first, on the listener of port 443. */
void plan_listener_certificates(struct plan_ctx *c, const json_t *first);

void plan_target_group(struct plan_ctx *c, const struct plan_route *r);
const char *plan_target_group_name(const struct plan_ctx *c, const struct plan_route *r);

/* Appends what keeps a client at the task that it met first. `type` is lb_cookie or source_ip. */
void plan_sticky(
    const struct plan_ctx *c, json_t *attributes, const struct plan_service *s, const char *type);
void plan_rules(struct plan_ctx *c);

/* ---- records (public_dns.c) ---- */
void plan_public_dns(struct plan_ctx *c);

/* A record stands that leaves no room for an A record of that name. */
bool plan_record_blocked(const struct plan_facts *f, const char *name);

/* Its logical id: `what` ("Record") and a hash of the name, which may hold what an id may not. */
const char *plan_record_id(struct arena *a, const char *what, const char *name);
