/* Routes: where the load balancer takes requests for an ingress port from.
 *
 * The ingress room chooses them (ingress/routes.c) before any resource is made and leaves them in
 * the context. They stand here, below both, because the task room reads them: a service registers
 * its tasks with the target group of each route and is told its public name. Strings live in the
 * graph's arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct plan_ctx;
struct plan_port;
struct plan_service;
struct plan_zone;

struct plan_host {
    const char *name;
    const struct plan_zone *zone; /* NULL: not in this account */
    bool tls;
};

/* A number of the load balancer that a nameless port is served on. */
struct plan_place {
    unsigned slot;     /* the number without certificates, kept from deployment to deployment */
    unsigned listener; /* port */
    bool tls;
    const char *rule; /* logical id */
};

/* A path of an address that the route shares with others: a rule. */
struct plan_share {
    unsigned listener;
    bool tls;
    const struct plan_host *hosts;
    size_t host_count; /* none: whatever the host */
    const char *path;  /* "/api"; "" is everything */
    const char *rule;  /* logical id */
};

struct plan_route {
    const struct plan_service *service;
    const struct plan_port *port;
    const struct plan_host *hosts;
    size_t host_count; /* none: whatever the host. Those with TLS first */
    size_t tls_count;
    bool tls;          /* the listener speaks HTTPS */
    unsigned listener; /* port; of several the first */
    struct plan_place *places;
    size_t place_count; /* of a nameless route */
    struct plan_share *shares;
    size_t share_count;
    const char *path_rule;           /* what the ids of its shares begin with */
    const char *network;             /* of the network load balancer: "TCP", "TLS", "UDP"; NULL */
    const char *target_group, *rule; /* logical ids */
    const char *plain_rule; /* of names without a certificate beside others that have one; NULL */
};

/* The output that says the route's address; of several the first. In `a`. */
const char *plan_endpoint_output(struct arena *a, const struct plan_route *r);

/* The same of a further place. */
const char *
plan_place_output(struct arena *a, const struct plan_route *r, const struct plan_place *p);

/* The first public name of the service: that of its endpoint. NULL when it has none. */
const char *plan_public_name(const struct plan_ctx *c, const struct plan_service *s);
