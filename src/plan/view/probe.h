/* What a service's healthcheck asks, as far as a load balancer can ask it too. The load balancer
 * knows HTTP only and runs no command: so a test is read for the request that it makes. */
#pragma once

#include "plan/view/view.h"

struct plan_probe {
    bool http; /* the test makes a request to its own container; else the rest is not said by it */
    bool tls;
    bool has_port;     /* the URL says one, or its scheme is https */
    unsigned port;     /* 80 or 443 when the URL has none */
    const char *path;  /* "/x" or "?x"; "/" when the URL has none */
    const char *codes; /* of HTTP that pass, as a target group has them: "200-399" */
};

/* What any answer of a program that serves requests is: 404 says that it lives, 500 does not. */
#define PLAN_PROBE_ANY "200-499"

/* Strings in `a` or constant. Variables are looked up in the service's own environment. */
void plan_probe_read(struct arena *a, const struct compose_service *s, struct plan_probe *out);

/* The test is grpc_health_probe, which a load balancer does itself on a port that speaks gRPC. */
bool plan_probes_grpc(const struct compose_healthcheck *h);

/* The load balancer in front of the service asks what its test asks. */
bool plan_probed_outside(struct arena *a, const struct plan_service *s);
