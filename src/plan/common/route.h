/* Routes: where the load balancer takes requests for an ingress port from.
 *
 * The ingress room chooses them (ingress/routes.c) before any resource is made and leaves them in
 * the context. They stand here, below both, because the task room reads them: a service registers
 * its tasks with the target group of each route and is told its public name. Strings live in the
 * graph's arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct plan_ctx;
struct plan_port;
struct plan_service;
struct plan_zone;

struct plan_host {
    const char *name;
    const struct plan_zone *zone; /* NULL: not in this account */
    bool tls;
};

struct plan_route {
    const struct plan_service *service;
    const struct plan_port *port;
    const struct plan_host *hosts;
    size_t host_count; /* none: whatever the host. Those with TLS first */
    size_t tls_count;
    bool tls;          /* the listener speaks HTTPS */
    unsigned listener; /* port */
    unsigned slot; /* of a nameless route: its port without certificates, kept from deployment to
                      deployment */
    const char *target_group, *rule; /* logical ids */
    const char *plain_rule; /* of names without a certificate beside others that have one; NULL */
};

/* The first public name of the service: that of its endpoint. NULL when it has none. */
const char *plan_public_name(const struct plan_ctx *c, const struct plan_service *s);
