/* From a caller to a project: the Compose files as the caller's shell sees them, and the settings
 * that go with them. Loading runs on the thread pool. */
#pragma once

#include "compose/compose.h"
#include "daemon/daemon.h"
#include "plan/plan.h"
#include "proto/defang.pb-c.h"

struct project {
    struct arena *arena;           /* settings and copies */
    struct compose_project *model; /* NULL when only the name was needed and no file was read */
    struct plan_settings settings;
    const char *name;
    struct compose_diagnostics diagnostics;
};

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
 * are in p->diagnostics. */
int project_lint(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    struct project *p,
    struct error *err);
/* Loads and checks the files. The mistakes are in p->diagnostics also when it fails. */
int project_load(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    struct project *p,
    struct error *err);
/* Name, stack and settings: without reading files when -p or COMPOSE_PROJECT_NAME says the name and
 * no file is given or found. */
int project_identify(
    struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err);
/* A frozen model, as compose_print_yaml() wrote it. */
int project_thaw(
    const char *model,
    const struct env *env,
    const char *mode,
    const char *stack,
    struct project *p,
    struct error *err);
