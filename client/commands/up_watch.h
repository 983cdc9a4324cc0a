/* `up --watch` (up_watch.c). */
#pragma once

#include "client/command.h"
#include "proto/defang.pb-c.h"

/* Deploys these services alone and follows it: an exit code, or negative with err. */
typedef int up_watch_deploy_fn(struct client *c, char **services, size_t count, struct error *err);

/* Until Ctrl-C (0), or in the middle of a deployment (130). */
int up_watch(
    struct client *c,
    Defang__WatchRule *const *rules,
    size_t count,
    up_watch_deploy_fn *deploy,
    struct error *err);
