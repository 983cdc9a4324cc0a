/* `up --watch`: after the deployment, again and again, what changed is built and deployed anew.
 *
 *   up ends well ─▶ wait for changes ─▶ up of these services alone ─▶ followed to its end ─┐
 *                       ▲                                                                  │
 *                       └──────────────────────────────────────────────────────────────────┘
 *
 * One deployment at a time: what changes meanwhile waits in the kernel and is the next one. A
 * deployment that fails is told and ends nothing: the next save may mend it. Ctrl-C ends the
 * watching, and what is deployed stays; in the middle of a deployment it leaves that alone, as
 * ever.
 *
 * Docker copies files into a running container (sync) or restarts it. A task on Fargate is made
 * from its image and replaced as a whole, so every action is a new image. */
#include "client/commands/up_watch.h"

#include "client/commands/watch_files.h"
#include "client/signals.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* Once, when some rule asks for something else than a new image. */
static void say_actions(Defang__WatchRule *const *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!text_eq(rules[i]->action, "rebuild")) {
            say("service %s: %s is done as rebuild: no file is copied into a task on Fargate, it "
                "gets a new image",
                rules[i]->service,
                rules[i]->action);
            return;
        }
}

/* Each service once, in the order of the rules; borrowed. */
static size_t services_of(const struct watch_changes *changes, char **out)
{
    size_t n = 0;

    for (size_t i = 0; i < changes->rules.len; i++) {
        char *service = changes->rules.items[i]->service;
        bool listed = false;

        for (size_t k = 0; k < n; k++)
            listed = listed || strcmp(out[k], service) == 0;
        if (!listed)
            out[n++] = service;
    }
    return n;
}

static void say_changes(char *const *services, size_t count, const char *first)
{
    cleanup_str struct str names = STR_INIT;
    cleanup_free char *file = say_clean(first ? first : "");

    for (size_t i = 0; i < count; i++)
        str_appendf(&names, "%s%s", i ? ", " : "", services[i]);
    say("%s changed: deploying %s anew", file, str_get(&names));
}

/* 130 ends it all; any other outcome of a deployment is told and waited after. */
static int
deploy_changes(struct client *c, const struct watch_changes *changes, up_watch_deploy_fn *deploy)
{
    cleanup_free char **services = xcalloc(changes->rules.len + 1, sizeof *services);
    cleanup_error struct error err = ERROR_INIT;
    size_t n = services_of(changes, services);

    say_changes(services, n, changes->first);
    int rc = deploy(c, services, n, &err);
    if (rc < 0 && err.kind == ERR_INTERRUPTED)
        return error_kind_exit(ERR_INTERRUPTED);
    if (rc < 0)
        say_error(c, &err);
    return rc == error_kind_exit(ERR_INTERRUPTED) ? rc : 0;
}

int up_watch(
    struct client *c,
    Defang__WatchRule *const *rules,
    size_t count,
    up_watch_deploy_fn *deploy,
    struct error *err)
{
    struct watch_files *files = NULL;
    int signals = signals_open(false);
    int rc = watch_files_open(rules, count, &files, err);
    if (rc < 0)
        return rc;

    say_actions(rules, count);
    for (int more = 1; more > 0;) {
        struct watch_changes changes = {0};

        say("watching %zu folders for changes; Ctrl-C ends the watching, and what is deployed "
            "stays",
            watch_files_folders(files));
        more = watch_files_wait(files, signals, &changes, err);
        rc = more < 0 ? more : 0;
        if (more > 0) {
            rc = deploy_changes(c, &changes, deploy);
            more = rc == 0;
        } else if (more == 0) {
            (void)signals_take();
        }
        watch_changes_done(&changes);
    }
    watch_files_free(files);
    return rc;
}
