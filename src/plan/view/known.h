/* What is known of images and ports: which speak something else than HTTP, and which images are
 * there to keep data. One table for the view, the checks and the notes.
 *
 * A guess from a name or a number, so whoever uses it says so, and what the file says
 * (app_protocol, mode) comes before it. */
#pragma once

#include "plan/plan.h"

/* What runs an image's work without a container. */
enum plan_data {
    PLAN_DATA_NONE,
    PLAN_DATA_SQL,
    PLAN_DATA_MONGODB,
    PLAN_DATA_REDIS,
    PLAN_DATA_OTHER
};

struct plan_known {
    const char *image;   /* the last part of its name; NULL: whatever the image */
    unsigned port;       /* 0: each port of that image */
    const char *speaks;  /* "PostgreSQL"; NULL: HTTP */
    enum plan_data data; /* of the image */
};

/* The row that says what `port` of the service speaks: of its image, else of the number. NULL when
 * nothing is known, and HTTP may be meant. */
const struct plan_known *plan_known_port(const struct compose_service *s, unsigned port);

/* The first row of an image, with or without registry, folder, tag and digest; NULL. */
const struct plan_known *plan_known_image(const char *image);
