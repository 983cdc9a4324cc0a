/* Watches one deployment to its end, through restarts of the daemon: a lost connection is opened
 * again and the stream goes on after the last event seen. */
#pragma once

#include "client/connect.h"
#include "client/view/view.h"

/* Returns the exit code of the deployment's outcome; 130 after Ctrl-C (it goes on), 9 after
 * --wait-timeout. `info` may be NULL; `after` is the last
 * event seen, 0 for none. Without `follow` it ends after the last event that there is. */
int follow_deployment(
    struct client *c,
    const char *deployment,
    const Defang__DeploymentInfo *info,
    uint64_t after,
    bool follow,
    struct error *err);

/* One that was just started: followed, or with --detach only named. */
int follow_started(
    struct client *c,
    const char *deployment,
    const Defang__DeploymentInfo *info,
    struct error *err);
