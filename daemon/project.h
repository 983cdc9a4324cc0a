/* From a caller to a project: the Compose files as the caller's shell sees them, and the settings
 * that go with them. Loading runs on the thread pool. */
#pragma once

#include "compose/compose.h"
#include "daemon/daemon.h"
#include "plan/plan.h"
#include "proto/defang.pb-c.h"
#include "starter/starter.h"

struct project {
    struct arena *arena;           /* settings, copies, and whatever a reply about it needs */
    struct compose_project *model; /* NULL when only the name was needed and no file was read */
    struct plan_settings settings; /* in arena; not resolved by project_read() */
    const char *name;              /* borrowed of the model or in arena; NULL when loading failed */
    json_t *released;              /* services of the release that is deployed again, with their
                                      images; NULL: its images are made of the files */
    json_t *source;                /* commit and branch of its repository; or NULL */
    json_t *origin;                /* where its files are (origin.h); NULL when none was read */
    struct compose_diagnostics diagnostics;
    const char **only; /* `up SERVICE…` (plan/partial.h); in arena */
    size_t only_count;
};

/* Every function below fills *p, also when it fails; it is given back by project_done() then too.
 * All but project_thaw() suspend. */
void project_done(struct project *p);
#define cleanup_project __attribute__((cleanup(project_done)))

/* Loads the files and nothing more: for `compose config`. */
int project_read(
    struct daemon *d,
    const Defang__Caller *caller,
    bool no_interpolate,
    struct project *p,
    struct error *err);

/* Loads the files and says all there is to say of them; 0 also when they are wrong: the mistakes
 * are in p->diagnostics, and p->model is NULL when there is not even a project. */
int project_lint(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    struct project *p,
    struct error *err);

/* Loads and checks the files. The mistakes are in p->diagnostics also when it fails. `mode` may be
 * empty: then variables and the files say it. `strict`: folders that are to be published must be
 * there; otherwise it is a warning that they are not. */
int project_load(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    bool strict,
    struct project *p,
    struct error *err);

/* Name, stack and settings: without reading files when -p or COMPOSE_PROJECT_NAME says the name and
 * no file is given. */
int project_identify(
    struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err);

/* A frozen model, as compose_print_yaml() wrote it; NULL for a job without one. `env` has no
 * secrets. Does not suspend. */
int project_thaw(
    const char *model,
    const struct env *env,
    const char *mode,
    const char *stack,
    struct project *p,
    struct error *err);

/* ---- Dockerfiles for folders that have none, made of what lies in them (starters.c) ---- */

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
