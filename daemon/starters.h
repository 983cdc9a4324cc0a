/* Dockerfiles for folders that have none, made of what lies in them. */
#pragma once

#include "daemon/project.h"
#include "starter/starter.h"

/* Looks at the folder. false: what it holds is not known. In `a`. Suspends. */
bool starters_look(
    struct daemon *d, struct arena *a, const char *folder, unsigned port, struct starter *out);

/* The port that a service is said to listen on; 0: none is said. */
unsigned starters_port(const struct compose_service *s);

/* Whether its context is a folder of this machine without a Dockerfile, and nothing says another.
 */
bool starters_wanted(const struct compose_service *s);

/* Each service of p->model that is built and has no Dockerfile gets one, as if the Compose file had
 * it (dockerfile_inline), with a note in p->diagnostics. A folder that is not known stays as it is.
 * Suspends. */
void starters_give(struct daemon *d, struct project *p);
