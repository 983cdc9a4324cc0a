/* What all readers of the state lean on: the deployed template, and the rows that they fill.
 * Private to the room. */
#pragma once

#include "base/vec.h"
#include "engine/context.h"
#include "engine/run/status.h"

struct status_reader {
    struct engine_context *c;
    const json_t *template, *outputs;
    const json_t *resources; /* logical id → physical id */
    VEC(struct flow_service_status) rows;
    char *cluster;
};

/* A new row at the end; valid until the next one. */
struct flow_service_status *
status_row_add(struct status_reader *r, const char *service, const char *kind);

/* Physical id; NULL while the resource is not there. */
const char *status_physical(const struct status_reader *r, const char *logical_id);

/* The containers of the service's task definition as deployed, its own first; NULL when it has
 * none. */
const json_t *status_containers(const struct status_reader *r, const char *service);

/* Of the ARN of a service, arn:…:service/<cluster>/<name>; malloc'd or NULL. */
char *status_cluster_of(const char *service_arn);

/* Malloc'd or NULL: the deployment that a service came with. */
char *status_deployment(const struct status_reader *r, const char *service);

/* "healthy", or "2 of 3 healthy"; malloc'd. */
char *status_health_text(unsigned healthy, unsigned total);
