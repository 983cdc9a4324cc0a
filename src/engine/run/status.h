/* `ps`: what runs now. */
#pragma once

#include "engine/context.h"

/* All malloc'd; NULL where there is nothing to say. */
struct flow_service_status {
    char *name, *kind; /* service | sidecar | postgres | redis | once */
    char *deployment, *endpoint, *image;
    char *state;  /* RUNNING, DEPLOYING, DEGRADED, FAILED, PENDING, MISSING, … or a store's own */
    char *health; /* "2 of 3 healthy" */
    char *reason;
    unsigned desired, running, pending; /* tasks or instances */
};

struct flow_status {
    struct flow_service_status *services; /* by name */
    size_t len;
};

void flow_status_done(struct flow_status *s);

/* By the engine of the context. ERR_NOT_FOUND when nothing is deployed. flow_status_done() is due
 * also after an error. */
int flow_status(struct engine_context *c, struct flow_status *out, struct error *err);
